"""A terminal for the tests: what is typed within this process, and what a real shell runs."""

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import Result

from tests.support.programs import Program

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

    @contextmanager
    def start(self, *command: str, stdin: str = "", **settings: str) -> Iterator[Program]:
        """Start a module with its arguments, under these settings; it is killed if it outlives the block."""
        with tempfile.TemporaryDirectory() as name:
            streams = Path(name, "stdin"), Path(name, "stdout"), Path(name, "stderr")
            for path, text in zip(streams, (stdin, "", ""), strict=True):
                path.write_text(text, "utf-8")
            program = Program(command, {**self.environment, **settings}, streams)
            try:
                yield program
            finally:
                program.send(signal.SIGKILL)
                program.wait()

    def run(self, *command: str, stdin: str = "", **settings: str) -> tuple[int, str, str]:
        """Run it to its end; return exit code, standard output and standard error."""
        with self.start(*command, stdin=stdin, **settings) as program:
            return program.ended()

    def second_gate(self, *words: str, **options: str) -> tuple[int, str, str]:
        """Run a command of the site."""
        return self.run("mfa_app", *words, **options)

    def flask(self, *words: str, **options: str) -> tuple[int, str, str]:
        """Run a command of the site by Flask's own program."""
        return self.run("flask", "--app", "wsgi", *words, **options)
