"""Cells of CSV files: nothing runs as a formula, and what we wrote reads as before."""

import csv
import io

import pytest

from mfa_app.core.common import csv_cells

TEXTS = ["=1+1", "a,=1+1", "a;=1+1", 'a,"=1+1', "a\t-1", "a, -b", "O'Neil", "'", "a,b;c"]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_is_harmless_at_any_separator_and_reads_as_before(delimiter: str, text: str) -> None:
    line = csv_cells.line([text, "x"], delimiter)
    for other in (",", ";", "\t"):
        (cells,) = csv.reader(io.StringIO(line, newline=""), delimiter=other)
        assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "-", "+", "@"))]
    (cells,) = csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)
    assert csv_cells.restored(cells[0], delimiter) == text
