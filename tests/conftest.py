"""What every test gets: a fresh database, the application as it really runs, a clock that stands still."""

import gc
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, event

from mfa_app import create_app
from mfa_app.core.common import clock as site_clock
from mfa_app.core.keys import vault
from mfa_app.core.keys.vault import Vault
from mfa_app.core.passwords import strength
from mfa_app.extensions import db
from mfa_app.settings import Settings, load_settings
from tests.postgres import running_postgres
from tests.timing import FakeClock
from tests.world import World

# Pages, their trees and rows are made by the million and die young: looking for cycles among them less often
# saves a tenth of the whole run.
gc.set_threshold(100_000, 20, 20)


# No test pulls the plug on the whole machine, so nothing has to reach the disk.
spare_the_disk = True


@event.listens_for(Engine, "connect")
def _spare_the_disk(connection: Any, _record: Any) -> None:
    if spare_the_disk and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


both_databases = pytest.mark.parametrize(
    "backend", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    fake = FakeClock()
    site_clock.use(fake)
    yield fake
    site_clock.use(None)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, with {name} in it, of this process's own PostgreSQL with a migrated database to copy."""
    with running_postgres() as url:
        pattern = url.replace("/postgres?", "/{name}?")
        _prepare(pattern, tmp_path_factory.mktemp("postgresql"))
        yield pattern


def _prepare(pattern: str, folder: Path) -> None:
    with _administration(pattern) as connection:
        connection.exec_driver_sql("CREATE DATABASE migrated")
    values = {
        "MFA_INSTANCE_PATH": str(folder / "instance"),
        "MFA_DATABASE_URL": pattern.format(name="migrated"),
    }
    app = create_app(load_settings(values))
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy, and the keys that go with every test's application."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(load_settings({"MFA_INSTANCE_PATH": str(folder)}))
    with app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The database under the application: SQLite, unless the test says `both_databases`."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process's installation stands, again and again."""
    return tmp_path_factory.mktemp("home") / "instance"


@pytest.fixture
def environment(
    backend: str, templates: Path, home: Path, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """The settings of a fresh installation with its database at head, for this process or another."""
    pattern = request.getfixturevalue("postgresql") if backend == "postgresql" else None
    with installed(home, templates, pattern) as values:
        yield values


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
    with _administration(pattern) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    yield {**values, "MFA_DATABASE_URL": pattern.format(name=name)}
    with _administration(pattern) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@lru_cache(maxsize=4)
def _application(settings: Settings) -> tuple[Flask, Vault]:
    """Return the application under these settings, made once; what it stands on is fresh for each test."""
    return create_app(settings, MAIL_IN_BACKGROUND=False, TESTING=False), vault.vault()


@pytest.fixture
def app(environment: dict[str, str], clock: FakeClock) -> Iterator[Flask]:
    settings = load_settings(environment)
    application, its_vault = _application(settings)
    vault.use(its_vault)
    strength.set_site_names(settings.site_name, settings.public_host)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def world(app: Flask, clock: FakeClock) -> World:
    return World(app, clock)


@contextmanager
def _administration(pattern: str) -> Iterator[sqlalchemy.Connection]:
    engine = sqlalchemy.create_engine(pattern.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
