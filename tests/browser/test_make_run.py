"""What `make run` starts, under the real clock: from an empty folder to a login with a code."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mfa_app.settings import PROJECT_ROOT
from tests.support.chromium import Window

pytestmark = pytest.mark.browser

CAROL, HER_PASSWORD = "carol@example.com", "nine yellow ferries at noon"


def test_an_empty_folder_becomes_a_site_with_an_administrator(browser: Browser, tmp_path: Path) -> None:
    prepare, serve = commands_of_make_run()
    environment = a_fresh_installation(tmp_path)
    printed = subprocess.run(
        prepare, env=environment, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    )
    (link,) = re.findall(r"^http://\S+/link/\S+$", printed.stdout, re.MULTILINE)
    with running(serve, environment):
        context = browser.new_context()
        carol = Window(context, link.partition("/link/")[0], lambda: datetime.now(UTC))
        becomes_the_first_administrator(carol, link)
        app = carol.link()
        carol.log_out()
        carol.give_password(CAROL, HER_PASSWORD)
        carol.give_code(app.code(steps=1))  # the next one: both are good now, and the first is used up
        carol.is_in("Carol")
        context.close()
    assert not carol.complaints


def becomes_the_first_administrator(carol: Window, link: str) -> None:
    carol.open(link)
    carol.field("Your name").fill("Carol")
    carol.field("Email address").fill(CAROL)
    carol.field("Password").fill(HER_PASSWORD)
    carol.press("Create the administrator")


def commands_of_make_run() -> list[list[str]]:
    """Return the last two commands of `make run`: what comes before them installs."""
    here = f"BIN={Path(sys.executable).parent}"
    told = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "run", here],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [line.removeprefix("exec ").split() for line in told.stdout.splitlines()[-2:]]


def a_fresh_installation(folder: Path) -> dict[str, str]:
    """Return an environment with an instance folder of its own, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    return {**inherited, "MFA_INSTANCE_PATH": str(folder / "instance"), "PORT": port}


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """Run the server; it has begun to listen once it says so."""
    with subprocess.Popen(
        command, env=environment, cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            lines = iter(server.stderr.readline, "")
            assert any("Listening at" in line for line in lines), "the server ended without listening"
            yield
        finally:
            server.terminate()
            server.communicate(timeout=30)
