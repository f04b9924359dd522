"""Bytes of HTTP, made and read without a browser."""

from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
# Headers in which proxies say where a request comes from.
FORWARDED = (
    *("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"),
    *("X-Cluster-Client-IP", "Fastly-Client-IP", "X-Original-Forwarded-For", "X-Remote-Addr"),
)
# What a client writes into such a header, to hide what the proxy adds to it.
OPEN_QUOTES = ('"', '203.0.113.1, "', '"203.0.113.1', 'for="', '\\"', '"\\"', '%00"<b>')
# Header lines, and a body, that a proxy and a server could read in two ways.
CHUNKS = "0\r\n\r\n"
SMUGGLED = [
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", CHUNKS),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", CHUNKS),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKS),
    ("Transfer-Encoding: xchunked", CHUNKS),
    ("Transfer-Encoding : chunked\r\nContent-Length: 5", CHUNKS),
    ("Transfer-Encoding:\tchunked\r\nContent-Length: 5", CHUNKS),
    ("Transfer-Encoding: chunked, identity", CHUNKS),
    ("Content-Length: 5\r\nContent-Length: 6", "abcdef"),
    ("Content-Length: 5, 6", "abcdef"),
    ("Content-Length: +5", "abcde"),
    ("Content-Length: -1", ""),
    ("Content-Length: 0x5", "abcde"),
    ("X-A: b\r\n folded: yes", ""),
    ("X-A: b\nX-B: c", ""),
    ("X-A: b\rX-B: c", ""),
    ("X-A: b\0c", ""),
    ("X A: b", ""),
    (": b", ""),
    ("Host: evil.example", ""),
]


def form(**fields: str) -> bytes:
    """Return the body of a form."""
    return urlencode(fields).encode()


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer."""
    return int(answer.split(b" ", 2)[1])
