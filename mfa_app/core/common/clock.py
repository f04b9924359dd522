"""The current time: the only module that asks the machine for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from mfa_app.site import site

CLOCK_SKEW = timedelta(seconds=60)  # two machines' clocks may differ by this much

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # older than this program: an earlier clock is wrong


def system_time() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


class Clock:
    """The clock of one application: `source` returns the time, as an aware datetime in UTC."""

    def __init__(self, source: Callable[[], datetime] = system_time) -> None:
        self._source = source

    def now(self) -> datetime:
        """Return the current time."""
        return self._source()

    @contextmanager
    def standing_at(self, moment: datetime) -> Iterator[None]:
        """Fix the clock at this time inside the block."""
        before, self._source = self._source, lambda: moment
        try:
            yield
        finally:
            self._source = before


def now() -> datetime:
    """Return the current time of the application, as an aware datetime in UTC."""
    return site()[Clock].now()


def standing_at(moment: datetime) -> AbstractContextManager[None]:
    """Fix the application's clock inside the block. The demo uses it to create events in the past."""
    return site()[Clock].standing_at(moment)


def is_fresh(moment: datetime | None, limit: timedelta, *, now: datetime) -> bool:
    """Return True if `moment` is less than `limit` ago. A time in the future is never fresh.

    Up to one minute in the future is accepted, because the clocks of two machines differ.
    """
    return moment is not None and -CLOCK_SKEW <= now - moment < limit
