"""A long job leaves others as much time to write as it takes itself."""

from itertools import islice

import pytest

from mfa_app.core.common import turns


def test_after_each_batch_a_job_waits_as_long_as_that_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits, batches = [0.0], list[float](), [0.25, 0.5, 30.0, 0.0]
    monkeypatch.setattr(turns, "monotonic", lambda: now[0])
    monkeypatch.setattr(turns, "sleep", waits.append)

    def batch() -> float:
        now[0] += (seconds := batches.pop(0))
        return seconds

    assert list(islice(turns.taking_turns(batch), 4)) == [0.25, 0.5, 30.0, 0.0]
    assert waits == [0.25, 0.5, turns.LONGEST], "and not after the last one"
