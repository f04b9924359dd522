"""What was measured in one run, as it is kept in a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Sample:
    """What one round measured: how many in a second, the median time of one, and its CPU time."""

    rate: float
    median_ms: float
    cpu_ms: float


@dataclass
class Results:
    """A run: its options, where it ran, the samples of each round by name, and what was counted once."""

    options: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    storm: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, sample: Sample) -> None:
        """Add the sample of the next round."""
        self.samples.setdefault(name, []).append(sample)

    def save(self, path: Path) -> None:
        """Write the run to a file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def load(path: Path) -> Results:
    """Read a run from a file."""
    kept = json.loads(path.read_text("utf-8"))
    samples = {name: [Sample(**sample) for sample in rounds] for name, rounds in kept.pop("samples").items()}
    return Results(**kept, samples=samples)


@dataclass(frozen=True)
class Ratio:
    """How many times the least that is possible something costs, in each round. More is worse."""

    name: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.rounds)

    @property
    def best(self) -> float:
        """The value of the best round: other work on the machine makes a round slower, never faster."""
        return min(self.rounds)


HASH, HELLO = "hash", "hello"


def cpu_ratios(results: Results) -> dict[str, Ratio]:
    """Return the CPU time of each login against that of one hash, and of each page against that of hello."""
    return _against_the_limit(results, lambda sample, limit: sample.cpu_ms / limit.cpu_ms)


def speed_ratios(results: Results) -> dict[str, Ratio]:
    """Return how many hashes take as long as each login, and how many hellos as long as each page."""
    return _against_the_limit(results, lambda sample, limit: limit.rate / sample.rate)


def counts(results: Results) -> dict[str, Ratio]:
    """Return what was counted, which does not depend on the machine."""
    return {name: Ratio(name, (value,)) for name, value in results.counts.items()}


def _against_the_limit(results: Results, ratio: Callable[[Sample, Sample], float]) -> dict[str, Ratio]:
    limits = {name: results.samples.get(name, []) for name in (HASH, HELLO)}
    found = {}
    for name, rounds in results.samples.items():
        limit = limits[HASH if name.startswith("login,") else HELLO]
        if name not in limits:
            values = [ratio(sample, least) for sample, least in zip(rounds, limit, strict=True)]
            found[name] = Ratio(name, tuple(values))
    return found
