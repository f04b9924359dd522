"""The headers of every response, and what no request may contain."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from mfa_app.settings import Settings

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

HSTS = "max-age=31536000"


def init_app(app: Flask, settings: Settings) -> None:
    """Reject requests that can't be text, and set the headers on every response, errors included."""
    always = headers_of(settings)
    app.before_request(refuse_unprintable)
    app.before_request(refuse_what_no_form_sends)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in STATIC or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("Cookie")
        return response


def headers_of(settings: Settings) -> dict[str, str]:
    """Return the headers that every response of this site carries."""
    if not settings.https:
        return HEADERS
    subdomains = "; includeSubDomains" if settings.hsts_subdomains else ""
    return {**HEADERS, "Strict-Transport-Security": HSTS + subdomains}


def refuse_unprintable() -> None:
    """Answer 400 to a NUL or a lone surrogate in the URL or a form, because no database accepts them."""
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        abort(400)
    for values in (request.args, request.form):
        for key, value in values.items(multi=True):
            if key is None:  # a part without a name in a multipart body
                abort(400)
            if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in key + value):
                abort(400)
    if "\0" in request.path:
        abort(400)


def refuse_what_no_form_sends() -> None:
    """Answer 400 to JSON, file uploads and a malformed Referer: the code that reads them expects none."""
    if request.is_json or request.files:
        abort(400)
    try:
        _port = urlsplit(request.referrer or "").port
    except ValueError:
        if request.method not in ("GET", "HEAD"):  # nothing reads it on these
            abort(400)
