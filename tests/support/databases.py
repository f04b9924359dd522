"""Databases for the tests: both kinds, each a copy of one that was migrated once."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from flask_migrate import upgrade
from sqlalchemy import Engine, NullPool, event, text

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.tables import Rows, all_rows, put_back

SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
both_databases = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL, indirect=True)
on_postgresql = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL[1:], indirect=True)

END_CONNECTIONS = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
# All but rows that a test may have changed: columns, constraints, indexes, triggers, functions, settings.
SCHEMA = text("""
    SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid::regtype, attnotnull)
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
    UNION ALL SELECT format('%s %s', relname, relrowsecurity)
      FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('%s %s', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', adrelid::regclass, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
    UNION ALL SELECT version_num FROM alembic_version
    UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
    UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    ORDER BY 1
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
        upgrade()
        db.engine.dispose()


def migrate_sqlite(folder: Path) -> None:
    """Make a migrated SQLite database in this folder, and the keys that go with it."""
    app = create_app(load_settings({"MFA_INSTANCE_PATH": str(folder)}))
    with app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()


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


@dataclass
class _Standing:
    """A database on PostgreSQL that was copied from the migrated one, and what it held then."""

    engine: Engine
    rows: Rows
    schema: str


_standing: dict[str, _Standing] = {}


def _as_migrated(pattern: str, name: str) -> str:
    """Return the address of a database that is as it was migrated, and that nobody is connected to.

    Copying one takes a tenth of a second, so one that stands gets its rows back if its schema is untouched.
    """
    url = pattern.format(name=name)
    with administration(pattern) as connection:
        connection.execute(END_CONNECTIONS, {"name": name})
        if url in _standing and _schema(_standing[url].engine) == _standing[url].schema:
            put_back(_standing[url].rows, _standing[url].engine, number_anew=True)
            return url
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    _standing[url] = _Standing(engine, all_rows(engine), _schema(engine))
    return url


def _schema(engine: Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(connection.scalars(SCHEMA))


@contextmanager
def administration(pattern: str) -> Iterator[sqlalchemy.Connection]:
    """Give a connection that makes and drops databases on the server at `pattern`."""
    with _administrator(pattern.format(name="postgres")).connect() as connection:
        yield connection


@cache
def _administrator(url: str) -> Engine:
    return sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
