"""How long browsers cache static files: a year, under a URL that changes with the contents."""

from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask

from mfa_app.web.http.headers import STATIC

MAX_AGE = timedelta(days=365)


def init_app(app: Flask) -> None:
    """Add a fingerprint of its contents to each static file's URL, and let browsers cache it for a year."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = MAX_AGE

    @app.url_defaults
    def mark_contents(endpoint: str, values: dict[str, Any]) -> None:
        folder = app.blueprints.get(endpoint.rpartition(".")[0], app).static_folder
        if endpoint in STATIC and folder and "filename" in values:
            values.setdefault("v", _fingerprint(Path(folder) / values["filename"]))


@cache
def _fingerprint(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else None
