"""Which page sent a form: one of this site, as far as the headers of the browser say."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError

from mfa_app.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

PORTS = {"http": 80, "https": 443}


class OriginMissing(CSRFError):
    """No header says which page sent the form: something has taken them all out."""


class OriginWrong(CSRFError):
    """A header says that a page of another site sent the form."""


def init_app(app: Flask) -> None:
    """Check each form after its CSRF token. Flask-WTF's own check would insist on the Referer alone."""
    app.config["WTF_CSRF_SSL_STRICT"] = False
    app.before_request(check_origin)


def check_origin() -> None:
    """Refuse a form that a page of another site sent; over https, also if no header says which page did.

    `Origin`, `Sec-Fetch-Site` and, over https, `Referer`: each that is sent must be right, and one is enough.
    Raises OriginWrong, OriginMissing.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if request.method in SAFE_METHODS or not request.endpoint:
        return
    said = [_by_fetch_metadata(), _by_address(request.origin)]
    if settings.https:
        said.append(_by_address(request.referrer))
    if False in said:
        raise OriginWrong
    if settings.https and True not in said:
        raise OriginMissing


def _by_fetch_metadata() -> bool | None:
    """Return whether `Sec-Fetch-Site` names this site, or None if it says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    return None if site in (None, "", "none") else site == "same-origin"


def _by_address(address: str | None) -> bool | None:
    """Return whether `Origin` or `Referer` names this site, or None if it is hidden or not sent."""
    if address in (None, "", "null"):
        return None
    settings: Settings = current_app.config["SETTINGS"]
    scheme = "https" if settings.https else "http"
    ours = {_origin(settings.public_url), _origin(f"{scheme}://{request.host}")}
    return _origin(str(address)) in ours


def _origin(address: str) -> tuple[str, str | None, int | None] | None:
    """Return scheme, host and port of an address, or None if it is none."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
