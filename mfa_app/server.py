"""What gunicorn asks the site: whether it may start, where it listens, counts and prints, and its jobs."""

import errno
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from flask import Flask
from gunicorn import util
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from mfa_app import create_app
from mfa_app.core.keys.keyring import load_keys
from mfa_app.core.operations import health_checks, instance_lock
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.extensions import db
from mfa_app.settings import SettingError, Settings, load_settings
from mfa_app.web.http.refused_requests import RefusedRequests
from mfa_app.wording.health import describe

HOST = "127.0.0.1"
BACKLOG = 2048  # gunicorn's own
HELD_SOCKET = "SECOND_GATE_HELD_SOCKET"  # from `make run` to the gunicorn that it becomes
PORT_IS_BUSY = (
    "Port {port} is used by another program. "
    "Stop that program, or choose another port, for example PORT=9000."
)
PORT_IS_CLOSED = "Port {port} can't be used: {reason}. Choose another port, for example PORT=9000."

RESTORING = "A backup is being restored. Start the site when the restore has finished."

# In memory, where a busy disk holds nothing up: the workers' heartbeat, and what they count for /metrics.
# Names in it are made at random, so nobody on the machine can take one beforehand.
SHARED_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # nosec B108 # noqa: S108
COUNTERS = "second-gate-metrics-"
COUNTERS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it


def settings_to_serve_with() -> Settings:
    """Return the settings, with keys that can be read; end the program with one sentence if any is wrong.

    A worker that found the mistake would be replaced by the next, which finds it again.
    """
    try:
        settings = load_settings()
        load_keys(settings)
    except SettingError as error:
        sys.exit(str(error))
    return settings


def hold_port(port: int) -> socket.socket:
    """Return a socket that listens on this port of 127.0.0.1, or end the program with one sentence."""
    try:
        return socket.create_server((HOST, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(PORT_IS_BUSY.format(port=port))
        sys.exit(PORT_IS_CLOSED.format(port=port, reason=os.strerror(error.errno or 0)))


def sockets_to_listen_on(addresses: Sequence[object], settings: Settings) -> list[int]:
    """Return the descriptors of the sockets that gunicorn gets, or none if it finds or opens its own.

    A socket that is held already is named in the environment. Otherwise this holds the port.
    """
    if "GUNICORN_FD" in os.environ or os.environ.get("LISTEN_PID") == str(os.getpid()):
        return []
    held = os.environ.get(HELD_SOCKET)
    if held is not None:
        return [int(held)]
    if list(addresses) != [(HOST, settings.port)]:
        return []
    return [hold_port(settings.port).detach()]


def start(settings: Settings) -> IO[str]:
    """Return the lock that says the site is running. Exit with one sentence if it must not start."""
    _count_together()
    try:
        _check(settings)
        return _lock(settings)
    except BaseException:
        end()
        raise


def print_trail() -> None:
    """Print every row of the trail as a line of JSON on the standard output, for log collectors."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    trail = logging.getLogger("mfa_app.trail")
    trail.handlers, trail.propagate = [handler], False
    trail.setLevel(logging.INFO)


def start_jobs(app: Flask) -> None:
    """Start the timed work in this worker, unless the application sends its mail with its responses."""
    if app.config["MAIL_IN_BACKGROUND"]:
        app.extensions["site"][JobRunner].start()


def answer_refused_requests(app: Flask) -> None:
    """Let gunicorn answer with pages of the site what it refuses before the application sees it."""
    util.write_error = RefusedRequests(app).write


def stop_jobs(app: object) -> None:
    """Let the running job end before its worker does. A worker that failed to start has no application."""
    if isinstance(app, Flask):
        app.extensions["site"][JobRunner].stop()


def worker_ended(pid: int) -> None:
    """Let the numbers of a worker that is gone stay in the sums."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus_client gives it no types


def end() -> None:
    """Delete what has been counted: the next start counts from nothing."""
    shutil.rmtree(os.environ[COUNTERS_FOLDER], ignore_errors=True)


def _check(settings: Settings) -> None:
    app = create_app(settings)  # for this alone: each worker makes its own
    with app.app_context():
        found = health_checks.startup_blocker(settings)
        db.session.remove()
        db.engine.dispose()  # no connection is shared across a fork
        if found is not None:
            sys.exit(str(describe(found, settings)))


def _lock(settings: Settings) -> IO[str]:
    try:
        return instance_lock.lock_shared(settings)
    except SiteRunning:
        sys.exit(RESTORING)
    except OSError as error:
        sys.exit(f"Could not write {error.filename}: {error.strerror}.")


def _count_together() -> None:
    """Add up what the workers count. Call it before the first application makes the counters."""
    os.environ[COUNTERS_FOLDER] = _new_folder()
    # prometheus_client has chosen when it was imported, before there was a folder.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # it has no types


def _new_folder() -> str:
    """Return a folder for this server's counters; delete those that killed servers left behind."""
    folder = Path(SHARED_MEMORY or tempfile.gettempdir())
    for found in folder.glob(f"{COUNTERS}*"):
        pid = found.name.removeprefix(COUNTERS).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(found, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{COUNTERS}{os.getpid()}-", dir=folder)
