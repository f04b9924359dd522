"""The audit trail as CSV, safe to open in a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Row

COLUMNS = (
    "id",
    "at",
    "event",
    "actor_kind",
    "actor_id",
    "actor_name",
    "subject_id",
    "subject_name",
    "address",
    "user_agent",
    "details",
)
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of the file one by one, the headings first."""
    yield _line(COLUMNS)
    for row in rows:
        yield _line(_cell(getattr(row, column)) for column in COLUMNS)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _line(cells: Iterable[str]) -> str:
    """Return one line; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    line = io.StringIO()
    csv.writer(line).writerow("'" + cell if cell.startswith(STARTS_A_FORMULA) else cell for cell in cells)
    return line.getvalue()
