"""The processes of a served site: listing them, measuring their memory, killing them."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processes import children, resident_kib

LIVED_LONG = 45  # seconds; processes that lived shorter were the ones to be killed


def master() -> int:
    """Return the gunicorn that this program has started."""
    for pid in children(os.getpid()):
        if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise RuntimeError("no gunicorn has been started")


@dataclass
class WorkerKiller:
    """Kills a worker every few seconds, always the younger of the two.

    The older one therefore survives the whole run, so its memory can be compared with the main process's.
    """

    every: float
    chance: random.Random
    kills: list[float] = field(default_factory=list)
    memory: dict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    born: dict[int, float] = field(default_factory=dict)

    def run(self, over: threading.Event) -> None:
        """Measure and kill until the soak is over."""
        parent, next_kill = master(), time.monotonic() + self.every
        self.watch(parent)
        while not over.wait(1):
            workers = children(parent)
            for pid in (parent, *workers):
                self.watch(pid)
            if time.monotonic() >= next_kill and len(workers) == 2:
                self.kill(workers)
                next_kill = time.monotonic() + self.chance.uniform(0.5, 1.5) * self.every

    def watch(self, pid: int) -> None:
        """Record how much memory each process holds now."""
        now, held = time.monotonic(), resident_kib(pid)
        if held is not None:
            self.memory[pid].append((now - self.born.setdefault(pid, now), held))

    def kill(self, workers: list[int]) -> None:
        """Kill the younger of the two workers."""
        _elder, younger = workers
        self.kills.append(time.time())
        with contextlib.suppress(ProcessLookupError):
            os.kill(younger, signal.SIGKILL)

    def lives(self) -> list[list[tuple[float, int]]]:
        """Return, for each process that lived long, its memory in KiB at each second since its start."""
        return [seen for seen in self.memory.values() if seen[-1][0] > LIVED_LONG]
