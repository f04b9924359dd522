"""A site that can't save anything says so, and is well again as soon as it can, without a restart."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mfa_app import create_app
from mfa_app.core.operations.write_proof import WriteProof
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock, SharedClock
from tests.support.databases import administration, both_databases, installed, on_postgresql
from tests.support.disks import Disk, small_disk, window
from tests.support.served_site import served_site
from tests.support.site_parts import put
from tests.support.statements import statements
from tests.support.variables import CHEAP_HASHES, HANDS
from tests.support.world import PASSWORD, World

FULL = "database: Nothing can be saved: the disk of the database is full."
READ_ONLY = "database: Nothing can be saved: the database can only be read."


def monitor(world: World) -> Visitor:
    return world.visitor(address="127.0.0.1", browser="Prometheus")


def readiness(world: World) -> tuple[int, list[str]]:
    """Return the status of /readyz after ten seconds, and its sentences."""
    world.clock.advance(seconds=10)
    page = monitor(world).open("/readyz")
    lines = page.response.get_data(as_text=True).splitlines()
    return page.status, [line for line in lines if not line.endswith(": ok") and "version" not in line]


def log_in(world: World) -> Page:
    visitor = world.visitor()
    visitor.open("/login")
    return visitor.submit("/login", email="alice@example.com", password=PASSWORD)


@both_databases
def test_a_write_is_proved_once_in_ten_seconds(world: World) -> None:
    def writes() -> list[str]:
        with statements(world) as sent:
            monitor(world).open("/readyz")
        return [text for text in sent if text.startswith(("PRAGMA user_version =", "CREATE TEMPORARY"))]

    put(world.app, WriteProof())
    assert [len(writes()), len(writes())] == [1, 0]
    world.clock.advance(seconds=9)
    assert len(writes()) == 0
    world.clock.advance(seconds=1)
    assert len(writes()) == 1


@on_postgresql
def test_a_database_that_became_read_only_is_told_until_it_is_not(world: World, postgresql: str) -> None:
    world.person("alice")
    with world.app.app_context():
        name = db.engine.url.database
        db.engine.dispose()
    with administration(postgresql) as server:
        server.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            assert log_in(world).status == 503
            assert readiness(world) == (503, [READ_ONLY])
        finally:
            server.exec_driver_sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert readiness(world) == (200, [])
    assert log_in(world).path == "/"


def test_a_folder_that_cannot_be_written_to_is_told(world: World) -> None:
    folder = world.app.config["SETTINGS"].instance_path / "outbox"
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    sentence = f"files: Nothing can be written to the folder {folder}: Not a directory."
    assert readiness(world) == (503, [sentence])
    folder.unlink()
    assert readiness(world) == (200, [])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 4) as disk:
        yield disk


def test_a_full_disk_is_told_and_the_served_site_recovers(
    disk: Disk, templates: Path, shared_clock: SharedClock, hands: Path
) -> None:
    with installed(disk.folder / "instance", templates, None) as environment:
        environment |= {**CHEAP_HASHES, HANDS: str(hands)}
        with served_site(environment, "tests.support.served_app:app") as site:
            world = World.of(site, shared_clock, address="127.0.0.1")
            world.person("alice")
            assert log_in(world).path == "/"
            disk.fill()
            fails_until_full(world)
            assert readiness(world)[0] == 503
            assert FULL in readiness(world)[1]
            result = site.app.test_cli_runner().invoke(args=["doctor"])
            assert result.exit_code == 1
            assert f"The disk of {site.folder} has only 0 MiB of 4 MiB free." in result.stdout
            assert "Nothing can be saved: the disk of the database is full." in result.stdout
            disk.make_room()
            assert [readiness(world) for _ in range(4)] == [(200, [])] * 4
            assert [log_in(world).path for _ in range(8)] == ["/"] * 8


def fails_until_full(world: World) -> None:
    """Log in until nothing fits into the space any more that the database had taken before."""
    visitor, fields = world.visitor(), {"email": "alice@example.com", "password": PASSWORD}
    visitor.open("/login")
    assert any(visitor.copy().post("/login", **fields).status == 503 for _ in range(500))


@contextmanager
def another_process(database: Path) -> Iterator[None]:
    """Keep a database open, so that the files beside it stay where they are."""
    program = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]);"
        "print(database.execute('SELECT 1 FROM user_account').fetchall(), flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def test_a_disk_that_was_mounted_read_only_is_told_until_it_is_not(
    disk: Disk, templates: Path, tmp_path: Path, shared_clock: SharedClock, hands: Path
) -> None:
    shutil.copy(templates / "second-gate.sqlite3", disk.folder)
    with (
        window(disk, tmp_path / "window") as way,
        another_process(disk.folder / "second-gate.sqlite3"),
        installed(tmp_path / "instance", templates, None) as environment,
    ):
        environment |= {**CHEAP_HASHES, HANDS: str(hands)}
        environment["MFA_DATABASE_URL"] = f"sqlite:///{way.folder}/second-gate.sqlite3"
        way.remount("ro")
        with served_site(environment, "tests.support.served_app:app") as site:
            world = World.of(site, shared_clock, address="127.0.0.1")
            assert [log_in(world).status for _ in range(8)] == [503] * 8
            assert readiness(world) == (503, [READ_ONLY])
            way.remount("rw")
            assert [readiness(world) for _ in range(4)] == [(200, [])] * 4
            with site.app.app_context():
                db.engine.dispose()  # the test's own, which has counted rows
            world.person("alice")
            assert [log_in(world).path for _ in range(8)] == ["/"] * 8


@pytest.fixture
def on_a_small_disk(postgresql: str, templates: Path, tmp_path: Path) -> Iterator[tuple[World, Disk]]:
    """A site whose database of PostgreSQL is alone on a small disk."""
    (server,) = parse_qs(urlsplit(postgresql).query)["host"]
    with small_disk(Path(server, "small"), 40) as disk, administration(postgresql) as connection:
        place = disk.folder / "tablespace"
        place.mkdir()
        shutil.chown(place, Path(server).stat().st_uid)
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        connection.exec_driver_sql("CREATE DATABASE on_small TEMPLATE migrated TABLESPACE small")
        (tmp_path / "instance").mkdir()
        shutil.copy(templates / "keys", tmp_path / "instance")
        address = {"MFA_DATABASE_URL": postgresql.format(name="on_small")}
        settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path / "instance"), **address})
        app = create_app(settings, MAIL_IN_BACKGROUND=False, CLOCK=FakeClock())
        yield World(app, app.config["CLOCK"]), disk
        with app.app_context():
            db.engine.dispose()
        connection.exec_driver_sql("DROP DATABASE on_small WITH (FORCE)")
        connection.exec_driver_sql("DROP TABLESPACE small")


@pytest.mark.postgres
def test_a_full_disk_of_postgresql_is_told_until_there_is_room(on_a_small_disk: tuple[World, Disk]) -> None:
    world, disk = on_a_small_disk
    world.person("alice")
    assert readiness(world) == (200, [])
    disk.fill()
    assert readiness(world) == (503, [FULL])
    fails_until_full(world)
    disk.make_room()
    assert readiness(world) == (200, [])
    assert log_in(world).path == "/"
