"""A terminal for the tests: what is typed within this process, and what a real shell runs."""

import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from click.testing import Result

from mfa_app.settings import PROJECT_ROOT

Typist = Callable[..., Result]


def refused(result: Result) -> str:
    """Return the one sentence of a command that was refused."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def done(result: Result) -> str:
    """Return what a command said that did what it was asked."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def link_in(text: str) -> str:
    """Return the path of the one link that was printed."""
    paths: list[str] = re.findall(r"^ *http://\S+?(/link/\S+)$", text, re.MULTILINE)
    (path,) = paths
    return path


class Shell:
    """A real shell on an installation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
        self.environment = {**inherited, "MFA_INSTANCE_PATH": str(folder)}

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a program of the virtual environment, under these settings."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=PROJECT_ROOT,
            env={**self.environment, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command: str, stdin: str = "", **settings: str) -> tuple[int, str, str]:
        """Run it to its end; return exit code, standard output and standard error."""
        with tempfile.TemporaryDirectory() as name:
            streams = {stream: Path(name) / stream for stream in ("stdin", "stdout", "stderr")}
            streams["stdin"].write_text(stdin, "utf-8")
            streams["stdout"].touch()
            streams["stderr"].touch()
            order = {"command": command, "environment": {**self.environment, **settings}}
            code = _ended({**order, **{stream: str(path) for stream, path in streams.items()}})
            return code, streams["stdout"].read_text("utf-8"), streams["stderr"].read_text("utf-8")

    def flask(self, *words: str, **options: str) -> tuple[int, str, str]:
        """Run a command of the site."""
        return self.run("flask", "--app", "wsgi", *words, **options)


def _ended(order: dict[str, object]) -> int:
    """Let a child of the program that has everything imported do this; return its exit code."""
    program = _forking()
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps(order) + "\n")
    program.stdin.flush()
    code: int = json.loads(program.stdout.readline())
    return code


@cache
def _forking() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.forking"]
    pipe = subprocess.PIPE
    program = subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe, text=True)
    atexit.register(program.communicate)
    return program
