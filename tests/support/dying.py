"""A process whose children do one thing each, and are killed by SIGKILL at one point of it that was named.

It is a program of its own because pytest has threads, and a fork of threads is no copy of a server. The
points are before each statement, before and after each commit, and before each file is made, renamed or
removed.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any, NoReturn

from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mfa_app import create_app
from mfa_app.core.common.clock import Clock
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.site_parts import put
from tests.support.variables import CHEAP

FILES = {"os.rename", "os.remove", "tempfile.mkstemp"}


def main() -> None:
    """Do what each line of the standard input asks for, in a child; answer with how the child ended."""
    site: tuple[dict[str, str], Flask] | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if site is None or site[0] != order["environment"]:
            site = order["environment"], _site(order["environment"])
        child = os.fork()
        if child == 0:
            _live(site[1], order)
        _pid, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _site(environment: dict[str, str]) -> Flask:
    """Return the application, warmed up, and without a connection that a child could inherit."""
    overrides = {"MAIL_IN_BACKGROUND": False, "TESTING": False, "PASSWORD_HASH_COST": CHEAP}
    app = create_app(load_settings(environment), **overrides)
    app.test_client().get("/login")
    with app.app_context():
        db.engine.dispose()
    return app


def _live(app: Flask, order: dict[str, Any]) -> NoReturn:
    """Do one thing and exit with 0, with 1 if the site has failed at it, or be killed on the way."""
    code = 2
    try:
        put(app, Clock(lambda: datetime.fromisoformat(order["moment"])))
        _die_at(order["point"])
        code = 0 if _is_answered(app, order) else 1
    finally:
        os._exit(code)


def _is_answered(app: Flask, order: dict[str, Any]) -> bool:
    if "command" in order:
        return app.test_cli_runner().invoke(args=order["command"]).exit_code == 0
    client = app.test_client()
    for name, value in order["cookies"].items():
        client.set_cookie(name, value)
    return client.post(order["path"], data=order["fields"], **order["sender"]).status_code < 500


def _die_at(point: int) -> None:
    """Let this process be killed when it comes to the point of this number."""
    points = iter(range(1, point))

    def step(*_arguments: object) -> None:
        if next(points, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    event.listen(Session, "after_commit", step)
    sys.addaudithook(lambda name, _arguments: step() if name in FILES else None)


if __name__ == "__main__":
    main()
