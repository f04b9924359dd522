"""What the tests of mail get: a mail server, and sites whose mails leave over SMTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask

from tests.support.clock import FakeClock
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.world import World


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def mailbox(port: int) -> Iterator[Mailbox]:
    """A mail server that runs. It knows only ASCII."""
    with running_mail_server(port) as box:
        yield box


@pytest.fixture
def posting(app_under: Callable[..., Flask], clock: FakeClock, port: int) -> Callable[..., World]:
    """Make a world under more settings, whose mails leave over SMTP if there is a server at the port."""
    return lambda **more: World(app_under(MFA_SMTP_URL=f"smtp://127.0.0.1:{port}", **more), clock)


@pytest.fixture
def own_certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that its own key vouches for, with the key, as PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=Company CA")
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    today = datetime.now(UTC)
    made = made.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = made.add_extension(names, critical=False).sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return path
