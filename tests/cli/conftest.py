"""A terminal for the tests: commands run inside this process, and commands run by a real shell."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mfa_app.settings import PROJECT_ROOT
from tests.world import World

Typist = Callable[..., Result]


@pytest.fixture
def typed(world: World) -> Typist:
    """Run a command, optionally with standard input; return its exit code and output."""

    def run(*words: str, stdin: str | bytes | None = None) -> Result:
        return world.app.test_cli_runner().invoke(args=list(words), input=stdin)

    return run


def refused(result: Result) -> str:
    """Return the one sentence of a command that was refused."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def done(result: Result) -> str:
    """Return the output of a command that succeeded."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def link_in(text: str) -> str:
    """Return the path of the one link that was printed."""
    (path,) = re.findall(r"^ *http://\S+?(/link/\S+)$", text, re.MULTILINE)
    return path


class Shell:
    """A real shell for an installation in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
        self.environment = {**inherited, "MFA_INSTANCE_PATH": str(folder)}

    def start(self, *command: str, **settings: str) -> subprocess.Popen:
        """Start a Python module with these settings."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=PROJECT_ROOT,
            env={**self.environment, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command: str, stdin: str = "", **settings: str) -> tuple[int, str, str]:
        """Run it to the end; return exit code, standard output and standard error."""
        with self.start(*command, **settings) as process:
            output, errors = process.communicate(stdin.encode(), timeout=180)
        return process.returncode, output.decode(), errors.decode()

    def flask(self, *words: str, **options: str) -> tuple[int, str, str]:
        """Run a command of the site."""
        return self.run("flask", "--app", "wsgi", *words, **options)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell for an installation that does not exist yet."""
    return Shell(tmp_path / "instance")
