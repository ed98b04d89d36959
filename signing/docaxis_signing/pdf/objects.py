"""The objects of a file as of one of its revisions, read by our own parser.

pyHanko's view of an older revision shares its blind spots with its view of the last one. The difference check
(`difference.py`) compares two of these instead. Strings become `Text`, streams `Stream`; nothing is decoded but object
streams.
"""

import binascii
import re
import zlib
from binascii import unhexlify
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from docaxis_signing.pdf.crossreference import Section
from docaxis_signing.pdf.limits import MAX_DEPTH, MAX_OBJECT_STREAM
from docaxis_signing.pdf.structure import Revision
from docaxis_signing.pdf.syntax import (
    Dictionary,
    IndirectObject,
    MalformedSyntax,
    Name,
    Reference,
    Span,
    read_indirect,
    read_numbered,
    read_value,
    unescaped,
)

_REFERENCES: Final = re.compile(rb"(?<!\d)(\d{1,4000}+)[\x00\t\n\x0c\r ]++\d{1,5}[\x00\t\n\x0c\r ]*+R(?![A-Za-z0-9])")
_BEFORE_R: Final = re.compile(rb"(?<!\d)(\d{1,4000}+)[\x00\t\n\x0c\r ]++\d{1,5}[\x00\t\n\x0c\r ]*+\Z")
_KEYWORD: Final = re.compile(rb"R(?<=[\x00\t\n\x0c\r 0-9.+-]R)(?![A-Za-z0-9])")
"""What ends any of them. It begins with a letter, so that the digits of signatures and widths are passed over."""
_PROPER: Final = re.compile(
    rb"(?<![^\x00\t\n\x0c\r ()<>\[\]{}%])(\d{1,10}+)[\x00\t\n\x0c\r ]++\d{1,5}+[\x00\t\n\x0c\r ]++\Z"
)
"""A reference as the format writes it, before its keyword; readers take others too, `20. 0 R` and `20 000000 R` among
them."""
_BEFORE_BYTES: Final = 64
"""Where the two numbers of a reference are looked for; honest ones take 18."""
MAX_KEPT: Final = 2048
"""Bytes of an object of which it is kept what it mentions: a font with its widths has half of that."""
OBJECTS_KEPT: Final = 2048
_NUMBERS: Final = b"\x00\t\n\x0c\r 0123456789"
_STRINGS: Final = re.compile(rb"\([^()\\]*+\)")
_PAIRS: Final = ((b"<<", b">>"), (b"<", b">"), (b"[", b"]"))


class Text:
    """A string; never equal to a name of the same bytes. What is written is read when somebody asks for it."""

    __slots__ = ("_hexadecimal", "_raw", "_value")

    def __init__(self, raw: bytes, *, hexadecimal: bool = False) -> None:
        """Take a string as it is written between its delimiters."""
        self._raw, self._hexadecimal = raw, hexadecimal
        self._value: bytes | None = None

    @property
    def value(self) -> bytes:
        """What the string says."""
        if self._value is None:
            self._value = _from_digits(self._raw) if self._hexadecimal else unescaped(self._raw)
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return NotImplemented
        if self._raw == other._raw and self._hexadecimal == other._hexadecimal:
            return True
        return self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary and its bytes as they stand in the file."""

    entries: Mapping[bytes, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Container:
    """A decoded object stream: its bytes, and where each of its objects begins and may end."""

    decoded: bytes
    spans: Mapping[int, tuple[int, int]]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a file already, by its place in the bytes: the same for every revision that sees it there."""

    scanned: Mapping[int, IndirectObject] = field(default_factory=dict)
    values: dict[int, Any] = field(default_factory=dict)
    references: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)


class Snapshot:
    """The objects that a reader of a revision sees."""

    def __init__(self, data: bytes, revisions: Sequence[Revision], read: Read | None = None) -> None:
        """Merge the sections of the given revisions, oldest first.

        Args:
            data: The file.
            revisions: What a reader of the last of them knows.
            read: Where what is read is kept for other revisions of the same file.
        """
        self._data = data
        self._read_before = read or Read()
        self._placed: dict[int, tuple[int, int]] = {}
        self._compressed: dict[int, int] = {}
        self._positions: dict[int, int] = {}
        self._containers: dict[int, _Container] = {}
        self._values: dict[int, Any] = {}
        for revision in revisions:
            for section in reversed(revision.sections):
                self._take(section)
        self.trailer: Mapping[bytes, Any] = revisions[-1].sections[0].trailer
        self._revisions = revisions

    @cached_property
    def _starts(self) -> list[int]:
        """Where objects and sections begin, and where the last revision ends."""
        sections = [section for revision in self._revisions for section in revision.sections]
        starts = {offset for section in sections for offset, _ in section.placed.values()}
        starts |= {section.start for section in sections}
        return sorted({*starts, self._revisions[-1].end})

    def _take(self, section: Section) -> None:
        for number in section.freed:
            self._placed.pop(number, None)
            self._compressed.pop(number, None)
        for number, place in section.placed.items():
            self._placed[number] = place
            self._compressed.pop(number, None)
        for number, container in section.compressed.items():
            self._compressed[number] = container
            self._positions[number] = section.positions[number]
            self._placed.pop(number, None)

    def place(self, number: int) -> tuple[int, int] | int | None:
        """Say where an object stands: offset and generation, number of its object stream, or nowhere."""
        return self._placed.get(number, self._compressed.get(number))

    def generation(self, number: int) -> int | None:
        """Give the generation of an object, 0 in an object stream; None where there is none."""
        if number in self._placed:
            return self._placed[number][1]
        return 0 if number in self._compressed else None

    def in_container(self, container: int) -> Iterator[int]:
        """Name the objects that stand in an object stream."""
        return (number for number, found in self._compressed.items() if found == container)

    def value(self, number: int) -> Any:
        """Read an object; None where there is none.

        Raises:
            MalformedSyntax: Something else stands at its place.
        """
        if number not in self._values:
            self._values[number] = self._read(number)
        return self._values[number]

    def resolve(self, value: Any) -> Any:
        """Follow a reference; a reference to a reference is malformed and stays one."""
        return self.value(value.number) if isinstance(value, Reference) else value

    def references(self, number: int) -> frozenset[int]:
        """Name every object that an object could refer to: rather one too many (in strings, comments) than one less."""
        if number in self._placed:
            return self._references_of_placed(number)
        if number in self._compressed:
            decoded, (start, end) = self._contained(number)
            return _mentioned(decoded, start, end, read_value)
        return frozenset()

    def _references_of_placed(self, number: int) -> frozenset[int]:
        offset = self._placed[number][0]
        after = bisect_right(self._starts, offset)
        end = self._starts[after] if after < len(self._starts) else len(self._data)
        known = self._read_before.references
        if (offset, end) not in known:
            known[offset, end] = _mentioned(self._data, offset, end, read_numbered)
        return known[offset, end]

    def _length(self, reference: Reference) -> int | None:
        place = self._placed.get(reference.number)
        if place is None:
            value = self.value(reference.number)
        else:
            value = read_indirect(self._data, place[0], lambda _: None).value
        return value if type(value) is int else None

    def _indirect(self, number: int) -> Any:
        offset = self._placed[number][0]
        found = self._read_before.scanned.get(offset)
        if found is None or (found.stream is not None and type(found.value.get(b"Length")) is not int):
            found = read_indirect(self._data, offset, self._length)  # its length is as this revision has it
        if (found.number, found.generation) != (number, self._placed[number][1]):
            raise MalformedSyntax(f"object {number} is not where it is listed")
        return found

    def _read(self, number: int) -> Any:
        if number in self._placed:
            offset, generation = self._placed[number]
            known = self._read_before.values.get(offset)
            if known is not None and known[:2] == (number, generation):
                return known[2]
            found = self._indirect(number)
            value = _plain(self._data, found.value)
            if found.stream is not None:
                value = Stream(value, self._data[slice(*found.stream)])
                if isinstance(value.entries.get(b"Length"), Reference):
                    return value  # its length is another object's, which another revision may change
            self._read_before.values[offset] = (number, generation, value)
            return value
        if number not in self._compressed:
            return None
        decoded, (start, _) = self._contained(number)
        return _plain(decoded, read_value(decoded, start)[0])

    def _contained(self, number: int) -> tuple[bytes, tuple[int, int]]:
        """Give the bytes of an object's stream and its span, if the stream lists it where the section says."""
        container = self._container(self._compressed[number])
        position = self._positions[number]
        if container.numbers[position : position + 1] != (number,):
            raise MalformedSyntax(f"object {number} is not in its object stream, or not where its section says")
        return container.decoded, container.spans[number]

    def _container(self, number: int) -> _Container:
        if number not in self._containers:
            if number not in self._placed:
                raise MalformedSyntax(f"the object stream {number} is missing")
            stream = self.value(number)
            if not isinstance(stream, Stream) or stream.entries.get(b"Type") != Name(b"ObjStm"):
                raise MalformedSyntax(f"object {number} is no object stream")
            self._containers[number] = _open(stream)
        return self._containers[number]


def _mentioned(data: bytes, start: int, end: int, read: Callable[[bytes, int], tuple[Any, int]]) -> frozenset[int]:
    """Name what is written like a reference in an object; where that could miss one, the object is read strictly.

    Args:
        data: What the object stands in.
        start: Where it begins.
        end: Where the next one begins, as the sections tell; a hostile section tells a place inside this one.
        read: Reads the object's value.

    Raises:
        MalformedSyntax: It has to be read, and cannot be.
    """
    raw = data[start:end]
    numbers = _mentioned_once(raw) if len(raw) <= MAX_KEPT else _plainly_mentioned(raw)
    if numbers is not None:
        return numbers
    value, end = read(data, start)
    return _loosely_mentioned(data, start, end) | referred(value)


def _loosely_mentioned(data: bytes, start: int, end: int) -> frozenset[int]:
    """Name what any reader might take for a reference, as `_REFERENCES` finds it."""
    numbers = set()
    for keyword in _KEYWORD.finditer(data, start, end):
        at = keyword.start()
        low = max(start, at - _BEFORE_BYTES)
        found = _BEFORE_R.search(data, low, at)
        if found is not None:
            numbers.add(int(found[1]))
        elif low > start and not data[low:at].strip(_NUMBERS):  # numbers that are longer still
            return frozenset(map(int, _REFERENCES.findall(data, start, end)))
    return frozenset(numbers)


def _plainly_mentioned(raw: bytes) -> frozenset[int] | None:
    """Name what is written like a reference; None if some of it is not written as the format writes it."""
    if not _is_whole(raw):
        return None
    numbers = set()
    for keyword in _KEYWORD.finditer(raw):
        at = keyword.start()
        proper = _PROPER.search(raw, max(0, at - _BEFORE_BYTES), at)
        if proper is None:
            return None
        numbers.add(int(proper[1]))
    return frozenset(numbers)


_mentioned_once: Final = lru_cache(maxsize=OBJECTS_KEPT)(_plainly_mentioned)
"""Documents of one program have catalogs, page trees and fonts in common, byte for byte."""


def _is_whole(raw: bytes) -> bool:
    """Say whether an object is whole, with nothing in it in which readers find more or less than stands there."""
    if b"stream" in raw or b"%" in raw or b"\\" in raw or raw.count(b"endobj") > 1:
        return False
    bare = _STRINGS.sub(b"", raw) if b"(" in raw else raw
    return not (
        b"(" in bare or b")" in bare or any(bare.count(opening) != bare.count(closing) for opening, closing in _PAIRS)
    )


def referred(value: Any, depth: int = 0) -> set[int]:
    """Name the objects that a value refers to.

    Raises:
        MalformedSyntax: It is nested deeper than the parser nests.
    """
    if isinstance(value, Reference):
        return {value.number}
    if depth > MAX_DEPTH:
        raise MalformedSyntax("an object is nested too deeply to be followed")
    if isinstance(value, Stream):
        value = value.entries
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {number for part in parts for number in referred(part, depth + 1)}


def _open(stream: Stream) -> _Container:
    count, first = stream.entries.get(b"N"), stream.entries.get(b"First")
    if type(count) is not int or type(first) is not int:
        raise MalformedSyntax("an object stream does not say where its objects are")
    decoded = _inflated(stream)
    listed = decoded[:first].replace(b"\0", b" ").split()
    numbers = [int(item) for item in listed if item.isdigit()]
    if not len(listed) == len(numbers) == 2 * count or len(set(numbers[::2])) != count:
        raise MalformedSyntax("an object stream lists its objects wrongly")
    offsets = [first + offset for offset in numbers[1::2]]
    ends = sorted({*offsets, len(decoded)})
    spans = {
        number: (offset, ends[bisect_right(ends, offset)] if offset < len(decoded) else offset)
        for number, offset in zip(numbers[::2], offsets, strict=True)
    }
    return _Container(decoded, spans, tuple(numbers[::2]))


def _inflated(stream: Stream) -> bytes:
    filters = stream.entries.get(b"Filter")
    filters = filters if isinstance(filters, list) else [] if filters is None else [filters]
    if not filters:
        return stream.raw
    if filters not in ([Name(b"FlateDecode")], [Name(b"Fl")]) or stream.entries.get(b"DecodeParms"):
        raise MalformedSyntax("an object stream uses a filter other than plain FlateDecode")
    inflater = zlib.decompressobj()
    try:
        decoded = inflater.decompress(stream.raw, MAX_OBJECT_STREAM)
    except zlib.error as error:
        raise MalformedSyntax("an object stream does not inflate") from error
    if inflater.unconsumed_tail:
        raise MalformedSyntax(f"an object stream inflates beyond {MAX_OBJECT_STREAM} bytes")
    return decoded


def _plain(data: bytes, value: Any) -> Any:
    """Replace the places of strings by the strings; an entry that is null is an entry that is missing (7.3.9)."""
    if isinstance(value, Span):
        return Text(data[value.start + 1 : value.end - 1], hexadecimal=value.hexadecimal)
    if isinstance(value, list):
        return [_plain(data, item) for item in value]
    if isinstance(value, Dictionary):
        if value.twice:
            raise MalformedSyntax(f"a dictionary has a key twice: {sorted(value.twice)!r}")
        return {key: _plain(data, item) for key, item in value.items() if item is not None}
    return value


def _from_digits(digits: bytes) -> bytes:
    try:
        return unhexlify(digits)
    except binascii.Error:
        bare = b"".join(digits.split()).replace(b"\0", b"")
        return unhexlify(bare + b"0" * (len(bare) % 2))


def same(one: Any, other: Any) -> bool:
    """Compare two values; 1, 1.0 and true are told apart from one another only where a reader would."""
    if isinstance(one, Stream) and isinstance(other, Stream):
        return one.raw == other.raw and same(_without_length(one), _without_length(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) in (int, float) and type(other) in (int, float):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _without_length(stream: Stream) -> dict[bytes, Any]:
    return {key: value for key, value in stream.entries.items() if key != b"Length"}
