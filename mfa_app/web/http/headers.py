"""The headers of every response, and what no request may contain."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict

from mfa_app.settings import Settings
from mfa_app.web.security.access_rules import is_upload

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",  # no current browser reads it, but scanners report it as missing
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: the gate leads back to the page that sent a form, and older browsers send no Origin.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

STATIC = frozenset({"static"})

LOGO_PATH = "/logo/"

# What lies below these can be kept for a year: its address changes with its contents.
LASTING_PATHS = ("/static/", LOGO_PATH)

# No cache keeps a page: it may show what only one person may see.
FOR_PAGES_ONLY = {"Cache-Control": "no-store", "Vary": "Cookie"}

HSTS = "max-age=31536000"


class FixedHeaders:
    """Adds the headers that never change to every response, errors included: in one piece, made once."""

    def __init__(self, application: WSGIApplication, settings: Settings) -> None:
        self._application = application
        self._for_files = list(headers_of(settings).items())
        self._for_pages = [*self._for_files, *FOR_PAGES_ONLY.items()]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let the application answer, with these headers behind its own. Only files may be cached."""
        is_file = environ.get("PATH_INFO", "").startswith(LASTING_PATHS)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            if is_file and status < "4":
                return start_response(status, headers + self._for_files, *error)
            own = [header for header in headers if header[0] not in FOR_PAGES_ONLY]
            return start_response(status, own + self._for_pages, *error)

        return self._application(environ, start)


def init_app(app: Flask) -> None:
    """Reject requests that can't be text, or that no page of this site sends."""
    app.before_request(refuse_unprintable)
    app.before_request(refuse_what_no_form_sends)


def headers_of(settings: Settings) -> dict[str, str]:
    """Return the headers that every response of this site carries."""
    if not settings.https:
        return HEADERS
    subdomains = "; includeSubDomains" if settings.hsts_subdomains else ""
    return {**HEADERS, "Strict-Transport-Security": HSTS + subdomains}


def refuse_unprintable() -> None:
    """Answer 400 to a NUL or a lone surrogate in the URL or a form, because no database accepts them."""
    if query := request.query_string:
        _refuse_unless_readable(query)
    for values in _sent(query):
        for key, value in values.items(multi=True):
            if key is None:  # a part without a name in a multipart body
                abort(400)
            if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in key + value):
                abort(400)
    if "\0" in request.path:
        abort(400)


def refuse_what_no_form_sends() -> None:
    """Answer 400 to JSON, to files where none belongs and to a malformed Referer: nothing expects these."""
    environ = request.environ
    if environ.get("CONTENT_TYPE") and request.is_json:
        abort(400)
    if _has_body(environ) and request.files and not is_upload():
        abort(400)
    try:
        _port = urlsplit(environ.get("HTTP_REFERER", "")).port
    except ValueError:
        if request.method not in ("GET", "HEAD"):  # nothing reads it on these
            abort(400)


def _refuse_unless_readable(query: bytes) -> None:
    try:
        query.decode()
    except UnicodeDecodeError:
        abort(400)


def _sent(query: bytes) -> Iterator[MultiDict[str, str]]:
    """Yield the values in the URL and in the body, if there are any: most requests have none."""
    if query:
        yield request.args
    if _has_body(request.environ):
        yield request.form


def _has_body(environ: WSGIEnvironment) -> bool:
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
