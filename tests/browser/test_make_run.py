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
    with running(command_of_make_run(), a_fresh_installation(tmp_path)) as printed:
        (link,) = re.findall(r"^http://\S+/link/\S+$", printed, re.MULTILINE)
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


def command_of_make_run() -> list[str]:
    """Return the last command of `make run`: what comes before it installs."""
    here = f"BIN={Path(sys.executable).parent}"
    told = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "run", here],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.splitlines()[-1].removeprefix("exec ").split()


def a_fresh_installation(folder: Path) -> dict[str, str]:
    """Return an environment with an instance folder of its own, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    return {**inherited, "MFA_INSTANCE_PATH": str(folder / "instance"), "PORT": port}


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Run the server; once it says that it has begun to listen, give what it has printed until then."""
    both = subprocess.STDOUT
    with subprocess.Popen(
        command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=both, text=True
    ) as server:
        try:
            assert server.stdout is not None
            printed = ""
            for line in server.stdout:
                printed += line
                if "Listening at" in line:
                    break
            assert "Listening at" in printed, "the server ended without listening"
            yield printed
        finally:
            server.terminate()
            server.communicate(timeout=30)
