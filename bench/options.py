"""How much a run measures."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """Sizes of the sites, rounds, seconds for each page, logins in each round, and where the sites are.

    Without `folder` the sites are deleted at the end. `server` is the address of a PostgreSQL on which each
    size gets a database; without it there is SQLite.
    """

    sizes: tuple[int, ...] = (1_000, 100_000)
    rounds: int = 3
    seconds: float = 1.5
    logins: int = 100
    trail: int = 5
    folder: str | None = None
    server: str | None = None

    def kept(self) -> dict[str, Any]:
        """Return what another run has to be told in order to measure the same."""
        return {name: value for name, value in asdict(self).items() if name not in ("folder", "server")}
