"""Browsers and raw connections that reach the site through nginx, each from its own loopback address."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from stress.nginx import Nginx
from tests.support.browser import Visitor
from tests.support.served_site import Relay
from tests.support.waiting import PATIENCE_SECONDS
from tests.support.world import World


class ThroughNginx(Relay):
    """The way to a site through its nginx, whose one certificate is trusted."""

    def __init__(self, nginx: Nginx) -> None:
        super().__init__(f"https://127.0.0.1:{nginx.port}")
        self.nginx = nginx

    def _connect(self, address: str) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            f"127.0.0.1:{self.nginx.port}",
            timeout=PATIENCE_SECONDS,
            source_address=(address, 0),
            context=self.nginx.tls_context,
        )


class Proxied(World):
    """The people of the tests, at a site behind nginx; each step comes from its own IP address."""

    nginx: Nginx

    def browser(self, **headers: str) -> Visitor:
        """Return a fresh browser that says what it likes in its headers."""
        return self.visitor(browser="Firefox/140.0", headers=headers)

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        """Return a connection on which anything can be sent."""
        plain = socket.create_connection(("127.0.0.1", self.nginx.port), 15, (self.address, 0))
        with self.nginx.tls_context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            yield connection

    def raw(self, request: bytes) -> bytes:
        """Send bytes; return everything that comes back until nginx hangs up."""
        with self.connection() as connection:
            connection.sendall(request)
            return read_all(connection)

    def count_answered(self) -> int:
        """Return how many requests the application has answered, according to its own metrics."""
        connection = http.client.HTTPConnection(urlsplit(self.site.address).netloc, timeout=30)
        connection.request("GET", "/metrics")
        numbers = connection.getresponse().read().decode()
        connection.close()
        return sum(
            int(float(n)) for n in re.findall(r"^second_gate_answers_total\{.*\} (\S+)$", numbers, re.M)
        )


def read_all(connection: socket.socket) -> bytes:
    """Return everything that arrives until the other end hangs up."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except OSError:  # the other end has hung up
        pass
    return answer


def statuses(answer: bytes) -> tuple[int, ...]:
    """Return the statuses of the responses on a connection."""
    return tuple(int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer))
