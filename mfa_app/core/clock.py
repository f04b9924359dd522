"""What time it is: the one place that asks the machine."""

from collections.abc import Callable
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


CLOCK_SKEW = timedelta(seconds=60)


def is_fresh(moment: datetime | None, limit: timedelta, *, now: datetime) -> bool:
    """Say whether `moment` is less than `limit` ago; a moment in the future is never fresh.

    A minute of the future is allowed, since the clocks of two machines differ.
    """
    return moment is not None and -CLOCK_SKEW <= now - moment < limit
