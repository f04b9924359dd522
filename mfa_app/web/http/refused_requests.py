"""What gunicorn answers before the application sees a request: the site's own pages, with its headers."""

import contextlib
import socket

from flask import Flask, render_template
from flask_babel import gettext as _
from gunicorn import util

from mfa_app.settings import Settings
from mfa_app.web.http.headers import headers_of

UNREAD_BYTES = 256 * 1024  # of a refused request, thrown away so that closing the line does not lose the page


class RefusedRequests:
    """The pages for requests that gunicorn refuses, made once for each worker."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        with app.test_request_context("/", base_url=settings.public_url):
            self._pages = {status: _page(settings, *words) for status, words in _words(settings).items()}
        self._headers = headers_of(settings) | {
            "Cache-Control": "no-store",
            "Connection": "close",
            "Content-Type": "text/html; charset=utf-8",
        }

    def write(self, sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
        """Answer with the page for a status, in place of `gunicorn.util.write_error`.

        The message is left out: it is in the log already, and can quote the request.
        """
        page = self._pages.get(status_int, self._pages[400])
        fields = {**self._headers, "Content-Length": str(len(page))}
        head = f"HTTP/1.1 {status_int} {reason}\r\n" + "".join(
            f"{name}: {text}\r\n" for name, text in fields.items()
        )
        util.write_nonblock(sock, head.encode("latin1") + b"\r\n" + page)
        _throw_away_the_rest(sock)


def _throw_away_the_rest(sock: socket.socket) -> None:
    """Read what has already arrived: a line closed before that is reset, and the browser may show no page."""
    with contextlib.suppress(OSError):
        for _part in range(UNREAD_BYTES // 8192):
            if not sock.recv(8192, socket.MSG_DONTWAIT):
                return


def _page(settings: Settings, heading: str, sentence: str) -> bytes:
    values = {"heading": heading, "sentence": sentence, "public_url": settings.public_url}
    return render_template("errors/bare.html", **values).encode()


def _words(settings: Settings) -> dict[int, tuple[str, str]]:
    return {
        400: (
            _("That didn't work"),
            _("Your browser, or something on the way, sent what this site can't read. Try again here:"),
        ),
        414: (
            _("This address is too long"),
            _("There is no page at such a long address. Start here:"),
        ),
        431: (
            _("Too many cookies"),
            _(
                "Your browser sends more cookies or other headers than this site accepts, so no page can "
                "open. Delete the cookies of %(host)s and of the whole domain in your browser's settings, or "
                "use a private window. Then start here:",
                host=settings.public_host,
            ),
        ),
        500: (
            _("Something went wrong here"),
            _("This is our fault, not yours. Nothing was changed. Try again in a few minutes:"),
        ),
    }
