"""A run is worse than the kept one from 20 % on. Other work on the machine does not make it worse."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.check import main
from bench.results import HASH, HELLO, Results, Sample

LOGIN, PAGE, BYTES = "login, 4 visitors, 1,000 people", "login page, 1,000 people", "first visit, kB"


def run(
    *,
    login_cpu: float = 1.0,
    page_rates: tuple[float, ...] = (1.0, 1.0),
    size: float = 1.0,
    speed: float = 1.0,
) -> Results:
    """Return a run on a machine of some speed, in which each of these costs so many times the usual."""
    limit = Sample(rate=100 * speed, median_ms=20 / speed, cpu_ms=20 / speed)
    rounds = len(page_rates)
    return Results(
        samples={
            HASH: [limit] * rounds,
            HELLO: [limit] * rounds,
            LOGIN: [Sample(50 * speed, 40 / speed, 30 * login_cpu / speed)] * rounds,
            PAGE: [Sample(40 * rate * speed, 25 / speed, 25 / speed) for rate in page_rates],
        },
        counts={BYTES: 30 * size},
    )


def judged(kept: Results, now: Results, folder: Path) -> Result:
    """Let the command compare two runs."""
    before, after = folder / "before.json", folder / "after.json"
    kept.save(before)
    now.save(after)
    return CliRunner().invoke(main, ["--against", str(before), str(after)])


@pytest.mark.parametrize("worse", [{"login_cpu": 1.2}, {"page_rates": (1 / 1.2,) * 2}, {"size": 1.2}])
def test_twenty_per_cent_worse_fails(worse: dict, tmp_path: Path) -> None:
    result = judged(run(), run(**worse), tmp_path)
    assert result.exit_code == 1
    assert "20 % more than" in result.stdout
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize("worse", [{"login_cpu": 1.1}, {"page_rates": (1 / 1.1,) * 2}, {"size": 1.1}])
def test_ten_per_cent_worse_passes(worse: dict, tmp_path: Path) -> None:
    assert judged(run(), run(**worse), tmp_path).exit_code == 0


def test_what_was_none_before_and_is_some_now_is_named(tmp_path: Path) -> None:
    result = judged(run(size=0), run(), tmp_path)
    assert result.exit_code == 1
    assert "more than the 0.00 that was kept" in result.stdout
    assert judged(run(size=0), run(size=0), tmp_path).exit_code == 0


def test_a_slower_machine_passes(tmp_path: Path) -> None:
    assert judged(run(), run(speed=0.3), tmp_path).exit_code == 0


def test_one_slow_round_is_the_machine(tmp_path: Path) -> None:
    assert judged(run(), run(page_rates=(0.3, 1.0)), tmp_path).exit_code == 0


def test_what_is_not_measured_any_more_is_named(tmp_path: Path) -> None:
    now = run()
    del now.samples[PAGE]
    result = judged(run(), now, tmp_path)
    assert f"{PAGE}: CPU time is not measured any more" in result.stdout
    assert result.exit_code == 1
