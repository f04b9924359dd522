"""Talking to the mail server: how long it may take, how the site logs in, and what its refusals mean."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from mfa_app.core.mail import wire
from mfa_app.core.mail.smtp_url import PORTS
from mfa_app.settings import Settings

CONNECT_SECONDS = 30.0  # a handshake is quick or fails; only the answers after it may be slow
QUIT_SECONDS = 5.0
ANSWER_LENGTH = 250

FAILURES = (OSError, ValueError)  # what sending can raise; SMTPException and ssl.SSLError are OSErrors

# Codes at RCPT that are about the site or the server, not about the recipient.
SITE_CODES = frozenset({421, 452, 454, 503, 530, 535})


@dataclass(frozen=True)
class Patience:
    """How long to wait for a mail server. `answer`: for each answer (RFC 5321, 4.5.3.2: 5 minutes)."""

    answer: timedelta = timedelta(minutes=5)

    @property
    def accepting(self) -> timedelta:
        """How long to wait until the server has accepted the contents of a mail."""
        return 2 * self.answer

    @property
    def whole(self) -> timedelta:
        """How long everything about one mail may take."""
        return 3 * self.answer


IN_BACKGROUND = Patience()
AT_THE_TERMINAL = Patience(timedelta(seconds=15))  # someone waits; the site tries again later


@dataclass
class RecipientRefused(Exception):
    """The mail server refused this recipient: other mails are not affected. `permanent`: for good."""

    answer: str
    permanent: bool


class _Utf8(str):
    """Text that smtplib, which asks for ASCII, sends as UTF-8 (RFC 4616, RFC 4954)."""

    def encode(self, _encoding: str = "", errors: str = "strict") -> bytes:
        return super().encode("utf-8", errors)


class _Client(smtplib.SMTP):
    """A client that waits patiently and logs in with any name and password."""

    def __init__(self, host: str, port: int, patience: Patience, **options: Any) -> None:
        self._patience, self._answer = patience, patience.answer
        self._ends = monotonic() + patience.whole.total_seconds()
        timeout = min(CONNECT_SECONDS, patience.answer.total_seconds())
        super().__init__(host, port, timeout=timeout, **options)

    def getreply(self) -> tuple[int, bytes]:
        """Wait for an answer: as long as patience lasts for it, and for the whole mail."""
        if self.sock is not None:
            left = max(self._ends - monotonic(), 0.001)
            self.sock.settimeout(min(self._answer.total_seconds(), left))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Give the server longer to accept the contents: giving up too early makes people get it twice."""
        self._answer = self._patience.accepting
        return super().data(msg)

    def auth(self, mechanism: str, authobject: Any, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        """Log in with a name and a password in UTF-8."""

        def in_utf8(challenge: Any = None) -> str | None:
            answer = authobject(challenge)
            return None if answer is None else _Utf8(answer)

        return super().auth(mechanism, in_utf8, initial_response_ok=initial_response_ok)  # type: ignore[arg-type]

    def leave(self) -> None:
        """Say goodbye. Whatever is answered: what was sent before is sent."""
        self._answer = timedelta(seconds=QUIT_SECONDS)
        with suppress(*FAILURES):
            self.docmd("QUIT")
        self.close()


class _EncryptedClient(_Client, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


@contextmanager
def mail_server(settings: Settings, patience: Patience = IN_BACKGROUND) -> Iterator[smtplib.SMTP]:
    """Connect to the mail server of these settings, with encryption and login as its address says.

    Raises OSError, ValueError.
    """
    parts = urlsplit(settings.smtp_url or "")
    host, port = wire.ascii_host(parts.hostname or "localhost"), parts.port or PORTS[parts.scheme]
    name = wire.greeting_name(settings.public_host)
    if parts.scheme == "smtps":
        server: _Client = _EncryptedClient(host, port, patience, local_hostname=name, context=_verified_tls())
    else:
        server = _Client(host, port, patience, local_hostname=name)
    try:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=_verified_tls())
        if parts.username:
            server.login(unquote(parts.username), _Utf8(unquote(parts.password or "")))
        server.ehlo_or_helo_if_needed()
        yield server
    finally:
        server.leave()


def _verified_tls() -> ssl.SSLContext:
    """Return how to encrypt for a server with a certificate of a known CA. It reads those of all CAs."""
    return ssl.create_default_context()


def send(server: smtplib.SMTP, message: EmailMessage, *, sender: str, recipient: str) -> None:
    """Send a mail to one recipient. Raises RecipientRefused, OSError, ValueError."""
    try:
        server.send_message(message, sender, [recipient])
    except smtplib.SMTPRecipientsRefused as refused:
        code, answer = refused.recipients[recipient]
        if not _about_recipient(code, answer, at_rcpt=True):
            raise smtplib.SMTPResponseException(code, answer) from None
        raise RecipientRefused(answer_of(refused), permanent=code >= 500) from None
    except smtplib.SMTPDataError as error:
        if not _about_recipient(error.smtp_code, error.smtp_error, at_rcpt=False):
            raise
        raise RecipientRefused(answer_of(error), permanent=error.smtp_code >= 500) from None
    except smtplib.SMTPNotSupportedError as error:  # letters outside ASCII before the @
        raise RecipientRefused(answer_of(error), permanent=True) from None


def answer_of(error: Exception) -> str:
    """Return the server's answer, or the error, on one line of at most 250 characters."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return _one_line(f"{code} {_text(answer)}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _one_line(f"{error.smtp_code} {_text(error.smtp_error)}")
    return _one_line(str(error)) or type(error).__name__


def _about_recipient(code: int, answer: bytes | str, *, at_rcpt: bool) -> bool:
    """Return True if a refusal is about the recipient, by the status code of RFC 3463 if there is one.

    x.1.7 and x.1.8 are about the sender. x.7 is a policy, such as a relay that doesn't know this site.
    """
    text = _text(answer)
    found = re.match(r"[245]\.(\d{1,3})\.(\d{1,3})\b", text)
    if found is None:  # some servers only write that they don't relay
        return at_rcpt and code not in SITE_CODES and "relay" not in text.lower()
    subject, detail = int(found[1]), int(found[2])
    if subject == 1:
        return detail not in (7, 8)
    return subject == 2 or (at_rcpt and code not in SITE_CODES and subject in (0, 4, 6))


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def _one_line(text: str) -> str:
    readable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(readable.split())[:ANSWER_LENGTH].rstrip(".")
