"""What the tests of mail get: a mail server, and sites whose mails leave over SMTP."""

from collections.abc import Callable, Iterator

import pytest
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
