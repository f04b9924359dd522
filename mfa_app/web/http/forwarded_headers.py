"""The addresses that a proxy passes on, read so that nothing a visitor puts before them hides them."""

from collections.abc import Callable, Iterable
from typing import Any

PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


class StripForwardedQuotes:
    """Takes quotation marks out of the headers that ProxyFix is about to read: no address has any.

    A visitor could send one that is never closed. Werkzeug would then discard the whole list, with the
    address that the proxy has added to it, and the request would seem to come from the proxy itself.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on, with the headers as the proxy meant them."""
        for name in PASSED_ON:
            if name in environ:
                environ[name] = environ[name].replace('"', "")
        return self._application(environ, start_response)
