"""Mail: which mails exist, and how one is queued, claimed, sent or retried."""

import enum
import json
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from mfa_app.models.column_types import new_id

GIVE_UP_AFTER = timedelta(days=3)

CLAIMED_FOR = timedelta(minutes=2)


class Mail(enum.StrEnum):
    """All mails. The words of each are in templates/email/NAME."""

    LINKED = "linked"
    RESET = "reset_second_factor"
    REMOVED = "authenticator_removed"
    STOPPED = "authenticator_stopped"
    WRONG_CODES = "wrong_codes"
    PASSWORD_CHANGED = "password_changed"
    ADDRESS_CHANGED = "address_changed"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"


def enqueue(mail: Mail, user: User, *, now: datetime, to: str | None = None, **context: object) -> None:
    """Queue a mail to a user in the same transaction as the change that it reports.

    `context` holds what its templates need and must be JSON-serialisable. `to` overrides the user's address.
    """
    context |= {"name": user.name, "at": now.isoformat()}
    row = OutboxMail(
        id=new_id(), to=to or user.email, template=mail.value, created_at=now, next_attempt_at=now
    )
    row.sealed_context = vault().seal(json.dumps(context), row.seal_context)
    db.session.add(row)
    db.session().info["mails_written"] = True


def claim(*, now: datetime) -> OutboxMail | None:
    """Claim the next due mail for two minutes, so that no other worker sends it; commit. None if none is."""
    due = select(OutboxMail.id).where(OutboxMail.next_attempt_at <= now)
    mail_id = db.session.scalar(due.order_by(OutboxMail.next_attempt_at).limit(1))
    taken = (
        update(OutboxMail)
        .where(OutboxMail.id == mail_id, OutboxMail.next_attempt_at <= now)
        .values(next_attempt_at=now + CLAIMED_FOR, attempts=OutboxMail.attempts + 1)
    )
    won = mail_id is not None and db.session.execute(taken).rowcount == 1
    db.session.commit()
    return db.session.get(OutboxMail, mail_id, populate_existing=True) if won else None


def context_of(mail: OutboxMail) -> dict[str, object] | None:
    """Return what the mail's templates need, or None if it can no longer be unsealed."""
    try:
        return json.loads(vault().unseal(mail.sealed_context or "", mail.seal_context))
    except CannotUnseal:
        return None


def mark_sent(mail: OutboxMail, *, now: datetime) -> None:
    """Record that the mail was sent and delete its contents."""
    mail.sent_at, mail.next_attempt_at, mail.sealed_context, mail.last_error = now, None, None, None


def mark_failed(mail: OutboxMail, error: str, *, now: datetime) -> None:
    """Record why sending failed. Retry after one minute, doubling up to an hour, for three days."""
    mail.last_error = error[:300]
    wait = min(timedelta(minutes=2 ** min(mail.attempts, 10) / 2), timedelta(hours=1))
    given_up = now - mail.created_at > GIVE_UP_AFTER
    mail.next_attempt_at = None if given_up else now + wait


def waiting() -> int:
    """Return how many mails are waiting to be sent."""
    still = select(func.count()).select_from(OutboxMail).where(OutboxMail.next_attempt_at.is_not(None))
    return db.session.scalar(still)


def were_written() -> bool:
    """Return True if mail was queued since the last call."""
    return db.session().info.pop("mails_written", False)
