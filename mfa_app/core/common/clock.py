"""The current time: the only module that asks the machine for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(seconds=60)  # two machines' clocks may differ by this much

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # older than this program: an earlier clock is wrong


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return _source()


def use(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source` from now on, or from the machine again if it is None."""
    global _source
    _source = source or _system_time


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Fix the clock at this time inside the block. The demo uses it to create events in the past."""
    global _source
    before, _source = _source, lambda: moment
    try:
        yield
    finally:
        _source = before


def is_fresh(moment: datetime | None, limit: timedelta, *, now: datetime) -> bool:
    """Return True if `moment` is less than `limit` ago. A time in the future is never fresh.

    Up to one minute in the future is accepted, because the clocks of two machines differ.
    """
    return moment is not None and -CLOCK_SKEW <= now - moment < limit
