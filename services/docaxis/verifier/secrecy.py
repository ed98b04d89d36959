"""Finds a secrecy stamp on the first page: MẬT, TỐI MẬT or TUYỆT MẬT, standing by itself.

The words also occur in ordinary text (BÍ MẬT, BẢO MẬT), so only a run of text that consists of nothing else counts.
Limits: a stamp in a scanned picture, drawn as outlines, or written by a font without ToUnicode is not seen; the mark in
the metadata is checked by the gateway, and the sender remains responsible.
"""

import re
import unicodedata
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader

from docaxis_signing.pdf.page_text import runs_of_first_page

MARKS: Final = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")


def secrecy_mark(data: bytes) -> str | None:
    """Give the mark on a PDF's first page, if there is one; an unreadable page has none.

    Raises:
        MemoryError: The worker's limit.
    """
    try:
        runs = runs_of_first_page(PdfFileReader(BytesIO(data), strict=False))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever a hostile page makes the library raise; the findings speak of the file
        return None
    words = {_plain(run) for run in runs}
    return next((mark for mark in MARKS if mark in words), None)


def _plain(run: str) -> str:
    """Write a run in composed capitals with single spaces, without the frame or punctuation around it."""
    text = unicodedata.normalize("NFC", run).upper()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())
