"""The site as it is really served, by gunicorn with two workers, and the way on which tests reach it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from sqlalchemy import Engine

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.clock import hands_in
from tests.support.databases import installed
from tests.support.kept_databases import kept_by
from tests.support.processes import children, hear_signals
from tests.support.programs import Program
from tests.support.site_parts import forget
from tests.support.tables import all_rows, put_back
from tests.support.variables import CHEAP_HASHES, HANDS, TRUE_HASHES, cost_in
from tests.support.waiting import PATIENCE_SECONDS, wait_until

Result = TypeVar("Result")
OF_THE_CONNECTION = {"connection", "transfer-encoding", "keep-alive"}


@contextmanager
def serving(
    environment: dict[str, str],
    application: str = "wsgi:app",
    *,
    wait: bool = True,
    program: type[Program] = Program,
) -> Iterator[str]:
    """Serve the site under these settings on a free port; give its address.

    Whoever measures the site names FreshProgram: the usual one has imported it before, and shares memory.

    Without `wait`, its end is awaited at the end of the test run, beside that of others.
    """
    with started(environment, application, wait=wait, program=program) as (site, address):
        _wait(site, address, log_of(environment))
        yield address


@contextmanager
def started(
    environment: dict[str, str],
    application: str = "wsgi:app",
    *,
    stop: signal.Signals = signal.SIGINT,  # its quick stop: nobody waits for open connections
    wait: bool = True,
    program: type[Program] = Program,
) -> Iterator[tuple[Program, str]]:
    """Start gunicorn under these settings on a free port, and ask it for nothing; give program and address.

    It gets the signal `stop` at the end, which is awaited or not as in `serving`.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    values = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    values |= {**environment, "PORT": str(port)}
    folder, log = Path(environment["MFA_INSTANCE_PATH"]), log_of(environment)
    command = ["gunicorn", "--config", "gunicorn.conf.py", "--pid", str(folder / "gunicorn.pid"), application]
    log.write_bytes(b"")
    site = program(command, values, (Path(os.devnull), log, log))
    try:
        yield site, f"http://127.0.0.1:{port}"
    finally:
        wait_until(lambda: site.poll() is not None or hear_signals(children(site.pid)))
        site.send(stop)
        if wait:
            site.wait()


def log_of(environment: dict[str, str]) -> Path:
    """Return the file in which everything stands that gunicorn writes under these settings."""
    return Path(environment["MFA_INSTANCE_PATH"]) / "gunicorn.log"


def _wait(site: Program, address: str, log: Path) -> None:
    """Return once the site answers; raise RuntimeError with its log if it ends, or hangs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and site.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
            connection.request("GET", "/login")
            return connection.close() if connection.getresponse() else None
        time.sleep(0.05)
    raise RuntimeError(log.read_text("utf-8"))


@dataclass
class ServedSite:
    """A site that gunicorn serves, and an application in this process that shares its database.

    Whoever asks that application for a page gets it from the served site. So a World, its visitors and its
    verbs are the same whether the site is served or runs in the test's own process.
    """

    app: Flask
    environment: dict[str, str]
    address: str

    @property
    def folder(self) -> Path:
        """The instance folder."""
        return Path(self.environment["MFA_INSTANCE_PATH"])

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return log_of(self.environment).read_text("utf-8")

    def connection(self) -> socket.socket:
        """Return a connection to the server, for whatever bytes."""
        return socket.create_connection(("127.0.0.1", urlsplit(self.address).port), timeout=PATIENCE_SECONDS)

    def raw(self, request: str | bytes) -> bytes:
        """Send bytes down a socket of one's own; return all that comes back until the server hangs up."""
        sent = request.encode("latin1") if isinstance(request, str) else request
        answer = b""
        with self.connection() as line:
            line.sendall(sent)
            while part := _receive(line):
                answer += part
        return answer


def _receive(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:  # the server had heard enough
        return b""


@contextmanager
def served_site(
    environment: dict[str, str], application: str = "wsgi:app", *, wait: bool = True
) -> Iterator[ServedSite]:
    """Serve a site, with an application of our own on the same database to make people with."""
    cost = cost_in(environment)
    app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False, PASSWORD_HASH_COST=cost)
    with serving(environment, application, wait=wait) as address:
        relay = Relay(address, behind_proxy="MFA_TRUSTED_PROXY_HOPS" in environment)
        app.wsgi_app = relay  # type: ignore[method-assign]  # Flask's own way to add middleware
        yield ServedSite(app, environment, address)
    with app.app_context():
        db.engine.dispose()


class SharedSites:
    """The sites that are served once for all tests on one kind of database, under the clock of the tests.

    `proxied` stands behind a proxy, so that visitors come from any address. `direct` has none, and hashes
    passwords at the true cost. A site is started when the first test asks for it, and each test finds it as
    it was installed.
    """

    def __init__(self, folder: Path, templates: Path, pattern: str | None, hands: Path) -> None:
        self._folder, self._templates, self._pattern, self._hands = folder, templates, pattern, hands
        self._started: dict[str, _Fresh] = {}
        self._open = ExitStack()

    def __enter__(self) -> SharedSites:
        """Start nothing yet."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop what was started."""
        self._open.close()

    def proxied(self) -> ServedSite:
        """Return the site behind a proxy, as it was installed."""
        settings = {"MFA_TRUSTED_PROXY_HOPS": "1", "MFA_PUBLIC_URL": "http://127.0.0.1:8000"}
        return self._site("proxied", {**settings, **CHEAP_HASHES})

    def direct(self) -> ServedSite:
        """Return the site without a proxy, as it was installed."""
        return self._site("direct", TRUE_HASHES)

    def _site(self, kind: str, settings: dict[str, str]) -> ServedSite:
        if kind not in self._started:
            folder = self._folder / f"{kind}_{self._folder.name}" / "instance"
            folder.parent.mkdir()
            environment = self._open.enter_context(installed(folder, self._templates, self._pattern))
            environment |= {**settings, HANDS: str(self._hands)}
            site = self._open.enter_context(
                served_site(environment, "tests.support.served_app:app", wait=False)
            )
            self._started[kind] = _Fresh(site, self._templates, self._hands)
        return self._started[kind].again()


class _Fresh:
    """What a served site has to be like before the next test."""

    def __init__(self, site: ServedSite, templates: Path, hands: Path) -> None:
        self.site, self.parts, self.hands = site, site.app.extensions["site"], hands_in(hands)
        self.template = templates / "second-gate.sqlite3"
        with site.app.app_context():
            self.rows, self.way = all_rows(db.engine), kept_by(db.engine)
        self.stamp: object = None

    def again(self) -> ServedSite:
        """Put database and outbox back to how they were installed, while the site runs on them.

        No process goes on with what it knows of the database of before.
        """
        self.site.app.extensions["site"] = self.parts
        forget(self.site.app)
        shutil.rmtree(self.site.folder / "outbox", ignore_errors=True)
        with self.site.app.app_context():
            if self.stamp != self.way.stamp(db.engine):  # many tests write nothing
                self._put_back(db.engine)
                self.stamp = self.way.stamp(db.engine)
        self.hands[1] += 1
        return self.site

    def _put_back(self, engine: Engine) -> None:
        if engine.dialect.name == "postgresql":
            return put_back(self.rows, engine, number_anew=True)
        path = engine.url.database
        assert path is not None
        with closing(sqlite3.connect(self.template)) as fresh, closing(sqlite3.connect(path)) as live:
            live.execute("PRAGMA synchronous = OFF")
            fresh.backup(live)
            live.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nothing of the test before is left


class Relay:
    """A WSGI application that asks a served site, and gives back what that answers.

    A visitor with an address of the loopback comes from there. Any other address needs a site behind a
    proxy: then this is the proxy, and names the visitor in X-Forwarded-For.
    """

    def __init__(self, site: str, *, behind_proxy: bool = False) -> None:
        self.site, self.behind_proxy = site, behind_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Pass the request on, and the answer back."""
        with closing(self._connect(environ["REMOTE_ADDR"])) as line:
            line.putrequest(
                environ["REQUEST_METHOD"], environ["RAW_URI"], skip_host=True, skip_accept_encoding=True
            )
            for name, value in self._headers(environ):
                line.putheader(name, value.encode("latin1"))
            line.endheaders(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or None)
            answer = line.getresponse()
            content = answer.read()
        headers = [
            (name, text) for name, text in answer.getheaders() if name.lower() not in OF_THE_CONNECTION
        ]
        start_response(f"{answer.status} {answer.reason}", headers)
        return [content]

    def _connect(self, address: str) -> http.client.HTTPConnection:
        source = None if self.behind_proxy else (address, 0)
        place = urlsplit(self.site).netloc
        return http.client.HTTPConnection(place, timeout=PATIENCE_SECONDS, source_address=source)

    def _headers(self, environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
        """Return the headers of a request, with what a proxy adds behind what the visitor says."""
        said = environ.get("HTTP_X_FORWARDED_FOR")
        for name, value in environ.items():
            if name.startswith("HTTP_") and not (self.behind_proxy and name == "HTTP_X_FORWARDED_FOR"):
                yield name.removeprefix("HTTP_").replace("_", "-"), value
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                yield name.replace("_", "-"), environ[name]
        if self.behind_proxy:
            yield "X-Forwarded-For", ", ".join(filter(None, (said, environ["REMOTE_ADDR"])))
            yield "X-Forwarded-Proto", environ["wsgi.url_scheme"]


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Make all calls in the same moment, each in a thread of its own; return what they returned, in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
