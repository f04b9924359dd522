"""A test email that administrators send to themselves, and what has become of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal_column, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from mfa_app.models.row_facts import AnyUser

# Written out, since a partial index counts only for a query that names its condition.
IS_TEST = OutboxMail.template == literal_column(f"'{Mail.TEST.value}'")


@dataclass(frozen=True)
class Trial:
    """A test email: when it was asked for, when it left, and why it has not left."""

    asked_at: datetime
    sent_at: datetime | None
    error: str | None


def send(user: AnyUser, *, actor: Actor, now: datetime) -> None:
    """Queue a test email to this administrator. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_SITE)
    outbox.enqueue(Mail.TEST, user, now=now)
    record(Event.TEST_MAIL_SENT, actor=actor)


def try_again(*, now: datetime) -> None:
    """Let test emails that could not be sent go now, through the mail server that has just been set."""
    failed = IS_TEST, OutboxMail.sent_at.is_(None), OutboxMail.last_error.is_not(None)
    tried = update(OutboxMail).where(*failed).values(last_error=None, next_attempt_at=now)
    outbox.let_leave(*db.session.scalars(tried.returning(OutboxMail.id)))


def newest(user: AnyUser) -> Trial | None:
    """Return the last test email of this administrator in 30 days, or None."""
    facts = select(OutboxMail.created_at, OutboxMail.sent_at, OutboxMail.last_error)
    own = facts.where(IS_TEST, OutboxMail.to == user.email).order_by(OutboxMail.created_at.desc())
    mail = db.session.execute(own.limit(1)).one_or_none()
    return Trial(*mail) if mail is not None else None
