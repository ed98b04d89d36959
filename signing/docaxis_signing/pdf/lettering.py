"""Upright black text inside a signature's appearance, with its font embedded as a subset.

pyHanko's own text boxes write glyph widths in font units, which spreads the letters of every font whose em is not 1000
units (Liberation's is 2048). Vietnamese in NFC needs no shaping: each letter with its marks is one glyph.
"""

# pyHanko's PDF objects have untyped constructors
# mypy: disable-error-code="no-untyped-call"

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.content import PdfContent, ResourceType
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter

FONT_FILE = "LiberationSerif-Regular.ttf"  # metric-compatible with Times New Roman, SIL OFL 1.1
FONT_NAME = "DOCAXS+LiberationSerif"  # six letters and a plus mark a subset (ISO 32000-1 section 9.6.4)
SIZE = 10
LEADING = 12
DESCENT = 3
SYMBOLIC = 4  # font descriptor flag: the glyphs are chosen by number


@dataclass(frozen=True, slots=True)
class _Face:
    data: bytes
    glyphs: dict[str, tuple[int, int]]  # letter: glyph number, width in thousandths of the size
    ascent: int
    descent: int
    box: tuple[int, int, int, int]


class Lettering(PdfContent):
    """Right-aligned lines; the box is as large as they are."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [_known(unicodedata.normalize("NFC", line)) for line in lines]
        width, height = measure(lines)
        super().__init__(box=BoxConstraints(width, height))

    def render(self) -> bytes:
        """Give the drawing commands and put the font among the resources."""
        if self.writer is None:
            raise RuntimeError("the writer of the document is set before rendering")
        font = _embed(self.writer, set("".join(self._lines)))
        self.set_resource(category=ResourceType.FONT, name=NameObject("/Text"), value=font)
        glyphs, top = _face().glyphs, self.box.height - LEADING + DESCENT
        commands = [b"0 g"]
        for row, line in enumerate(self._lines):
            codes = "".join(f"{glyphs[letter][0]:04x}" for letter in line)
            left = self.box.width - _width(line)
            commands.append(
                b"BT /Text %d Tf %.3f %.3f Td <%s> Tj ET" % (SIZE, left, top - row * LEADING, codes.encode())
            )
        return b" ".join(commands)


def measure(lines: Sequence[str]) -> tuple[float, float]:
    """Width and height of the lines in points."""
    known = [_known(unicodedata.normalize("NFC", line)) for line in lines]
    return max(map(_width, known)), LEADING * len(lines) + DESCENT


def _width(line: str) -> float:
    return sum(_face().glyphs[letter][1] for letter in line) * SIZE / 1000


def _known(line: str) -> str:
    return "".join(letter if letter in _face().glyphs else "?" for letter in line)


@lru_cache(maxsize=1)
def _face() -> _Face:
    data = (files("docaxis_signing.pdf") / "fonts" / FONT_FILE).read_bytes()
    with TTFont(io.BytesIO(data), lazy=True) as font:
        scale = 1000 / font["head"].unitsPerEm
        widths, head, lines = font["hmtx"].metrics, font["head"], font["hhea"]
        glyphs = {
            chr(code): (font.getGlyphID(name), round(widths[name][0] * scale))
            for code, name in font.getBestCmap().items()
        }
        corners = (round(side * scale) for side in (head.xMin, head.yMin, head.xMax, head.yMax))
        left, bottom, right, top = corners
        return _Face(
            data, glyphs, round(lines.ascent * scale), round(lines.descent * scale), (left, bottom, right, top)
        )


def _subset(letters: Iterable[str]) -> bytes:
    options = Options()
    options.retain_gids = True
    options.layout_features = []
    options.drop_tables = [*options.drop_tables, "FFTM", "GSUB", "GPOS", "GDEF"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters])
    target = io.BytesIO()
    with TTFont(io.BytesIO(_face().data)) as font:
        subsetter.subset(font)
        font.save(target)
    return target.getvalue()


def _embed(writer: BasePdfFileWriter, letters: set[str]) -> IndirectObject:
    """Write a composite font (ISO 32000-1 section 9.7) whose codes are glyph numbers."""
    face = _face()
    program = _subset(letters)
    file = StreamObject({NameObject("/Length1"): NumberObject(len(program))}, stream_data=program)
    file.compress()
    descriptor = _dictionary(
        Type="/FontDescriptor",
        FontName=f"/{FONT_NAME}",
        Flags=SYMBOLIC,
        FontBBox=face.box,
        ItalicAngle=0,
        Ascent=face.ascent,
        Descent=face.descent,
        CapHeight=face.ascent,
        StemV=80,
        FontFile2=writer.add_object(file),
    )
    widths = ArrayObject()
    for number, width in sorted(face.glyphs[letter] for letter in letters):
        widths.extend([NumberObject(number), ArrayObject([NumberObject(width)])])
    system = _dictionary(Registry=TextStringObject("Adobe"), Ordering=TextStringObject("Identity"), Supplement=0)
    descendant = _dictionary(
        Type="/Font",
        Subtype="/CIDFontType2",
        BaseFont=f"/{FONT_NAME}",
        CIDSystemInfo=system,
        FontDescriptor=writer.add_object(descriptor),
        CIDToGIDMap="/Identity",
        DW=1000,
        W=widths,
    )
    unicode_map = StreamObject(stream_data=_unicode_map(letters))
    unicode_map.compress()
    font = _dictionary(
        Type="/Font",
        Subtype="/Type0",
        BaseFont=f"/{FONT_NAME}",
        Encoding="/Identity-H",
        DescendantFonts=ArrayObject([writer.add_object(descendant)]),
        ToUnicode=writer.add_object(unicode_map),
    )
    return writer.add_object(font)


def _unicode_map(letters: set[str]) -> bytes:
    """Which letter a glyph number stands for, so that the text can be searched and copied (section 9.10.3)."""
    pairs = sorted((_face().glyphs[letter][0], letter) for letter in letters)
    rows = [f"<{number:04x}> <{letter.encode('utf-16-be').hex()}>" for number, letter in pairs]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]  # 100 entries a block at most
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{body}\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end\n"
    ).encode()


def _dictionary(**entries: object) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): _value(value) for name, value in entries.items()})


def _value(value: object) -> object:
    if isinstance(value, str) and value.startswith("/"):
        return NameObject(value)
    if isinstance(value, int) and not isinstance(value, NumberObject):
        return NumberObject(value)
    if isinstance(value, tuple):
        return ArrayObject([NumberObject(item) for item in value])
    return value
