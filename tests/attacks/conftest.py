"""The site as eve reaches it: served by two processes on either database, one start for all attacks.

`world` is fresh for each test, and its clock stands still. In `town` many tests live side by side in real
time, for races and raw sockets. Both are served, but for the tests marked `inside`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mfa_app import create_app
from mfa_app.core.common import clock as site_clock
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.attacks.eve import Town
from tests.attacks.stage import HANDS, SharedClock, Stage
from tests.conftest import installed
from tests.served import serving
from tests.world import World


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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    """Every attack is tried on both databases."""
    return request.param


@pytest.fixture(scope="session")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that shows the time to all processes."""
    return tmp_path_factory.mktemp("clock") / "hands"


@pytest.fixture
def clock(hands: Path) -> Iterator[SharedClock]:
    shared = SharedClock(hands)
    site_clock.use(shared)
    yield shared
    site_clock.use(None)


@pytest.fixture
def world(backend: str, clock: SharedClock, request: pytest.FixtureRequest) -> World:
    """The served site as it was installed, its browsers behind a proxy; `inside` has none of that."""
    if request.node.get_closest_marker("inside"):
        return World(request.getfixturevalue("app"), clock)
    stage = request.getfixturevalue(f"stage_on_{backend}")
    stage.start_anew()
    return World(stage.app, clock)


@pytest.fixture(scope="session")
def stage_on_sqlite(
    templates: Path, hands: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with _stage(tmp_path_factory.mktemp("stage"), templates, None, hands) as stage:
        yield stage


@pytest.fixture(scope="session")
def stage_on_postgresql(
    postgresql: str, templates: Path, hands: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with _stage(tmp_path_factory.mktemp("stage"), templates, postgresql, hands) as stage:
        yield stage


@contextmanager
def _stage(folder: Path, templates: Path, pattern: str | None, hands: Path) -> Iterator[Stage]:
    with installed(folder / "instance", templates, pattern) as environment:
        environment |= {
            "MFA_TRUSTED_PROXY_HOPS": "1",
            "MFA_PUBLIC_URL": "http://127.0.0.1:8000",
            HANDS: str(hands),
        }
        stage = Stage(create_app(load_settings(environment), MAIL_IN_BACKGROUND=False), templates)
        with serving(environment, "tests.attacks.clocked:app", wait=False) as stage.site:
            yield stage
        with stage.app.app_context():
            db.engine.dispose()


@contextmanager
def _town(folder: Path, templates: Path, pattern: str | None) -> Iterator[Town]:
    with installed(folder / "instance", templates, pattern) as environment:
        town = Town(create_app(load_settings(environment), MAIL_IN_BACKGROUND=False), environment)
        with serving(environment, wait=False) as town.site:
            yield town
        with town.app.app_context():
            db.engine.dispose()
