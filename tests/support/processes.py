"""The processes of a served site: which there are, and how much memory they hold."""

import contextlib
import os
from pathlib import Path

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def children(parent: int) -> list[int]:
    """Return the processes that this one has started, the oldest first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            rest = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(rest[1]) == parent and rest[0] != "Z":
                found.append((int(rest[19]), int(folder.name)))
    return [pid for _started, pid in sorted(found)]


def resident_kib(pid: int) -> int | None:
    """Return how much memory a process holds; None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
    except (OSError, IndexError, ValueError):
        return None


def workers_of(instance: str) -> list[int]:
    """Return the workers of the site that is served out of this instance folder."""
    return children(int((Path(instance) / "gunicorn.pid").read_text()))
