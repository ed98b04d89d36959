"""Table files: what a sender wrote is never worked out by a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.tables import FORMULA_STARTS, line, neutral


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+84", "-2", "@SUM(A1)", "\t=1", " =1", "\u00a0=1", "＝1", '=HYPERLINK("https://x.example")', "\x00=1"],
)
def test_a_cell_that_would_be_a_formula_is_text(cell: str) -> None:
    assert neutral(cell).startswith("'")


@pytest.mark.parametrize("cell", ["", "15/QĐ-BTN", "Về việc A = B", "12:00 01/02/2026"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert neutral(cell) == cell


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_every_line_reads_back_as_its_cells_and_none_begins_a_formula(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(line(cells), newline=""))
    assert read == [neutral(cell) for cell in cells]
    assert not any(cell.lstrip(" \u00a0").startswith(FORMULA_STARTS) for cell in read)
