"""Where a request is redirected to: only ever to a page of this site."""

from urllib.parse import quote, urlsplit

from flask import current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response

from mfa_app.web.http.monitoring import PATHS


def next_page(default: str = "account.home") -> str:
    """Return the page that `next` asks for if it belongs to this site, else the default page."""
    return local_path(request.args.get("next")) or url_for(default)


def local_path(target: str | None) -> str | None:
    """Return path and query of a page of this site, rebuilt from their parts, or None for anything else.

    Only paths that one of the site's views answers are accepted, so no spelling of a foreign URL gets
    through: not //host, not /\\host, not ////host, not a control character.
    """
    if not target or not target.isprintable() or "\\" in target:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    path = parts.path
    if parts.scheme or parts.netloc or not path.startswith("/") or "//" in path:
        return None
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RoutingException):
        return None
    query = f"?{quote(parts.query, safe='=&%+')}" if parts.query else ""
    return quote(path, safe="/%") + query


def page_without_slash() -> str | None:
    """Return the page that this GET request asks for with a slash too many at its end, or None."""
    path = request.path.rstrip("/")
    if request.method not in ("GET", "HEAD") or path == request.path or path in PATHS:
        return None
    query = request.query_string.decode("latin1")
    return local_path(f"{path}?{query}" if query else path)


def send_to(endpoint: str, *, remember_where: bool = True, back_to: str | None = None) -> Response:
    """Redirect to another page, which may send the user back here, or to `back_to`, afterwards."""
    here = back_to or request.args.get("next") or _this_page()
    where = local_path(here) if remember_where else None
    return redirect(
        url_for(endpoint, next=where) if where and where != url_for("account.home") else url_for(endpoint)
    )


def _this_page() -> str | None:
    """Return the page to come back to: this one or, for a form, the page that showed it.

    If that page can't be opened again, such as a preview, it is the address that the form was sent to.
    """
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:  # the gate leads away a form with a file before its headers are looked at
        return None
    if parts.netloc != request.host:
        return None
    shown = parts.path + (f"?{parts.query}" if parts.query else "")
    return shown if local_path(shown) else request.path
