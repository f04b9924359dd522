"""What the tests of crashes get: somebody who kills a process in the middle of what it does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfa_app.settings import PROJECT_ROOT
from tests.support.deaths import Deaths
from tests.support.world import World


@pytest.fixture(scope="session")
def dying() -> Iterator[subprocess.Popen]:
    """The process whose children die."""
    command = [sys.executable, "-m", "tests.support.dying"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=PROJECT_ROOT, **pipes) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def deaths(world: World, dying: subprocess.Popen, environment: dict[str, str], tmp_path: Path) -> Deaths:
    """The one who ends a process in the middle of what it does."""
    return Deaths(world, dying, environment, tmp_path / "kept")
