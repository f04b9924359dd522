"""The results of a run as a page for people."""

import statistics
from collections.abc import Iterable, Iterator

from bench.results import HASH, HELLO, Results, Sample, cpu_ratios, speed_ratios

HEAD = """# Results

What the site costs, each line against the least that is possible in the same round: a login against the hash
of its password on all cores, a page against a bare Flask under the same gunicorn, with as many processes and
threads. Figures are medians of the rounds, with their range. Rates and times depend on the machine and its
other work; CPU times against each other hardly do. Client and site share the processor.

`make bench` rewrites this page. `make bench-check` fails when a ratio is 20 % worse than here: of CPU
times and counts by the median of the rounds, of rates by the best round.
"""


def write(results: Results) -> str:
    """Return the page, in Markdown."""
    machine = [f"- {name}: {value}" for name, value in results.machine.items()]
    counted = _table(("counted", ""), ((name, f"{value:g}") for name, value in results.counts.items()))
    storm = _table(("200 logins at once", ""), results.storm.items())
    parts = [HEAD, "## Where", "", *machine, "", "## Logins and pages", "", *_samples(results), ""]
    return "\n".join([*parts, "## Counts", "", *counted, "", "## A storm of logins", "", *storm, ""])


def _samples(results: Results) -> Iterator[str]:
    cpu, speed = cpu_ratios(results), speed_ratios(results)
    head = ("", "per second", "median ms", "CPU ms", "CPU, times the limit", "rate, of the limit")

    def row(name: str, rounds: list[Sample]) -> tuple[str, ...]:
        limited = name not in (HASH, HELLO)
        return (
            name,
            _range([sample.rate for sample in rounds]),
            _range([sample.median_ms for sample in rounds]),
            _range([sample.cpu_ms for sample in rounds]),
            _range(list(cpu[name].rounds)) if limited else "",
            f"{100 / speed[name].median:.2g} %" if limited else "100 %",
        )

    yield from _table(head, (row(name, rounds) for name, rounds in results.samples.items()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _range(values: list[float]) -> str:
    return f"{_short(statistics.median(values))} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
