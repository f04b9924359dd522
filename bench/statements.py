"""What one login asks of SQLite, step by step: reads, writes, commits, and what surrounds them."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, event
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.visitors import Accounts, log_in
from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings

KINDS = {"SELECT": "reads", "WITH": "reads", "INSERT": "writes", "UPDATE": "writes", "DELETE": "writes"}
KINDS |= {"COMMIT": "commits", "PRAGMA": "pragmas"}
PING = "SELECT 1"


def count_of_a_login(environment: dict[str, str], accounts: Accounts) -> dict[str, Counter[str]]:
    """Return how many statements of each kind each step of a login sends, once the site is warm."""
    sent: list[str] = []
    steps: dict[str, Counter[str]] = {}

    def step(name: str) -> None:
        # SQLite names a statement once more for each trigger and foreign key that it sets off.
        steps[name] = Counter(_kind(statement) for statement, _again in groupby(sent))
        sent.clear()

    with _traced(sent), _served(environment) as port:
        log_in(port, accounts.take())
        sent.clear()
        log_in(port, accounts.take(), step)
    return steps


def _kind(statement: str) -> str:
    return "pings" if statement == PING else KINDS.get(statement.split(maxsplit=1)[0].upper(), "others")


@contextmanager
def _traced(sent: list[str]) -> Iterator[None]:
    """Note every statement that SQLite runs on a connection that is opened meanwhile."""

    def trace(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(sent.append)

    event.listen(Engine, "connect", trace)
    try:
        yield
    finally:
        event.remove(Engine, "connect", trace)


class _Silent(WSGIRequestHandler):
    """Answers without a line on standard error for each request."""

    def log_request(self, *_details: object) -> None:
        """Write nothing."""


@contextmanager
def _served(environment: dict[str, str]) -> Iterator[int]:
    """Serve the site in this process; give the port."""
    app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        with app.app_context():
            db.engine.dispose()
