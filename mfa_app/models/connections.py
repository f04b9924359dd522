"""How a connection to the database is opened and checked, and when it is thrown away."""

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event, func, make_url
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

TIMEOUT_SECONDS = 10
ENCODING = "UTF8"

# After these a connection may stay useless when the cause is gone: SQLite falls back to reading alone when it
# opens a file that it may not write, and an old primary of PostgreSQL stays a standby for who is connected.
_SPOILT_SQLITE = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)
# PostgreSQL's errors are known by their SQLSTATE alone: a site on SQLite need not load the driver.
READ_ONLY_TRANSACTION, DISK_FULL = "25006", "53100"
_SPOILT_POSTGRESQL = frozenset({READ_ONLY_TRANSACTION, DISK_FULL})


# After a rest as long as this, a connection is tried before it is used again. If the server ends one sooner,
# a single request fails, and all connections are opened again.
REST_SECONDS = 1

# The connection that rested last is taken first: it still has the pages of SQLite's file in memory.
POOL_OPTIONS = {"pool_use_lifo": True}

# How many compiled statements an engine keeps, each of about 50 kB. SQLAlchemy drops the oldest when it has
# half as many again: with its own 500, at 750. The tests of the pages send 660, all tests together 1,000. A
# process that has seen all of those has 50 MB of them; one that is dropped costs milliseconds the next time.
STATEMENTS_KEPT = 1_000

_ONLY_READS, _FLUSHES, _LEFT_AT = "only reads", "flushes", "left at"

_NORMAL = 1  # PRAGMA synchronous: a commit does not wait for the disk


class WrongEncoding(SQLAlchemyError):
    """The database has another encoding than UTF8, so it can't hold every name."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"its encoding is {encoding}, not {ENCODING}")
        self.encoding = encoding


def engine_options(database_url: str) -> dict[str, Any]:
    """Return the options of create_engine for this address.

    Values stay out of logged errors, and a silent server is given up on. Nothing is prepared under a name,
    because behind PgBouncer the next transaction may get a connection that does not know the name.
    """
    options: dict[str, Any] = {"hide_parameters": True, "query_cache_size": STATEMENTS_KEPT}
    if database_url.startswith("postgresql"):
        asked: Mapping[str, Any] = make_url(database_url).query
        arguments = {
            "connect_timeout": asked.get("connect_timeout", TIMEOUT_SECONDS),
            "client_encoding": ENCODING,  # whatever the role or the environment says
            "prepare_threshold": None,
        }
        return {**options, "connect_args": arguments}
    return options


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    (_number, _name, file) = connection.execute("PRAGMA database_list").fetchone()
    record.info[_ONLY_READS] = not os.access(file, os.W_OK)
    for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "connect")
def _refuse_other_encodings(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        return
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != ENCODING:
        connection.close()
        raise WrongEncoding(str(encoding))


def defer_flush(connection: Connection) -> None:
    """Let the transaction that begins now be flushed to the disk with the next one. It must not have written.

    Everyone sees it at once, and it outlives this process: only a power cut before the next commit undoes it.
    On PostgreSQL, where that would be a statement of its own, a statement can ask for it by `FLUSHED_LATER`.
    """
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection) or raw.in_transaction:
        return
    with contextlib.suppress(sqlite3.Error):  # the statement that comes next will say what is wrong
        (level,) = raw.execute("PRAGMA synchronous").fetchone()
        if level > _NORMAL:
            connection.info[_FLUSHES] = level
            raw.execute(f"PRAGMA synchronous = {_NORMAL}")


FLUSHED_LATER = func.set_config("synchronous_commit", "off", True)  # until the end of the transaction


@event.listens_for(Engine, "checkout")
def _replace_if_broken(connection: Any, record: Any, _proxy: Any) -> None:
    """Let the pool open another connection if this one has broken while it rested. SQLite's can't break.

    A login takes a connection for each of its transactions. Asking each time would double its round trips.
    """
    left_at = record.info.get(_LEFT_AT)
    if left_at is None or monotonic() - left_at < REST_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


@event.listens_for(Engine, "checkin")
def _note_when_it_was_left(connection: Any, record: Any) -> None:
    if connection is not None and not isinstance(connection, sqlite3.Connection):
        record.info[_LEFT_AT] = monotonic()


@event.listens_for(Engine, "checkin")
def _flush_again(connection: Any, record: Any) -> None:
    level = record.info.pop(_FLUSHES, None)
    if connection is None or level is None:
        return
    try:
        connection.execute(f"PRAGMA synchronous = {level}")
    except sqlite3.Error:
        record.invalidate()


@event.listens_for(Engine, "checkin")
def _keep_none_that_only_reads(connection: Any, record: Any) -> None:
    """Close a connection after its use if it can only read, so that the next one finds out again."""
    if connection is not None and _only_reads(connection, record.info):
        record.invalidate()


def _only_reads(connection: Any, info: dict[str, Any]) -> bool:
    if isinstance(connection, sqlite3.Connection):
        return bool(info.get(_ONLY_READS))
    status = connection.info.parameter_status
    return "on" in (status("in_hot_standby"), status("default_transaction_read_only"))


@event.listens_for(Engine, "handle_error")
def _throw_away_what_is_spoilt(context: ExceptionContext) -> None:
    """Let all connections be opened again after an error that would otherwise outlive its cause."""
    if is_spoilt(context.original_exception):
        context.is_disconnect = True
        cursor = getattr(context.execution_context, "cursor", None)
        if cursor is not None:  # SQLite closes no file that a statement still holds
            cursor.close()


def is_spoilt(error: BaseException) -> bool:
    """Return True after an error of the driver that a connection may not recover from."""
    if isinstance(error, sqlite3.Error):
        return primary_code(error) in _SPOILT_SQLITE
    return getattr(error, "sqlstate", None) in _SPOILT_POSTGRESQL


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's own number of the error without its details, or 0 if the error is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
