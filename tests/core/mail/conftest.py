"""What the tests of mail get: a mail server, and sites whose mails leave over SMTP."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings
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


@contextmanager
def _world(settings: dict[str, str], clock: FakeClock) -> Iterator[World]:
    application = create_app(load_settings(settings), MAIL_IN_BACKGROUND=False, CLOCK=clock)
    yield World(application, clock)
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def posting(environment: dict[str, str], clock: FakeClock, port: int) -> Iterator[Callable[..., World]]:
    """Make a world under more settings, whose mails leave over SMTP if there is a server at the port."""
    with ExitStack() as worlds:
        smtp = {**environment, "MFA_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        yield lambda **settings: worlds.enter_context(_world({**smtp, **settings}, clock))
