"""What gunicorn lets through to the application: bodies without a length, strange request lines."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.stories import carol_at_work, dave_at_work
from tests.support.waiting import PATIENCE_SECONDS
from tests.support.world import World


@pytest.fixture
def site(direct_world: World) -> tuple[str, int]:
    """Host and port of the site as gunicorn serves it."""
    parts = urlsplit(direct_world.site.address)
    return parts.hostname, parts.port


def status_of(site: tuple[str, int], request: bytes) -> int:
    """Send these bytes; return the status of the answer."""
    with socket.create_connection(site, timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            return answer.status


def line(method: str, target: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", *headers, "Connection: close", "", ""]).encode()


CHUNKED = ("Host: 127.0.0.1", "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded")
HERE = "Host: 127.0.0.1"

REQUESTS = [
    (
        "a body of 100 KB in chunks",
        line("POST", "/login", *CHUNKED) + b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n",
        {400, 413},
    ),
    ("a body that says it is huge", line("POST", "/login", HERE, "Content-Length: 99999999"), {413}),
    ("a foreign host", line("GET", "/login", "Host: evil.example"), {400}),
    ("no host", line("GET", "/login"), {200, 400}),
    ("two hosts", line("GET", "/login", HERE, "Host: evil.example"), {400}),
    ("a foreign host in the request line", line("GET", "http://evil.example/login", HERE), {200, 400}),
    ("a length and chunks", line("POST", "/login", *CHUNKED, "Content-Length: 4") + b"0\r\n\r\n", {400}),
    ("a header over two lines", line("GET", "/login", HERE, "X-A: b\r\n c"), {400}),
    ("a name with an underscore", line("GET", "/login", HERE, "X_Forwarded_Proto: https"), {200}),
    ("a request line of 5000 characters", line("GET", "/" + "x" * 5000, HERE), {414, 400}),
    ("a header of 10000 characters", line("GET", "/login", HERE, "Cookie: sid=" + "x" * 10_000), {431, 400}),
    ("a hundred headers", line("GET", "/login", HERE, *[f"X-{n}: y" for n in range(100)]), {431, 400}),
    ("an unknown method", line("BREW", "/login", HERE), {405}),
    ("the usual", line("GET", "/login", HERE), {200}),
]


def test_every_request_gets_the_status_it_deserves(site: tuple[str, int]) -> None:
    answers = {name: (status_of(site, request), expected) for name, request, expected in REQUESTS}
    assert not {name: got for name, (got, expected) in answers.items() if got not in expected}


def test_a_client_cannot_say_that_it_came_over_tls_or_from_elsewhere(site: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*site, timeout=PATIENCE_SECONDS)
    spoofed = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
    }
    connection.request("GET", "/", headers=spoofed)
    answer = connection.getresponse()
    assert answer.headers["Location"] == "/login"
    assert answer.headers["Strict-Transport-Security"] is None
    connection.close()


def test_a_file_of_a_hundred_megabytes_is_refused_before_it_is_sent(direct_world: World) -> None:
    """Attack 117. Who may not import people is sent away before that, and a body without a length too."""
    direct_world.person("eve")
    visitors = {
        "carol": direct_world.after(carol_at_work),
        "dave": direct_world.after(dave_at_work),
        "eve": direct_world.password_given("eve"),
    }
    cookies = {name: f"Cookie: {visitor.cookie_line('sid')}" for name, visitor in visitors.items()}
    kind = "Content-Type: multipart/form-data; boundary=b"
    huge = (HERE, kind, "Content-Length: 100000000")

    def answer(*headers: str, body: bytes = b"--b\r\n") -> bytes:
        return direct_world.site.raw(line("POST", "/admin/people/import", *headers) + body)

    refused = answer(*huge, cookies["carol"])
    assert b" 413 " in refused.splitlines()[0] and b"A file may have at most 20 MB" in refused
    assert b" 403 " in answer(*huge, cookies["dave"]).splitlines()[0]
    assert b" 403 " in answer(*huge, cookies["eve"]).splitlines()[0]
    assert b"/login" in answer(*huge)
    chunked = HERE, kind, "Transfer-Encoding: chunked", cookies["carol"]
    assert b" 411 " in answer(*chunked, body=b"5\r\n--b\r\n\r\n").splitlines()[0]
