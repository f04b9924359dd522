"""Forwarded headers: making sure that nothing a client sends can hide the IP address the proxy adds."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


class StripForwardedQuotes:
    """Removes quotation marks from the headers that ProxyFix reads; no IP address contains any.

    A client could send a quotation mark that is never closed. Werkzeug would then discard the whole list,
    including the address that the proxy added, and the request would seem to come from the proxy itself.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with cleaned headers."""
        for name in PASSED_ON:
            if name in environ:
                environ[name] = environ[name].replace('"', "")
        return self._application(environ, start_response)
