"""Delivering mail: the due mails of the outbox leave over SMTP, or become files."""

import logging
import smtplib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default

from sqlalchemy import bindparam, select, update

from mfa_app.core.common import clock, email_addresses, files
from mfa_app.core.mail import outbox, smtp, wire
from mfa_app.core.mail.smtp import IN_BACKGROUND, Patience, RecipientRefused
from mfa_app.extensions import db
from mfa_app.models import Invitation, OutboxMail, User
from mfa_app.models.database import execute, table_of
from mfa_app.settings import Settings
from mfa_app.site import site

GIVE_UP_AFTER = timedelta(days=3)

Compose = Callable[[OutboxMail], EmailMessage]

log = logging.getLogger(__name__)

_MAILS, _USERS = table_of(OutboxMail), table_of(User)
_NEXT = select(_MAILS.c.id).where(_MAILS.c.next_attempt_at <= bindparam("now"))
_NEXT = _NEXT.order_by(_MAILS.c.next_attempt_at).limit(1)
_CLAIM = (
    update(_MAILS)
    .where(_MAILS.c.id == bindparam("mail_id"), _MAILS.c.next_attempt_at <= bindparam("now"))
    .values(next_attempt_at=bindparam("until"), attempts=_MAILS.c.attempts + 1)
)
# At the user who has an address now: whether it takes mail. Nothing is written where that is known.
_NOTE = update(_USERS).where(_USERS.c.email_key == bindparam("key"))
_NOTE = _NOTE.values(email_refused_at=bindparam("refused_at"), email_refusal=bindparam("answer"))
_TAKES_MAIL = _NOTE.where(_USERS.c.email_refused_at.is_not(None))
_REFUSES_MAIL = _NOTE.where(_USERS.c.email == bindparam("to"))


def as_they_are(settings: Settings) -> Settings:
    """Return the settings: where nothing else says which mail server counts."""
    return settings


@dataclass(frozen=True)
class MailDelivery:
    """How one application delivers its mail. `compose` writes a mail.

    It raises ValueError if it can't, and NoLongerTrue if the mail must not be sent any more: it is deleted.
    `in_force` returns the settings with the mail server that counts now, or raises ValueError.
    """

    settings: Settings
    compose: Compose
    patience: Patience = IN_BACKGROUND
    in_force: Callable[[Settings], Settings] = as_they_are

    def deliver_due(self, patience: Patience | None = None) -> int:
        """Deliver all due mails; commit. Return how many were sent. Failures are recorded for a retry."""
        sent, patience = 0, patience or self.patience
        while (waiting := claim(now=clock.now(), patience=patience)) is not None:
            sent += self._try(waiting, patience)
        return sent

    def deliver_these(self, mail_ids: Iterable[str], patience: Patience) -> int:
        """Do the same for these mails alone, as far as they are due and nobody else sends them now."""
        sent = 0
        for mail_id in mail_ids:
            waiting = claim(now=clock.now(), patience=patience, mail_id=mail_id)
            sent += waiting is not None and self._try(waiting, patience)
        return sent

    def _try(self, waiting: OutboxMail, patience: Patience) -> bool:
        """Deliver a mail and record what has become of it; commit. Return whether it was sent."""
        sent = False
        try:
            self._deliver(waiting, patience)
        except outbox.NoLongerTrue:
            db.session.delete(waiting)
        except RecipientRefused as refused:
            log.warning("A mail server refused a recipient: %s", waiting.template)
            mark_refused(waiting, refused, now=clock.now())
        except smtp.FAILURES as error:
            log.warning("A mail could not be sent: %s", type(error).__name__)
            mark_failed(waiting, _in_words(error), now=clock.now())
        else:
            mark_sent(waiting, now=clock.now())
            sent = True
        db.session.commit()
        return sent

    def connect(self) -> AbstractContextManager[smtplib.SMTP]:
        """Connect to the mail server as for sending a mail. Raises OSError, ValueError."""
        return smtp.mail_server(self.in_force(self.settings), self.patience)

    def _deliver(self, waiting: OutboxMail, patience: Patience) -> None:
        settings, message = self.in_force(self.settings), self.compose(waiting)
        if settings.smtp_url:
            sender, recipient = (wire.address(email).addr_spec for email in (settings.mail_from, waiting.to))
            db.session.commit()  # no connection to the database is held while the mail server takes its time
            with smtp.mail_server(settings, patience) as server:
                smtp.send(server, message, sender=sender, recipient=recipient)
        else:
            self._file(message, waiting)

    def _file(self, message: EmailMessage, waiting: OutboxMail) -> None:
        folder = outbox.folder_of(self.settings)
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            files.chown_like(folder, folder.parent)
        path = folder / outbox.file_name(waiting)
        with open(path, "wb", opener=files.open_private) as file:
            international = default.clone(utf8=not waiting.to.isascii(), cte_type="7bit")
            file.write(message.as_bytes(policy=international))


def deliver_due(patience: Patience | None = None) -> int:
    """Deliver all due mails of the current application. Return how many were sent."""
    return site()[MailDelivery].deliver_due(patience)


def deliver_these(mail_ids: Iterable[str], patience: Patience) -> int:
    """Deliver these mails of the current application, as far as they are due. Return how many were sent."""
    return site()[MailDelivery].deliver_these(mail_ids, patience)


def rehearse(mail: OutboxMail) -> None:
    """Compose a mail and send it nowhere."""
    site()[MailDelivery].compose(mail)


def claim(
    *, now: datetime, patience: Patience = IN_BACKGROUND, mail_id: str | None = None
) -> OutboxMail | None:
    """Claim the next due mail, or this one, so that no other worker sends it; commit. None if none is due.

    The claim outlasts the longest conversation with the mail server by a minute.
    """
    claimed_until = now + patience.whole + timedelta(minutes=1)
    if mail_id is None:
        mail_id = execute(_NEXT, now=now).scalar()
    won = mail_id is not None and execute(_CLAIM, mail_id=mail_id, now=now, until=claimed_until).rowcount == 1
    db.session.commit()
    return db.session.get(OutboxMail, mail_id, populate_existing=True) if won else None


def mark_sent(mail: OutboxMail, *, now: datetime) -> None:
    """Record that the mail was sent and delete its contents. Its address takes mail."""
    mail.sent_at, mail.next_attempt_at, mail.sealed_context, mail.last_error = now, None, None, None
    execute(_TAKES_MAIL, key=email_addresses.key_of(mail.to), refused_at=None, answer=None)
    if mail.template == outbox.Mail.INVITATION:
        _note_at_invitation(mail, now)


def mark_failed(mail: OutboxMail, error: str, *, now: datetime) -> None:
    """Record why sending failed. Retry after one minute, doubling up to an hour, for three days."""
    mail.last_error, mail.recipient_refused = error[:300], False
    mail.next_attempt_at = _next_attempt(mail, now)


def mark_refused(mail: OutboxMail, refused: RecipientRefused, *, now: datetime) -> None:
    """Record that the recipient was refused. Retry unless that is permanent.

    What the server answered at the end stays with the user too.
    """
    mail.last_error, mail.recipient_refused = refused.answer, True
    mail.next_attempt_at = None if refused.permanent else _next_attempt(mail, now)
    if mail.next_attempt_at is None:
        key = email_addresses.key_of(mail.to)
        execute(_REFUSES_MAIL, key=key, to=mail.to, refused_at=now, answer=refused.answer)


def _next_attempt(mail: OutboxMail, now: datetime) -> datetime | None:
    wait = min(timedelta(minutes=2 ** min(mail.attempts, 10) / 2), timedelta(hours=1))
    return None if now - mail.created_at > GIVE_UP_AFTER else now + wait


def _note_at_invitation(mail: OutboxMail, now: datetime) -> None:
    """Note that an invitation has left. It was made with its mail, at the same moment."""
    owner = select(User.id).where(User.email_key == email_addresses.key_of(mail.to)).scalar_subquery()
    of_mail = Invitation.user_id == owner, Invitation.sent_at == mail.created_at
    db.session.execute(update(Invitation).where(*of_mail).values(mailed_at=now))


def _in_words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return smtp.answer_of(error)
    return f"{type(error).__name__}: {smtp.answer_of(error)}"
