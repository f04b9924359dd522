"""Compares the file of an import with the accounts, some rows at a time, and keeps what each row would do."""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, update

from mfa_app.core.common import search_words
from mfa_app.core.common.email_addresses import name_key
from mfa_app.core.common.errors import ImportFileRefused
from mfa_app.core.imports.people_file import PeopleFile
from mfa_app.core.imports.plan import BATCH, Outcome, PlannedRow, Planner
from mfa_app.core.imports.state import State, actor_of, note_refusal, options_of
from mfa_app.core.users.accounts import end_after
from mfa_app.extensions import db
from mfa_app.models import ImportRow, PeopleImport
from mfa_app.models.column_types import new_id
from mfa_app.models.database import rows_changed, table_of

Progress = Callable[[int, int], None]  # how many rows are done, of about how many


def no_progress(_done: int, _all: int) -> None:
    """Show nothing."""


_INSERT = insert(table_of(ImportRow))


def read(an_import: PeopleImport, *, progress: Progress = no_progress) -> bool:
    """Fill the rows of an import whose state is READING, from the beginning; commit each batch.

    Return False if another process has started over, or the import was dropped. A file that can't be
    read makes it REFUSED.
    """
    worker = new_id()
    if not _update(an_import, None, worker=worker, rows_done=0):
        return False
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == an_import.id))
    db.session.commit()
    counts, position, creates = Counter[str](), 0, set[str]()
    planned = Planner(options_of(an_import), actor_of(an_import)).rows(PeopleFile(an_import.file))
    try:
        while batch := list(islice(planned, BATCH)):
            rows = [prepared(an_import.id, number, row) for number, row in enumerate(batch, position)]
            position += len(batch)
            counts.update(row.outcome.value for row in batch)
            creates.update(key for row in batch for key in row.creates)
            if not _update(an_import, worker, rows_done=position):
                return _lost()
            db.session.execute(_INSERT, rows)
            db.session.commit()
            progress(position, max(position, an_import.rows_all))
    except ImportFileRefused as refusal:
        db.session.rollback()
        return _refuse(an_import, worker, refusal)
    found = {"counts": dict(counts), "creates": sorted(creates)}
    if not _update(an_import, worker, state=State.READY, worker=None, **found):
        return _lost()
    db.session.commit()
    return True


def keep(an_import: PeopleImport, planned: list[PlannedRow]) -> None:
    """Keep the rows of a small file, which were planned before anything was written: it is READY at once."""
    an_import.state, an_import.counts = State.READY, dict(Counter(row.outcome.value for row in planned))
    an_import.creates = sorted({key for row in planned for key in row.creates})
    an_import.rows_done = an_import.rows_all = len(planned)
    db.session.flush()
    if planned:
        db.session.execute(
            _INSERT, [prepared(an_import.id, number, row) for number, row in enumerate(planned)]
        )


def prepared(import_id: str, position: int, row: PlannedRow) -> dict[str, Any]:
    """Return a row as it is stored, with everything that saving it would otherwise have to work out."""
    after, before = row.profile, row.before
    name, is_new = after.name if after else "", row.outcome is Outcome.NEW
    renamed = before is not None and before.name != name
    moves = after is not None and (before is None or after.last_day != before.last_day)
    return {
        "import_id": import_id,
        "position": position,
        "line": row.line,
        "outcome": row.outcome.value,
        "problem": row.problem.value if row.problem else None,
        "about": row.about,
        "user_id": row.user_id,
        "email": row.email[:320],
        "email_key": row.key,
        "name": name,
        "name_key": name_key(name),
        "role": after.role.value if after else "",
        "ends_at": end_after(after.last_day) if after and moves else row.ends_at,
        "directory_number": after.directory_number if after else None,
        "was_name": before.name if before else None,
        "was_ends_at": row.ends_at,
        "was_directory_number": before.directory_number if before else None,
        "joins": {name_key(group): group for group in row.joins},
        "words": sorted(search_words.words_of(name, row.email)) if is_new or renamed else None,
    }


def _refuse(an_import: PeopleImport, worker: str, refusal: ImportFileRefused) -> bool:
    if not _update(an_import, worker, worker=None):
        return _lost()
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == an_import.id))
    note_refusal(an_import, refusal)
    db.session.commit()
    return True


def _lost() -> bool:
    db.session.rollback()
    return False


def _update(an_import: PeopleImport, by: str | None, **values: Any) -> bool:
    """Change an import that is being read, if `by` is still the process that reads it (None: any process)."""
    where = [PeopleImport.id == an_import.id, PeopleImport.state == State.READING]
    if by is not None:
        where.append(PeopleImport.worker == by)
    changed = rows_changed(update(PeopleImport).where(*where).values(**values)) == 1
    if changed:
        db.session.refresh(an_import, ["state", "rows_done", "counts", "creates", "worker"])
    return changed
