"""Between the tests' browsers and the site that gunicorn serves: a proxy, a clock, and a fresh start."""

import http.client
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from mfa_app.core.keys import vault
from mfa_app.extensions import db
from tests.rows import all_rows, put_back
from tests.timing import FakeClock

HANDS = "CLOCK_OF_THE_TESTS"
OF_THE_LINE = {"connection", "transfer-encoding", "keep-alive"}


class SharedClock(FakeClock):
    """A clock that other processes read in a file."""

    def __init__(self, hands: Path) -> None:
        self.hands = hands
        super().__init__()

    @property
    def moment(self) -> datetime:
        return self._moment

    @moment.setter
    def moment(self, moment: datetime) -> None:
        self._moment = moment
        fresh = self.hands.with_suffix(".new")
        fresh.write_text(moment.isoformat(), "ascii")
        os.replace(fresh, self.hands)


class Stage:
    """A served site, and the application in this process that shares its database and asks it for pages."""

    site: str

    def __init__(self, app: Flask, templates: Path) -> None:
        self.app, self.vault = app, vault.vault()
        self.template = templates / "second-gate.sqlite3"
        app.wsgi_app = self._ask
        with app.app_context():
            self.rows = all_rows()

    def start_anew(self) -> None:
        """Put database and outbox back to how they were installed, while the site runs on them."""
        vault.use(self.vault)
        shutil.rmtree(Path(self.app.instance_path) / "outbox", ignore_errors=True)
        with self.app.app_context():
            if db.engine.dialect.name == "postgresql":
                put_back(self.rows, identity="RESTART")
            else:
                path = db.engine.url.database
                with closing(sqlite3.connect(self.template)) as fresh, closing(sqlite3.connect(path)) as live:
                    live.execute("PRAGMA synchronous = OFF")
                    fresh.backup(live)

    def _ask(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Ask the served site in the place of the application here, as a proxy in front of gunicorn does."""
        with closing(http.client.HTTPConnection(urlsplit(self.site).netloc, timeout=60)) as line:
            method, address = environ["REQUEST_METHOD"], environ["RAW_URI"]
            line.putrequest(method, address, skip_host=True, skip_accept_encoding=True)
            for name, value in _headers(environ):
                line.putheader(name, value.encode("latin1"))
            line.endheaders(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or None)
            answer = line.getresponse()
            content = answer.read()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_THE_LINE]
        start_response(f"{answer.status} {answer.reason}", headers)
        return [content]


def _headers(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the headers of a request, with what a proxy adds behind what the visitor says."""
    for name, value in environ.items():
        if name.startswith("HTTP_") and name != "HTTP_X_FORWARDED_FOR":
            yield name.removeprefix("HTTP_").replace("_", "-"), value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-"), environ[name]
    said = environ.get("HTTP_X_FORWARDED_FOR")
    yield "X-Forwarded-For", ", ".join(filter(None, (said, environ["REMOTE_ADDR"])))
    yield "X-Forwarded-Proto", environ["wsgi.url_scheme"]
