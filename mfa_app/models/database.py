"""How SQLite and PostgreSQL behave alike: when a transaction locks, how a row is inserted once."""

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects import postgresql, sqlite

from mfa_app.extensions import db

_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "before_cursor_execute")
def _lock_at_first_write(connection, cursor, statement, _parameters, _context, _many) -> None:
    """Take SQLite's write lock with the first write, so that reads before it cannot make it fail.

    Until then each SELECT sees what is committed, as under PostgreSQL's READ COMMITTED: on both,
    only a condition inside the write itself (UPDATE ... WHERE) is a guard.
    """
    raw = connection.connection.dbapi_connection
    if (
        isinstance(raw, sqlite3.Connection)
        and not raw.in_transaction
        and statement.lstrip()[:6].upper().startswith(_WRITES)
    ):
        cursor.execute("BEGIN IMMEDIATE")


def dialect_insert(model: type[db.Model]) -> Any:
    """Return an INSERT of this database's own kind, which knows `on_conflict_do_update`."""
    kind = {"postgresql": postgresql, "sqlite": sqlite}[db.session.get_bind().dialect.name]
    return kind.insert(model)


def insert_once(model: type[db.Model], **values: Any) -> bool:
    """Insert a row unless a unique column holds one like it already; say whether it was inserted."""
    (key, *_) = model.__table__.primary_key
    statement = dialect_insert(model).values(**values).on_conflict_do_nothing().returning(key)
    return db.session.execute(statement).first() is not None
