"""The processes of a served site: which there are, and how much memory they hold."""

import contextlib
import os
import re
import signal
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


def hear_signals(workers: list[int]) -> bool:
    """Return True if all these workers of gunicorn have come so far that they hear signals.

    Between its fork and then a worker has the handlers of its master, in which a signal is lost.
    """
    return all(signal.SIGABRT in _caught(worker) for worker in workers)  # a master doesn't catch this one


def _caught(pid: int) -> set[int]:
    """Return the signals that a process catches; all of them if it is gone."""
    with contextlib.suppress(OSError):
        found = re.search(r"^SigCgt:\t(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        assert found is not None
        return {number for number in range(1, 65) if int(found[1], 16) >> (number - 1) & 1}
    return set(signal.valid_signals())


def resident_kib(pid: int) -> int | None:
    """Return how much memory a process holds; None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
    except (OSError, IndexError, ValueError):
        return None


def workers_of(instance: str) -> list[int]:
    """Return the workers of the site that is served out of this instance folder."""
    return children(int((Path(instance) / "gunicorn.pid").read_text()))
