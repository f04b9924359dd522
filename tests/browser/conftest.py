"""What every journey gets: a real Chromium, and the application served to it under the clock of the tests."""

import socket
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.support.accessibility import SCRIPT, SCRIPT_PATH
from tests.support.chromium import Profiles, Switch, Window, running_chromium, serving
from tests.support.clock import FakeClock
from tests.support.mail_server import Mailbox, free_port, running_mail_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def listening() -> Iterator[socket.socket]:
    """A socket on a free port, taken before the application is made: mails and pages name that port.

    It is the same for all tests, so that they share one application and its compiled templates.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server. The mails of a journey that asks for it leave there."""
    with running_mail_server(free_port()) as box:
        yield box


@pytest.fixture
def environment(
    environment: dict[str, str], listening: socket.socket, request: pytest.FixtureRequest
) -> dict[str, str]:
    port = str(listening.getsockname()[1])
    if "mailbox" not in request.fixturenames:
        return {**environment, "PORT": port}
    box: Mailbox = request.getfixturevalue("mailbox")
    return {**environment, "PORT": port, "MFA_SMTP_URL": f"smtp://127.0.0.1:{box.port}"}


@pytest.fixture(scope="session")
def server(listening: socket.socket) -> Iterator[Switch]:
    """What answers at that port, for whichever application a test has."""
    switch = Switch({SCRIPT_PATH: SCRIPT})
    with serving(switch, listening):
        yield switch


@pytest.fixture
def site(app: Flask, server: Switch, listening: socket.socket) -> str:
    """The address of the site."""
    server.application = app
    host, port = listening.getsockname()
    return f"http://{host}:{port}"


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Profiles:
    """Where windows come from, and where they go."""
    return Profiles(browser)


@pytest.fixture
def new_window(profiles: Profiles, site: str, clock: FakeClock) -> Iterator[Callable[..., Window]]:
    """Open windows for people; at the end none of them may have heard a complaint from Chromium."""
    windows: list[Window] = []

    def open_window(**options: object) -> Window:
        windows.append(Window(profiles.take(site, **options), site, clock))
        return windows[-1]

    yield open_window
    for window in windows:
        profiles.give_back(window)
    assert not [complaint for window in windows for complaint in window.complaints]


@pytest.fixture
def window(new_window: Callable[..., Window]) -> Window:
    return new_window()
