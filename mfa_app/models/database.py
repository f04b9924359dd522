"""What makes SQLite and PostgreSQL behave alike: when a transaction locks, INSERT on conflict, the time."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Row,
    Table,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mfa_app.extensions import Model, db

_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")


@event.listens_for(Engine, "before_cursor_execute")
def _lock_at_first_write(
    connection: Connection, cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    """Take SQLite's write lock at the first write, so that earlier reads can't make that write fail.

    Until then each SELECT sees the latest committed data, as under PostgreSQL's READ COMMITTED. On both
    databases, only a condition inside the write itself (UPDATE ... WHERE) protects against a race.
    """
    raw = connection.connection.dbapi_connection
    if (
        isinstance(raw, sqlite3.Connection)
        and not raw.in_transaction
        and statement.lstrip()[:6].upper().startswith(_WRITES)
    ):
        cursor.execute("BEGIN IMMEDIATE")


def table_of(model: type[Model]) -> Table:
    """Return a model's table, for statements that are built once and read no entities."""
    return cast(Table, model.__table__)


# The ids of some rows, as a parameter of a statement that is built once.
IDS: BindParameter[int] = bindparam("ids", expanding=True)


def execute(statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement of columns that was built once, with the values of its parameters.

    It costs a fraction of a statement on entities. What entities still hold back is written first.
    """
    session = db.session()
    session.flush()
    return cast(CursorResult[Any], session.execute(statement, values))


def dialect_insert(model: type[Model] | Table) -> Any:
    """Return the INSERT construct of the current database, which supports `on_conflict_do_update`."""
    kind = {"postgresql": postgresql, "sqlite": sqlite}[db.session.get_bind().dialect.name]
    return kind.insert(model)


def insert_once(model: type[Model], **values: Any) -> bool:
    """Insert a row unless it violates a unique constraint. Return True if it was inserted."""
    (key, *_) = model.__table__.primary_key
    statement = dialect_insert(model).values(**values).on_conflict_do_nothing().returning(key)
    return db.session.execute(statement).first() is not None


def rows_changed(statement: Executable) -> int:
    """Execute an UPDATE or a DELETE; return how many rows it changed."""
    return cast(CursorResult[Any], db.session.execute(statement)).rowcount


def rows_beside(statement: Executable) -> Sequence[Row[Any]]:
    """Return the rows of a SELECT that a page needs whatever else it does, for instance to say what failed.

    It reads in the transaction that is under way, else in a connection of its own. So nobody holds one
    connection and waits for another: where there are few, threads that do so wait for each other.
    """
    session = db.session()
    if session.in_transaction():
        return session.connection().execute(statement).all()
    with db.engine.connect() as connection:
        return connection.execute(statement).all()


def database_time() -> datetime:
    """Return the time of the database server now: the only clock that all nodes share."""
    if db.session.get_bind().dialect.name == "postgresql":
        shown: datetime = db.session.execute(select(func.clock_timestamp())).scalar_one()
        return shown.astimezone(UTC)
    text: str = db.session.execute(select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))).scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class unindexed(FunctionElement[Any]):  # noqa: N801 - it reads like a function of SQL
    """A column for a condition with which SQLite is not to begin: it takes any index for a narrow one.

    PostgreSQL knows how many rows have a value, and needs to. Each database gets its own text of the same
    statement, so a statement can be built before anyone asks which database it is for.
    """

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(unindexed, "sqlite")
def _without_its_index(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"coalesce({compiler.process(element.clauses, **options)}, NULL)"
