"""The site as eve reaches it: served by two processes on either database, one start for all attacks."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from mfa_app import create_app
from mfa_app.config import load_settings
from mfa_app.extensions import db
from tests.attacks.eve import Town
from tests.served import serving


@pytest.fixture(scope="session")
def town_on_sqlite(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = _instance(templates, tmp_path_factory)
    shutil.copy(templates / "second-gate.sqlite3", folder)
    with _town({"MFA_INSTANCE_PATH": str(folder)}) as town:
        yield town


@pytest.fixture(scope="session")
def town_on_postgresql(
    postgresql: str, templates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    folder, name = _instance(templates, tmp_path_factory), f"town_{uuid.uuid4().hex}"
    administration = sqlalchemy.create_engine(
        postgresql.format(name="postgres"), isolation_level="AUTOCOMMIT"
    )
    with administration.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    administration.dispose()
    url = postgresql.format(name=name)
    with _town({"MFA_INSTANCE_PATH": str(folder), "MFA_DATABASE_URL": url}) as town:
        yield town


@pytest.fixture
def town(backend: str, request: pytest.FixtureRequest) -> Town:
    """The served site. It outlives the test, so people are made under names of their own: `town.newcomer`."""
    return request.getfixturevalue(f"town_on_{backend}")


def _instance(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    shutil.copy(templates / "keys", folder / "keys")
    return folder


@contextmanager
def _town(environment: dict[str, str]) -> Iterator[Town]:
    application = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
    town = Town(application, environment)
    with serving(environment) as town.site:
        yield town
    with application.app_context():
        db.engine.dispose()
