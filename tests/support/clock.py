"""The clocks of the tests: one stands still until a test moves it, the other is the machine's."""

from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Whatever says what time it is, and can be waited for."""

    def __call__(self) -> datetime:
        """Return the time."""

    def advance(self, **duration: float) -> None:
        """Let time go by."""


class FakeClock:
    """Gives the time to the whole application; starts at the beginning of a time step."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        """Let time go by: `advance(minutes=10)`; a negative duration sets the clock back."""
        self.moment += timedelta(**duration)


def hands_in(file: Path) -> memoryview:
    """Return what other processes read in a file: the time, and how often databases were put back.

    `tests.support.variables` reads them.
    """
    with file.open("ab+") as held:  # the same file for each test: the sites have opened it
        held.truncate(16)
        return memoryview(mmap(held.fileno(), 16)).cast("q")


class SharedClock(FakeClock):
    """A clock that other processes read in a file."""

    def __init__(self, hands: Path) -> None:
        self.hands = hands
        self._shown = hands_in(hands)
        super().__init__()

    @property
    def moment(self) -> datetime:
        """The time that the hands show."""
        return self._moment

    @moment.setter
    def moment(self, moment: datetime) -> None:
        self._moment = moment
        self._shown[0] = (moment - EPOCH) // timedelta(microseconds=1)  # at once: nobody reads half of it


class RealClock:
    """The machine's own clock. Nobody can move it."""

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def advance(self, **duration: float) -> None:
        """Refuse: a test that would wait for real belongs under the other clock."""
        raise AssertionError("real time goes by itself")
