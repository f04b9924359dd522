"""Lines of CSV that are safe to open in a spreadsheet: nothing in them runs as a formula."""

import csv
import io
import re
from collections.abc import Iterable

_FORMULA = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"

# Where a cell may begin, by what separates the cells of the file: at the start, and after what other
# spreadsheets split at (commas or semicolons, and tabs), whatever quotes and spaces follow.
_BEFORE = {",": r"(^|[;\t\r\n])", ";": r"(^|[,\t\r\n])"}

_STARTS_A_FORMULA = {by: re.compile(rf'{before}([" ]*)(?={_FORMULA})') for by, before in _BEFORE.items()}

_DEFUSED = {by: re.compile(rf"""{before}([" ]*)'(?={_FORMULA})""") for by, before in _BEFORE.items()}

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that this is UTF-8


def line(cells: Iterable[str], delimiter: str = ",") -> str:
    """Return one line, with an apostrophe before anything that a spreadsheet would run as a formula."""
    text = io.StringIO()
    starts = _STARTS_A_FORMULA[delimiter]
    harmless = (starts.sub(r"\1\2'", cell) for cell in cells)
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerow(harmless)
    return text.getvalue()


def restored(cell: str, delimiter: str = ",") -> str:
    """Return a cell of a file with this delimiter as it was before `line` made it harmless."""
    return _DEFUSED.get(delimiter, _DEFUSED[","]).sub(r"\1\2", cell)
