"""`second-gate backup`, `restore` and `restored`: the database to a file while the site runs, and back."""

import contextlib
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import click
from flask_babel import gettext as _

from mfa_app.cli.audit_verify import sentence_of
from mfa_app.cli.support.command import CommandError, command_transaction, current_actor
from mfa_app.cli.support.output import say
from mfa_app.core.common import clock
from mfa_app.core.keys import keyring
from mfa_app.core.operations import backup as core
from mfa_app.core.operations.backup import BackupError, BackupProblem
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.extensions import db
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording.commands import command_line
from mfa_app.wording.health import keys_do_not_fit

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@command_transaction
def backup(file: Path) -> None:
    """Back up the database to a new FILE, while the site runs. This does not include the keys."""
    _require_sqlite("pg_dump --format=custom --file={file} {url}", file)
    with _refusals_in_words(file):
        core.make(file, actor=current_actor())
    say(
        _("Database backed up to %(file)s.", file=file),
        _(
            "This does not include the keys, which are in %(location)s.",
            location=keyring.location(site()[Settings]),
        ),
        _("Back up the keys too, but in another place: with both, anyone can read all secrets."),
    )
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        say(_("That disk keeps no permissions, so other users of this machine may be able to read the file."))


@click.command("restore")
@click.argument("file", type=FILE)
@click.option(
    "--replace", is_flag=True, help="Replace the current database, which is kept under another name."
)
@command_transaction
def restore(file: Path, replace: bool) -> None:
    """Restore a backup that is undamaged and matches the keys. Stop the site first."""
    finish = command_line("restored {file}")
    _require_sqlite(f"pg_restore --clean --if-exists --dbname={{url}} {{file}} && {finish}", file)
    with _refusals_in_words(file):
        previous = core.restore(
            file,
            replace=replace,
            settings=site()[Settings],
            actor=current_actor(),
            now=clock.now(),
        )
    _say_restored(file)
    if previous is not None:
        say(
            _(
                "The previous database is now %(file)s. Delete it when you no longer need it.",
                file=previous,
            )
        )


@click.command("restored")
@click.argument("file", type=FILE)
@command_transaction
def restored(file: Path) -> None:
    """Finish a restore that pg_restore has begun from FILE. Stop the site first."""
    with _refusals_in_words(file):
        core.finish_restore(
            file,
            settings=site()[Settings],
            actor=current_actor(),
            now=clock.now(),
        )
    _say_restored(file)


@contextlib.contextmanager
def _refusals_in_words(file: Path) -> Iterator[None]:
    """Raise CommandError for what the block refuses."""
    try:
        yield
    except BackupError as error:
        raise CommandError(_sentence(error, file)) from None
    except SiteRunning as error:
        raise CommandError(_running_elsewhere(error.nodes) if error.nodes else _in_use()) from None


def _say_restored(file: Path) -> None:
    say(
        _("Database restored from %(file)s. The keys match it.", file=file),
        _("Everyone has to log in again, with a code. Earlier one-time links and unsent emails are gone."),
        _(
            "Break-glass codes and recovery codes are gone too. To make new break-glass codes, run: "
            "%(command)s",
            command=command_line("break-glass new"),
        ),
        _(
            "Accounts that were disabled after the backup are enabled again. Passwords, apps and rules are "
            "also as they were then. Review them before people use the site."
        ),
    )


def _require_sqlite(command: str, file: Path) -> None:
    if db.engine.name == "sqlite":
        return
    url = db.engine.url.set(drivername="postgresql", password=None).render_as_string()
    words = command.format(file=shlex.quote(str(file)), url=shlex.quote(url))
    raise CommandError(_("PostgreSQL has its own program for this. Please run: %(command)s", command=words))


def _in_use() -> str:
    return _("The site is running on this database. Stop it first.")


def _running_elsewhere(nodes: tuple[str, ...]) -> str:
    return _(
        "The site is running on this database at %(nodes)s. Stop it there, then run pg_restore again.",
        nodes=", ".join(nodes),
    )


def _flaw(error: BackupError) -> str:
    return sentence_of(error.finding) if error.finding else ""


def _sentence(error: BackupError, file: Path) -> str:
    settings = site()[Settings]
    words = {"file": file, "reason": error.reason.rstrip(".")}
    return {
        BackupProblem.EXISTS: _("%(file)s already exists and was not changed.", **words),
        BackupProblem.UNWRITABLE: _("Could not write the file: %(reason)s.", **words),
        BackupProblem.UNREADABLE: _("%(file)s cannot be read as a database: %(reason)s.", **words),
        BackupProblem.DAMAGED: _("The backup is damaged: %(reason)s. Create or use another one.", **words),
        BackupProblem.FOREIGN: _("%(file)s is not a database of this site.", **words),
        BackupProblem.NEWER: _(
            "%(file)s was created by a newer version of this site. Use that version.", **words
        ),
        BackupProblem.KEYS_DO_NOT_FIT: str(keys_do_not_fit(settings)),
        BackupProblem.DATABASE_EXISTS: _(
            "There is already a database at %(path)s. Use --replace to replace it; it is kept "
            "under another name.",
            path=core.database_file(),
        ),
        BackupProblem.IN_USE: _in_use(),
        BackupProblem.OBJECT_MISSING: _("%(file)s is not a whole backup: %(reason)s is missing.", **words),
        BackupProblem.OBJECT_CHANGED: _(
            "%(file)s was changed: %(reason)s is not what this site makes.", **words
        ),
        BackupProblem.OBJECT_FOREIGN: _(
            "%(file)s was changed: %(reason)s is not part of this site.", **words
        ),
        BackupProblem.SEALED_TEXT_CHANGED: _(
            "%(file)s was changed: an encrypted secret in it does not open, but your keys open the others.",
            **words,
        ),
        BackupProblem.TRAIL_GONE: _("%(file)s was changed: its audit trail is gone.", **words),
        BackupProblem.TRAIL_FLAWED: _("%(file)s was changed: %(flaw)s", flaw=_flaw(error), **words),
    }[error.problem]
