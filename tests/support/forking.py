"""A program that has imported the site, and becomes any program of it in a child: importing takes a second.

It answers each line of its standard input: a start with the process id, and the question how a process has
ended with the exit code, or null if it runs. A child is a process of its own, which begins and ends as after
`python -m`, with the environment, the arguments and the three streams that the order names. Whatever still
runs at the end of the input is ended.
"""

import atexit
import encodings.ascii
import encodings.idna
import encodings.utf_8_sig
import gc
import json
import os
import runpy
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import flask.cli
import flask_migrate.cli  # type: ignore[import-not-found]  # its types leave this module out
import flask_sqlalchemy.cli
import gunicorn.app.wsgiapp
import gunicorn.workers.gthread
from babel.dates import format_datetime
from sqlalchemy.orm import configure_mappers

import mfa_app.application
import mfa_app.server
from mfa_app.core.passwords import estimate
from mfa_app.core.passwords.hashing import Hasher
from mfa_app.extensions import db
from mfa_app.settings import PROJECT_ROOT, load_settings
from mfa_app.web.ui.qr import data_uri
from mfa_app.wording.user_agents import browser_name
from tests.support.address_builders import compile_builders_once
from tests.support.variables import CHEAP

# What every program of the site imports, sooner or later.
IMPORTED = (
    *(encodings.ascii, encodings.idna, encodings.utf_8_sig),
    *(flask.cli, flask_migrate.cli, flask_sqlalchemy.cli),
    *(gunicorn.app.wsgiapp, gunicorn.workers.gthread, mfa_app, estimate),
)
APPENDED = os.O_WRONLY | os.O_APPEND  # output and errors may go to one file
FLAGS = (os.O_RDONLY, APPENDED, APPENDED)
AS_PYTHON_OPENS_THEM = (("r", -1, "strict"), ("w", -1, "strict"), ("w", 1, "backslashreplace"))


def main() -> dict[str, Any] | None:
    """Answer; in the child that an order starts, return the order."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # control-C is for the children
    running: set[int] = set()
    _prepare()
    assert threading.active_count() == 1  # a fork leaves the others behind, with the locks they hold
    gc.collect()
    gc.freeze()  # else each child looks for cycles in all that was imported, a third of a second at its end
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        if "ended" in asked:
            answer = _exit_code(asked["ended"], running)
        elif answer := os.fork():
            running.add(answer)
        else:
            signal.signal(signal.SIGINT, interrupt)
            return asked
        print(json.dumps(answer), flush=True)
    _end(running)
    return None


def _prepare() -> None:
    """Do once what each program would do with the same result: much of it is done when it is first needed."""
    configure_mappers()
    Hasher()
    Hasher(CHEAP)
    browser_name("")
    data_uri("")
    format_datetime(locale="en")
    compile_builders_once()
    with tempfile.TemporaryDirectory() as folder:
        mfa_app.create_app(load_settings({"MFA_INSTANCE_PATH": folder}))


def _exit_code(child: int, running: set[int]) -> int | None:
    """Return how a child has ended, None if it has not. Until then no other process can get its id."""
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid == 0:
        return None
    running.remove(child)
    return os.waitstatus_to_exitcode(status)


def _end(running: set[int]) -> None:
    for child in running:
        os.kill(child, signal.SIGTERM)
    for child in running:
        os.waitpid(child, 0)


def become(order: dict[str, Any]) -> None:
    """Run the module that an order names, as `python -m` does."""
    os.chdir(PROJECT_ROOT)
    for number, (path, flags) in enumerate(zip(order["streams"], FLAGS, strict=True)):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering, errors=errors, closefd=False)  # noqa: SIM115 - as long as it runs
        for number, (mode, buffering, errors) in enumerate(AS_PYTHON_OPENS_THEM)
    )
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["command"]
    runpy.run_module(order["command"][0], run_name="__main__", alter_sys=True)


def end_after(program: Callable[[], None]) -> NoReturn:
    """Run a program, and end this process as Python would, but let the system free the memory.

    Python frees it object by object, which copies each page of what was imported before the fork. Exceptions
    other than SystemExit go through, so that Python reports them and ends.
    """
    try:
        program()
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # as Python does, and as multiprocessing in its children
    atexit._run_exitfuncs()
    _close_connections()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _close_connections() -> None:
    """Close those to the database, as Python does in the end: the last one leaves SQLite a single file."""
    for engines in db._app_engines.values():
        for engine in engines.values():
            engine.dispose()


if __name__ == "__main__" and (found := main()):
    end_after(partial(become, found))
