"""The site as eve reaches it: served by two processes on either database, one start for all attacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mfa_app import create_app
from mfa_app.config import load_settings
from mfa_app.extensions import db
from tests.attacks.eve import Town
from tests.conftest import installed
from tests.served import serving


@pytest.fixture(scope="session")
def town_on_sqlite(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with _town(tmp_path_factory.mktemp("town"), templates, None) as town:
        yield town


@pytest.fixture(scope="session")
def town_on_postgresql(
    postgresql: str, templates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    with _town(tmp_path_factory.mktemp("town"), templates, postgresql) as town:
        yield town


@pytest.fixture
def town(backend: str, request: pytest.FixtureRequest) -> Town:
    """The served site. It outlives the test, so people are made under new names: `town.newcomer`."""
    return request.getfixturevalue(f"town_on_{backend}")


@contextmanager
def _town(folder: Path, templates: Path, pattern: str | None) -> Iterator[Town]:
    with installed(folder / "instance", templates, pattern) as environment:
        town = Town(create_app(load_settings(environment), MAIL_IN_BACKGROUND=False), environment)
        with serving(environment) as town.site:
            yield town
        with town.app.app_context():
            db.engine.dispose()
