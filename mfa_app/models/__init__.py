"""Floor 1: the tables, and properties of one row. Rules that need two rows live in core."""

from mfa_app.models.audit import AuditEvent, TrailHead
from mfa_app.models.authenticator import Authenticator, PendingLink
from mfa_app.models.link import Link
from mfa_app.models.outbox import OutboxMail
from mfa_app.models.sealed import SealedValue
from mfa_app.models.session import AuthSession, TrustedDevice
from mfa_app.models.throttle import Throttle
from mfa_app.models.user import Group, Membership, Role, SitePolicy, User

__all__ = [
    "AuditEvent",
    "AuthSession",
    "Authenticator",
    "Group",
    "Link",
    "Membership",
    "OutboxMail",
    "PendingLink",
    "Role",
    "SealedValue",
    "SitePolicy",
    "Throttle",
    "TrailHead",
    "TrustedDevice",
    "User",
]
