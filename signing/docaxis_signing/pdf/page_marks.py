"""Where a page bears marks below something: boxes of its text, pictures, lines and areas, in the page's units.

Boxes are rather too large than too small. White areas and areas as large as the page are its background. What cannot be
followed raises, and whoever asks takes that for marks everywhere. Text costs most, for its width and for whether it is
more than blanks a font has to be read; both are asked only of text that may be below what is asked about.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from pyhanko.pdf_utils import generic

from docaxis_signing.pdf.page_fonts import DrawnFont, items, member
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
MAX_LETTERS: Final = 20_000
"""Letters that a page draws by streams of its own; a page of text has 5,000."""
_WHITE: Final = 0.99
_SHADES: Final = {"/DeviceGray": 1, "/DeviceRGB": 3, "/DeviceCMYK": 4, "/CalGray": 1, "/CalRGB": 3}
"""Colour spaces in which white is what one thinks, by the number of their components; so is an /ICCBased one."""
_FILL: Final = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_STROKE: Final = frozenset({b"S", b"s"})
_PAINT: Final = _FILL | _STROKE | {b"n"}
_SETTING_INK: Final = {b"g": 1, b"rg": 3, b"k": 4, b"sc": 0, b"scn": 0}
"""Operators that choose what areas are filled with, by the components of the space that they choose too."""
_ON_PATH: Final = {b"m": 2, b"l": 2, b"c": 6, b"v": 4, b"y": 4}
"""Numbers of the operators that go on with a path."""
_PATH: Final = _PAINT | _ON_PATH.keys() | {b"re", b"h"}


class _Kind(Enum):
    """What a box is of."""

    MARK = "mark"
    AREA = "area"
    """A filled one: as large as the page it is paper."""
    WHITE = "white"
    """A white area, which is seen where the paper is not."""


@dataclass(frozen=True, slots=True)
class _Ink:
    """What areas are filled with, and where anything shows."""

    components: int = 1
    """Of the colour space; 0 where it is none in which white is known."""
    white: bool = False
    clip: Box | None = None


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
    dark = any(kind is _Kind.AREA and _is_paper(box, width, height) for box, kind in found)
    seen = (box for box, kind in found if kind is not _Kind.WHITE or dark)
    marks = {box for box, kind in found if kind is _Kind.MARK}
    return tuple(box for box in seen if box in marks or not _is_paper(box, width, height))


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


def _boxes(
    data: bytes, resources: Any, state: State, depth: int, below: Sequence[Box], *, ink: _Ink | None = None
) -> list[tuple[Box, _Kind]]:
    marking = _Marking(resources, state, depth, below, ink or _Ink())
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
    state: State


class _Marking(Drawing):
    """Follows, beside text, what draws pictures and paths (8.5 and 8.9); `found` says of each box what it is of."""

    def __init__(self, resources: Any, state: State, depth: int, below: Sequence[Box], ink: _Ink) -> None:
        super().__init__(resources, state, depth)
        self._below = below
        self._passed: list[_Passed] = []
        self.found: list[tuple[Box, _Kind]] = []
        self._ink, self._inks = ink, list[_Ink]()
        self._clips = False
        self._drawn = 0
        self._parts: list[list[tuple[float, float]]] = []

    def _follow(self, operator: bytes, operands: list[Operand], numbers: list[float]) -> None:
        if operator in _SETTING_INK:
            self._fill_with(_SETTING_INK[operator] or self._ink.components, numbers)
        elif operator == b"cs" and operands:
            self._ink = replace(self._ink, components=self._components(str(operands[0])), white=False)
        elif operator == b"q":
            self._inks.append(self._ink)
        elif operator == b"Q" and self._inks:
            self._ink = self._inks.pop()
        elif operator in {b"W", b"W*"}:
            self._clips = True
        elif operator == b"ID":
            self._picture()
        elif operator == b"sh":
            self._area(_EVERYWHERE, _Kind.AREA)
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
        letters = state.font.drawn
        if letters is None and self._passes():
            self._passed.append(_Passed(operands, replace(state)))
            return ()
        for passed in self._passed:
            for operand in passed.operands:
                self._advance(operand, passed.state)
        self._passed.clear()
        if letters is not None:
            self._draw_letters(operands, letters)
            return ()
        for piece in super()._show(operands):
            box = _of_piece(piece)
            if any(box[0] <= other[2] and other[0] <= box[2] for other in self._below):
                text = piece.text
                if text.strip() or not text:
                    self.found.append((box, _Kind.MARK))
        return ()

    def _draw_letters(self, operands: list[Operand], letters: DrawnFont) -> None:
        """Follow what draws each letter: it may draw anywhere, whatever its width and its font's box say."""
        state, boxes = self._state, dict[int, list[tuple[Box, _Kind]]]()
        for operand in operands:
            codes = operand if isinstance(operand, bytes) else b""
            for at, code in enumerate(codes):
                if code not in boxes:
                    boxes[code] = self._of_letter(letters, code)
                own = times(matrix_of(list(letters.matrix)), (state.size * state.stretch / 100, 0, 0, state.size, 0, 0))
                placed = times(own, self._placed())
                self.found += [(_moved(box, placed), kind) for box, kind in boxes[code]]
                self._advance(codes[at : at + 1], state)
            if not codes:
                self._advance(operand, state)
            self._drawn += len(codes)
        if self._drawn > MAX_LETTERS:
            raise Unfollowed(f"more than {MAX_LETTERS} letters drawn by the page itself")

    def _of_letter(self, letters: DrawnFont, code: int) -> list[tuple[Box, _Kind]]:
        drawn = letters.letter(code)
        if drawn is None:
            return []
        if self._depth <= 1 or len(drawn.data) > MAX_CONTENT:
            raise Unfollowed("a letter within a page is too large or too deep")
        found = _boxes(drawn.data, letters.resources or self._resources, State(), self._depth - 1, [_EVERYWHERE])
        return [(box, _Kind.MARK if kind is _Kind.AREA else kind) for box, kind in found]

    def _passes(self) -> bool:
        """Tell whether text stays at a height at which nothing is asked about, however far it goes."""
        if self._at[1] != 0 or self._state.ctm[1] != 0:
            return False
        placed = self._placed()
        bottom, top = _room(placed[5], height_of(self._state.size, placed))
        return not any(bottom <= other[3] and other[1] <= top for other in self._below)

    def _fill_with(self, components: int, numbers: list[float]) -> None:
        paper = 0.0 if components == 4 else 1.0
        known = bool(components) and len(numbers) == components
        white = known and all(abs(number - paper) <= 1 - _WHITE for number in numbers)
        self._ink = replace(self._ink, components=components, white=white)

    def _components(self, name: str) -> int:
        """Give the number of components of a colour space; 0 where white is not known in it, inks and patterns."""
        if name in _SHADES:
            return _SHADES[name]
        space = items(member(member(self._resources, "/ColorSpace"), name)) or [""]
        if space[0] == "/ICCBased" and len(space) > 1:
            return int(member(space[1], "/N") or 0)
        return _SHADES.get(str(space[0]), 0)

    def _area(self, box: Box, kind: _Kind) -> None:
        """Take note of an area as far as it shows."""
        clip = self._ink.clip
        box = box if clip is None else _common(box, clip)
        if box[0] <= box[2] and box[1] <= box[3]:
            self.found.append((box, kind))

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
        if operator in _FILL:
            kind = _Kind.WHITE if self._ink.white else _Kind.AREA
            for part in self._parts:
                if part:
                    self._area(_around(part), kind)
        elif operator in _STROKE:
            pairs = [pair for part in self._parts for pair in pairwise(part)]
            self.found += [(_around(pair), _Kind.MARK) for pair in pairs]
        if self._clips and any(self._parts):
            self._narrow(_around([point for part in self._parts for point in part]))
        self._clips, self._parts = False, []

    def _narrow(self, box: Box) -> None:
        clip = self._ink.clip
        self._ink = replace(self._ink, clip=box if clip is None else _common(box, clip))

    def _at_page(self, x: float, y: float) -> tuple[float, float]:
        placed = times((1, 0, 0, 1, x, y), self._state.ctm)
        return placed[4], placed[5]

    def _picture(self) -> None:
        self.found.append((_around([self._at_page(x, y) for x in (0, 1) for y in (0, 1)]), _Kind.MARK))

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
        box = [float(number) for number in items(drawn.get("/BBox"))]
        clip = self._ink.clip
        if len(box) == 4:
            shown = _moved((box[0], box[1], box[2], box[3]), ctm)
            clip = shown if clip is None else _common(shown, clip)
        own_or_outer = member(drawn, "/Resources") or self._resources
        inner, ink = replace(self._state, ctm=ctm), replace(self._ink, clip=clip)
        self.found += _boxes(drawn.data, own_or_outer, inner, self._depth - 1, self._below, ink=ink)
        yield from ()


_EVERYWHERE: Final[Box] = (-1e9, -1e9, 1e9, 1e9)


def _common(one: Box, other: Box) -> Box:
    """Give what two boxes have in common; its sides are the wrong way round where that is nothing."""
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _moved(box: Box, matrix: Matrix) -> Box:
    corners = [times((1, 0, 0, 1, x, y), matrix) for x in box[::2] for y in box[1::2]]
    return _around([(corner[4], corner[5]) for corner in corners])


def _around(points: Any) -> Box:
    across, up = [x for x, _ in points], [y for _, y in points]
    return min(across), min(up), max(across), max(up)
