"""Lines of CSV that are safe to open in a spreadsheet: nothing in them runs as a formula."""

import csv
import io
import re
from collections.abc import Iterable

# Where a cell may begin, also for spreadsheets that split at semicolons or tabs (as in German or French): at
# the start, and after each of these characters, whatever quotes and spaces follow.
_STARTS_A_FORMULA = re.compile(r"""(^|[;\t\r\n])([" ]*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])""")

_DEFUSED = re.compile(r"""(^|[;\t\r\n])([" ]*)'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])""")

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that this is UTF-8


def line(cells: Iterable[str], delimiter: str = ",") -> str:
    """Return one line, with an apostrophe before anything that a spreadsheet would run as a formula."""
    text = io.StringIO()
    harmless = (_STARTS_A_FORMULA.sub(r"\1\2'", cell) for cell in cells)
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerow(harmless)
    return text.getvalue()


def restored(cell: str) -> str:
    """Return a cell as it was before `line` made it harmless."""
    return _DEFUSED.sub(r"\1\2", cell)
