"""The file of an import with what became of each row, as CSV: to be corrected, and imported again."""

from collections.abc import Callable, Iterator, Sequence

from mfa_app.core.common import csv_cells
from mfa_app.core.imports.reader import PeopleFile
from mfa_app.core.imports.stored import all_rows
from mfa_app.models import ImportRow, PeopleImport

Words = Callable[[ImportRow], Sequence[str]]


def result_lines(
    an_import: PeopleImport, titles: Sequence[str], words: Words, *, delimiter: str = ","
) -> Iterator[str]:
    """Yield the lines of the file, each row with further cells, and the people whom the file does not name.

    `titles` are the headings of those cells, and `words` returns them for a row.
    """
    people = PeopleFile(an_import.file)
    width, email = len(people.titles), people.headings.place_of_email
    yield csv_cells.line([*people.titles, *titles], delimiter)
    cells = people.cells()
    for row in all_rows(an_import):
        own = next(cells) if row.line else ["" if place != email else row.email for place in range(width)]
        own = own[:width] + [""] * (width - len(own))
        yield csv_cells.line([*own, *words(row)], delimiter)
