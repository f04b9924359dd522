"""Floor 1: the tables and the properties of a single row. Rules about several rows live in core."""

from mfa_app.models.audit import AuditEvent, TrailHead
from mfa_app.models.authenticator import Authenticator, PendingEnrolment
from mfa_app.models.break_glass_code import BreakGlassCode
from mfa_app.models.cohort import Cohort, CohortCount, CohortGroup, GroupCount
from mfa_app.models.fate import Table
from mfa_app.models.former_app import Ending, FormerApp
from mfa_app.models.group import Group, Membership
from mfa_app.models.held_form import HeldForm
from mfa_app.models.help_request import HelpRequest
from mfa_app.models.helpdesk_scope import HelpdeskScope
from mfa_app.models.invitation import Invitation
from mfa_app.models.lease import Lease
from mfa_app.models.link_secret import LinkSecret
from mfa_app.models.notice import Notice
from mfa_app.models.one_time_link import OneTimeLink
from mfa_app.models.outbox import OutboxMail
from mfa_app.models.passkey import Passkey, UsedChallenge
from mfa_app.models.people_import import ImportRow, PeopleImport
from mfa_app.models.policy import SitePolicy
from mfa_app.models.recovery_code import RecoveryCode
from mfa_app.models.remembered_device import RememberedDevice
from mfa_app.models.reset_approval import ResetApproval
from mfa_app.models.reset_request import ResetRequest
from mfa_app.models.rollout import MailPass, ReminderRun, RolloutDay
from mfa_app.models.schema_support import SchemaSupport
from mfa_app.models.sealed_value import SealedValue
from mfa_app.models.search_word import SearchWord
from mfa_app.models.session import AuthSession
from mfa_app.models.site_logo import SiteLogo
from mfa_app.models.site_setting import SiteSetting
from mfa_app.models.throttle import Throttle
from mfa_app.models.user import PRIVILEGED, LinkProof, Progress, Role, User

# All tables. Whatever deletes from several of them at once (a revocation, housekeeping, a restore) does so in
# this order, so that two of these can't deadlock: sessions before what hangs on them.
TABLES: tuple[type[Table], ...] = (
    SitePolicy,
    SiteSetting,
    SiteLogo,
    User,
    SearchWord,
    AuthSession,
    RememberedDevice,
    OneTimeLink,
    HelpRequest,
    LinkSecret,
    ResetApproval,
    Invitation,
    SealedValue,
    Authenticator,
    PendingEnrolment,
    FormerApp,
    Passkey,
    UsedChallenge,
    RecoveryCode,
    BreakGlassCode,
    HeldForm,
    Throttle,
    OutboxMail,
    Notice,
    ResetRequest,
    Group,
    Membership,
    HelpdeskScope,
    Cohort,
    CohortGroup,
    CohortCount,
    GroupCount,
    ReminderRun,
    MailPass,
    PeopleImport,
    ImportRow,
    RolloutDay,
    AuditEvent,
    TrailHead,
    Lease,
    SchemaSupport,
)

__all__ = [
    "PRIVILEGED",
    "TABLES",
    "AuditEvent",
    "AuthSession",
    "Authenticator",
    "BreakGlassCode",
    "Cohort",
    "CohortCount",
    "CohortGroup",
    "Ending",
    "FormerApp",
    "Group",
    "GroupCount",
    "HeldForm",
    "HelpRequest",
    "HelpdeskScope",
    "ImportRow",
    "Invitation",
    "Lease",
    "LinkProof",
    "LinkSecret",
    "MailPass",
    "Membership",
    "Notice",
    "OneTimeLink",
    "OutboxMail",
    "Passkey",
    "PendingEnrolment",
    "PeopleImport",
    "Progress",
    "RecoveryCode",
    "RememberedDevice",
    "ReminderRun",
    "ResetApproval",
    "ResetRequest",
    "Role",
    "RolloutDay",
    "SchemaSupport",
    "SealedValue",
    "SearchWord",
    "SiteLogo",
    "SitePolicy",
    "SiteSetting",
    "Throttle",
    "TrailHead",
    "UsedChallenge",
    "User",
]
