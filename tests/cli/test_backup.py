"""`second-gate backup` and `restore`: a restore as it should be practised, and what must be refused."""

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from mfa_app import create_app
from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.audit import anchors, verification
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import Vault
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.operations import backup, instance_lock
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import AuthSession, OneTimeLink, OutboxMail, PendingEnrolment, RememberedDevice
from mfa_app.settings import load_settings
from tests.support.databases import downgrade, leave, on_postgresql
from tests.support.disks import small_disk
from tests.support.site_parts import put
from tests.support.terminal import Typist, done, refused
from tests.support.variables import CHEAP
from tests.support.world import World


def database_of(world: World) -> Path:
    return world.settings.instance_path / "second-gate.sqlite3"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "monday.backup"


@contextmanager
def elsewhere(world: World, folder: Path, *, with_keys: bool = True) -> Iterator[tuple[World, Typist]]:
    """Yield the same people on another machine, which has at most the file keys of the first."""
    folder.mkdir()
    if with_keys:
        shutil.copy(world.settings.instance_path / "keys", folder)
    settings = load_settings({"MFA_INSTANCE_PATH": str(folder)})
    app = create_app(settings, MAIL_IN_BACKGROUND=False, CLOCK=world.clock, PASSWORD_HASH_COST=CHEAP)
    other = World(app, world.clock)
    other.phones = world.phones
    yield other, lambda *words: app.test_cli_runner().invoke(args=list(words))
    with app.app_context():
        db.engine.dispose()


@contextmanager
def people_logging_in(world: World, *names: str) -> Iterator[None]:
    """Let people enter their passwords repeatedly during the block, each in a thread."""
    over, started = threading.Event(), threading.Barrier(len(names) + 1)

    def log_in(name: str) -> None:
        world.password_given(name)
        started.wait()
        while not over.is_set():
            world.password_given(name)

    threads = [threading.Thread(target=log_in, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    started.wait()
    yield
    over.set()
    for thread in threads:
        thread.join()


def test_a_backup_is_restored_on_another_machine(
    world: World, typed: Typist, file: Path, tmp_path: Path
) -> None:
    names = ("alice", "bob", "carol")
    for name in names:
        world.linked_earlier(name)
    with people_logging_in(world, "alice", "bob"):
        assert "This does not include the keys, which are in" in done(typed("backup", str(file)))
    with elsewhere(world, tmp_path / "elsewhere") as (other, typed_elsewhere):
        assert "The keys match it" in done(typed_elsewhere("restore", str(file)))
        assert [other.log_in_and_wait(name).open("/").path for name in names] == ["/", "/", "/"]
        assert done(typed_elsewhere("audit", "verify")).startswith("The trail is intact")
        assert "backup.restored" in other.events()


def test_a_backup_is_private_and_overwrites_nothing(world: World, typed: Typist, file: Path) -> None:
    done(typed("backup", str(file)))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert refused(typed("backup", str(file))) == f"{file} already exists and was not changed."
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if "monday" in path.name] == [file.name]
    assert world.events().count("backup.made") == 1


def test_a_backup_contains_neither_keys_nor_secrets(world: World, typed: Typist, file: Path) -> None:
    world.linked_earlier("alice")
    codes = world.recovery_codes(world.log_in_and_wait("alice"))
    codes += [code.replace("-", "") for code in codes]
    done(typed("backup", str(file)))
    stored = keyring.load_keys(world.settings)
    for secret in (*stored.secret_keys, *stored.data_keys.values(), world.phones["alice"].secret, *codes):
        assert (secret if isinstance(secret, bytes) else secret.encode()) not in file.read_bytes()


def test_a_backup_that_cannot_be_written_is_refused(typed: Typist, tmp_path: Path) -> None:
    assert refused(typed("backup", str(tmp_path / "nowhere" / "file"))) == (
        "Could not write the file: No such file or directory."
    )


@pytest.fixture
def poor_disk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A file system that refuses these calls, as exFAT, or a share of Windows or NFS."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    for name in request.param:
        monkeypatch.setattr(os, name, refuse)


POOR_DISKS = [("link",), ("link", "fchown"), ("link", "rename", "fchown")]
on_poor_disks = pytest.mark.parametrize("poor_disk", POOR_DISKS, indirect=True)


@on_poor_disks
@pytest.mark.usefixtures("poor_disk")
def test_a_backup_to_a_disk_that_knows_less_is_whole_and_overwrites_nothing(
    world: World, typed: Typist, file: Path
) -> None:
    world.person("alice")
    os.chown(file.parent, 0, 12345) if os.geteuid() == 0 else None
    done(typed("backup", str(file)))
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT email FROM user_account").fetchall() == [("alice@example.com",)]
    before = file.read_bytes()
    assert refused(typed("backup", str(file))) == f"{file} already exists and was not changed."
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if "monday" in path.name] == [file.name]


def test_a_backup_on_a_disk_without_permissions_says_so(
    typed: Typist, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_to_all(**options: Any) -> tuple[int, str]:
        handle, name = tempfile.mkstemp(**options)
        os.fchmod(handle, 0o755)
        return handle, name

    monkeypatch.setattr(backup, "tempfile", SimpleNamespace(mkstemp=open_to_all))
    assert "That disk keeps no permissions" in done(typed("backup", str(file)))


@pytest.mark.parametrize("poor_disk", [("link", "fsync")], indirect=True)
@pytest.mark.usefixtures("poor_disk")
def test_a_backup_that_cannot_be_finished_leaves_nothing(typed: Typist, file: Path) -> None:
    assert refused(typed("backup", str(file))) == "Could not write the file: Operation not permitted."
    assert not [path for path in file.parent.iterdir() if "monday" in path.name]


@pytest.mark.parametrize("poor_disk", POOR_DISKS[:1], indirect=True)
@pytest.mark.usefixtures("poor_disk")
def test_on_a_disk_that_knows_less_a_restore_keeps_the_previous_database(
    world: World, typed: Typist, file: Path
) -> None:
    done(typed("backup", str(file)))
    world.person("alice")
    done(typed("restore", "--replace", str(file)))
    (aside,) = world.settings.instance_path.glob("second-gate.sqlite3.replaced-*")
    with closing(sqlite3.connect(aside)) as database:
        assert database.execute("SELECT email FROM user_account").fetchall() == [("alice@example.com",)]
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


@pytest.mark.parametrize("poor_disk", [*POOR_DISKS[:1], ("link", "rename")], indirect=True)
@pytest.mark.usefixtures("poor_disk")
def test_keys_are_made_once_on_a_disk_that_knows_less(tmp_path: Path) -> None:
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path / "new")})
    assert keyring.load_keys(settings) == keyring.load_keys(settings)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["keys"]


def test_a_backup_to_a_full_disk_says_so_and_leaves_nothing(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.person("alice")
    with small_disk(tmp_path / "disk", 1) as disk:
        disk.fill()
        sentence = refused(typed("backup", str(disk.folder / "monday")))
        assert sentence.startswith("Could not write the file: ")
        assert "full" in sentence or "No space left" in sentence
        assert [path.name for path in disk.folder.iterdir()] == ["filler"]


def test_nobody_is_logged_in_after_a_restore(world: World, typed: Typist, file: Path) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice", remember=True)
    done(typed("users", "add", "kim@example.com"))
    done(typed("backup", str(file)))
    done(typed("restore", "--replace", str(file)))
    assert alice.open("/").path == "/login"
    assert [world.count(model) for model in (AuthSession, RememberedDevice, OneTimeLink)] == [0, 0, 0]
    assert world.count(OutboxMail, OutboxMail.sent_at.is_(None)) == 0
    assert world.log_in_and_wait("alice", alice).open("/").path == "/"


def test_restore_keeps_the_previous_database(world: World, typed: Typist, file: Path) -> None:
    done(typed("backup", str(file)))
    world.person("alice")
    done(typed("restore", "--replace", str(file)))
    (aside,) = world.settings.instance_path.glob("second-gate.sqlite3.replaced-*")
    with sqlite3.connect(aside) as database:
        assert database.execute("SELECT email FROM user_account").fetchall() == [("alice@example.com",)]
    with world.data():
        assert lookup.find_by_email("alice@example.com") is None
    assert stat.S_IMODE(database_of(world).stat().st_mode) == 0o600


def test_the_trail_is_intact_after_a_restore_although_rows_are_gone(
    world: World, typed: Typist, file: Path
) -> None:
    done(typed("backup", str(file)))
    world.person("alice")
    with world.data():
        assert anchors.append_daily(world.settings, now=world.clock())
    done(typed("restore", "--replace", str(file)))
    assert done(typed("audit", "verify")).startswith("The trail is intact: 1 row.")
    with world.data():
        assert verification.verify() is None


def test_an_existing_database_is_replaced_only_on_request(world: World, typed: Typist, file: Path) -> None:
    done(typed("backup", str(file)))
    world.person("alice")
    assert "Use --replace to replace it" in refused(typed("restore", str(file)))
    assert world.id_of("alice")


def test_restore_with_other_keys_is_refused_and_changes_nothing(
    world: World, typed: Typist, file: Path, tmp_path: Path
) -> None:
    world.linked_earlier("alice")
    done(typed("backup", str(file)))
    with elsewhere(world, tmp_path / "elsewhere", with_keys=False) as (other, typed_elsewhere):
        assert "do not fit this database. Put back the file keys" in refused(
            typed_elsewhere("restore", str(file))
        )
        assert not database_of(other).exists()
        assert {path.name for path in other.settings.instance_path.iterdir()} == {"keys", "running.lock"}


def test_restore_is_refused_while_the_site_runs(world: World, typed: Typist, file: Path) -> None:
    done(typed("backup", str(file)))
    sentence = "The site is running on this database. Stop it first."
    with instance_lock.lock_shared(world.settings):
        assert refused(typed("restore", "--replace", str(file))) == sentence
    with sqlite3.connect(database_of(world)) as reader:
        reader.execute("SELECT count(*) FROM user_account").fetchone()
        assert refused(typed("restore", "--replace", str(file))) == sentence
    reader.close()
    assert not list(world.settings.instance_path.glob("*.replaced-*"))


def test_a_damaged_or_foreign_backup_is_refused(
    world: World, typed: Typist, file: Path, tmp_path: Path
) -> None:
    world.person("alice")
    done(typed("backup", str(file)))
    undamaged = file.read_bytes()
    file.write_bytes(undamaged[:20_000] + bytes(20_000) + undamaged[40_000:])
    assert "damaged" in refused(typed("restore", "--replace", str(file)))
    file.write_text("not a database, but long enough to look like one" * 100)
    assert "cannot be read as a database" in refused(typed("restore", "--replace", str(file)))
    with sqlite3.connect(tmp_path / "foreign") as foreign:
        foreign.execute("CREATE TABLE cat (name)")
    assert "not a database of this site" in refused(typed("restore", "--replace", foreign_path(tmp_path)))
    assert world.id_of("alice")


def foreign_path(folder: Path) -> str:
    return str(folder / "foreign")


def test_a_backup_of_a_newer_version_is_refused(world: World, typed: Typist, file: Path) -> None:
    done(typed("backup", str(file)))
    with sqlite3.connect(file) as backup:
        backup.execute("UPDATE alembic_version SET version_num = '9999'")
    backup.close()
    assert "was created by a newer version" in refused(typed("restore", "--replace", str(file)))


@on_postgresql
def test_on_postgresql_the_command_to_run_is_printed(world: World, typed: Typist, file: Path) -> None:
    sentence = refused(typed("backup", str(file)))
    assert f"Please run: pg_dump --format=custom --file={file} 'postgresql://postgres@/test_" in sentence
    sentence = refused(typed("restore", str(file)))
    assert "Please run: pg_restore --clean --if-exists" in sentence
    assert sentence.endswith(f"{file} && second-gate restored {file}")
    assert not file.exists()


@contextmanager
def dumped(world: World) -> Iterator[Callable[[], None]]:
    """Copy the PostgreSQL database; yield a function that restores the copy, as pg_restore does."""
    with world.app.app_context():
        url = db.engine.url
    name, copy, server = url.database, f"{url.database}_dump", create_engine(url.set(database="postgres"))

    def administer(*statements: str) -> None:
        with world.app.app_context():
            db.engine.dispose()
        leave(world.settings.database_url)
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    administer(f"CREATE DATABASE {copy} TEMPLATE {name}")
    yield lambda: administer(f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {copy}")
    administer(f"DROP DATABASE {copy} WITH (FORCE)")
    server.dispose()


@on_postgresql
def test_restored_revokes_all_access_after_pg_restore(world: World, typed: Typist) -> None:
    for name in ("alice", "bob"):
        world.linked_earlier(name)
    alice = world.log_in_and_wait("alice", remember=True)
    world.log_in_and_wait("bob")
    with world.data():
        one_time_links.create(one_time_links.Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
        outbox.enqueue(outbox.Mail.LINKED, world.user("alice"), now=world.clock())
    with dumped(world) as restore_dump:
        world.person("carol")
        with world.data():
            assert anchors.append_daily(world.settings, now=world.clock())
        restore_dump()
        assert "The keys match it" in done(typed("restored", "monday.dump"))
    gone = (AuthSession, RememberedDevice, OneTimeLink, PendingEnrolment)
    assert [world.count(model) for model in gone] == [0, 0, 0, 0]
    assert world.count(OutboxMail, OutboxMail.sent_at.is_(None)) == 0
    assert alice.open("/").path == "/login"
    assert [world.log_in_and_wait(name).open("/").path for name in ("alice", "bob")] == ["/", "/"]
    assert world.details("backup.restored")["file"].endswith("/monday.dump")
    assert done(typed("audit", "verify")).startswith("The trail is intact")


@on_postgresql
def test_restored_is_refused_while_the_site_runs_or_with_other_keys(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    with instance_lock.lock_shared(world.settings):
        assert "Stop it first" in refused(typed("restored", "monday.dump"))
    with other_keys(world):
        assert "do not fit this database" in refused(typed("restored", "monday.dump"))
    assert alice.open("/").path == "/"


NO_UPDATE, NO_DELETE = "trigger audit_event_refuses_update", "trigger audit_event_refuses_delete"
LOSES_A_ROW = (
    "DROP TRIGGER audit_event_refuses_delete; DELETE FROM audit_event WHERE id = 1;"
    "CREATE TRIGGER audit_event_refuses_delete BEFORE DELETE ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
)
DOES_NOT_OPEN = "an encrypted secret in it does not open, but your keys open the others"
TAMPERING = {
    "DROP TABLE audit_event": "table audit_event is missing",
    "DROP TRIGGER audit_event_refuses_delete": f"{NO_DELETE} is missing",
    "DROP TRIGGER audit_event_refuses_update; CREATE TRIGGER audit_event_refuses_update "
    "BEFORE UPDATE ON audit_event BEGIN SELECT 1; END": f"{NO_UPDATE} is not what this site makes",
    "CREATE TRIGGER spy AFTER INSERT ON auth_session BEGIN SELECT 1; END": "trigger spy is not part of",
    "CREATE VIEW people AS SELECT * FROM user_account": "view people is not part of this site",
    "CREATE TABLE cat (name)": "table cat is not part of this site",
    "ALTER TABLE user_account ADD COLUMN cat": "table user_account is not what this site makes",
    "DROP INDEX ix_auth_session_user_id": "index ix_auth_session_user_id is missing",
    "DELETE FROM sealed_value": "its audit trail is gone",
    LOSES_A_ROW: "Row 1 of the audit trail is missing",
    "UPDATE trail_head SET last = 0, mac = ''": "its audit trail is gone",
    "UPDATE trail_head SET last = last + 1": "The end of the audit trail was cut off",
    "UPDATE authenticator SET sealed_secret = '' WHERE user_id = 1": DOES_NOT_OPEN,
    "UPDATE authenticator SET sealed_secret = (SELECT sealed_secret FROM authenticator WHERE user_id = 2)"
    " WHERE user_id = 1": DOES_NOT_OPEN,
}


def test_a_backup_that_was_tampered_with_is_refused_and_changes_nothing(
    world: World, typed: Typist, file: Path
) -> None:
    for name in ("alice", "bob"):
        world.linked_earlier(name)
    done(typed("backup", str(file)))
    whole, before = file.read_bytes(), (database_of(world).stat().st_ino, world.events())
    for tampering, reason in TAMPERING.items():
        file.write_bytes(whole)
        with closing(sqlite3.connect(file)) as database:
            database.executescript(tampering)
        sentence = refused(typed("restore", "--replace", str(file)))
        assert sentence.startswith(f"{file} "), tampering
        assert reason in sentence, tampering
        assert (database_of(world).stat().st_ino, world.events()) == before, tampering
        assert not list(world.settings.instance_path.glob("*.replaced-*"))
        assert not [path for path in world.settings.instance_path.iterdir() if path.name.startswith(".")]


def test_a_backup_of_an_earlier_version_is_restored(world: World, typed: Typist, file: Path) -> None:
    world.linked_earlier("alice")
    with world.app.app_context():
        downgrade("0001")
        db.session.remove()
    backup.write(database_of(world), file)
    with world.app.app_context():
        bring_to_head()
    done(typed("restore", "--replace", str(file)))
    assert world.log_in_and_wait("alice").open("/").path == "/"
    assert done(typed("audit", "verify")).startswith("The trail is intact")


TAMPERING_ON_POSTGRESQL = {
    "DROP TRIGGER audit_event_is_final ON audit_event": "trigger audit_event.audit_event_is_final is missing",
    "ALTER TABLE audit_event DISABLE TRIGGER audit_event_is_final": "audit_event_is_final is not what",
    "CREATE OR REPLACE FUNCTION refuse_trail_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN NULL; END $$": "function refuse_trail_change is not what",
    "CREATE VIEW people AS SELECT * FROM user_account": "view people is not part of this site",
    "DROP INDEX ix_auth_session_user_id": "index ix_auth_session_user_id is missing",
    "ALTER TABLE user_account ADD COLUMN cat text": "column user_account.cat is not part of this site",
    "UPDATE trail_head SET last = last + 1": "The end of the audit trail was cut off",
}


@on_postgresql
@pytest.mark.parametrize("tampering", TAMPERING_ON_POSTGRESQL, ids=TAMPERING_ON_POSTGRESQL.values())
def test_restored_refuses_what_was_tampered_with(world: World, typed: Typist, tampering: str) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    with world.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(tampering)
    assert TAMPERING_ON_POSTGRESQL[tampering] in refused(typed("restored", "monday.dump"))
    assert alice.open("/").path == "/"


@contextmanager
def other_keys(world: World) -> Iterator[None]:
    """Give the site the keys of another installation during the block."""
    before = world.app.extensions["site"]
    put(world.app, Vault({"other": bytes(32)}))
    yield
    world.app.extensions["site"] = before
