"""Programs of the site in processes of their own, which `forking` starts: nobody waits for imports."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mfa_app.settings import PROJECT_ROOT
from tests.support.waiting import PATIENCE_SECONDS

Streams = tuple[Path, Path, Path]
_one_at_a_time = threading.Lock()


class Program:
    """A module that runs with its arguments in an environment, as after `python -m`.

    The streams are the files of standard input, output and errors, and have to be there.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], streams: Streams) -> None:
        order = {"command": command, "environment": dict(environment), "streams": list(map(str, streams))}
        self.pid: int = _answer(order)
        self.streams = streams
        self.exit_code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, the negative number of the signal that killed it, or None while it runs."""
        if self.exit_code is None:
            self.exit_code = _answer({"ended": self.pid})
        return self.exit_code

    def wait(self) -> int:
        """Wait for the end; return the exit code. Raises TimeoutError where it never comes."""
        while (code := self.poll()) is None:
            end = os.pidfd_open(self.pid)
            found, _, _ = select.select([end], [], [], PATIENCE_SECONDS)
            os.close(end)
            if not found:
                raise TimeoutError("this program has never come to its end")
        return code

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end; return exit code, standard output and standard error."""
        code = self.wait()
        _stdin, stdout, stderr = self.streams
        return code, stdout.read_text("utf-8"), stderr.read_text("utf-8")

    def send(self, sent: signal.Signals) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            os.kill(self.pid, sent)


class FreshProgram(Program):
    """The same in a Python of its own, which imports everything as in production: for whoever measures."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], streams: Streams) -> None:
        module, (stdin, stdout, stderr) = [sys.executable, "-m", *command], streams
        with stdin.open("rb") as given, stdout.open("ab") as out, stderr.open("ab") as errors:
            self._process = subprocess.Popen(
                module, cwd=PROJECT_ROOT, env=environment, stdin=given, stdout=out, stderr=errors
            )
        self.pid, self.streams = self._process.pid, streams

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.poll()


def _answer(question: Mapping[str, object]) -> Any:
    with _one_at_a_time:
        process = _forking()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())


@cache
def _forking() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.forking"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe, text=True)
    atexit.register(process.communicate)
    return process
