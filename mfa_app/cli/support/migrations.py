"""Migrating the database from the command line, and the sentences for what is wrong with it."""

import contextlib
import os
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy.exc import DataError, SQLAlchemyError

from mfa_app.core.common import database_errors, files, migrations, schema
from mfa_app.core.common.schema import Fit
from mfa_app.core.operations import nodes
from mfa_app.extensions import db
from mfa_app.models.connections import WrongEncoding
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording.commands import command_line
from mfa_app.wording.health import wrong_encoding


def bring_to_head() -> bool:
    """Create the tables or migrate them to this version. Return True if there were none.

    Can run twice at the same time: one waits for the other. What a newer version has only added stays. Raises
    NewerDatabase, and OlderNodesRunning if they could not go on.
    """
    _keep_private()
    with db.engine.connect() as connection:
        present, fit = schema.revision(connection), schema.fit(connection)
    if fit is Fit.NEWER:
        raise NewerDatabase
    if fit is not Fit.EXPANDED:
        _require_older_nodes_stopped(present)
        with migrations.migrating(db.engine) as connection:
            migrations.upgrade(connection, None)
    return present is None


class NewerDatabase(Exception):
    """A newer version has migrated the database, and this version can't use it any more."""


class OlderNodesRunning(Exception):
    """Other nodes run code that can't use the database after this upgrade."""

    def __init__(self, nodes: list[str]) -> None:
        self.nodes = nodes


def _require_older_nodes_stopped(present: str | None) -> None:
    if present is None or not migrations.contractions_after(present):
        return
    running = nodes.other_nodes(site()[Settings])
    db.session.rollback()
    if running:
        raise OlderNodesRunning(running)


def sentence_about(error: SQLAlchemyError) -> str:
    """Return one sentence, without any password, about what failed and what to do."""
    url = db.engine.url
    facts = {"name": database_errors.name_of(url), "reason": database_errors.reason_of(error, url)}
    if isinstance(error, WrongEncoding):
        return str(wrong_encoding(error.encoding))
    try:
        with db.engine.connect() as connection:
            fit = schema.fit(connection)
    except SQLAlchemyError:
        return _("Could not connect to the database %(name)s: %(reason)s.", **facts)
    if fit is Fit.NEWER:
        return newer_sentence()
    if fit is Fit.OLDER and database_errors.says_tables_are_missing(error):
        return _(
            "The database is not ready for this version. Please run: %(command)s",
            command=command_line("prepare"),
        )
    if isinstance(error, DataError):
        return _("The database rejected one of these values. It may be too long.")
    return _("The database %(name)s failed: %(reason)s.", **facts)


def older_nodes_sentence(error: OlderNodesRunning) -> str:
    """Return the sentence for nodes that have to be stopped before the database is upgraded."""
    return _(
        "An earlier version is running on this database at %(nodes)s, and it can't use the upgraded one. "
        "Stop it there first, wait half a minute, and try again.",
        nodes=", ".join(error.nodes),
    )


def newer_sentence() -> str:
    """Return the sentence for a database that a newer version has migrated."""
    return _("The database was prepared by a newer version of this site. Please run that version.")


def _keep_private() -> None:
    """Make an SQLite file unreadable for other users of this machine."""
    if db.engine.name != "sqlite":
        return
    path = Path(str(db.engine.url.database))
    with contextlib.suppress(OSError):
        if not path.exists():
            os.close(files.open_private(str(path), os.O_RDONLY))
    with contextlib.suppress(OSError):
        path.chmod(0o600)
