"""`flask backup`, `restore`, `restored`: the whole database into one file while the site runs, and back."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from flask import current_app
from flask_babel import gettext as _

from mfa_app.cli import database
from mfa_app.cli.terminal import Stop, actor, saves
from mfa_app.core.audit import anchors, chain
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import clock
from mfa_app.core.keys import keyring
from mfa_app.core.operations import backup as core
from mfa_app.core.operations import instance_lock
from mfa_app.core.operations.backup import BackupError, BackupProblem
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.wording.health import keys_do_not_fit

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@saves
def backup(file: Path) -> Iterator[str]:
    """Copy the database into a new FILE, as it is at one moment; the site may run. The keys are not in it."""
    _require_sqlite("pg_dump --format=custom --file={file} {url}", file)
    try:
        core.write(_database(), file)
    except BackupError as error:
        raise Stop(_told(error, file)) from None
    record(Event.BACKUP_MADE, actor=actor(), file=str(file.resolve())[-300:])
    yield _("The database is in %(file)s.", file=file)
    yield _("The keys are not: they are in %(place)s.", place=_keys())
    yield _("Back them up as well, but elsewhere: whoever has both can read everybody's secrets.")


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Let it take the place of the present database, which is kept.")
@saves
def restore(file: Path, replace: bool) -> Iterator[str]:
    """Put a backup back, if it is sound and the keys fit. The site must not run meanwhile."""
    after = database.command_line("restored {file}")
    _require_sqlite(f"pg_restore --clean --if-exists --dbname={{url}} {{file}} && {after}", file)
    db.engine.dispose()
    with _undisturbed(file):
        aside = core.restore(file, _database(), replace=replace, now=clock.now())
        yield from _go_on_from(file)
    if aside is not None:
        yield _("The database of before is kept as %(file)s; delete it when you are sure.", file=aside)


@click.command("restored")
@click.argument("file", type=FILE)
@saves
def restored(file: Path) -> Iterator[str]:
    """Go on from FILE, which another program (pg_restore) has put back. The site must not run meanwhile."""
    with _undisturbed(file):
        core.invalidate_access(db.session())
        yield from _go_on_from(file)


@contextlib.contextmanager
def _undisturbed(file: Path) -> Iterator[None]:
    """Keep the site from running meanwhile; stop with a sentence at what is refused."""
    try:
        with instance_lock.lock_exclusive(current_app.config["SETTINGS"]):
            yield
    except BackupError as error:
        raise Stop(_told(error, file)) from None
    except SiteRunning:
        raise Stop(_in_use()) from None


def _go_on_from(file: Path) -> Iterator[str]:
    """Let anchors, tables and trail follow the database that is in place now."""
    _set_anchors_aside(current_app.config["SETTINGS"])
    database.bring_to_head()
    chain.trail_key()
    record(Event.BACKUP_RESTORED, actor=actor(), file=str(file.resolve())[-300:])
    yield _("The database is as it was when %(file)s was made, and the keys fit it.", file=file)
    yield _("Everybody logs in again, with the app; mailed links and waiting mails of that time are gone.")
    yield _(
        "Accounts that were disabled since are open again; passwords, apps and rules are as they were then. "
        "Please go through them before people use the site."
    )


def _require_sqlite(command: str, file: Path) -> None:
    if db.engine.name == "sqlite":
        return
    url = db.engine.url.set(drivername="postgresql", password=None).render_as_string()
    words = command.format(file=shlex.quote(str(file)), url=shlex.quote(url))
    raise Stop(_("PostgreSQL has its own program for that. Please run: %(command)s", command=words))


def _database() -> Path:
    return Path(str(db.engine.url.database))


def _keys() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "MFA_DATA_KEYS" if settings.data_keys else str(keyring.file_of(settings).resolve())


def _set_anchors_aside(settings: Settings) -> None:
    """Begin the anchors anew: the rows that were written after the backup are gone, and rightly so."""
    path = anchors.file_of(settings)
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_name(f"{path.name}.replaced-{clock.now():%Y%m%dT%H%M%S}"))


def _in_use() -> str:
    return _("The site runs on this database. Please stop it first.")


def _told(error: BackupError, file: Path) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    words = {"file": file, "reason": error.reason.rstrip(".")}
    return {
        BackupProblem.EXISTS: _("%(file)s exists already, and is left as it is.", **words),
        BackupProblem.UNWRITABLE: _("The file cannot be written: %(reason)s.", **words),
        BackupProblem.UNREADABLE: _("%(file)s cannot be read as a database: %(reason)s.", **words),
        BackupProblem.DAMAGED: _("The copy is damaged: %(reason)s. Please take another backup.", **words),
        BackupProblem.FOREIGN: _("%(file)s is not a database of this site.", **words),
        BackupProblem.NEWER: _(
            "%(file)s comes from a newer version of this site. Please run that version.", **words
        ),
        BackupProblem.KEYS_DO_NOT_FIT: str(keys_do_not_fit(settings)),
        BackupProblem.DATABASE_EXISTS: _(
            "There is a database at %(place)s already. With --replace it is put aside.", place=_database()
        ),
        BackupProblem.IN_USE: _in_use(),
    }[error.problem]
