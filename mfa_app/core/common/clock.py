"""The current time: the only module that asks the machine for it."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def _system_time() -> datetime:
    return datetime.now(UTC)


def _system_in_step() -> bool | None:
    question = ctypes.create_string_buffer(TIMEX_BYTES)  # all zeros: it asks, and sets nothing
    try:
        answer = ctypes.CDLL(None).adjtimex(question)
    except (OSError, AttributeError):  # not Linux
        return None
    return None if answer < 0 else answer != TIME_ERROR


TIMEX_BYTES = 512  # struct timex has some 200

TIME_ERROR = 5  # adjtimex(2): nobody has set the clock by NTP for long

_source: Callable[[], datetime] = _system_time

_in_step: Callable[[], bool | None] = _system_in_step


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return _source()


def kept_in_step() -> bool | None:
    """Say whether the kernel knows the clock to be kept in step by NTP; None where it cannot be asked."""
    return _in_step()


def use(source: Callable[[], datetime] | None, *, in_step: bool | None = None) -> None:
    """Take the time from `source` from now on, or from the machine again if it is None.

    `in_step` is what is said of such a source by `kept_in_step`.
    """
    global _source, _in_step
    _source = source or _system_time
    _in_step = (lambda: in_step) if source else _system_in_step


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Fix the clock at this time inside the block. The demo uses it to create events in the past."""
    global _source
    before, _source = _source, lambda: moment
    try:
        yield
    finally:
        _source = before


CLOCK_SKEW = timedelta(seconds=60)

NOT_BEFORE = datetime(
    2026, 1, 1, tzinfo=UTC
)  # the site had not been written yet: a clock before this is wrong


def is_fresh(moment: datetime | None, limit: timedelta, *, now: datetime) -> bool:
    """Return True if `moment` is less than `limit` ago. A time in the future is never fresh.

    Up to one minute in the future is accepted, because the clocks of two machines differ.
    """
    return moment is not None and -CLOCK_SKEW <= now - moment < limit
