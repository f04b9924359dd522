"""One row: a verb, how it refuses, and all that the refusal itself writes."""

from collections.abc import Callable
from dataclasses import dataclass

from mfa_app.core.throttling.limits import Limit
from tests.support.world import World

Act = Callable[[], object]
Arrange = Callable[[World], Act]


@dataclass(frozen=True)
class Case:
    """A verb, how it refuses, and all that the refusal itself writes.

    `arrange` prepares and returns the call. `charges` are the limits whose counters change, `events` the rows
    of the trail, `also` the tables that change besides.
    """

    verb: Callable[..., object]
    refusal: type[Exception]
    arrange: Arrange
    label: str = ""
    charges: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = (name_of(self.verb), self.refusal.__name__, self.label)
        return "-".join(filter(None, parts)).replace(" ", "_")


def name_of(verb: Callable[..., object]) -> str:
    """Return room, module and name of a verb."""
    return f"{verb.__module__.removeprefix('mfa_app.core.')}.{verb.__name__}"


class Table(list[Case]):
    """The rows about some rooms of core."""

    def add(
        self,
        verb: Callable[..., object],
        refusal: type[Exception],
        arrange: Arrange,
        label: str = "",
        *,
        charges: tuple[Limit, ...] = (),
        events: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
    ) -> None:
        """Add a row."""
        names = frozenset(limit.name for limit in charges)
        self.append(Case(verb, refusal, arrange, label, names, events, frozenset(also)))
