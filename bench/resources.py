"""What the processes of a server have used so far, as the kernel counts it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.processes import children

Spent = dict[str, int]


class Processor:
    """Counts the CPU time of a server from one moment to another, by the scheduler's own count."""

    def __init__(self, pid: int) -> None:
        self._pid, self._before = pid, _spent(pid)

    def spent_ms(self) -> float:
        """Return how many milliseconds all its processes have run since this was made."""
        before = self._before
        return sum(now - before.get(thread, 0) for thread, now in _spent(self._pid).items()) / 1e6


def peak_mib(pid: int) -> float:
    """Return the most memory that each process of a server has ever held, added up."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def _spent(pid: int) -> Spent:
    """Return the nanoseconds that each thread has run. One that has ended is not counted any more."""
    spent = {}
    for process in _tree(pid):
        for thread in Path(f"/proc/{process}/task").glob("*"):
            with contextlib.suppress(OSError):
                spent[thread.name] = int((thread / "schedstat").read_text().split()[0])
    return spent


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _tree(child)
