"""Where a page bears marks below something: boxes of its text, pictures, lines and areas, in the page's units.

Boxes are rather too large than too small. White areas and areas as large as the page are its background. What cannot be
followed raises, and whoever asks takes that for marks everywhere. Text costs most, for its width and for whether it is
more than blanks a font has to be read; both are asked only of text that may be below what is asked about.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from pyhanko.pdf_utils import generic

from docaxis_signing.pdf.page_fonts import Font, items, member
from docaxis_signing.pdf.page_text import (
    IDENTITY,
    Drawing,
    Matrix,
    Operand,
    Piece,
    State,
    height_of,
    matrix_of,
    operations,
    times,
)

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""
MAX_CONTENT: Final = 1024 * 1024
"""Bytes of page content that are followed; a page of text has ten thousand."""
MAX_DEPTH: Final = 8
"""Forms within forms."""
MAX_TREE: Final = 64
"""Nodes from a page to the root of the page tree."""
BACKGROUND: Final = 0.9
"""Of the width and height of the page: an area as large as this is paper."""
_WHITE: Final = 0.99
_FILL: Final = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_STROKE: Final = frozenset({b"S", b"s"})
_PAINT: Final = _FILL | _STROKE | {b"n"}
_SETTING_INK: Final = frozenset({b"q", b"Q", b"g", b"rg", b"k", b"sc", b"scn", b"cs"})
_ON_PATH: Final = {b"m": 2, b"l": 2, b"c": 6, b"v": 4, b"y": 4}
"""Numbers of the operators that go on with a path."""
_PATH: Final = _PAINT | _ON_PATH.keys() | {b"re", b"h"}


class Unfollowed(ValueError):
    """A page's content is too large or nested too deeply to be followed."""


def marks_of(page: Any, below: Sequence[Box]) -> tuple[Box, ...]:
    """Give the boxes of what a page's content draws: of text what may be below some boxes, of all else everything.

    Raises:
        Unfollowed: The content is beyond a limit.
        ValueError: Or it cannot be read; the library raises other errors too.
    """
    content = _content(page)
    resources = next((found for node in _upwards(page) if (found := member(node, "/Resources")) is not None), None)
    size = next((found for node in _upwards(page) if len(found := items(node.get("/MediaBox"))) == 4), [0, 0, 0, 0])
    width, height = abs(float(size[2]) - float(size[0])), abs(float(size[3]) - float(size[1]))
    found = _boxes(content, resources, State(), MAX_DEPTH, below)
    return tuple(box for box, area in found if not (area and _is_paper(box, width, height)))


def _content(page: Any) -> bytes:
    contents = member(page, "/Contents")
    streams = items(contents) if isinstance(contents, generic.ArrayObject) else [contents]
    held = [stream for stream in streams if isinstance(stream, generic.StreamObject) and stream.encoded_data.strip()]
    content = b"\n".join(stream.data for stream in held)
    if len(content) > MAX_CONTENT:
        raise Unfollowed(f"more than {MAX_CONTENT} bytes of content on a page")
    return content


def _upwards(page: Any) -> Iterator[Any]:
    """Go from a page to the root of the tree, for what it inherits (ISO 32000-2, 7.7.3.4)."""
    node = page
    for _ in range(MAX_TREE):
        if not isinstance(node, generic.DictionaryObject):
            return
        yield node
        node = member(node, "/Parent")


def _is_paper(box: Box, width: float, height: float) -> bool:
    left, bottom, right, top = box
    return right - left >= BACKGROUND * width and top - bottom >= BACKGROUND * height


def _boxes(data: bytes, resources: Any, state: State, depth: int, below: Sequence[Box]) -> list[tuple[Box, bool]]:
    marking = _Marking(resources, state, depth, below)
    for operation in operations(data):
        for _ in marking.operate(*operation):
            pass
    return marking.found


def _room(y: float, height: float) -> tuple[float, float]:
    """Give a line of text the room of its letters, rather too much: above and below, or beside where it is turned."""
    return y - 0.3 * height, y + height


def _of_piece(piece: Piece) -> Box:
    left, right = sorted((piece.x, piece.end))
    bottom, top = _room(piece.y, piece.size)
    return left, bottom, right, top


@dataclass(frozen=True, slots=True)
class _Passed:
    """What was shown on a line without asking how wide it is."""

    operands: Sequence[Operand]
    font: Font
    size: float


class _Marking(Drawing):
    """Follows, beside text, what draws pictures and paths (8.5 and 8.9); `found` says of each box if it is an area."""

    def __init__(self, resources: Any, state: State, depth: int, below: Sequence[Box]) -> None:
        super().__init__(resources, state, depth)
        self._below = below
        self._passed: list[_Passed] = []
        self.found: list[tuple[Box, bool]] = []
        self._white, self._whites = False, list[bool]()
        self._parts: list[list[tuple[float, float]]] = []

    def _follow(self, operator: bytes, operands: list[Operand], numbers: list[float]) -> None:
        if operator in _SETTING_INK:
            self._ink(operator, numbers)
        elif operator == b"ID":
            self._picture()
        elif operator in _PATH:
            self._path(operator, numbers)
        super()._follow(operator, operands, numbers)

    def _move(self, operator: bytes, numbers: list[float]) -> None:
        before = self._at
        super()._move(operator, numbers)
        if operator == b"BT" or self._at is not before:
            self._passed.clear()

    def _show(self, operands: list[Operand]) -> Iterable[Piece]:
        """Take note of text that may be below; of other text only that it moves what follows it on its line."""
        state = self._state
        if self._passes():
            self._passed.append(_Passed(operands, state.font, state.size))
            return ()
        for passed in self._passed:
            for operand in passed.operands:
                self._advance(operand, passed.font, passed.size)
        self._passed.clear()
        for piece in super()._show(operands):
            box = _of_piece(piece)
            if any(box[0] <= other[2] and other[0] <= box[2] for other in self._below):
                text = piece.text
                if text.strip() or not text:
                    self.found.append((box, False))
        return ()

    def _passes(self) -> bool:
        """Tell whether text stays at a height at which nothing is asked about, however far it goes."""
        at, ctm = self._at, self._state.ctm
        if at[1] != 0 or ctm[1] != 0:
            return False
        placed = times(at, ctm)
        bottom, top = _room(placed[5], height_of(self._state.size, placed))
        return not any(bottom <= other[3] and other[1] <= top for other in self._below)

    def _ink(self, operator: bytes, numbers: list[float]) -> None:
        if operator == b"q":
            self._whites.append(self._white)
        elif operator == b"Q" and self._whites:
            self._white = self._whites.pop()
        elif operator != b"Q":
            paper = 0.0 if len(numbers) == 4 else 1.0
            self._white = bool(numbers) and all(abs(number - paper) <= 1 - _WHITE for number in numbers)

    def _path(self, operator: bytes, numbers: list[float]) -> None:
        if operator == b"re" and len(numbers) == 4:
            x, y, width, height = numbers
            corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
            self._parts.append([self._at_page(*corner) for corner in corners])
        elif operator in _ON_PATH and len(numbers) == _ON_PATH[operator]:
            if operator == b"m" or not self._parts:
                self._parts.append([])
            self._parts[-1] += [self._at_page(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        elif operator == b"h" and self._parts and self._parts[-1]:
            self._parts[-1].append(self._parts[-1][0])
        elif operator in _PAINT:
            self._paint(operator)

    def _paint(self, operator: bytes) -> None:
        if operator in _FILL and not self._white:
            self.found += [(_around(part), True) for part in self._parts if part]
        elif operator in _STROKE:
            pairs = [pair for part in self._parts for pair in pairwise(part)]
            self.found += [(_around(pair), False) for pair in pairs]
        self._parts = []

    def _at_page(self, x: float, y: float) -> tuple[float, float]:
        placed = times((1, 0, 0, 1, x, y), self._state.ctm)
        return placed[4], placed[5]

    def _picture(self) -> None:
        self.found.append((_around([self._at_page(x, y) for x in (0, 1) for y in (0, 1)]), False))

    def _draw(self, name: str) -> Iterator[Piece]:
        drawn = member(member(self._resources, "/XObject"), name)
        if not isinstance(drawn, generic.StreamObject):
            return
        if drawn.get("/Subtype") != "/Form":
            self._picture()
            return
        if self._depth <= 1 or len(drawn.data) > MAX_CONTENT:
            raise Unfollowed("a form within a page is too large or too deep")
        own = [float(number) for number in items(drawn.get("/Matrix"))]
        ctm: Matrix = times(matrix_of(own) if len(own) == 6 else IDENTITY, self._state.ctm)
        inner = State(ctm, self._state.font, self._state.size, self._state.leading)
        own_or_outer = member(drawn, "/Resources") or self._resources
        self.found += _boxes(drawn.data, own_or_outer, inner, self._depth - 1, self._below)
        yield from ()


def _around(points: Any) -> Box:
    across, up = [x for x, _ in points], [y for _, y in points]
    return min(across), min(up), max(across), max(up)
