"""Delivering mail: the due mails of the outbox leave over SMTP, or become files."""

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy import select, update

from mfa_app.core.common import clock, files
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from mfa_app.models.database import rows_changed
from mfa_app.settings import Settings
from mfa_app.site import site

GIVE_UP_AFTER = timedelta(days=3)

CLAIMED_FOR = timedelta(minutes=2)

SMTP_TIMEOUT_SECONDS = 15

SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

Compose = Callable[[OutboxMail], EmailMessage]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MailDelivery:
    """How one application delivers its mail. `compose` writes a mail, or raises ValueError if it can't."""

    settings: Settings
    compose: Compose

    def deliver_due(self) -> int:
        """Deliver all due mails; commit. Return how many were sent. Failures are recorded for a retry."""
        sent = 0
        while (waiting := claim(now=clock.now())) is not None:
            try:
                self._deliver(waiting)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                log.warning("A mail could not be sent: %s", type(error).__name__)
                mark_failed(waiting, f"{type(error).__name__}: {error}", now=clock.now())
            else:
                mark_sent(waiting, now=clock.now())
                sent += 1
            db.session.commit()
        return sent

    def _deliver(self, waiting: OutboxMail) -> None:
        message = self.compose(waiting)
        if self.settings.smtp_url:
            self._send(message, self.settings.smtp_url)
        else:
            self._file(message, waiting)

    def _send(self, message: EmailMessage, smtp_url: str) -> None:
        with mail_server(smtp_url, timeout=SMTP_TIMEOUT_SECONDS) as server:
            server.send_message(message)

    def _file(self, message: EmailMessage, waiting: OutboxMail) -> None:
        folder = self.settings.instance_path / "outbox"
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            files.chown_like(folder, folder.parent)
        path = folder / f"{waiting.created_at:%Y%m%dT%H%M%S}-{waiting.template}-{waiting.id[:8]}.eml"
        with open(path, "wb", opener=files.open_private) as file:
            file.write(message.as_bytes())


def deliver_due() -> int:
    """Deliver all due mails of the current application. Return how many were sent."""
    return site()[MailDelivery].deliver_due()


def claim(*, now: datetime) -> OutboxMail | None:
    """Claim the next due mail for two minutes, so that no other worker sends it; commit. None if none is."""
    due = select(OutboxMail.id).where(OutboxMail.next_attempt_at <= now)
    mail_id = db.session.scalar(due.order_by(OutboxMail.next_attempt_at).limit(1))
    taken = (
        update(OutboxMail)
        .where(OutboxMail.id == mail_id, OutboxMail.next_attempt_at <= now)
        .values(next_attempt_at=now + CLAIMED_FOR, attempts=OutboxMail.attempts + 1)
    )
    won = mail_id is not None and rows_changed(taken) == 1
    db.session.commit()
    return db.session.get(OutboxMail, mail_id, populate_existing=True) if won else None


def mark_sent(mail: OutboxMail, *, now: datetime) -> None:
    """Record that the mail was sent and delete its contents."""
    mail.sent_at, mail.next_attempt_at, mail.sealed_context, mail.last_error = now, None, None, None


def mark_failed(mail: OutboxMail, error: str, *, now: datetime) -> None:
    """Record why sending failed. Retry after one minute, doubling up to an hour, for three days."""
    mail.last_error = error[:300]
    wait = min(timedelta(minutes=2 ** min(mail.attempts, 10) / 2), timedelta(hours=1))
    given_up = now - mail.created_at > GIVE_UP_AFTER
    mail.next_attempt_at = None if given_up else now + wait


@contextmanager
def mail_server(smtp_url: str, *, timeout: float) -> Iterator[smtplib.SMTP]:
    """Connect to the mail server given in MFA_SMTP_URL, with encryption and login as the URL says.

    `timeout` is in seconds. Raises OSError, SMTPException.
    """
    parts, encrypted = urlsplit(smtp_url), ssl.create_default_context()
    host, port = parts.hostname or "localhost", parts.port or SMTP_PORTS[parts.scheme]
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=timeout, context=encrypted)
    else:
        server = smtplib.SMTP(host, port, timeout=timeout)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=encrypted)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
