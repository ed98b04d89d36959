"""Table files (CSV, RFC 4180) in which a cell is text whatever it begins with. Pure.

Spreadsheets take a cell that begins with one of `FORMULA_STARTS` for a formula, and a document's subject is whatever
its sender wrote. Such a cell gets an apostrophe before it (OWASP, "CSV Injection"), and every cell is quoted.
"""

import csv
import io
from collections.abc import Iterable
from typing import Final

BOM: Final = "\ufeff"
"""Without it spreadsheets read UTF-8 as something else."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


def line(cells: Iterable[str]) -> str:
    """Write one line; no cell of it is a formula."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([neutral(cell) for cell in cells])
    return out.getvalue()


def neutral(cell: str) -> str:
    """Give a cell that a spreadsheet shows and does not work out."""
    text = "".join(c for c in cell if c >= " " or c in "\t\r\n")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA_STARTS) else text
