"""The one clock of the tests: it stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Gives the time to the whole application; starts at the beginning of a time step."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        """Let time go by: `advance(minutes=10)`; a negative duration sets the clock back."""
        self.moment += timedelta(**duration)
