"""Fonts of a PDF as far as their text and widths are needed, and the two ways to reach into its objects."""

import binascii
import re
from binascii import unhexlify
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from pyhanko.pdf_utils import generic

MAX_MAP: Final = 4 * 1024 * 1024
"""Bytes of a ToUnicode map."""
LETTER_DIGITS: Final = 8
"""Digits of one letter, or of two that are written as one."""
LETTERS_KEPT: Final = 4096
_CHARACTERS: Final = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_CHARACTER: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGES: Final = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_RANGE: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[([^\]]*)\])")
_TEXT: Final = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_SPACE: Final = re.compile(rb"\s")


@dataclass(frozen=True, slots=True)
class Font:
    """How the codes of a font become text and advance."""

    bytes_per_code: int = 1
    text: dict[int, str] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    default_width: float = 500.0

    def show(self, codes: bytes) -> tuple[str, float]:
        """Give text and width, in thousandths of the font size."""
        size = self.bytes_per_code
        numbers = [int.from_bytes(codes[at : at + size], "big") for at in range(0, len(codes) - size + 1, size)]
        text = "".join(self.text.get(number, chr(number) if size == 1 else "\ufffd") for number in numbers)
        return text, sum(self.widths.get(number, self.default_width) for number in numbers)


def member(holder: Any, name: str) -> Any:
    """Give a member of a dictionary, reference followed; None if either is none."""
    value = holder.get(name) if isinstance(holder, generic.DictionaryObject) else None
    return _followed(value)


def items(value: Any) -> list[Any]:
    """Give the items of an array, references followed; nothing if it is none."""
    value = _followed(value)
    if not isinstance(value, generic.ArrayObject):
        return []
    return [item.get_object() if isinstance(item, generic.IndirectObject) else item for item in value]  # type: ignore[no-untyped-call]


def _followed(value: Any) -> Any:
    return value.get_object() if isinstance(value, generic.IndirectObject) else value  # type: ignore[no-untyped-call]


def read_font(font: Any) -> Font:
    """Read a font dictionary; anything else is a font of single bytes."""
    if not isinstance(font, generic.DictionaryObject):
        return Font()
    composite = font.get("/Subtype") == "/Type0"
    unicode = member(font, "/ToUnicode")
    text = _unicode(unicode.data[:MAX_MAP]) if isinstance(unicode, generic.StreamObject) else {}
    if composite:
        descendants = items(font.get("/DescendantFonts"))
        inner = descendants[0] if descendants else None
        default = member(inner, "/DW")
        return Font(2, text, _composite_widths(items(member(inner, "/W"))), float(1000 if default is None else default))
    first = int(member(font, "/FirstChar") or 0)
    widths = {first + index: float(width) for index, width in enumerate(items(font.get("/Widths")))}
    return Font(1, text, widths)


def _composite_widths(entries: list[Any]) -> dict[int, float]:
    """Read /W: ``first [w ...]`` or ``first last w`` (ISO 32000-2, 9.7.4.3)."""
    widths: dict[int, float] = {}
    at = 0
    while at + 1 < len(entries):
        first = int(entries[at])
        if isinstance(entries[at + 1], generic.ArrayObject):
            widths |= {first + index: float(width) for index, width in enumerate(items(entries[at + 1]))}
            at += 2
        elif at + 2 < len(entries):
            widths |= dict.fromkeys(range(first, min(int(entries[at + 1]), 0xFFFF) + 1), float(entries[at + 2]))
            at += 3
        else:
            break
    return widths


def _unicode(data: bytes) -> dict[int, str]:
    """Read a ToUnicode map (ISO 32000-2, 9.10.3)."""
    found: dict[int, str] = {}
    for body in _CHARACTERS.findall(data):
        found |= {int(code, 16): _utf16(text) for code, text in _CHARACTER.findall(body)}
    for body in _RANGES.findall(data):
        for low, high, start, each in _RANGE.findall(body):
            first, last = int(low, 16), min(int(high, 16), 0xFFFF)
            if each:
                texts = [_utf16(text) for text in _TEXT.findall(each)]
                found |= dict(zip(range(first, last + 1), texts, strict=False))
            elif base := _utf16(start):
                for code in range(first, last + 1):
                    found[code] = base[:-1] + chr(min(ord(base[-1]) + code - first, 0x10FFFF))
    return found


def _utf16(digits: bytes) -> str:
    """Give the text that hexadecimal digits stand for."""
    return _letter(digits) if len(digits) <= LETTER_DIGITS else _decoded(digits)


def _decoded(digits: bytes) -> str:
    return from_digits(digits).decode("utf-16-be", "replace")


_letter: Final = lru_cache(maxsize=LETTERS_KEPT)(_decoded)
"""Fonts of all documents map to the same letters."""


def from_digits(digits: bytes) -> bytes:
    """Give the bytes that hexadecimal digits stand for, white space among them and a last zero left out (7.3.4.3)."""
    try:
        return unhexlify(digits)
    except binascii.Error:
        text = _SPACE.sub(b"", digits)
        return unhexlify(text + b"0" * (len(text) % 2))
