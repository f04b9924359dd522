"""Reads the rows of a file of people, one at a time: CSV of spreadsheets, and exports of a directory."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from mfa_app.core.common import csv_cells
from mfa_app.core.common.errors import ImportFileRefused
from mfa_app.core.imports.file_text import lines_of
from mfa_app.core.imports.headings import MAX_COLUMNS, Column, Headings, read_headings

MAX_ROWS = 200_000
MAX_CELL = 1000  # characters

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class TypedRow:
    """What a row of the file says, as it was typed. `line` is the one on which it ends."""

    line: int
    email: str
    name: str = ""
    groups: str = ""
    role: str = ""
    directory_number: str = ""
    last_day: str = ""
    end: str = ""
    enabled: str = ""


class PeopleFile:
    """A file of people: its headings are read at once, and its rows when they are asked for."""

    def __init__(self, file: bytes) -> None:
        """Read the headings. Raises ImportFileRefused."""
        first, skipped, delimiter, lines = _beginning(lines_of(file))
        self._skipped = skipped
        self._rows = csv.reader(chain([first], lines), delimiter=delimiter or _sniffed(first), strict=True)
        self.titles = self._next() or []
        self.headings: Headings = read_headings(self.titles, self.line)

    @property
    def line(self) -> int:
        """The number of the line that was read last."""
        return self._rows.line_num + self._skipped

    def rows(self) -> Iterator[TypedRow]:
        """Yield what the rows say that are not empty. Raises ImportFileRefused."""
        return map(self._typed, self.cells())

    def cells(self) -> Iterator[list[str]]:
        """Yield the cells of the rows that are not empty. Raises ImportFileRefused."""
        count = 0
        while (cells := self._next()) is not None:
            if not any(cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise ImportFileRefused("too many rows", line=self.line, most=MAX_ROWS)
            yield cells

    def _next(self) -> list[str] | None:
        try:
            cells = next(self._rows, None)
        except csv.Error:
            raise ImportFileRefused("broken row", line=self.line) from None
        if cells is None:
            return None
        if len(cells) > MAX_COLUMNS:
            raise ImportFileRefused("too many columns", line=self.line, most=MAX_COLUMNS)
        if any(len(cell) > MAX_CELL for cell in cells):
            raise ImportFileRefused("long cell", line=self.line, most=MAX_CELL)
        return [csv_cells.restored(cell, self._rows.dialect.delimiter).strip() for cell in cells]

    def _typed(self, cells: Sequence[str]) -> TypedRow:
        cell = self.headings.cell
        parts = (cell(cells, column) for column in (Column.GIVEN_NAME, Column.INFIX, Column.SURNAME))
        return TypedRow(
            self.line,
            email=cell(cells, Column.EMAIL),
            name=cell(cells, Column.NAME) or " ".join(filter(None, parts)),
            groups=cell(cells, Column.GROUPS),
            role=cell(cells, Column.ROLE),
            directory_number=cell(cells, Column.DIRECTORY_NUMBER),
            last_day=cell(cells, Column.LAST_DAY),
            end=cell(cells, Column.END),
            enabled=cell(cells, Column.ENABLED),
        )


def _beginning(lines: Iterator[str]) -> tuple[str, int, str | None, Iterator[str]]:
    """Return the line of headings, how many are before it, and the delimiter if the file names it.

    Excel writes `sep=;` first, and PowerShell `#TYPE`.
    """
    delimiter = None
    for skipped, line in enumerate(lines):
        plain = line.strip().strip('"')
        if plain.lower().startswith("sep=") and len(plain) <= len("sep=;"):
            delimiter = line.strip('\r\n"')[len("sep=") :] or "\t"
        elif plain and not plain.startswith("#TYPE"):
            return line, skipped, delimiter, lines
    raise ImportFileRefused("empty")


def _sniffed(headings: str) -> str:
    """Return the delimiter that makes most columns of the line of headings."""
    if len(headings) > MAX_COLUMNS * MAX_CELL:
        raise ImportFileRefused("too many columns", line=1, most=MAX_COLUMNS)
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([headings], delimiter=delimiter), [])))
