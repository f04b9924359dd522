"""Whether a run is worse than a kept one. CPU time and counts are steady; speed is not, so it gets the doubt.

On a machine with other work the rates of two runs of the same code differ by a fifth; CPU times of the same
work, measured against each other within one round, by a few per cent. So a ratio of CPU times, or a count, is
judged by its median. A ratio of rates is judged by its best round.
"""

from bench.results import Ratio, Results, counts, cpu_ratios, speed_ratios

TOO_MUCH = 1.2


def complaints(kept: Results, now: Results) -> list[str]:
    """Return a sentence for each ratio that is at least 20 % worse than the kept one, or that is gone."""
    found = []
    for what, ratios in (("CPU time", cpu_ratios), ("time", speed_ratios), ("number", counts)):
        present = ratios(now)
        for name, before in ratios(kept).items():
            after = present.get(name)
            value = _judged(after, what) if after else None
            if value is None:
                found.append(f"{name}: {what} is not measured any more")
            elif value > before.median and value >= round(TOO_MUCH * before.median, 6):
                more = f"{100 * (value / before.median - 1):.0f} % more" if before.median else "more"
                found.append(f"{name}: {what} {value:.2f}, {more} than the {before.median:.2f} that was kept")
    return found


def _judged(ratio: Ratio, what: str) -> float:
    return round(ratio.best if what == "time" else ratio.median, 6)
