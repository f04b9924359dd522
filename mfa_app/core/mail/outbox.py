"""The outbox: which mails exist, and how one is queued, read and counted."""

import enum
import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.after_commit import CommitObservers
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from mfa_app.models.column_types import new_id
from mfa_app.models.row_facts import AnyUser
from mfa_app.settings import Settings

SENT = OutboxMail.sent_at.is_not(None)  # it left, or became a file

NEWEST_SENT = select(func.max(OutboxMail.created_at)).where(SENT).scalar_subquery()


class Mail(enum.StrEnum):
    """All mails. The words of each are in templates/email/NAME."""

    LINKED = "linked"
    RESET_REQUESTED = "reset_requested"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_WANTED = "approval_wanted"  # to administrators
    APPROVAL_STOPPED = "approval_stopped"  # to administrators
    RESET = "reset_second_factor"
    ACCESS_PASS_MADE = "access_pass_made"
    EMAIL_CODE = "email_code"
    REMOVED = "authenticator_removed"
    FACTOR_REMOVED = "factor_removed"
    STOPPED = "authenticator_stopped"
    WRONG_CODES = "wrong_codes"
    NEW_LOGIN = "new_login"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    BREAK_GLASS_MADE = "break_glass_made"
    BREAK_GLASS_USED = "break_glass_used"
    BREAK_GLASS_ALARM = "break_glass_alarm"
    BREAK_GLASS_REFUSED = "break_glass_refused"
    PASSWORD_CHANGED = "password_changed"
    ADDRESS_CHANGED = "address_changed"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_OPENED = "account_opened"
    ACCOUNT_ENDS = "account_ends"
    EXEMPTION_GIVEN = "exemption_given"
    EXEMPTION_ENDS = "exemption_ends"
    EXEMPTION_OVER = "exemption_over"
    EXEMPTIONS_END = "exemptions_end"  # to the administrator who gave them
    INVITATION = "invitation"
    INVITATION_ENDS = "invitation_ends"
    NEW_LINK_WANTED = "new_link_wanted"  # to who sent the invitation
    PASSWORD_RESET = "password_reset"
    ENROLMENT_LINK = "enrolment_link"
    TEST = "test"
    REMINDER = "reminder"
    RULE_ANNOUNCED = "rule_announced"
    RULE_SOON = "rule_soon"
    RULE_STARTS = "rule_starts"
    LAST_DAY = "last_day"


# These may tell of something that the user has not done, so each has a link that locks the account.
WITH_LOCK_LINK = frozenset(
    {
        Mail.LINKED,
        Mail.RESET_REQUESTED,
        Mail.RESET,
        Mail.ACCESS_PASS_MADE,
        Mail.EMAIL_CODE,
        Mail.REMOVED,
        Mail.FACTOR_REMOVED,
        Mail.STOPPED,
        Mail.WRONG_CODES,
        Mail.NEW_LOGIN,
        Mail.PASSKEY_ADDED,
        Mail.PASSKEY_REMOVED,
        Mail.RECOVERY_CODES_MADE,
        Mail.RECOVERY_CODE_USED,
        Mail.BREAK_GLASS_USED,
        Mail.PASSWORD_CHANGED,
        Mail.ADDRESS_CHANGED,
        Mail.ACCOUNT_OPENED,
    }
)


_FOLLOWED = "mails_of_this_session"


class NoLongerTrue(Exception):
    """What a mail would say is not so any more, so it must not leave."""


def enqueue(mail: Mail, user: AnyUser, *, now: datetime, to: str | None = None, **context: object) -> None:
    """Queue a mail to a user in the same transaction as the change that it reports.

    `context` holds what its templates need and must be JSON-serialisable. `to` overrides the user's address.
    """
    if mail in WITH_LOCK_LINK:
        context["lock_token"] = one_time_links.create(Purpose.ACCOUNT_LOCK, user, now=now)
    row = draft(mail, to=to or user.email, name=user.name, now=now, **context)
    row.user_id = user.id
    db.session.add(row)
    let_leave(row.id)


def notify(mail: Mail, user: AnyUser, *, actor: Actor, now: datetime, **context: object) -> None:
    """Queue a mail about what the user, or somebody in the user's name, has done, and from where."""
    sender = {"place": actor.ip_address, "user_agent": actor.user_agent}
    enqueue(mail, user, now=now, to=None, **sender, **context)


def draft(mail: Mail, *, to: str, name: str, now: datetime, **context: object) -> OutboxMail:
    """Return a mail that is in no outbox, due now."""
    context |= {"name": name, "at": now.isoformat()}
    row = OutboxMail(id=new_id(), to=to, template=mail.value, created_at=now, next_attempt_at=now)
    row.sealed_context = vault().seal(json.dumps(context), row.seal_context)
    return row


class MailObservers(CommitObservers):
    """Whom to tell when mail was queued."""


def let_leave(*mail_ids: str) -> None:
    """Have these mails sent after the commit: they were queued, or are to be tried again."""
    db.session().info.get(_FOLLOWED, []).extend(mail_ids)
    MailObservers.call_after_commit()


def follow() -> list[str]:
    """Return a list that gets the ids of all mails that this session queues, or lets leave, from now on."""
    followed: list[str] = db.session().info.setdefault(_FOLLOWED, [])
    return followed


def context_of(mail: OutboxMail) -> dict[str, object] | None:
    """Return what the mail's templates need, or None if it can no longer be unsealed."""
    try:
        context: dict[str, object] = json.loads(vault().unseal(mail.sealed_context or "", mail.seal_context))
    except CannotUnseal:
        return None
    return context


def folder_of(settings: Settings) -> Path:
    """Return the folder in which mails become files, where there is no mail server."""
    return settings.instance_path / "outbox"


def file_name(mail: OutboxMail) -> str:
    """Return the name of the file in that folder that the mail becomes."""
    return f"{mail.created_at:%Y%m%dT%H%M%S}-{mail.template}-{mail.id[:8]}.eml"


def newest_file_name(mail: Mail, user: AnyUser) -> str:
    """Return the name of the file that the user's last mail of this kind becomes; empty without one."""
    of_this_kind = select(OutboxMail).where(OutboxMail.to == user.email, OutboxMail.template == mail.value)
    newest = db.session.scalar(of_this_kind.order_by(OutboxMail.created_at.desc()).limit(1))
    return file_name(newest) if newest else ""


def waiting() -> int:
    """Return how many mails are waiting to be sent."""
    still = select(func.count()).select_from(OutboxMail).where(OutboxMail.next_attempt_at.is_not(None))
    return db.session.scalars(still).one()
