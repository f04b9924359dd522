"""The database as the command line meets it: bringing it to head, and saying what is wrong with it."""

import contextlib
import os
import sys
from pathlib import Path

from flask_babel import gettext as _
from flask_migrate import upgrade
from sqlalchemy.exc import DataError, SQLAlchemyError

from mfa_app.core.common import files, schema
from mfa_app.extensions import db


def command_line(command: str) -> str:
    """Return how to type another command, with the program as this one was called."""
    program = Path(sys.argv[0])
    return f"{program if program.name == 'flask' else 'flask'} --app wsgi {command}"


def bring_to_head() -> bool:
    """Make the tables, or change them as this version needs them; say whether there were none.

    Two at once are fine: the migrations wait for each other.
    """
    _keep_private()
    present = _revision()
    if present is not None and not schema.is_known(present):
        raise NewerDatabase
    upgrade()
    return present is None


class NewerDatabase(Exception):
    """The database has been through migrations that this version does not have."""


def sentence_about(error: SQLAlchemyError) -> str:
    """Return in one sentence what the database failed at and what to do; there is no password in it."""
    reason = _reason(error)
    try:
        present = _revision()
    except SQLAlchemyError:
        return _("The database %(place)s cannot be reached: %(reason)s.", place=_place(), reason=reason)
    if present is None or (schema.is_known(present) and present != schema.newest()):
        return _(
            "The database is not ready for this version. Please run: %(command)s",
            command=command_line("prepare"),
        )
    if not schema.is_known(present):
        return newer_sentence()
    if isinstance(error, DataError):
        return _("The database does not take one of these values; it may be too long.")
    return _("The database %(place)s failed: %(reason)s.", place=_place(), reason=reason)


def newer_sentence() -> str:
    """Return the sentence for a database that a newer version has changed."""
    return _("The database was prepared by a newer version of this site. Please run that version.")


def _revision() -> str | None:
    with db.engine.connect() as connection:
        return schema.revision(connection)


def _place() -> str:
    url = db.engine.url
    host = url.host or url.query.get("host")
    return f"{url.database} at {host}" if host else str(url.database)


def _reason(error: SQLAlchemyError) -> str:
    """Return the driver's own first line, with whatever stands for a password in the settings blotted out."""
    text = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".:; ")
    for secret in (db.engine.url.password, db.engine.url.query.get("password")):
        text = text.replace(str(secret), "***") if secret else text
    return text


def _keep_private() -> None:
    """Let nobody else on the machine read a database that is a file."""
    if db.engine.name != "sqlite":
        return
    path = Path(str(db.engine.url.database))
    with contextlib.suppress(OSError):
        if not path.exists():
            os.close(files.open_private(str(path), os.O_RDONLY))
    with contextlib.suppress(OSError):
        path.chmod(0o600)
