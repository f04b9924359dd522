"""A mail server inside the tests."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Mailbox:
    """A mail server's inside: keeps what it is given, or refuses it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"
        self.answer_to_recipient = "250 OK"
        self.login: tuple[str, str] | None = None  # who can log in; nobody
        self.mechanisms: tuple[str, ...] = ()  # answers to EHLO in place of the server's own about AUTH
        self.answer_to_quit = "221 Bye"
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.greetings: list[str] = []

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Keep the name with which the other side introduces itself."""
        session.host_name = hostname
        self.greetings.append(hostname)
        if self.mechanisms:
            kept = [line for line in responses if "AUTH" not in line]
            return [*kept[:-1], *(f"250-{line}" for line in self.mechanisms), kept[-1]]
        return responses

    async def handle_QUIT(self, server: object, session: object, envelope: object) -> str:
        """Say goodbye, or what the test says."""
        return self.answer_to_quit

    async def handle_RCPT(
        self, server: object, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or answer what the test says."""
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    def authenticate(
        self, server: object, session: object, envelope: object, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Let the one in whose name and password the test says. A refusal is answered."""
        given = (data.login.decode("utf-8"), data.password.decode("utf-8"))
        return AuthResult(success=given == self.login, handled=False)

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        """Take a message, or answer what the test says."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


class _Server(Controller):
    """A mail server that hangs up before it ends: a connection left open is a warning in some later test."""

    def __init__(self, box: Mailbox, **options: Any) -> None:
        super().__init__(box, **options)
        self._answering: list[SMTP] = []

    def factory(self) -> SMTP:
        """Return what answers a new connection."""
        self._answering.append(super().factory())  # type: ignore[no-untyped-call]  # aiosmtpd names none
        return self._answering[-1]

    def stop(self, no_assert: bool = False) -> None:
        """Hang up, and end."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result()
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for answering in self._answering:
            if answering.transport is not None:
                answering.transport.close()
        for _layer in ("encrypted", "plain"):  # each is told in a turn of its own
            await asyncio.sleep(0)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_mail_server(
    port: int,
    *,
    encrypted: ssl.SSLContext | None = None,
    smtputf8: bool = False,
    inside: Mailbox | None = None,
) -> Iterator[Mailbox]:
    """Run a mail server on a port, perhaps with TLS, or for addresses outside ASCII."""
    box = inside or Mailbox(port)
    server = _Server(
        box,
        hostname="127.0.0.1",
        port=port,
        tls_context=encrypted,
        authenticator=box.authenticate,
        enable_SMTPUTF8=smtputf8,
        auth_require_tls=False,
    )
    server.start()
    yield box
    server.stop()
