"""Bytes of HTTP, made and read without a browser."""

from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"


def form(**fields: str) -> bytes:
    """Return the body of a form."""
    return urlencode(fields).encode()


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer."""
    return int(answer.split(b" ", 2)[1])
