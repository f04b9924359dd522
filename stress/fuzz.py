"""100,000 requests that no browser would send, to find unexpected failures: `make fuzz`.

Most go straight into the application, half of them on SQLite and half on PostgreSQL. Every tenth goes over
the network, byte by byte, to the site as gunicorn serves it. Nothing leaves this machine.
"""

import http.client
import io
import logging
import multiprocessing
import os
import random
import re
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import delete, update

from mfa_app import create_app
from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.factors import totp
from mfa_app.core.factors.apps import App
from mfa_app.core.groups import groups
from mfa_app.core.keys.vault import vault
from mfa_app.core.sessions import sessions
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Membership, Role, Throttle, User
from mfa_app.models.column_types import new_id
from mfa_app.settings import load_settings
from stress.browser import Browser, ConnectionLost
from stress.strategies import WHO, GeneratedRequest, requests
from stress.workers import children, master
from tests.support.postgres import running_postgres
from tests.support.programs import FreshProgram
from tests.support.served_site import serving
from tests.support.world import PASSWORD, TERMINAL

REQUESTS = int(os.environ.get("REQUESTS", "100000"))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**9))))
BATCH = 500  # Hypothesis keeps everything it has generated, so it is restarted from time to time
RENEW_EVERY = 120  # requests; then anyone who was logged out or disabled by one of them is restored
CLIENTS = 4
GAP = re.compile(r"<[^>]+>")
LINE_LIMIT, HEADER_LIMIT = 4000, 60


@dataclass
class Tally:
    """The responses, counted, and the failures."""

    statuses: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add the counts of another part."""
        self.statuses += other.statuses
        self.failures += other.failures

    def note(self, request: GeneratedRequest, status: int | str, details: str = "") -> None:
        """Count a response; keep the request if the site failed on it."""
        self.statuses[status] += 1
        if details or status == 500:
            self.failures.append(f"{status} {repr(request)[:1500]}\n{details}")


class Site:
    """A site with users for the fuzzer, and their sessions."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
        self.sessions: dict[str, tuple[str, str]] = {}
        with self.app.app_context():
            bring_to_head()
            for name, role in (("alice", Role.STAFF), ("carol", Role.ADMIN), ("dave", Role.HELPDESK)):
                profile = Profile(f"{name}@example.com", name.capitalize(), role)
                accounts.create(profile, groups=[], password=PASSWORD, actor=TERMINAL, now=clock.now())
            groups.create("Finance", actor=TERMINAL, now=clock.now())
            db.session.commit()
            db.engine.dispose()

    def patterns(self) -> list[list[str]]:
        """Return the paths of the site, each as its fixed parts."""
        return [GAP.split(rule.rule) for rule in self.app.url_map.iter_rules()]

    def renew(self) -> None:
        """Restore alice and carol, logged in with a fresh code, whatever earlier requests did."""
        with self.app.app_context():
            for who, number, role in (("staff", 1, Role.STAFF), ("administrator", 2, Role.ADMIN)):
                self.sessions[who] = self._restored(number, role), ""
            db.session.execute(delete(Throttle))
            db.session.commit()

    def _restored(self, number: int, role: Role) -> str:
        """Return the token of a fresh session of the user with this id."""
        now = clock.now()
        usable = {"role": role, "disabled_at": None, "account_locked_at": None}
        db.session.execute(update(User).where(User.id == number).values(usable))
        db.session.execute(delete(Membership).where(Membership.user_id == number))
        user = db.session.get_one(User, number, populate_existing=True)
        if db.session.scalar(db.select(Authenticator.id).where(Authenticator.user_id == number)) is None:
            row = Authenticator(id=new_id(), user_id=number, enrolled_at=now, last_step=0)
            row.sealed_secret = vault().seal(totp.new_secret(), row.seal_context)
            db.session.add(row)
        actor = Actor(ActorKind.PERSON, user.email, user.id, user.role, "127.0.0.1", "fuzz")
        _token, session = sessions.start(user, actor=actor, now=now)
        return sessions.elevate(session, actor=actor, now=now, methods=App.amr)[0]


Send = Callable[[GeneratedRequest], None]


def send_generated(patterns: list[list[str]], count: int, number: int, send: Send) -> None:
    """Send this many requests: each that Hypothesis generates as nobody, as staff and as an administrator."""
    left = count
    while left > 0:
        take = min(BATCH, left)

        @seed(number + left)
        @settings(
            max_examples=take,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(requests(patterns))
        def run(request: GeneratedRequest) -> None:
            nonlocal left
            for who in WHO[: max(left, 0)]:
                left -= 1
                send(replace(request, who=who))

        before = left
        run()
        if left == before:
            raise RuntimeError("Hypothesis has generated nothing")


def in_process(kind: str, count: int, number: int) -> Tally:
    """Send requests straight into an application of this process."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, database(kind) as address:
        site = Site({"MFA_INSTANCE_PATH": folder, "MFA_TRUSTED_PROXY_HOPS": "1", **address})
        errors = collect_errors()
        sent = iter(range(10**9))

        def send(request: GeneratedRequest) -> None:
            if next(sent) % RENEW_EVERY == 0:
                site.renew()
                for who, (token, _csrf) in list(site.sessions.items()):
                    site.sessions[who] = token, form_token(site.app, token)
            try:
                status = call(site.app, environ_of(request, site.sessions))
            except Exception:  # any exception here would have ended the request
                status, details = "escaped", traceback.format_exc()
            else:
                details = "\n".join(errors)
            errors.clear()
            tally.note(request, status, details)

        send_generated(site.patterns(), count, number, send)
    return tally


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """Yield the setting for a fresh database."""
    with running_postgres() if kind == "postgresql" else nullcontext() as address:
        yield {"MFA_DATABASE_URL": address} if address else {}


def collect_errors() -> list[str]:
    """Return a list that will collect the application's tracebacks."""
    errors: list[str] = []

    class ErrorCollector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                errors.append(logging.Formatter("%(message)s").format(record)[-1500:])

    logging.getLogger().addHandler(ErrorCollector())
    return errors


def call(app: Flask, environ: dict) -> int:
    """Let the application answer as a server would; return the status."""
    began: list[str] = []

    def start(status: str, _headers: list, _error: object = None) -> Callable[[bytes], None]:
        began[:] = [status]
        return lambda _data: None

    answer = app(environ, start)
    try:
        for _chunk in answer:
            pass
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return int(began[0][:3])


def form_token(app: Flask, token: str) -> str:
    """Return the cookie and the CSRF token of a form of someone who is logged in, as `cookie token`."""
    client = app.test_client()
    client.set_cookie("sid", token)
    page = client.get("/account").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    cookie = client.get_cookie("form")
    return f"{cookie.value} {found[1]}" if cookie and found else " "


def cookies_and_body(
    request: GeneratedRequest, logged_in: dict[str, tuple[str, str]]
) -> tuple[str, bytes | None]:
    """Return the line of cookies and the body, as this sender sends them."""
    token, form = logged_in.get(request.who, ("", " "))
    cookie, _, csrf = form.partition(" ")
    jar = ([("sid", token), ("form", cookie)] if token else []) + request.cookies
    body = request.body.replace(b"{token}", csrf.encode()) if request.body is not None else None
    return "; ".join(f"{name}={value}" for name, value in jar), body


def environ_of(request: GeneratedRequest, logged_in: dict[str, tuple[str, str]]) -> dict:
    """Return the request as gunicorn hands it over."""
    cookie, body = cookies_and_body(request, logged_in)
    path, _, query = request.path.partition(b"?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": request.path.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": f"127.0.0.{len(request.path) % 250 + 1}",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip()
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    if body is not None:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": request.content_type}
    return environ


class RawConnection:
    """A connection to the served site on which anything can be sent."""

    def __init__(self, host: str, port: int, tally: Tally, site: Site) -> None:
        self.address, self.tally, self.site = (host, port), tally, site
        self.socket: socket.socket | None = None
        self.sessions: dict[str, tuple[str, str]] = {}

    def send(self, request: GeneratedRequest) -> None:
        """Send a request and count the response. The previous connection is used if it is still open."""
        cookie, body = cookies_and_body(request, self.sessions)
        lines = [f"X-Forwarded-For: 127.1.{len(request.path) % 250}.1"]
        if all(name != "Host" for name, _value in request.headers):
            lines.append(f"Host: 127.0.0.1:{self.address[1]}")
        lines += [f"{name}: {value}" for name, value in request.headers if name not in ("Expect", "Upgrade")]
        lines += [f"Cookie: {cookie}"] if cookie else []
        lines += (
            [f"Content-Length: {len(body)}", f"Content-Type: {request.content_type}"]
            if body is not None
            else []
        )
        head = request.method.encode() + b" " + request.path + b" HTTP/1.1\r\n"
        content = head + "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (body or b"")
        try:
            status: int | str = self._exchange(content, request.method)
        except (OSError, http.client.HTTPException):
            self.close()
            status = "connection closed"
        self.tally.note(request, status)

    def _exchange(self, content: bytes, method: str) -> int:
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=20)
        self.socket.sendall(content)
        response = http.client.HTTPResponse(self.socket, method=method)
        response.begin()
        response.read()
        if response.will_close or response.status >= 400:
            self.close()
        return response.status

    def close(self) -> None:
        """Close the connection, so that the next request opens its own."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def over_the_network(count: int, number: int) -> Tally:
    """Send requests to the site as gunicorn serves it, from several clients at once."""
    total = Tally()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"MFA_INSTANCE_PATH": folder, "MFA_TRUSTED_PROXY_HOPS": "1"}
        site = Site(environment)
        with serving(environment, program=FreshProgram) as address:
            workers = children(master())
            tallies = [Tally() for _client in range(CLIENTS)]
            host = urlsplit(address)
            threads = [
                threading.Thread(
                    target=one_client, args=(site, host, tally, count // CLIENTS, number + client)
                )
                for client, tally in enumerate(tallies)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            alive = children(master()) == workers
            try:
                answered = Browser(address, "127.0.0.1").open("/login").status
            except ConnectionLost:
                answered = 0
        for tally in tallies:
            total.add(tally)
        log = (Path(folder) / "gunicorn.log").read_text("utf-8", "replace")
    if "Traceback" in log:
        total.failures.append("in the server's log:\n" + log[log.index("Traceback") :][:3000])
    if not alive:
        total.failures.append("a worker died")
    if answered != 200:
        total.failures.append(f"afterwards GET /login answers {answered}")
    return total


renewing = threading.Lock()


def one_client(site: Site, url, tally: Tally, count: int, number: int) -> None:
    """Send a share of the requests on one connection after another."""
    connection = RawConnection(url.hostname, url.port, tally, site)
    sent = iter(range(10**9))

    def send(request: GeneratedRequest) -> None:
        if next(sent) % RENEW_EVERY == 0:
            with renewing:
                site.renew()
                connection.sessions = {
                    who: (token, form_token(site.app, token)) for who, (token, _csrf) in site.sessions.items()
                }
        connection.send(request)

    send_generated(site.patterns(), count, number, send)
    connection.close()


def main() -> None:
    """Run all parts, print the counts, and exit with 1 if the site failed on any request."""
    network = REQUESTS // 10
    each = (REQUESTS - network) // 2
    shares = {
        "in process, SQLite": (in_process, "sqlite", each, SEED),
        "in process, PostgreSQL": (in_process, "postgresql", REQUESTS - network - each, SEED + 10**9),
        "gunicorn, SQLite": (over_the_network, network, SEED + 2 * 10**9),
    }
    print(f"fuzz: {REQUESTS} requests, seed {SEED}", flush=True)
    total, began = Tally(), time.monotonic()
    with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
        running = {name: pool.submit(*share) for name, share in shares.items()}
        for name, one in running.items():
            tally = one.result()
            print(f"  {name:<20} {sum(tally.statuses.values()):>7} requests", flush=True)
            total.add(tally)
    print(f"  {time.monotonic() - began:.0f} s, {sum(total.statuses.values())} requests answered:")
    for status, count in sorted(total.statuses.items(), key=lambda pair: str(pair[0])):
        print(f"    {status}: {count}")
    print(
        "\n".join(["WRONG:", *total.failures[:20]])
        if total.failures
        else "No 500, no traceback, no worker died."
    )
    sys.exit(bool(total.failures))


if __name__ == "__main__":
    main()
