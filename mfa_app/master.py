"""What gunicorn's master does for the site: it listens, and holds the lock that says the site is running.

It serves nothing, so it imports no other part of the site, which would be in memory once more than needed.
What needs the site is asked for in a process of its own, which ends with its answer.
"""

import errno
import json
import os
import shutil
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
BACKLOG = 2048  # gunicorn's own
HELD_SOCKET = "SECOND_GATE_HELD_SOCKET"  # from `make run` to the gunicorn that it becomes
PORT_IS_BUSY = (
    "Port {port} is used by another program. "
    "Stop that program, or choose another port, for example PORT=9000."
)
PORT_IS_CLOSED = "Port {port} can't be used: {reason}. Choose another port, for example PORT=9000."

# In memory, where a busy disk holds nothing up: the workers' heartbeat, and what they count for /metrics.
# Names in it are made at random, so nobody on the machine can take one beforehand.
SHARED_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # nosec B108 # noqa: S108
COUNTERS = "second-gate-metrics-"
COUNTERS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it

ANSWER_BYTES = 65536


@dataclass(frozen=True)
class Plan:
    """How the site is to be served: its port, and how many workers there are with how many threads each."""

    port: int
    workers: int
    threads: int


def plan() -> Plan:
    """Return how the settings say to serve. End the program with one sentence if the site must not start."""
    answer, _lock = _ask(lambda: import_module("mfa_app.server").plan())
    return Plan(**answer)


def start() -> int:
    """Return the lock that says the site is running. End the program with one sentence if it can't start."""
    os.environ[COUNTERS_FOLDER] = _new_folder()
    try:
        _answer, (lock,) = _ask(lambda: import_module("mfa_app.server").start())
    except BaseException:
        end()
        raise
    os.set_inheritable(lock, False)
    return lock


def end() -> None:
    """Delete what has been counted: the next start counts from nothing."""
    shutil.rmtree(os.environ[COUNTERS_FOLDER], ignore_errors=True)


def hold_port(port: int) -> socket.socket:
    """Return a socket that listens on this port of 127.0.0.1, or end the program with one sentence."""
    try:
        return socket.create_server((HOST, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(PORT_IS_BUSY.format(port=port))
        sys.exit(PORT_IS_CLOSED.format(port=port, reason=os.strerror(error.errno or 0)))


def sockets_to_listen_on(addresses: Sequence[object], port: int) -> list[int]:
    """Return the descriptors of the sockets that gunicorn gets, or none if it finds or opens its own.

    A socket that is held already is named in the environment. Otherwise this holds the port.
    """
    if "GUNICORN_FD" in os.environ or os.environ.get("LISTEN_PID") == str(os.getpid()):
        return []
    held = os.environ.get(HELD_SOCKET)
    if held is not None:
        return [int(held)]
    if list(addresses) != [(HOST, port)]:
        return []
    return [hold_port(port).detach()]


def _ask(question: Callable[[], tuple[dict[str, Any], list[int]]]) -> tuple[dict[str, Any], list[int]]:
    """Answer a question in a child process; return its answer and the files that it leaves open.

    Ends this program if the child ends without an answer. What is wrong, it has said by then.
    """
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        os._exit(_answer(question, there))
    there.close()
    with here:
        answer, files, _flags, _address = socket.recv_fds(here, ANSWER_BYTES, 1)
    _pid, status = os.waitpid(child, 0)
    if not answer:
        sys.exit(os.waitstatus_to_exitcode(status))
    return json.loads(answer), files


def _answer(question: Callable[[], tuple[dict[str, Any], list[int]]], line: socket.socket) -> int:
    """Send the answer; return the exit code of the process."""
    try:
        answer, files = question()
        socket.send_fds(line, [json.dumps(answer).encode()], files)
    except SystemExit as end:
        print(end, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:  # the master has got it too
        return 1
    except BaseException:
        traceback.print_exc()  # here: whoever is further up takes this process for the master
        return 1
    return 0


def _new_folder() -> str:
    """Return a folder for this server's counters; delete those that killed servers left behind."""
    folder = Path(SHARED_MEMORY or tempfile.gettempdir())
    for found in folder.glob(f"{COUNTERS}*"):
        pid = found.name.removeprefix(COUNTERS).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(found, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{COUNTERS}{os.getpid()}-", dir=folder)
