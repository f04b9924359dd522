"""What a first visit brings over the wire: the login page, and all that it loads."""

import re

from bench.browser import Browser, Unexpected
from bench.connection import Connection
from bench.servers import Server

_LOADED = re.compile(r'<(?:link|script|img)\b[^>]*? (?:href|src)="([^"]+)"')


def kilobytes(server: Server) -> float:
    """Return the size of all replies with their headers, in units of 1,000 bytes. Raises Unexpected."""
    connection, browser = Connection(server.port), Browser(server.port)
    sizes: dict[str, int] = {}
    waiting = ["/login"]
    while waiting:
        path = waiting.pop()
        asked = (
            browser.request("GET", path).removesuffix(b"\r\n") + b"Accept-Encoding: gzip, deflate, br\r\n\r\n"
        )
        reply = connection.ask(asked)
        if reply.status != 200:
            raise Unexpected(f"{path}: {reply.status}")
        sizes[path] = len(reply.head) + 4 + len(reply.body)
        if path == "/login":
            waiting += dict.fromkeys(_LOADED.findall(browser.open(path).text))
    return round(sum(sizes.values()) / 1000, 1)
