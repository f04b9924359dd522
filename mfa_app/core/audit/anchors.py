"""Anchors: the end of the trail, written to a file once a day, which reveals that rows were cut off later."""

import fcntl
import os
import re
from datetime import datetime
from pathlib import Path

from mfa_app.core.audit import chain
from mfa_app.core.audit.chain import Anchor
from mfa_app.settings import Settings

ANCHOR = re.compile(r"(?P<last>\d{1,10}):(?P<mac>[0-9a-f]{64})")

LINE = re.compile(rf"(?P<day>\d{{4}}-\d\d-\d\d) {ANCHOR.pattern}\n")


def file_of(settings: Settings) -> Path:
    """Return the path of the anchor file."""
    return settings.instance_path / "anchors"


def format_anchor(anchor: Anchor) -> str:
    """Return an anchor as text: number, colon, MAC."""
    return f"{anchor.last}:{anchor.mac}"


def parse(text: str) -> Anchor | None:
    """Return the anchor written as 17:ab…, or None if the text is not one."""
    found = ANCHOR.fullmatch(text.strip())
    return _anchor(found) if found else None


def read(settings: Settings) -> list[Anchor]:
    """Return all anchors in the file, oldest first. A line torn by a crash is skipped."""
    return [_anchor(line) for line in _lines(file_of(settings))]


def append_daily(settings: Settings, *, now: datetime) -> bool:
    """Write the end of the trail to the file, once a day. Return True if it was written. Raises OSError."""
    path, today = file_of(settings), f"{now:%Y-%m-%d}"
    if _last_day(path) == today:
        return False
    end = chain.head()
    if not end.last:
        return False
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several workers may try at once: one line a day is enough
        if _last_day(path) == today:
            return False
        file.write(f"{today} {format_anchor(end)}\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def _last_day(path: Path) -> str | None:
    lines = _lines(path)
    return lines[-1]["day"] if lines else None


def _lines(path: Path) -> list[re.Match[str]]:
    try:
        return list(LINE.finditer(path.read_text("ascii", errors="replace")))
    except FileNotFoundError:
        return []


def _anchor(found: re.Match[str]) -> Anchor:
    return Anchor(int(found["last"]), found["mac"])
