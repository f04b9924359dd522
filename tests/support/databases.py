"""Databases for the tests: both kinds, each a copy of one that was migrated once."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from flask import current_app
from sqlalchemy import Engine, event, text

from mfa_app import create_app
from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.tables import all_rows, write

SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
both_databases = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL, indirect=True)
on_postgresql = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL[1:], indirect=True)

# The name of the connection on which the tests put rows back: it stays when those of the site end.
KEEPER = "tests"
END_CONNECTIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = :name AND application_name <> :keeper"
).bindparams(keeper=KEEPER)
# What a test may have changed besides rows: columns, constraints, indexes, triggers, functions, views,
# settings, the version. Each such change writes or deletes rows of these tables. Nothing has changed if there
# are as many rows about what is not PostgreSQL's own (its numbers end at 16383), and none was written later.
SCHEMA = text("""
              SELECT count(*), max(xmin::text::bigint) FROM pg_class WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_attribute WHERE attrelid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_attrdef WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_constraint WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_index WHERE indexrelid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_trigger WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_rewrite WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_proc WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_type WHERE oid > 16383
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_namespace
              WHERE oid > 16383 AND nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_db_role_setting
    UNION ALL SELECT count(*), max(xmin::text::bigint) FROM alembic_version
""")

# No test pulls the plug on the whole machine, so nothing has to reach the disk.
spare_the_disk = True


@event.listens_for(Engine, "connect")
def _spare_the_disk(connection: Any, _record: Any) -> None:
    if spare_the_disk and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def migrate_postgresql(pattern: str, folder: Path) -> None:
    """Make the database `migrated` on the server at `pattern`, for others to be copied from."""
    with administration(pattern) as connection:
        connection.exec_driver_sql("CREATE DATABASE migrated")
    values = {"MFA_INSTANCE_PATH": str(folder), "MFA_DATABASE_URL": pattern.format(name="migrated")}
    app = create_app(load_settings(values))
    with app.app_context():
        bring_to_head()
        db.engine.dispose()


def downgrade(revision: str) -> None:
    """Take the database of the current application back to a migration, or to `base`, which is none."""
    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", revision])
    assert result.exit_code == 0, result.output


def migrate_sqlite(folder: Path) -> None:
    """Make a migrated SQLite database in this folder, and the keys that go with it."""
    app = create_app(load_settings({"MFA_INSTANCE_PATH": str(folder)}))
    with app.app_context():
        bring_to_head()
        db.engine.dispose()
    _make_small(folder / "second-gate.sqlite3")


def _make_small(path: Path) -> None:
    """Let each page of a database take 1 KiB: nearly all of its pages are empty, and each test copies them.

    SQLite makes them anew only while there is no write-ahead log.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("journal_mode = DELETE", "page_size = 1024"):
            connection.execute(f"PRAGMA {statement}")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def installed(folder: Path, templates: Path, pattern: str | None) -> Iterator[dict[str, str]]:
    """Make an installation in this folder, on the PostgreSQL at `pattern` or on SQLite; give its settings."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(templates / "keys", folder / "keys")
    values = {"MFA_INSTANCE_PATH": str(folder), "MFA_ADMIN_EMAIL": "admin@example.com"}
    if pattern is None:
        shutil.copy(templates / "second-gate.sqlite3", folder)
    else:
        values["MFA_DATABASE_URL"] = _as_migrated(pattern, f"test_{folder.parent.name}")
    yield values


class _Standing:
    """A database on PostgreSQL that was copied from the migrated one.

    One connection to it stays open: a new one would have to read about each table first, which takes the
    server longer than all the rest.
    """

    def __init__(self, url: str) -> None:
        named = {"application_name": KEEPER}
        self._engine = sqlalchemy.create_engine(url, pool_size=1, pool_pre_ping=True, connect_args=named)
        self._rows = all_rows(self._engine)
        with self._engine.connect() as connection:
            self._schema = _schema(connection)

    def again(self) -> bool:
        """Give it the rows back that it held, if its schema is untouched; return whether it is."""
        with self._engine.begin() as connection:
            if _schema(connection) != self._schema:
                return False
            write(self._rows, connection, number_anew=True)
            return True

    def leave(self) -> None:
        """Close the connection, for whoever drops the database, copies it or ends the server."""
        self._engine.dispose()


_standing: dict[str, _Standing] = {}


def _as_migrated(pattern: str, name: str) -> str:
    """Return the address of a database that is as it was migrated, and that nobody is connected to.

    Copying one takes a tenth of a second, so one that stands gets its rows back if its schema is untouched.
    """
    url = pattern.format(name=name)
    with administration(pattern) as connection:
        connection.execute(END_CONNECTIONS, {"name": name})
        if url in _standing and _standing[url].again():
            return url
        leave(url)
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    _standing[url] = _Standing(url)
    return url


def leave(url: str) -> None:
    """Let the tests themselves hold no connection to the database at this address."""
    if url in _standing:
        _standing[url].leave()


def _schema(connection: sqlalchemy.Connection) -> list[tuple[int, int | None]]:
    return [(rows, last) for rows, last in connection.execute(SCHEMA)]


@contextmanager
def administration(pattern: str) -> Iterator[sqlalchemy.Connection]:
    """Give a connection that makes and drops databases on the server at `pattern`."""
    with _administrator(pattern.format(name="postgres")).connect() as connection:
        yield connection


def end_administration(pattern: str) -> None:
    """Close these connections, and those to its databases, before the server at `pattern` ends."""
    for url in _standing:
        leave(url)
    _administrator(pattern.format(name="postgres")).dispose()


@cache
def _administrator(url: str) -> Engine:
    return sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
