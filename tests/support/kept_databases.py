"""What a database holds, kept so that it can be put back while the application stays connected to it."""

from __future__ import annotations

import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from os import stat
from typing import Any, LiteralString

import psycopg
from sqlalchemy import Engine, text

from tests.support.tables import Rows, all_rows, put_back

SEQUENCES = text("SELECT sequencename::text, last_value FROM pg_sequences")
NUMBER_ON = text("SELECT setval(cast(:name AS regclass), coalesce(:last, 1), :last IS NOT NULL)")
ANY_EVENT = "SELECT 1 FROM audit_event LIMIT 1"
WRITTEN_SO_FAR = "SELECT pg_current_snapshot()::text"


class KeptDatabases(ABC):
    """A kind of database: how its state is known, taken and put back."""

    pays_from: int  # how often a state has to come up to be worth taking

    @abstractmethod
    def is_fresh(self, engine: Engine) -> bool:
        """Return True if nothing has happened in a database that was installed."""

    @abstractmethod
    def stamp(self, engine: Engine) -> object:
        """Return something that is another thing after each commit."""

    @abstractmethod
    def take(self, engine: Engine) -> Any:
        """Return what the database holds."""

    @abstractmethod
    def put_back(self, engine: Engine, kept: Any, present: Any) -> None:
        """Let the database hold what was kept; `present` is what it holds until then."""


class OnSqlite(KeptDatabases):
    """The pages of the file, pressed: nearly all of them are empty."""

    pays_from = 1

    def is_fresh(self, engine: Engine) -> bool:
        """Return True if there is no event, and no commit since the file was copied."""
        written = _written(f"{engine.url.database}-wal")
        with _connection(engine) as live:
            return not live.execute(ANY_EVENT).fetchone() and (written is None or written[1] == 0)

    def stamp(self, engine: Engine) -> object:
        """Return size and time of the file and of its write-ahead log, to which each commit adds."""
        return _written(f"{engine.url.database}"), _written(f"{engine.url.database}-wal")

    def take(self, engine: Engine) -> bytes:
        """Return the pages as they are in a file without a write-ahead log, which can be read from memory."""
        with _connection(engine) as live, closing(sqlite3.connect(":memory:")) as copy:
            live.backup(copy)
            pages = bytearray(copy.serialize())
        pages[18:20] = b"\x01\x01"
        return zlib.compress(pages, 1)

    def put_back(self, engine: Engine, kept: bytes, present: bytes) -> None:
        """Write all pages, as one transaction: others who are connected go on with the new ones."""
        with _connection(engine) as live, closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(zlib.decompress(kept))
            copy.backup(live)


def _written(path: str) -> tuple[int, ...] | None:
    try:
        found = stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _connection(engine: Engine) -> Iterator[sqlite3.Connection]:
    """Give one of the application's own connections: to open another takes longer than all the rest."""
    with closing(engine.raw_connection()) as borrowed:
        connection = borrowed.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        yield connection


@dataclass(frozen=True)
class _Held:
    rows: Rows
    numbers: dict[str, int | None]


class OnPostgresql(KeptDatabases):
    """The rows of all tables, and how far their numbers have come."""

    pays_from = 2

    def is_fresh(self, engine: Engine) -> bool:
        """Return True if there is no event."""
        return not _asked(engine, ANY_EVENT)

    def stamp(self, engine: Engine) -> object:
        """Return which transactions have written, and which have yet to commit."""
        return _asked(engine, WRITTEN_SO_FAR)

    def take(self, engine: Engine) -> _Held:
        """Return all rows."""
        with engine.connect() as connection:
            numbers = {name: last for name, last in connection.execute(SEQUENCES)}
        return _Held(all_rows(engine), numbers)

    def put_back(self, engine: Engine, kept: _Held, present: _Held) -> None:
        """Write the tables in which something is different."""
        put_back(
            {table: rows for table, rows in kept.rows.items() if rows != present.rows[table]},
            engine,
            number_anew=False,
        )
        numbers = [
            {"name": name, "last": last}
            for name, last in kept.numbers.items()
            if last != present.numbers[name]
        ]
        if numbers:
            with engine.begin() as connection:
                connection.execute(NUMBER_ON, numbers)


def _asked(engine: Engine, statement: LiteralString) -> tuple[Any, ...] | None:
    with closing(engine.raw_connection()) as borrowed:
        connection = borrowed.driver_connection
        assert isinstance(connection, psycopg.Connection)
        return connection.execute(statement).fetchone()


def kept_by(engine: Engine) -> KeptDatabases:
    """Return the way for the kind of this database."""
    return OnPostgresql() if engine.dialect.name == "postgresql" else OnSqlite()
