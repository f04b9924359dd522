"""A visitor's browser: keeps cookies, reads forms and sends them, follows redirects. It loads pages alone."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from bench.connection import Connection, Reply

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')
_NEVER_SENT = {"submit", "button", "image", "reset"}
_GONE = re.compile(r"; *max-age=0\b", re.IGNORECASE)
MOST_REDIRECTS = 5


class Unexpected(Exception):
    """The site answered what it should not; the message says where and what."""


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, and what its fields hold."""

    action: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Page:
    """A page that a browser shows."""

    path: str
    text: str

    def form(self, field: str = "", action: str = "") -> Form:
        """Return the first form with this field, or that goes to this address. Raises Unexpected."""
        for attributes, content in _FORM.findall(self.text):
            target = _attributes(attributes).get("action") or self.path
            form = Form(urljoin(self.path, target), _fields(content))
            if f'name="{field}"' in content if field else form.action == action:
                return form
        raise Unexpected(f"{self.path}: no form with {field or action!r}: {self.text[:300]!r}")


class Browser:
    """A visitor of a site on this machine, who comes from an address of its own."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._origin, self._connection = f"http://127.0.0.1:{port}", Connection(port, source)
        self._cookies: dict[str, str] = {}

    def open(self, path: str) -> Page:
        """Open a page. Raises Unexpected unless redirects end at one."""
        for _ in range(MOST_REDIRECTS):
            reply = self.ask("GET", path)
            if reply.status not in (301, 302, 303):
                break
            path = self._target(path, reply)
        return self._page(path, reply)

    def send(self, form: Form, **filled: str | None) -> Page:
        """Fill in a form, send it, and return the page that it leads to. Raises Unexpected."""
        reply = self.post(form, **filled)
        if reply.status in (301, 302, 303):
            return self.open(self._target(form.action, reply))
        return self._page(form.action, reply)

    def post(self, form: Form, **filled: str | None) -> Reply:
        """Fill in a form and send it; None unticks a box. Return the reply."""
        fields = {name: value for name, value in {**form.fields, **filled}.items() if value is not None}
        return self.ask("POST", form.action, urlencode(fields).encode())

    def ask(self, method: str, path: str, body: bytes = b"") -> Reply:
        """Send one request, follow nothing, and return the reply."""
        reply = self._connection.ask(self.request(method, path, body))
        for line in reply.header("set-cookie"):
            name, _equals, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
            if not value or _GONE.search(line):
                del self._cookies[name]
        return reply

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return a request as this browser would send it."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(self._origin).netloc}", "User-Agent: bench"]
        if self._cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self._cookies.items()))
        if method == "POST":
            lines += [f"Origin: {self._origin}", f"Referer: {self._origin}{path}"]
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def close(self) -> None:
        """Close the connection; cookies stay."""
        self._connection.close()

    def _target(self, path: str, reply: Reply) -> str:
        parts = urlsplit(urljoin(path, reply.header("location")[0]))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _page(self, path: str, reply: Reply) -> Page:
        if reply.status != 200:
            raise Unexpected(f"{path}: {reply.status} {reply.text[:200]!r}")
        return Page(path, reply.text)


def _fields(content: str) -> dict[str, str]:
    """Return what a browser sends of a form that nobody has touched. Our pages fill in inputs alone."""
    fields = {}
    for tag in _INPUT.findall(content):
        held = _attributes(tag)
        kind, name = held.get("type", "text"), held.get("name")
        unticked = kind in ("checkbox", "radio") and "checked" not in held
        if name and kind not in _NEVER_SENT and not unticked:
            fields[name] = held.get("value", "on" if kind == "checkbox" else "")
    return fields


def _attributes(tag: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
