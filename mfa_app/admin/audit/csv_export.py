"""The audit trail as CSV that is safe to open in a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

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
    "ip_address",
    "user_agent",
    "details",
    "previous",
    "mac",
)

# Where a cell may begin, also for spreadsheets that split at semicolons or tabs (as in German or French): at
# the start, and after each of these characters, whatever quotes and spaces follow.
STARTS_A_FORMULA = re.compile(r"""(^|[;\t\r\n])([" ]*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])""")

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that this is UTF-8


def lines(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Yield the lines of the file one by one, the heading first."""
    yield BYTE_ORDER_MARK + _line(COLUMNS)
    for row in rows:
        yield _line(_cell(getattr(row, column)) for column in COLUMNS)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _line(cells: Iterable[str]) -> str:
    """Return one line, with an apostrophe before anything that a spreadsheet would run as a formula."""
    line = io.StringIO()
    harmless = (STARTS_A_FORMULA.sub(r"\1\2'", cell) for cell in cells)
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(harmless)
    return line.getvalue()
