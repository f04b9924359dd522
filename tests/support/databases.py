"""Databases for the tests: both kinds, each a copy of one that was migrated once."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from flask_migrate import upgrade
from sqlalchemy import Engine, event

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings

SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
both_databases = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL, indirect=True)
on_postgresql = pytest.mark.parametrize("backend", SQLITE_AND_POSTGRESQL[1:], indirect=True)

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
        yield values
        return
    name = f"test_{folder.parent.name}"
    with administration(pattern) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    yield {**values, "MFA_DATABASE_URL": pattern.format(name=name)}
    with administration(pattern) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def administration(pattern: str) -> Iterator[sqlalchemy.Connection]:
    """Give a connection that makes and drops databases on the server at `pattern`."""
    engine = sqlalchemy.create_engine(pattern.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
