"""How long browsers keep styles, scripts and pictures: for good, at an address that changes with them."""

from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask

from mfa_app.web.http.headers import STATIC

MAX_AGE = timedelta(days=365)


def init_app(app: Flask) -> None:
    """Let every address of a file end in a mark of its contents, and let browsers keep what it names."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = MAX_AGE

    @app.url_defaults
    def mark_contents(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in STATIC and "filename" in values:
            blueprint = app.blueprints.get(endpoint.rpartition(".")[0], app)
            values.setdefault("v", _fingerprint(Path(blueprint.static_folder) / values["filename"]))


@cache
def _fingerprint(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else None
