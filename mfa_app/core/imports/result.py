"""The file of an import with what became of each row, as CSV: to be corrected, and imported again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import csv_cells
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import ImportNotReady
from mfa_app.core.common.permissions import Permission
from mfa_app.core.imports.people_file import PeopleFile
from mfa_app.core.imports.plan import Outcome
from mfa_app.core.imports.state import State
from mfa_app.core.imports.stored import all_rows
from mfa_app.models import ImportRow, PeopleImport

Words = Callable[[ImportRow], Sequence[str]]


def download(
    an_import: PeopleImport,
    titles: Sequence[str],
    words: Words,
    *,
    only: Outcome | None = None,
    delimiter: str = ",",
    actor: Actor,
) -> Iterator[str]:
    """Record the download, and return the lines of `result_lines`. `only`: the rows with one outcome.

    Raises ImportNotReady unless the import is READY or DONE; NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    if an_import.state not in (State.READY, State.DONE):
        raise ImportNotReady
    record(Event.IMPORT_RESULT_EXPORTED, actor=actor, file=an_import.file_name)
    return result_lines(an_import, titles, words, only=only, delimiter=delimiter)


def result_lines(
    an_import: PeopleImport,
    titles: Sequence[str],
    words: Words,
    *,
    only: Outcome | None = None,
    delimiter: str = ",",
) -> Iterator[str]:
    """Return the lines of the file, each row with further cells, and the people whom the file does not name.

    `titles` are the headings of those cells, and `words` returns them for a row.
    """
    people = PeopleFile(an_import.file)
    first = csv_cells.line([*people.titles, *titles], delimiter)
    rows = _with_cells(people, all_rows(an_import))
    chosen = ((cells, row) for cells, row in rows if only in (None, row.outcome))
    return chain([first], (csv_cells.line([*cells, *words(row)], delimiter) for cells, row in chosen))


def _with_cells(people: PeopleFile, rows: Iterable[ImportRow]) -> Iterator[tuple[list[str], ImportRow]]:
    """Yield each row with the cells of the file, as many as there are headings."""
    width, email = len(people.titles), people.headings.place_of_email
    of_file = people.cells()
    for row in rows:
        cells = next(of_file) if row.line else ["" if place != email else row.email for place in range(width)]
        yield cells[:width] + [""] * (width - len(cells)), row
