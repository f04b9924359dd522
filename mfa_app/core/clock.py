"""What time it is: the one place that asks the machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return _source()


def use(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source` from now on, or from the machine again if it is None."""
    global _source
    _source = source or _system_time


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Let it be this moment for a while: the demo tells its past with it."""
    before = _source
    use(lambda: moment)
    try:
        yield
    finally:
        use(before)


CLOCK_SKEW = timedelta(seconds=60)
NOT_BEFORE = datetime(
    2026, 1, 1, tzinfo=UTC
)  # the site had not been written yet: a clock before this is wrong


def is_fresh(moment: datetime | None, limit: timedelta, *, now: datetime) -> bool:
    """Say whether `moment` is less than `limit` ago; a moment in the future is never fresh.

    A minute of the future is allowed, since the clocks of two machines differ.
    """
    return moment is not None and -CLOCK_SKEW <= now - moment < limit
