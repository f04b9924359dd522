"""Files that are sent while they are made, so that their size costs no memory."""

import enum
from collections.abc import Iterable, Iterator
from itertools import chain

from flask import Response, request, stream_with_context

from mfa_app.core.common import clock, csv_cells


class Dialect(enum.StrEnum):
    """For whom a file is. Excel splits at semicolons where the comma is the decimal sign."""

    EXCEL = "excel"
    OTHERS = "others"

    @property
    def delimiter(self) -> str:
        """What is between two cells."""
        return ";" if self is Dialect.EXCEL else ","

    @property
    def beginning(self) -> str:
        """What the file begins with."""
        return csv_cells.BYTE_ORDER_MARK if self is Dialect.EXCEL else ""


def asked_dialect() -> Dialect:
    """Return for whom the pressed button of `components/csv_buttons.html` makes the file."""
    return Dialect.EXCEL if request.form.get("for") == Dialect.EXCEL else Dialect.OTHERS


def csv_download(lines: Iterator[str], name: str, *, beginning: str = "") -> Response:
    """Return the response that saves these lines as a file, whose name gets today's date."""
    response = Response(stream_with_context(chain([beginning], lines)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    return response


def list_download(rows: Iterable[Iterable[str]], name: str) -> Response:
    """Return the response that saves these rows of cells, headings first, as the pressed button asks."""
    dialect = asked_dialect()
    lines = (csv_cells.line(cells, dialect.delimiter) for cells in rows)
    return csv_download(lines, name, beginning=dialect.beginning)
