"""A mail server inside the tests."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope


class Mailbox:
    """A mail server's inside: keeps what it is given, or refuses it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        """Take a message, or answer what the test says."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_mail_server(port: int, *, encrypted: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Run a mail server on a port, perhaps with TLS; nobody can log in to it."""
    box = Mailbox(port)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        tls_context=encrypted,
        authenticator=lambda *_: AuthResult(success=False, handled=False),  # so that the server answers
        auth_require_tls=False,
    )
    controller.start()
    yield box
    controller.stop()
