"""Backing up an SQLite database while it is in use, and restoring such a copy, or PostgreSQL's."""

import contextlib
import enum
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Delete, NullPool, create_engine, delete, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mfa_app.core.audit import anchors, chain, verification
from mfa_app.core.audit.chain import TRAIL_KEY
from mfa_app.core.audit.events import Event, record
from mfa_app.core.audit.verification import Finding
from mfa_app.core.common import files, migrations, schema, schema_objects
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.database_errors import reason_of
from mfa_app.core.common.schema_objects import Deviation
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import nodes, seal_check
from mfa_app.core.operations.instance_lock import SiteRunning, lock_exclusive
from mfa_app.extensions import db
from mfa_app.models import TABLES, SealedValue, User
from mfa_app.models.connections import primary_code
from mfa_app.models.fate import OnRestore, Table
from mfa_app.settings import Settings

DISCARDED = tuple(model for model in TABLES if model.fate.on_restore is not OnRestore.KEEP)

SQLITE_SIDECARS = ("-wal", "-shm", "-journal")


class BackupProblem(enum.Enum):
    """Why a backup or a restore is refused."""

    EXISTS = enum.auto()
    UNWRITABLE = enum.auto()
    UNREADABLE = enum.auto()
    DAMAGED = enum.auto()
    FOREIGN = enum.auto()
    NEWER = enum.auto()
    KEYS_DO_NOT_FIT = enum.auto()
    DATABASE_EXISTS = enum.auto()
    IN_USE = enum.auto()
    OBJECT_MISSING = enum.auto()
    OBJECT_CHANGED = enum.auto()
    OBJECT_FOREIGN = enum.auto()
    SEALED_TEXT_CHANGED = enum.auto()
    TRAIL_GONE = enum.auto()
    TRAIL_FLAWED = enum.auto()


_DEVIATIONS = {
    Deviation.MISSING: BackupProblem.OBJECT_MISSING,
    Deviation.CHANGED: BackupProblem.OBJECT_CHANGED,
    Deviation.FOREIGN: BackupProblem.OBJECT_FOREIGN,
}


class BackupError(Exception):
    """The backup or the restore was not done; every existing file is unchanged."""

    def __init__(self, problem: BackupProblem, reason: str = "", *, finding: Finding | None = None) -> None:
        self.problem, self.reason, self.finding = problem, reason, finding


def make(target: Path, *, actor: Actor) -> None:
    """Back up this site's SQLite database to a new file. The site may be running. Raises BackupError."""
    write(database_file(), target)
    record(Event.BACKUP_MADE, actor=actor, file=_shortened(target))


def restore(
    source: Path,
    *,
    replace: bool,
    settings: Settings,
    actor: Actor,
    now: datetime,
) -> Path | None:
    """Replace this site's SQLite database with a backup. Return the path of the old database, or None.

    `replace`: an existing database may be replaced. Raises BackupError and SiteRunning, before anything has
    changed.
    """
    db.engine.dispose()
    with lock_exclusive(settings):
        aside = _replace_database(source, database_file(), replace=replace, now=now)
        _finish(source, settings, actor, now)
    return aside


def finish_restore(source: Path, *, settings: Settings, actor: Actor, now: datetime) -> None:
    """Make the database current after pg_restore has restored it from a file.

    Raises BackupError and SiteRunning, before anything has changed. Another node that runs on the restored
    database is noticed within ten seconds.
    """
    with lock_exclusive(settings):
        running = nodes.other_nodes(settings)
        if running:
            raise SiteRunning(*running)
        db.session.close()
        make_current(db.engine)
        _finish(source, settings, actor, now)


def database_file() -> Path:
    """Return the path of this site's SQLite database."""
    return Path(str(db.engine.url.database))


def _finish(source: Path, settings: Settings, actor: Actor, now: datetime) -> None:
    """Bring anchors and trail in line with the restored database."""
    _set_anchors_aside(settings, now)
    chain.trail_key()
    record(Event.BACKUP_RESTORED, actor=actor, file=_shortened(source))


def _set_anchors_aside(settings: Settings, now: datetime) -> None:
    """Start a new anchor file: the rows written after the backup are gone, so old anchors no longer match."""
    path = anchors.file_of(settings)
    with contextlib.suppress(FileNotFoundError):
        path.rename(_aside(path, now))


def _aside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.name}.replaced-{now:%Y%m%dT%H%M%S}")


def _shortened(path: Path) -> str:
    """Return the end of the absolute path, as long as a row of the trail has room for."""
    return str(path.resolve())[-300:]


def write(database: Path, target: Path) -> None:
    """Copy the database, as of one moment, to a new file and flush it to disk. Raises BackupError."""
    if os.path.lexists(target):
        raise BackupError(BackupProblem.EXISTS)
    try:
        with _new_file_beside(target, owned=False) as copy:
            _copy(database, copy)
            _require_sound(copy)
            files.publish(copy, target)
        files.sync_folder(target.parent)
    except FileExistsError:
        raise BackupError(BackupProblem.EXISTS) from None
    except OSError as error:
        raise BackupError(BackupProblem.UNWRITABLE, error.strerror or str(error)) from None


def _replace_database(source: Path, database: Path, *, replace: bool, now: datetime) -> Path | None:
    """Replace the database with a backup in one step. Return the path of the old database, or None.

    The restored copy is treated as in `make_current`. Raises BackupError before anything has changed.
    """
    if database.exists() and not replace:
        raise BackupError(BackupProblem.DATABASE_EXISTS)
    try:
        with _new_file_beside(database) as copy:
            _copy(source, copy)
            _require_sound(copy)
            _make_copy_current(copy)
            aside = _set_aside(database, now) if database.exists() else None
            for companion in SQLITE_SIDECARS:
                Path(f"{database}{companion}").unlink(missing_ok=True)
            os.replace(copy, database)
        files.sync_folder(database.parent)
    except OSError as error:
        raise BackupError(BackupProblem.UNWRITABLE, error.strerror or str(error)) from None
    return aside


@contextmanager
def _new_file_beside(target: Path, *, owned: bool = True) -> Iterator[Path]:
    """Yield a new file in the target's folder that only its owner can read; delete leftovers afterwards.

    It belongs to the owner of the folder. Without `owned` it may stay root's, as on shares that map owners.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")  # created with mode 0600
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, handle)
            if not owned:
                stack.enter_context(contextlib.suppress(OSError))
            files.chown_like(handle, target)
        yield Path(name)
    finally:
        for path in (name, *(name + companion for companion in SQLITE_SIDECARS)):
            Path(path).unlink(missing_ok=True)


def _copy(source: Path, copy: Path) -> None:
    """Copy in one step: with several steps, every write by another process would restart the copy."""
    try:
        with (
            closing(
                sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
            ) as original,
            closing(sqlite3.connect(copy)) as target,
        ):
            target.execute("PRAGMA locking_mode = EXCLUSIVE")  # a share may know no shared memory
            original.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode = DELETE")  # a backup is one file
    except sqlite3.Error as error:
        is_ours = primary_code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
        problem = BackupProblem.UNWRITABLE if is_ours else BackupProblem.UNREADABLE
        raise BackupError(problem, str(error)) from None
    with copy.open("rb") as file:
        os.fsync(file.fileno())


def _require_sound(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        try:
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            answer = str(error)
    if answer != "ok":
        raise BackupError(BackupProblem.DAMAGED, " ".join(answer.split()))


def make_current(engine: Engine) -> None:
    """Check a restored database, bring its tables to this version, and end all access that it knows of.

    Sessions, devices, links and pending mails may have been revoked or used since the backup. Raises
    BackupError, before anything has changed, if the database is not as this site would have left it: its
    schema is what the migrations make, the keys open the key of the trail and the secret of every app, and
    the trail is intact.
    """
    with migrations.migrating(engine) as connection:
        _require_schema(connection)
        migrations.upgrade(connection, None)
        with Session(connection, join_transaction_mode="rollback_only") as session:
            _require_seals(session)
            _require_trail(session)
            for model in DISCARDED:
                session.execute(_discard(model))
            session.commit()


def _require_schema(connection: Connection) -> None:
    present = schema.revision(connection)
    if present is None:
        raise BackupError(BackupProblem.FOREIGN)
    if not schema.is_known(present):
        raise BackupError(BackupProblem.NEWER)
    difference = schema_objects.first_difference(connection, present)
    if difference is not None:
        raise BackupError(_DEVIATIONS[difference.deviation], difference.name)


def _require_seals(session: Session) -> None:
    seals = seal_check.check(session, sample=None)
    if not seals.keys_fit:
        raise BackupError(BackupProblem.KEYS_DO_NOT_FIT)
    if seals.trail_key_changed or seals.changed_for:
        raise BackupError(BackupProblem.SEALED_TEXT_CHANGED)


def _require_trail(session: Session) -> None:
    """Require the trail that this site has written: with its key, and with a row for each thing it did."""
    row = session.get(SealedValue, TRAIL_KEY)
    people = session.scalar(select(User.id).limit(1))
    end = chain.head(session).last
    if row is None or (people is not None and not end):
        if row is None and people is None and not end:
            return
        raise BackupError(BackupProblem.TRAIL_GONE)
    key = bytes.fromhex(vault().unseal(row.sealed, row.seal_context))
    finding = verification.verify_with(session, key)
    if finding is not None:
        raise BackupError(BackupProblem.TRAIL_FLAWED, finding=finding)


def _discard(model: type[Table]) -> Delete:
    statement = delete(model)
    if model.fate.on_restore is OnRestore.DISCARD_PENDING and model.fate.expires:
        statement = statement.where(getattr(model, model.fate.expires).is_(None))
    return statement


def _make_copy_current(copy: Path) -> None:
    engine = create_engine(f"sqlite:///{copy}", poolclass=NullPool, hide_parameters=True)
    try:
        make_current(engine)
    except SQLAlchemyError as error:
        raise BackupError(BackupProblem.UNREADABLE, reason_of(error, engine.url)) from None
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _set_aside(database: Path, now: datetime) -> Path:
    """Give the current database a second name that survives the restore, once nothing uses it any more."""
    aside = _aside(database, now)
    with closing(sqlite3.connect(database, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")  # needs exclusive access; merges the -wal file
        except sqlite3.OperationalError:
            raise BackupError(BackupProblem.IN_USE) from None
        except sqlite3.DatabaseError:  # damaged: keep it as it is, with all its files
            for companion in SQLITE_SIDECARS:
                with contextlib.suppress(FileNotFoundError):
                    files.keep_as(Path(f"{database}{companion}"), Path(f"{aside}{companion}"))
    files.keep_as(database, aside)
    return aside
