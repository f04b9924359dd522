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

PATIENCE_SECONDS = 120
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
    empty = [
        "--no-control-socket",
        "--config",
        "python:bench",
    ]  # or gunicorn would read the site's configuration, which lies here
    with _serving([*empty, *json.loads(asked.stdout), "bench.hello:app"], environment) as server:
        yield server


@contextmanager
def _serving(arguments: list[str], environment: dict[str, str]) -> Iterator[Server]:
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    values = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    values |= {**environment, "PORT": str(port)}
    log = Path(environment["MFA_INSTANCE_PATH"], f"{arguments[-1].partition(':')[0]}.log")
    log.write_bytes(b"")
    command = ["gunicorn", f"--bind=127.0.0.1:{port}", *arguments]
    program = FreshProgram(command, values, (Path(os.devnull), log, log))
    try:
        _wait(program, port, log)
        yield Server(port, program.pid)
    finally:
        program.send(signal.SIGTERM)
        program.wait()


def _wait(program: FreshProgram, port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    while time.monotonic() < end and program.poll() is None:
        with suppress(OSError, EOFError):
            Connection(port).ask(request)
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text("utf-8", "replace"))
