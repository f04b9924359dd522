"""Browsers and raw connections that reach the site through nginx, each from its own loopback address."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.cookiejar import CookieJar
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from tests.concurrency.conftest import ServedWorld

from stress.nginx import Nginx
from tests.support.served_site import Answer, NetworkBrowser


class Browser(NetworkBrowser):
    """A browser with its own IP address that trusts one certificate and sends a Referer with forms."""

    def __init__(self, nginx: Nginx, address: str, **headers: str) -> None:
        super().__init__(f"https://127.0.0.1:{nginx.port}")
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()), _From(nginx, address))
        self.headers = {"Referer": f"{self.site}/login", "User-Agent": "Firefox/140.0", **headers}

    def _send(self, request: Request) -> Answer:
        for name, value in self.headers.items():
            request.add_header(name, value)
        return super()._send(request)


class _From(HTTPSHandler):
    def __init__(self, nginx: Nginx, address: str) -> None:
        super().__init__()
        self._line = partial(http.client.HTTPSConnection, source_address=(address, 0), context=nginx.trust)

    def https_open(self, request: Request) -> http.client.HTTPResponse:
        return self.do_open(self._line, request)


class Proxied(ServedWorld):
    """The tests' users, on a site behind nginx. Each test uses its own IP address."""

    nginx: Nginx
    address = "127.0.0.2"

    def browser(self, **headers: str) -> Browser:
        return Browser(self.nginx, self.address, **headers)

    @contextmanager
    def line(self) -> Iterator[socket.socket]:
        """Return a connection on which anything can be sent."""
        plain = socket.create_connection(("127.0.0.1", self.nginx.port), 15, (self.address, 0))
        with self.nginx.trust.wrap_socket(plain, server_hostname="127.0.0.1") as line:
            yield line

    def raw(self, request: bytes) -> bytes:
        """Send bytes; return everything that comes back until nginx hangs up."""
        with self.line() as line:
            line.sendall(request)
            return heard(line)

    def answered(self) -> int:
        """Return how many requests the application has answered, according to its metrics."""
        line = http.client.HTTPConnection(urlsplit(self.site).netloc, timeout=30)
        line.request("GET", "/metrics")
        numbers = line.getresponse().read().decode()
        line.close()
        return sum(
            int(float(n)) for n in re.findall(r"^second_gate_answers_total\{.*\} (\S+)$", numbers, re.M)
        )


def heard(line: socket.socket) -> bytes:
    """Return everything that arrives until the other end hangs up."""
    answer = b""
    try:
        while part := line.recv(65536):
            answer += part
    except OSError:  # the other end has hung up
        pass
    return answer


def statuses(answer: bytes) -> tuple[int, ...]:
    """Return the statuses of the responses on a connection."""
    return tuple(int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer))
