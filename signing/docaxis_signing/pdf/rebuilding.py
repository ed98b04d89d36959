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
WIDEST: Final = (2, 8, 4)
"""Bytes of the three fields of an entry; poppler gives a stream up whose entries take 24, honest ones take up to 11."""
_OBJECT: Final = re.compile(rb"(?<!\d)\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj(?![a-z])")
_BEFORE: Final = re.compile(rb"(?<!\d)\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+\Z")
_KEYWORD: Final = re.compile(rb"obj(?![a-z])")
_BEFORE_BYTES: Final = 64
"""Where the two numbers before the word are looked for; honest ones take 20."""
_SPACE: Final = b"\x00\t\n\x0c\r "
_NUMBERS: Final = _SPACE + b"0123456789"
_TRAILER: Final = re.compile(rb"trailer[\x00\t\n\x0c\r ]*<<")


def why_rebuilt(
    data: bytes, place: tuple[int, int], section: Section, objects: Sequence[IndirectObject], highest: int
) -> str:
    """Say why some reader would rebuild an update, or find more in it than is listed; empty if none would.

    Args:
        data: The file.
        place: Where the update begins and ends.
        section: Its section.
        objects: What the section places in it.
        highest: The highest number that this section or one before it gives an object; 0 where the file before the
            update did not keep to its /Size already.
    """
    reason = _why_given_up(section, highest)
    if reason:
        return reason
    streams = _streams(section)
    own = {item.start for item in objects}
    own |= {part.start for part in streams}
    if _written(data, *place) != len(own):
        return "what reads like an object and is none"
    if len(_TRAILER.findall(data, *place)) != (0 if section.is_stream else 1):
        return "what reads like a trailer and is none"
    return ""


def _written(data: bytes, start: int, end: int) -> int:
    """Count what is written like an object, from the word on: the digits of a signature are not searched one by one."""
    count = 0
    for word in _KEYWORD.finditer(data, start, end):
        at = word.start()
        if data[at - 1] not in _SPACE:
            continue
        low = max(start, at - _BEFORE_BYTES)
        if _BEFORE.search(data, low, at):
            count += 1
        elif low > start and not data[low:at].strip(_NUMBERS):
            return len(_OBJECT.findall(data, start, end))
    return count


def _why_given_up(section: Section, highest: int) -> str:
    """Say why some reader gives a section up; empty if none does."""
    if not section.even:
        return "a table whose entries do not take 20 bytes or whose subsections are not headed plainly"
    if not 0 < section.trailer[b"Size"] <= MAX_SIZE:
        return "a /Size that no file has"
    if max(section.placed.keys() | section.compressed.keys() | section.freed, default=0) > MAX_SIZE:
        return "a number of an object that no file has"
    if highest > section.trailer[b"Size"]:  # MuPDF gives such a file up; it forgives writers who count one too few
        return "a /Size below the numbers of its objects"
    if any(map(_is_too_wide, _streams(section))):
        return "entries of its stream that are wider than readers take"
    return ""


def _streams(section: Section) -> list[Section]:
    return [part for part in (section, section.hidden) if part is not None and part.is_stream]


def _is_too_wide(stream: Section) -> bool:
    widths = stream.trailer[b"W"]
    return any(width > widest for width, widest in zip(widths, WIDEST, strict=True))
