"""Static files: kept in memory, sent compressed, and cached for a year under a URL that changes with them."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response
from werkzeug.datastructures import Accept

from mfa_app.web.http.headers import STATIC

MAX_AGE = timedelta(days=365)

# How the names end of the compressed files that `make css` writes. The smaller one comes first.
ENCODINGS = {".br": "br", ".gz": "gzip"}


@dataclass(frozen=True)
class StaticFile:
    """A static file in one encoding. None is the file as it is."""

    content: bytes
    content_type: str
    encoding: str | None

    def response(self, *, lasting: bool) -> Response:
        """Return the file for a browser that takes this encoding, and for every cache on the way to it.

        `lasting`: the URL belongs to these contents, so they are kept for a year.
        """
        response = Response(self.content, content_type=self.content_type)
        response.set_etag(sha256(self.content).hexdigest()[:16])
        response.cache_control.public = True
        if lasting:
            response.cache_control.max_age = int(MAX_AGE.total_seconds())
        else:
            response.cache_control.no_cache = True
        response.vary.add("Accept-Encoding")
        if self.encoding is not None:
            response.content_encoding = self.encoding
        return response


def init_app(app: Flask) -> None:
    """Add a fingerprint of its contents to each static file's URL."""

    @app.url_defaults
    def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in STATIC and app.static_folder and "filename" in values:
            values.setdefault("v", fingerprint(app.static_folder, values["filename"]))


def find(folder: str, filename: str, accepted: Accept) -> StaticFile | None:
    """Return a file of this folder in the best encoding that a browser accepts, or None if there is none."""
    return next(
        (file for file in _files(folder).get(filename, ()) if _is_accepted(file.encoding, accepted)), None
    )


def _is_accepted(encoding: str | None, accepted: Accept) -> bool:
    return encoding is None or accepted.quality(encoding) > 0


@cache
def _files(folder: str) -> dict[str, tuple[StaticFile, ...]]:
    """Return each file in all its encodings, the file as it is last."""
    plain = (path for path in Path(folder).iterdir() if path.suffix not in ENCODINGS)
    return {path.name: tuple(_encodings(path)) for path in plain}


def _encodings(path: Path) -> Iterator[StaticFile]:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    for end, encoding in ENCODINGS.items():
        compressed = path.with_name(path.name + end)
        if compressed.is_file():
            yield StaticFile(compressed.read_bytes(), content_type, encoding)
    yield StaticFile(path.read_bytes(), content_type, None)


@cache
def fingerprint(folder: str, filename: str) -> str | None:
    """Return what the URL of a static file says of its contents, or None if there is no such file."""
    path = Path(folder) / filename
    return sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else None
