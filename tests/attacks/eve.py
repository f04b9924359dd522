"""Eve's tools: a town that is really served, sockets that send anything, and a look at what has changed."""

import http.client
import itertools
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPHandler, Request, build_opener

from flask import Flask
from sqlalchemy import select

from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import AuthSession, User
from tests.races.conftest import ServedWorld, real_time
from tests.served import Answer, NetworkBrowser
from tests.world import PASSWORD, TERMINAL, hashed

WRONG = "not the password of anybody at all"
FORM = "application/x-www-form-urlencoded"
_numbers = itertools.count(1)


class EveBrowser(NetworkBrowser):
    """A browser on the network that comes from an address, and says what it likes in its headers."""

    def __init__(self, site: str, *, address: str = "127.0.0.1", **headers: str) -> None:
        super().__init__(site)
        self.handler = _From(address)
        self.opener = build_opener(self.handler, HTTPCookieProcessor())
        self.opener.addheaders = [("User-Agent", "Firefox"), *headers.items()]

    @property
    def jar(self) -> dict[str, str]:
        """The cookies that it holds."""
        processor = next(found for found in self.opener.handlers if isinstance(found, HTTPCookieProcessor))
        return {cookie.name: cookie.value or "" for cookie in processor.cookiejar}

    def send(self, path: str, body: bytes, **headers: str) -> Answer:
        """Send any body with any headers (Content_Type is Content-Type)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.page = self._send(Request(self.site + path, data=body, headers=named))  # noqa: S310
        return self.page

    def log_in(self, email: str, password: str) -> Answer:
        """Open the login page and give address and password."""
        self.open("/login")
        return self.post("/login", email=email, password=password)


class _From(HTTPHandler):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.connection = partial(http.client.HTTPConnection, source_address=(address, 0))

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        return self.do_open(self.connection, request)


class Town(ServedWorld):
    """A served site in which many tests live side by side, each with people of its own."""

    def __init__(self, app: Flask, environment: dict[str, str]) -> None:
        super().__init__(app, real_time)
        self.environment = environment

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (Path(self.environment["MFA_INSTANCE_PATH"]) / "gunicorn.log").read_text("utf-8")

    def browser(self, address: str = "127.0.0.1", **headers: str) -> EveBrowser:
        return EveBrowser(self.site, address=address, **headers)

    def newcomer(self, kind: str = "alice", **options: Any) -> str:
        """Make a person whom no other test knows; return the name."""
        name = f"{kind}{next(_numbers)}"
        self.person(name, **options)
        return name

    def newcomers(self, count: int) -> list[str]:
        """Make many such people at once."""
        names = [f"alice{next(_numbers)}" for _ in range(count)]
        with self.data():
            made = {"groups": [], "password": None, "actor": TERMINAL, "now": self.clock()}
            for name in names:
                user = accounts.create(Profile(f"{name}@example.com", name.capitalize()), **made)
                user.password_hash = hashed(PASSWORD)
        return names

    def finance(self) -> str:
        """Make a group that requires 2FA; return its name."""
        name = f"Finance {next(_numbers)}"
        self.group(name, required=True)
        return name

    def linked_newcomer(self, kind: str = "alice") -> str:
        """Make a person who must use 2FA and has an app; nobody is logged in afterwards."""
        name = self.newcomer(kind, groups_=(self.finance(),))
        self.link(name).post("/logout")
        return name

    def levels(self, name: str) -> list[str]:
        """Return what each live session of a person has shown."""
        with self.data():
            rows = select(AuthSession.amr).join(User, User.id == AuthSession.user_id)
            return list(db.session.scalars(rows.where(User.email == f"{name}@example.com")))

    def raw(self, request: str | bytes, *, timeout: float = 10) -> bytes:
        """Send bytes down a socket of one's own; return all that comes back until the server hangs up."""
        sent = request.encode("latin1") if isinstance(request, str) else request
        answer = b""
        with socket.create_connection(("127.0.0.1", urlsplit(self.site).port), timeout=timeout) as line:
            line.sendall(sent)
            while part := _receive(line):
                answer += part
        return answer


def _receive(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:  # the server had heard enough
        return b""


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer."""
    return int(answer.split(b" ", 2)[1])


def form(**fields: str) -> bytes:
    """Return the body of a form."""
    return urlencode(fields).encode()


def dump(app: Flask) -> dict[str, list[tuple]]:
    """Return everything that the database holds, to compare before and after."""
    with app.app_context():
        tables = db.metadata.sorted_tables
        return {
            table.name: sorted(map(tuple, db.session.execute(select(table))), key=repr) for table in tables
        }


def changed(app: Flask, act: Callable[[], object]) -> set[str]:
    """Do something; return the names of the tables in which it changed something."""
    before = dump(app)
    act()
    after = dump(app)
    return {name for name in before if before[name] != after[name]}
