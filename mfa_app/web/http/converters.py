"""URL converters for the ids and tokens in URLs, so that no other text ever reaches a query."""

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from mfa_app.models.column_types import LARGEST_ID


class RowId(IntegerConverter):
    """The number of a row."""

    regex = "[0-9]+"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_ID)


class RandomId(BaseConverter):
    """A random id of 32 hexadecimal digits."""

    regex = "[0-9a-f]{32}"


class Fingerprint(BaseConverter):
    """The first 16 hexadecimal digits of the SHA-256 of a file."""

    regex = "[0-9a-f]{16}"


class Token(BaseConverter):
    """The token of a one-time link."""

    regex = "[A-Za-z0-9_-]{20,100}"


def is_row_id(number: int) -> bool:
    """Return True if a row may have this number, so that a query may ask for it."""
    return 0 < number <= LARGEST_ID


def init_app(app: Flask) -> None:
    """Register the converters. Call this before the blueprints are registered."""
    app.url_map.converters.update(row=RowId, random=RandomId, fingerprint=Fingerprint, token=Token)
