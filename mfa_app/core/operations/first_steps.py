"""The first steps of an administrator on a new site, and which of them are done."""

import enum
from collections.abc import Mapping

from sqlalchemy import exists, func, or_, select, true

from mfa_app.core.audit.events import Event
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import outbox, trial
from mfa_app.core.operations import site_values
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.core.policy.crowd import people_where
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, CohortCount, Group, OutboxMail, Role, User
from mfa_app.site import site

LIST, BACKUPS = "first_steps", "backups"  # the names of what is stored


class Step(enum.Enum):
    """What is to be done on the first day, in this order."""

    MAIL = enum.auto()
    HELP = enum.auto()
    GROUP = enum.auto()
    PEOPLE = enum.auto()
    SECOND_ADMINISTRATOR = enum.auto()
    BACKUP = enum.auto()


def to_show() -> Mapping[Step, bool] | None:
    """Return each step and whether it is done; None once all are, or if the list was put away."""
    stored = site()[StoredValues].known()
    if stored.get(LIST):
        return None
    found = db.session.execute(_FACTS).one()
    done = {
        Step.MAIL: bool(site_values.current().smtp_url and found.mail),
        Step.HELP: site_values.current().has_contact,
        Step.GROUP: found.group,
        Step.PEOPLE: found.people > found.administrators,
        Step.SECOND_ADMINISTRATOR: found.administrators > 1,
        Step.BACKUP: found.backup or bool(stored.get(BACKUPS)),
    }
    return None if all(done.values()) else done


def put_away(*, actor: Actor) -> None:
    """Show the list to nobody any more. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_SITE)
    site_values.store({LIST: "put away"}, actor=actor)


def note_backups(*, actor: Actor) -> None:
    """Note that the database is backed up by other means than ours. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_SITE)
    site_values.store({BACKUPS: "made elsewhere"}, actor=actor)


_TEST_ASKED_AT = (
    select(AuditEvent.at)
    .where(AuditEvent.event == Event.TEST_MAIL_SENT.label)
    .order_by(AuditEvent.id.desc())
    .limit(1)
    .scalar_subquery()
)

# In the order of their index, so that no database reads all emails for it.
_TEST_SENT_AT = (
    select(OutboxMail.sent_at)
    .where(trial.IS_TEST, outbox.SENT)
    .order_by(OutboxMail.to, OutboxMail.created_at)
    .limit(1)
    .scalar_subquery()
)

_ADMINISTRATORS = select(func.count(User.id)).where(User.role == Role.ADMIN, User.disabled_at.is_(None))

# Before there was a mail server, emails became files, and count as sent. So only a test email counts, or one
# that was written after it.
_FACTS = select(
    or_(
        _TEST_SENT_AT.is_not(None),
        outbox.NEWEST_SENT > _TEST_ASKED_AT,
    ).label("mail"),
    exists().where(Group.id.is_not(None)).label("group"),
    select(people_where(true())).where(~CohortCount.disabled).scalar_subquery().label("people"),
    _ADMINISTRATORS.scalar_subquery().label("administrators"),
    exists().where(AuditEvent.event == Event.BACKUP_MADE.label).label("backup"),
)
