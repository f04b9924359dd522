"""Writing millions of rows, while indexes, foreign keys and triggers are put aside.

Values are stored as the site's own column types store them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.schema import Column, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from mfa_app.extensions import Model

Row = Sequence[Any]
Write = Callable[[str, list[str], Iterable[Row]], None]

_FAST = ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -500000")

_SQLITE_OBJECTS = (
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql NOT NULL"
)
_POSTGRESQL_FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
      FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"""
_POSTGRESQL_INDEXES = """
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE relnamespace = current_schema()::regnamespace
       AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"""
_POSTGRESQL_TRIGGERS = """
    SELECT DISTINCT format('ALTER TABLE %s DISABLE TRIGGER USER', tgrelid::regclass),
           format('ALTER TABLE %s ENABLE TRIGGER USER', tgrelid::regclass)
      FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
     WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"""


class Bulk:
    """An open transaction on the database of a site that nobody uses."""

    def __init__(self, engine: Engine, write: Write) -> None:
        self._dialect, self._write = engine.dialect, write

    def insert(self, model: type[Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows with these columns; the others get the defaults of the model or of the database."""
        table = cast(Table, model.__table__)
        defaults = {
            column.name: column.default.arg
            for column in table.columns
            if isinstance(column.default, ScalarElementColumnDefault) and column.name not in columns
        }
        names = [*columns, *defaults]
        store = [self._stored(table.columns[name]) for name in names]
        rest = tuple(defaults.values())
        self._write(
            table.name,
            names,
            (
                [keep(value) if keep else value for keep, value in zip(store, (*row, *rest), strict=True)]
                for row in rows
            ),
        )

    def _stored(self, column: Column[Any]) -> Callable[[Any], Any] | None:
        return column.type.dialect_impl(self._dialect).bind_processor(self._dialect)


@contextmanager
def bulk(engine: Engine) -> Iterator[Bulk]:
    """Give a transaction that is committed at the end. Then the database has all that it had before."""
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection
        kind = _sqlite if isinstance(connection, sqlite3.Connection) else _postgresql
        with kind(connection) as write:
            yield Bulk(engine, write)
    finally:
        raw.invalidate()  # its settings are not those of the site
        raw.close()


@contextmanager
def _sqlite(connection: sqlite3.Connection) -> Iterator[Write]:
    def write(table: str, columns: list[str], rows: Iterable[Row]) -> None:
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names
        connection.executemany(statement, rows)

    for pragma in _FAST:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN EXCLUSIVE")
    aside = connection.execute(_SQLITE_OBJECTS).fetchall()
    for kind, name, _definition in aside:
        connection.execute(f"DROP {kind} {name}")
    yield write
    for _kind, _name, definition in sorted(aside):  # indexes before triggers
        connection.execute(definition)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _postgresql(connection: psycopg.Connection) -> Iterator[Write]:
    def write(table: str, columns: list[str], rows: Iterable[Row]) -> None:
        into = sql.SQL("COPY {} ({}) FROM STDIN")
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        with connection.cursor().copy(into.format(sql.Identifier(table), names)) as copy:
            for row in rows:
                copy.write_row(row)

    execute: Any = connection.execute
    execute("SET maintenance_work_mem = '512MB'")
    aside = [
        pair
        for query in (_POSTGRESQL_TRIGGERS, _POSTGRESQL_FOREIGN_KEYS, _POSTGRESQL_INDEXES)
        for pair in execute(query).fetchall()
    ]
    for put_aside, _put_back in aside:
        execute(put_aside)
    yield write
    for _put_aside, put_back in reversed(aside):
        execute(put_back)
    connection.commit()
    connection.autocommit = True
    execute("VACUUM ANALYZE")
