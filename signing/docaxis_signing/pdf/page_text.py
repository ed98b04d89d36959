"""The text of a PDF page as runs: pieces that stand on one line without a gap wider than a space.

Enough to find a stamp, not to read a document: positions along the line come from the fonts' widths, text is decoded by
ToUnicode or as Latin-1. What is drawn as outlines or is part of a scanned picture has no text and is not seen.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pyhanko.pdf_utils import generic

from docaxis_signing.pdf.page_fonts import Font, from_digits, items, member
from docaxis_signing.pdf.syntax import resolved, unescaped

MAX_CONTENT: Final = 4 * 1024 * 1024
"""Bytes of page content that are looked at; a page of a scanned document has a hundred."""
MAX_DEPTH: Final = 4
"""Forms within forms."""
SAME_LINE: Final = 0.3
"""Of the font size: baselines closer than this are one line."""
SAME_RUN: Final = 1.0
"""Of the font size: a gap wider than this separates what merely stands on the same height."""

_TOKEN: Final = re.compile(
    rb"([+-]?(?:\d+\.?\d*|\.\d+))|([A-Za-z'\"*][A-Za-z0-9*]*)|(/[^\s()<>\[\]{}/%]*)|(\()|<([0-9A-Fa-f\s]*)>"
    rb"|<<|>>|[\[\]]|%[^\r\n]*"
)
_NUMBER, _OPERATOR, _NAME, _STRING, _HEX = 1, 2, 3, 4, 5
_PLAIN: Final = re.compile(
    rb"\s*+(?:(/[^\s()<>\[\]{}/%]*+)\s++|\(((?:[^()\\]++|\\.)*+)\)\s*+|<([0-9A-Fa-f\s]*+)>\s*+)?+"
    rb"((?:[+-]?(?:\d+\.?\d*+|\.\d+)\s++)*+)([A-Za-z'\"*][A-Za-z0-9*]*+)",
    re.DOTALL,
)
"""What most operations are: at most one name or string, numbers, and the operator, with blanks between them."""
_SIMPLE: Final = re.compile(rb"((?:[^()\\]++|\\.)*+)\)", re.DOTALL)
"""A string without parentheses in it, from behind its first one."""
_PART: Final = re.compile(rb"(?:[^()\\]|\\.)++|[()]", re.DOTALL)
"""A piece of a string: signs that stand for themselves or are escaped, or a parenthesis."""
_PICTURE_END: Final = re.compile(rb"\sEI\b")
_SHOWING: Final = frozenset({b"Tj", b"TJ", b"'", b'"'})
_SETTING: Final = frozenset({b"q", b"Q", b"cm", b"Tf", b"TL", b"gs"})
_SPACING: Final = {b"TL": "leading", b"Tc": "letters", b"Tw": "words", b"Tz": "stretch", b"Ts": "rise"}
"""Operators with one number, and what of the state they set (9.3)."""
_MOVING: Final = frozenset({b"BT", b"Tm", b"Td", b"TD", b"T*", b"'", b'"'})
Operand = float | bytes | str
"""A number, a string, or a name."""
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Final[Matrix] = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Shown text: from ``x`` to ``end`` on the baseline ``y``, all in the page's units."""

    codes: bytes
    font: Font
    x: float
    end: float
    y: float
    size: float

    @property
    def text(self) -> str:
        """What is shown."""
        return self.font.text(self.codes)


@dataclass(slots=True)
class State:
    """How things are drawn at a place of a content stream."""

    ctm: Matrix = IDENTITY
    font: Font = field(default_factory=Font)
    size: float = 12.0
    leading: float = 0.0
    letters: float = 0.0
    """Room behind each letter; ``words`` is that behind each blank besides."""
    words: float = 0.0
    stretch: float = 100.0
    """Of the widths, in per cent."""
    rise: float = 0.0


def runs_of_first_page(reader: Any) -> list[str]:
    """Give the runs of a file's first page, its annotations included, in no particular order."""
    page, resources = _first_page(reader)
    pieces = list(_pieces(_content(page), resources, State(), MAX_DEPTH))
    found = _joined(pieces)
    for annotation in items(page.get("/Annots")):
        normal = member(member(annotation, "/AP"), "/N")
        if isinstance(normal, generic.StreamObject):
            found += _joined(list(_pieces(normal.data, member(normal, "/Resources"), State(), MAX_DEPTH)))
    return found


def _joined(pieces: list[Piece]) -> list[str]:
    """Join pieces that touch. Order along the line is by position, not by the order in the file."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (-piece.y, piece.x)):
        same = lines and abs(lines[-1][-1].y - piece.y) <= SAME_LINE * max(piece.size, 1.0)
        if same:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    runs: list[str] = []
    for line in lines:
        end: float | None = None
        for piece in sorted(line, key=lambda piece: piece.x):
            if end is None or piece.x - end > SAME_RUN * max(piece.size, 1.0):
                runs.append(piece.text)
            else:
                gap = piece.x - end > 0.12 * piece.size
                runs[-1] += (" " if gap else "") + piece.text
            end = max(piece.end, end or piece.end)
    return runs


def _first_page(reader: Any) -> tuple[Any, Any]:
    node, resources = reader.root["/Pages"], None
    for _ in range(32):
        resources = member(node, "/Resources") or resources
        kids = items(node.get("/Kids"))
        if not kids:
            break
        node = kids[0]
    return node, resources


def _content(page: Any) -> bytes:
    contents = member(page, "/Contents")
    streams = items(contents) if isinstance(contents, generic.ArrayObject) else [contents]
    return b"\n".join(stream.data for stream in streams if isinstance(stream, generic.StreamObject))[:MAX_CONTENT]


def _pieces(data: bytes, resources: Any, state: State, depth: int) -> Iterator[Piece]:
    drawing = Drawing(resources, state, depth)
    for operation in operations(data):
        yield from drawing.operate(*operation)


class Drawing:
    """Follows the operators that move and show text (ISO 32000-2, 9.4) and draw forms (8.10)."""

    def __init__(self, resources: Any, state: State, depth: int) -> None:
        self._resources = resources
        self._state = state
        self._depth = depth
        self._fonts: dict[str, Font] = {}
        self._saved: list[State] = []
        self._line = self._at = IDENTITY

    def operate(self, operator: bytes, operands: list[Operand], numbers: list[float]) -> Iterable[Piece]:
        """Do what an operator says, and give the text that it shows."""
        self._follow(operator, operands, numbers)
        if operator in _SHOWING:
            return self._show(operands[-1:] if operator == b'"' else operands)
        if operator == b"Do" and operands and self._depth:
            return self._draw(str(operands[0]))
        return ()

    def _follow(self, operator: bytes, operands: list[Operand], numbers: list[float]) -> None:
        if operator in _SPACING and numbers:
            setattr(self._state, _SPACING[operator], numbers[-1])
        elif operator in _SETTING:
            self._set(operator, operands, numbers)
        elif operator in _MOVING:
            self._move(operator, numbers)

    def _set(self, operator: bytes, operands: list[Operand], numbers: list[float]) -> None:
        if operator == b"q":
            self._saved.append(replace(self._state))
        elif operator == b"Q" and self._saved:
            self._state = self._saved.pop()
        elif operator == b"cm" and len(numbers) == 6:
            self._state.ctm = times(matrix_of(numbers), self._state.ctm)
        elif operator == b"Tf" and operands and numbers:
            self._state.font = self._font(str(operands[0]))
            self._state.size = numbers[-1]
        elif operator == b"gs" and operands:
            self._take_font(member(member(self._resources, "/ExtGState"), str(operands[0])))

    def _take_font(self, parameters: Any) -> None:
        """Take the font that a graphics state brings along (8.4.5)."""
        entry = items(parameters.get("/Font")) if isinstance(parameters, generic.DictionaryObject) else []
        if len(entry) == 2:
            self._state.font, self._state.size = Font(font=entry[0]), float(entry[1])

    def _font(self, name: str) -> Font:
        if name not in self._fonts:
            self._fonts[name] = Font(self._resources, name)
        return self._fonts[name]

    def _move(self, operator: bytes, numbers: list[float]) -> None:
        if operator == b"BT":
            self._line = self._at = IDENTITY
        elif operator == b"Tm" and len(numbers) == 6:
            self._line = self._at = matrix_of(numbers)
        elif operator in {b"Td", b"TD"} and len(numbers) == 2:
            if operator == b"TD":
                self._state.leading = -numbers[1]
            self._line = self._at = times((1, 0, 0, 1, numbers[0], numbers[1]), self._line)
        elif operator in {b"T*", b"'", b'"'}:
            if operator == b'"' and len(numbers) == 2:
                self._state.words, self._state.letters = numbers
            self._line = self._at = times((1, 0, 0, 1, 0, -self._state.leading), self._line)

    def _show(self, operands: list[Operand]) -> Iterable[Piece]:
        """Show strings; a number between them moves back by thousandths of the size."""
        state = self._state
        for operand in operands:
            start = self._placed()
            self._advance(operand, state)
            if isinstance(operand, bytes):
                end = self._placed()
                yield Piece(operand, state.font, start[4], end[4], start[5], height_of(state.size, start))

    def _placed(self) -> Matrix:
        """Give where the next letter stands on the page."""
        return times(times((1, 0, 0, 1, 0, self._state.rise), self._at), self._state.ctm)

    def _advance(self, operand: Operand, state: State) -> None:
        """Go on by what a string takes, or back by a number."""
        if isinstance(operand, bytes):
            room = len(operand) * state.letters + operand.count(b" ") * state.words
            width = state.font.width(operand) / 1000 * state.size + room
        else:
            width = 0.0 if isinstance(operand, str) else -operand / 1000 * state.size
        self._at = times((1, 0, 0, 1, width * state.stretch / 100, 0), self._at)

    def _draw(self, name: str) -> Iterator[Piece]:
        form = member(member(self._resources, "/XObject"), name)
        if not isinstance(form, generic.StreamObject) or form.get("/Subtype") != "/Form":
            return
        own = [float(number) for number in items(form.get("/Matrix"))]
        ctm = times(matrix_of(own) if len(own) == 6 else IDENTITY, self._state.ctm)
        resources = member(form, "/Resources") or self._resources
        yield from _pieces(form.data[:MAX_CONTENT], resources, replace(self._state, ctm=ctm), self._depth - 1)


def height_of(size: float, placed: Matrix) -> float:
    """Give the height of text of a size where it is placed; a negative size turns it and makes it no lower."""
    return abs(size * (placed[3] or placed[0]))


def matrix_of(numbers: list[float]) -> Matrix:
    """Make a matrix of six numbers."""
    a, b, c, d, e, f = numbers
    return a, b, c, d, e, f


def times(m: Matrix, n: Matrix) -> Matrix:
    """Multiply two matrices."""
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def operations(data: bytes) -> Iterator[tuple[bytes, list[Operand], list[float]]]:
    """Read a content stream: operators with their operands, and once more those of these that are numbers.

    Numbers are floats, strings bytes, and names text.
    """
    at = 0
    while True:
        plain = _PLAIN.match(data, at)
        if plain is None:
            found = _operation(data, at)
            if found is None:
                return
            operator, operands, at = found
            numbers = [operand for operand in operands if isinstance(operand, float)]
        else:
            at = plain.end()
            name, text, digits, written, operator = plain.groups()
            numbers = list(map(float, written.split()))
            operands = [*numbers]
            if name is not None:
                operands.insert(0, resolved(name).decode("latin-1"))
            elif text is not None:
                operands.insert(0, unescaped(text))
            elif digits is not None:
                operands.insert(0, from_digits(digits))
        if operator == b"ID":  # the bytes of an inline image
            end = _PICTURE_END.search(data, at)
            at = end.end() if end else len(data)
        yield operator, operands, numbers


def _operation(data: bytes, at: int) -> tuple[bytes, list[Operand], int] | None:
    """Read one operation token by token; give its operator, its operands and where it ends."""
    operands: list[Operand] = []
    while match := _TOKEN.search(data, at):
        at = match.end()
        kind = match.lastindex
        if kind == _NUMBER:
            operands.append(float(match[_NUMBER]))
        elif kind == _OPERATOR:
            return match[_OPERATOR], operands, at
        elif kind == _STRING:
            text, at = _string(data, at)
            operands.append(text)
        elif kind == _NAME:
            operands.append(resolved(match[_NAME]).decode("latin-1"))
        elif kind == _HEX:
            operands.append(from_digits(match[_HEX]))
    return None


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a string from behind its first parenthesis; one without an end goes to the end."""
    simple = _SIMPLE.match(data, at)
    if simple is not None:
        return unescaped(simple[1]), simple.end()
    start, end, depth = at, at, 1
    while part := _PART.match(data, end):
        end = part.end()
        depth += (part[0] == b"(") - (part[0] == b")")
        if depth == 0:
            return unescaped(data[start : end - 1]), end
    return unescaped(data[start:end]), end
