"""What the tests of the command line get: commands typed in this process, and a real shell."""

from pathlib import Path

import pytest
from click.testing import Result

from tests.support.terminal import Shell, Typist
from tests.support.world import World


@pytest.fixture
def typed(world: World) -> Typist:
    """Run a command, optionally with standard input; return its exit code and output."""

    def run(*words: str, stdin: str | bytes | None = None) -> Result:
        return world.app.test_cli_runner().invoke(args=list(words), input=stdin)

    return run


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell for an installation that does not exist yet."""
    return Shell(tmp_path / "instance")
