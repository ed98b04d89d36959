"""Fonts of a PDF as far as their text and widths are needed, and the two ways to reach into its objects."""

import binascii
import re
from binascii import unhexlify
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any, Final

from pyhanko.pdf_utils import generic

MAX_MAP: Final = 4 * 1024 * 1024
"""Bytes of a ToUnicode map."""
UNKNOWN_WIDTH: Final = 500.0
"""Of a code that a font of single bytes gives no width, in thousandths of the size; the standard fonts give none."""
COMPOSITE_WIDTH: Final = 1000.0
"""The same of a composite font that does not say (ISO 32000-2, 9.7.4.3)."""
LETTER_DIGITS: Final = 8
"""Digits of one letter, or of two that are written as one."""
LETTERS_KEPT: Final = 4096
_CHARACTERS: Final = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_CHARACTER: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGES: Final = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_RANGE: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[([^\]]*)\])")
_TEXT: Final = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_SPACE: Final = re.compile(rb"\s")


class Font:
    """How the codes of a font become text and advance; nothing of it is read before it is asked for.

    Anything but a font dictionary is a font of single bytes.
    """

    def __init__(self, resources: Any = None, name: str = "", *, font: Any = None) -> None:
        self._resources, self._name, self._given = resources, name, font

    def text(self, codes: bytes) -> str:
        """Give the text of codes."""
        letters = self._letters
        if self._composite:
            return "".join(letters.get(number, "\ufffd") for number in self._numbers(codes))
        return "".join(letters[number] if number in letters else chr(number) for number in codes)

    def width(self, codes: bytes) -> float:
        """Give the width of codes, in thousandths of the font size."""
        widths, default = self._widths
        return sum(widths.get(number, default) for number in self._numbers(codes)) * self._unit

    @cached_property
    def drawn(self) -> "DrawnFont | None":
        """Give how the letters are drawn where the document draws them itself (Type 3)."""
        return DrawnFont(self._font) if self._font.get("/Subtype") == "/Type3" else None

    @cached_property
    def _unit(self) -> float:
        """What a unit of its widths is, in thousandths of the size."""
        return 1.0 if self.drawn is None else self.drawn.matrix[0] * 1000

    @cached_property
    def _font(self) -> Any:
        font = self._given or member(member(self._resources, "/Font"), self._name)
        return font if isinstance(font, generic.DictionaryObject) else generic.DictionaryObject()  # type: ignore[no-untyped-call]

    @cached_property
    def _composite(self) -> bool:
        return bool(self._font.get("/Subtype") == "/Type0")

    def _numbers(self, codes: bytes) -> Iterable[int]:
        if not self._composite:
            return codes
        return [first << 8 | second for first, second in zip(codes[::2], codes[1::2], strict=False)]

    @cached_property
    def _letters(self) -> dict[int, str]:
        unicode = member(self._font, "/ToUnicode")
        return _unicode(unicode.data[:MAX_MAP]) if isinstance(unicode, generic.StreamObject) else {}

    @cached_property
    def _widths(self) -> tuple[dict[int, float], float]:
        """Widths of codes, and that of all others."""
        if not self._composite:
            first = int(member(self._font, "/FirstChar") or 0)
            return dict(enumerate(map(float, items(self._font.get("/Widths"))), first)), UNKNOWN_WIDTH
        descendants = items(self._font.get("/DescendantFonts"))
        inner = descendants[0] if descendants else None
        default = member(inner, "/DW")
        return _composite_widths(items(member(inner, "/W"))), float(COMPOSITE_WIDTH if default is None else default)


class DrawnFont:
    """A font whose letters are content streams (ISO 32000-2, 9.6.4)."""

    def __init__(self, font: Any) -> None:
        self.resources = member(font, "/Resources")
        numbers = [float(number) for number in items(font.get("/FontMatrix"))]
        self.matrix = tuple(numbers) if len(numbers) == 6 else (0.001, 0.0, 0.0, 0.001, 0.0, 0.0)
        self._letters = member(font, "/CharProcs")
        self._names = _named_codes(items(member(member(font, "/Encoding"), "/Differences")))

    def letter(self, code: int) -> Any:
        """Give the stream that draws a code; None if there is none."""
        found = member(self._letters, self._names.get(code, ""))
        return found if isinstance(found, generic.StreamObject) else None


def _named_codes(differences: list[Any]) -> dict[int, str]:
    """Read /Differences: a code, and the names from there on (9.6.5.1)."""
    found, code = {}, 0
    for item in differences:
        if isinstance(item, str):
            found[code] = str(item)
            code += 1
        else:
            code = int(item)
    return found


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
