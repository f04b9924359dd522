"""Forwarded headers: only the IP addresses in them count, and nothing a client sends can hide them."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from mfa_app.core.common import ip_addresses

FORWARDED_FOR, FORWARDED_PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"


class CleanForwardedHeaders:
    """Removes what is no IP address from the headers that ProxyFix reads: quotation marks, ports, brackets.

    A client could send a quotation mark that is never closed. Werkzeug would then discard the whole list,
    including the address that the proxy added, and the request would seem to come from the proxy itself. With
    a port, each connection would seem to be another visitor; or all of them the same, an unknown one.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with cleaned headers."""
        for name in (FORWARDED_FOR, FORWARDED_PROTO):
            if name in environ:
                environ[name] = environ[name].replace('"', "")
        if FORWARDED_FOR in environ:
            environ[FORWARDED_FOR] = ", ".join(map(ip_addresses.bare, environ[FORWARDED_FOR].split(",")))
        return self._application(environ, start_response)
