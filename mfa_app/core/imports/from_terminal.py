"""Imports from the terminal: a preview that keeps nothing, and a whole import in one command."""

from collections.abc import Iterator
from datetime import datetime

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission
from mfa_app.core.imports import reading, saving, stored
from mfa_app.core.imports.people_file import PeopleFile
from mfa_app.core.imports.plan import ImportOptions, PlannedRow, Planner
from mfa_app.core.imports.reading import Progress, no_progress
from mfa_app.core.imports.state import State, refusal_of
from mfa_app.extensions import db
from mfa_app.models import PeopleImport


def preview(file: bytes, options: ImportOptions, *, actor: Actor) -> Iterator[PlannedRow]:
    """Yield what each row would do, in the order of the file. Raises ImportFileRefused, NotAllowed."""
    actor.require(Permission.MANAGE_USERS)
    return Planner(options, actor).rows(PeopleFile(file))


def apply(
    file: bytes,
    file_name: str,
    options: ImportOptions,
    *,
    invite: bool = False,
    actor: Actor,
    now: datetime,
    progress: Progress = no_progress,
) -> PeopleImport:
    """Do what `preview` shows now, without the wrong rows. Return the import.

    `import_job.invite` invites the new people. `progress` is called while a large file is read. That commits;
    the caller commits the rest, whole. What changes meanwhile refuses it as `stored.start` and `saving.save`
    do. Raises ImportFileRefused, ImportRunning, NotAllowed, SessionEnded.
    """
    actor.require(Permission.MANAGE_USERS)
    stored.require_none_under_way()
    an_import = stored.upload(file, file_name, options, invite=invite, actor=actor, now=now)
    if an_import.state == State.READING:
        db.session.commit()
        reading.read(an_import, progress=progress)
        if (refusal := refusal_of(an_import)) is not None:
            raise refusal
    stored.start(an_import, actor=actor, now=now)
    saving.save(an_import, now=now)
    return an_import
