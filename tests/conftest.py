"""What every test gets: a fresh database, the application as it really runs, a clock that stands still."""

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from mfa_app.core.passwords.hashing import Hasher
from mfa_app.extensions import db
from tests.support.address_builders import compile_builders_once
from tests.support.applications import application, settings_under
from tests.support.clock import FakeClock, SharedClock
from tests.support.databases import end_administration, installed, migrate_postgresql, migrate_sqlite
from tests.support.memory import keep_files_in_memory
from tests.support.pictures import choose_masks_once, masks_as_in_production
from tests.support.postgres import running_postgres
from tests.support.served_site import SharedSites
from tests.support.site_parts import put
from tests.support.snapshots import Beginning, Kept
from tests.support.variables import CHEAP, COMPILED
from tests.support.world import World

# Pages, their trees and rows are made by the million and die young: looking for cycles among them less often
# saves a tenth of the whole run.
gc.set_threshold(400_000, 20, 20)

keep_files_in_memory()
choose_masks_once()
compile_builders_once()


WATCHING = {"caplog", "capsys", "capfd"}  # what steps write besides rows: it is there only where they happen
SITES = {"sites", "served_world", "direct_world"}
CHROMIUM, POSTGRESQL = "chromium", "postgresql"
ATTACKS_ON_POSTGRESQL, SITES_ON_SQLITE = "attacks on postgresql", "sites on sqlite"
LONGEST_FIRST = (CHROMIUM, POSTGRESQL, ATTACKS_ON_POSTGRESQL, SITES_ON_SQLITE)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist looks for the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what needs something that takes long to start stay together, and what takes long begin first.

    Each group runs on one worker. The tests of a file that go on from beginnings are a group, so that each
    beginning is lived once; files with many of them come first. Single tests fill up the rest.
    """
    groups = {item: _group(item) for item in items}
    sizes = Counter(groups.values())
    items.sort(key=lambda item: _place(groups[item], sizes[groups[item]]))
    for item, group in groups.items():
        if group:
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str | None:
    """Return the tests with which one shares a PostgreSQL, served sites, Chromium, or its beginnings."""
    names, attack = set(getattr(item, "fixturenames", ())), item.path.parent.name == "security"
    if item.get_closest_marker("postgres"):
        # No worker should end long after the others, so a second one starts a server for the attacks.
        return ATTACKS_ON_POSTGRESQL if attack else POSTGRESQL
    if item.get_closest_marker("browser"):
        return CHROMIUM
    if SITES & names or (attack and "world" in names):
        return SITES_ON_SQLITE
    return item.nodeid.split("::")[0] if "begun" in names else None


def _place(group: str | None, size: int) -> tuple[int, int]:
    """Return what to sort by: the longest groups, then files by the number of their tests, then the rest."""
    if group in LONGEST_FIRST:
        return LONGEST_FIRST.index(group), 0
    return len(LONGEST_FIRST) + (group is None), -size


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, with {name} in it, of this process's own PostgreSQL with a migrated database to copy."""
    with running_postgres() as url:
        pattern = url.replace("/postgres?", "/{name}?")
        migrate_postgresql(pattern, tmp_path_factory.mktemp("postgresql") / "instance")
        yield pattern
        end_administration(pattern)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy, and the keys that go with every test's application.

    Templates of pages are compiled into a folder for the applications of all processes.
    """
    folder = tmp_path_factory.mktemp("template")
    migrate_sqlite(folder)
    compiled = _folder_of_all_workers(tmp_path_factory) / "compiled"
    compiled.mkdir(exist_ok=True)
    os.environ[COMPILED] = str(compiled)
    return folder


def _folder_of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this test run. Each worker of pytest-xdist has one of its own in it."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


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
        nothing_works_on_in_the_background()


def nothing_works_on_in_the_background() -> None:
    """Fail where a test leaves a thread behind: it would write where the next tests stand."""
    assert "jobs" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def app_under(environment: dict[str, str], clock: FakeClock) -> Iterator[Callable[..., Flask]]:
    """Give the application under the settings of this installation and more."""
    used = []

    def under(**more: str) -> Flask:
        settings = settings_under({**environment, **more})
        used.append(application(settings, clock, TESTING=False, PASSWORD_HASH_COST=CHEAP))
        return used[-1]

    yield under
    for app in used:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(app_under: Callable[..., Flask]) -> Flask:
    return app_under()


@pytest.fixture
def true_hashes(app: Flask) -> None:
    """Let passwords be hashed at the cost of production."""
    put(app, Hasher())


@pytest.fixture
def true_masks() -> Iterator[None]:
    """Let QR codes be drawn in this process as in production."""
    with masks_as_in_production():
        yield


@pytest.fixture(scope="session")
def lived_through() -> Kept:
    """Where the beginnings have led that this process has lived through."""
    return Kept()


@pytest.fixture
def begun(lived_through: Kept, request: pytest.FixtureRequest) -> Callable[[World], World]:
    """Let a world that is as it was installed go where others have gone before."""
    names = set(request.fixturenames)
    patched = request.getfixturevalue("monkeypatch") if "monkeypatch" in names else None

    def unpatched() -> bool:
        return patched is None or vars(patched) == vars(pytest.MonkeyPatch())

    def begin(world: World) -> World:
        watched = WATCHING & names or world.app.config["SETTINGS"].smtp_url
        world.beginning = None if watched else Beginning(world, lived_through, unpatched)
        return world

    return begin


@pytest.fixture
def world(app: Flask, clock: FakeClock, begun: Callable[[World], World]) -> World:
    return begun(World(app, clock))


@pytest.fixture(scope="session")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that shows the time to all processes."""
    return tmp_path_factory.mktemp("clock") / "hands"


@pytest.fixture
def shared_clock(hands: Path) -> SharedClock:
    """A clock that stands still for the served sites too."""
    return SharedClock(hands)


@pytest.fixture(scope="session")
def sites_on_sqlite(
    templates: Path, hands: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedSites]:
    with SharedSites(tmp_path_factory.mktemp("sites"), templates, None, hands) as sites:
        yield sites


@pytest.fixture(scope="session")
def sites_on_postgresql(
    postgresql: str, templates: Path, hands: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedSites]:
    with SharedSites(tmp_path_factory.mktemp("sites"), templates, postgresql, hands) as sites:
        yield sites


@pytest.fixture
def sites(backend: str, shared_clock: SharedClock, request: pytest.FixtureRequest) -> SharedSites:
    """The sites that are served once for many tests."""
    found: SharedSites = request.getfixturevalue(f"sites_on_{backend}")
    return found


@pytest.fixture
def served_world(sites: SharedSites, shared_clock: SharedClock, begun: Callable[[World], World]) -> World:
    """The world on a site that two processes serve behind a proxy, so that visitors come from anywhere."""
    return begun(World.of(sites.proxied(), shared_clock))


@pytest.fixture
def direct_world(sites: SharedSites, shared_clock: SharedClock, begun: Callable[[World], World]) -> World:
    """The world on a site without a proxy: for raw requests, and for what hashes cost."""
    return begun(World.of(sites.direct(), shared_clock, address="127.0.0.1"))
