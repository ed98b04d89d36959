"""What makes some readers give a file's tables up and look for its objects by themselves, behind everybody's back.

Readers that cannot follow a table rebuild it: they take whatever is written like an object anywhere in the file, the
last one of a number. So an update behind a signature must be written so that no reader gives up on it, and hold nothing
written like an object that is none. All of these were measured: the file was accepted and pdfium or poppler showed
another page.
"""

import re
from collections.abc import Sequence
from typing import Final

from docaxis_signing.pdf.crossreference import Section
from docaxis_signing.pdf.syntax import IndirectObject

MAX_SIZE: Final = 8_388_608
"""Objects of a file (ISO 32000-1, annex C); poppler gives tables up that promise many more."""
_OBJECT: Final = re.compile(rb"(?<!\d)\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj(?![a-z])")
_TRAILER: Final = re.compile(rb"trailer[\x00\t\n\x0c\r ]*<<")


def why_rebuilt(data: bytes, place: tuple[int, int], section: Section, objects: Sequence[IndirectObject]) -> str:
    """Say why some reader would rebuild an update, or find more in it than is listed; empty if none would.

    Args:
        data: The file.
        place: Where the update begins and ends.
        section: Its section.
        objects: What the section places in it.
    """
    if not section.even:
        return "entries of its table that do not take 20 bytes"
    if not 0 < section.trailer[b"Size"] <= MAX_SIZE:
        return "a /Size that no file has"
    own = {item.start for item in objects}
    own |= {part.start for part in (section, section.hidden) if part is not None and part.is_stream}
    if len(_OBJECT.findall(data, *place)) != len(own):
        return "what reads like an object and is none"
    if len(_TRAILER.findall(data, *place)) != (0 if section.is_stream else 1):
        return "what reads like a trailer and is none"
    return ""
