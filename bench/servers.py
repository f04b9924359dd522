"""The servers that are measured: the site on a seeded database, and a bare Flask under the same gunicorn."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

from bench.connection import Connection
from mfa_app.settings import PROJECT_ROOT
from tests.support.programs import FreshProgram
from tests.support.waiting import PATIENCE_SECONDS

ATTEMPTS = 3
# Asked of another process, because the site's own configuration loads the site.
OPTIONS = """
import json, runpy
site = runpy.run_path("gunicorn.conf.py")
names = "workers", "worker_class", "threads", "keepalive", "worker_tmp_dir"
print(json.dumps([f"--{name.replace('_', '-')}={site[name]}".replace("keepalive", "keep-alive")
                  for name in names if site.get(name)]))
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and its main process."""

    port: int
    pid: int


@contextmanager
def serving_site(environment: dict[str, str]) -> Iterator[Server]:
    """Serve the site under these settings on a free port. Raises RuntimeError with its log."""
    with _serving(["--config", "gunicorn.conf.py", "wsgi:app"], environment) as server:
        yield server


@contextmanager
def serving_hello(environment: dict[str, str]) -> Iterator[Server]:
    """Serve a bare Flask with as many processes and threads as the site, and with nothing of the site."""
    values = {**os.environ, **environment}
    asked = subprocess.run(
        [sys.executable, "-c", OPTIONS], env=values, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True
    )
    # With no configuration at all, gunicorn would read that of the site, which lies here.
    empty = ["--no-control-socket", "--config", "python:bench"]
    with _serving([*empty, *json.loads(asked.stdout), "bench.hello:app"], environment) as server:
        yield server


@contextmanager
def _serving(arguments: list[str], environment: dict[str, str]) -> Iterator[Server]:
    log = Path(environment["MFA_INSTANCE_PATH"], f"{arguments[-1].partition(':')[0]}.log")
    program, port = _started(arguments, environment, log)
    try:
        yield Server(port, program.pid)
    finally:
        _end(program)


def _started(arguments: list[str], environment: dict[str, str], log: Path) -> tuple[FreshProgram, int]:
    """Return a server that answers, and its port. Another program may take the first port before it does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    for _ in range(ATTEMPTS):
        with create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        log.write_bytes(b"")
        command = ["gunicorn", f"--bind=127.0.0.1:{port}", *arguments]
        values = {**inherited, **environment, "PORT": str(port)}
        program = FreshProgram(command, values, (Path(os.devnull), log, log))
        if _answers(program, port):
            return program, port
        _end(program)
    raise RuntimeError(log.read_text("utf-8", "replace"))


def _answers(program: FreshProgram, port: int) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    while time.monotonic() < end and program.poll() is None:
        with suppress(OSError, EOFError):
            Connection(port).ask(request)
            return program.poll() is None
        time.sleep(0.1)
    return False


def _end(program: FreshProgram) -> None:
    program.send(signal.SIGTERM)
    program.wait()
