"""Cross-reference sections, tables and streams (ISO 32000-2, 7.5.4 and 7.5.8), read strictly."""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from docaxis_signing.pdf.limits import MAX_OBJECTS, MAX_XREF_BYTES
from docaxis_signing.pdf.syntax import Dictionary, MalformedSyntax, Name, read_indirect, read_value

_TABLE: Final = re.compile(rb"[\r\n ]{0,4}xref[ \t]*(?:\r\n|\n|\r)")
_SUBSECTION: Final = re.compile(rb"(\d{1,10})[ ]+(\d{1,10})[ \t]*(?:\r\n|\n|\r)")
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r\n|\r\n| \n| \r|\n|\r)")
_ENTRY_BYTES: Final = 20
_PLAIN_SUBSECTION: Final = re.compile(rb"\d+ \d+(?: \n|[\t]?\n|\r\n|\r)")
"""Two numbers, one space, a line end: MuPDF counts the entries of a subsection from where it expects them."""
_TRAILER: Final = re.compile(rb"[\x00\t\n\x0c\r ]*trailer")
_UP: Final = 2
"""PNG filter type "up" (RFC 2083, 6.4): the only one that writers of cross-reference streams use."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section: where it stands, which objects it places, and its trailer."""

    start: int
    end: int
    trailer: Mapping[bytes, Any]
    is_stream: bool
    stream_number: int | None = None
    placed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Object number to (byte offset, generation)."""
    compressed: dict[int, int] = field(default_factory=dict)
    """Object number to the number of the object stream that holds it."""
    positions: dict[int, int] = field(default_factory=dict)
    """Object number to its index in that object stream: some readers go by it, others by the stream's own list."""
    freed: set[int] = field(default_factory=set)
    even: bool = True
    """Whether each entry of a table takes 20 bytes and subsections are headed plainly: readers count on it (7.5.4)."""
    hidden: "Section | None" = None
    """The stream that a hybrid table names beside itself (7.5.8.4); what it lists is part of this section's lists."""
    masked: frozenset[int] = frozenset()
    """What that stream places and the table frees: readers without cross-reference streams find nothing there."""

    @property
    def previous(self) -> int | None:
        """Offset of the section before this one."""
        previous = self.trailer.get(b"Prev")
        if previous is not None and type(previous) is not int:
            raise MalformedSyntax("/Prev is no direct integer")
        return previous

    def __len__(self) -> int:
        return len(self.placed) + len(self.compressed) + len(self.freed)


def numbers_of(sections: Iterable[Section]) -> set[int]:
    """Name the objects that sections place or compress."""
    return {number for section in sections for number in (*section.placed, *section.compressed)}


def read_section(data: bytes, offset: int) -> Section:
    """Read the section that begins exactly at an offset.

    Raises:
        MalformedSyntax: No table and no stream begins there, or it contradicts itself.
    """
    if not 0 < offset < len(data):
        raise MalformedSyntax(f"no cross-reference section can begin at byte {offset}")
    table = _TABLE.match(data, offset)
    if table is None:
        return _read_stream(data, offset)
    section = _read_table(data, offset, table.end())
    return _with_hidden(data, section) if b"XRefStm" in section.trailer else section


def _with_hidden(data: bytes, section: Section) -> Section:
    """Join a hybrid section with its stream; what the table places counts, what it does not is looked up there."""
    at = section.trailer[b"XRefStm"]
    if type(at) is not int or not 0 < at < len(data):
        raise MalformedSyntax("/XRefStm is no offset")
    hidden = _read_stream(data, at)
    compressed = {number: place for number, place in hidden.compressed.items() if number not in section.placed}
    return replace(
        section,
        placed=hidden.placed | section.placed,
        compressed=compressed,
        positions=hidden.positions,
        freed=section.freed - hidden.placed.keys() - compressed.keys(),
        hidden=hidden,
        masked=frozenset(section.freed & (hidden.placed.keys() | compressed.keys())),
    )


def _read_table(data: bytes, offset: int, position: int) -> Section:
    section: dict[str, Any] = {"placed": {}, "freed": set()}
    seen, even = 0, True
    while header := _SUBSECTION.match(data, position):
        first, count = int(header[1]), int(header[2])
        seen += count
        if seen > MAX_OBJECTS:
            raise MalformedSyntax(f"more than {MAX_OBJECTS} objects")
        position = header.end()
        even = even and _PLAIN_SUBSECTION.fullmatch(header[0]) is not None
        for number in range(first, first + count):
            entry = _ENTRY.match(data, position)
            if entry is None:
                raise MalformedSyntax(f"a cross-reference entry is malformed at byte {position}")
            position = entry.end()
            even = even and len(entry[0]) == _ENTRY_BYTES
            _place(section, number, int(entry[1]), int(entry[2]), in_use=entry[3] == b"n")
    trailer_at = _TRAILER.match(data, position)
    if trailer_at is None:
        raise MalformedSyntax(f"no trailer follows the table at byte {offset}")
    trailer, end = read_value(data, trailer_at.end())
    return Section(offset, end, _trailer(trailer), is_stream=False, even=even, **section)


def _place(section: dict[str, Any], number: int, offset: int, generation: int, *, in_use: bool) -> None:
    if number in section["placed"] or number in section["freed"]:
        raise MalformedSyntax(f"object {number} is listed twice in one section")
    if in_use:
        section["placed"][number] = (offset, generation)
    else:
        section["freed"].add(number)


def _trailer(value: Any) -> Dictionary:
    if not isinstance(value, Dictionary) or value.twice:
        raise MalformedSyntax("the trailer is no dictionary or has a key twice")
    if type(value.get(b"Size")) is not int:
        raise MalformedSyntax("the trailer has no /Size")
    return value


def _read_stream(data: bytes, offset: int) -> Section:
    found = read_indirect(data, offset, lambda _: None)
    trailer = _trailer(found.value)
    if trailer.get(b"Type") != Name(b"XRef") or found.stream is None:
        raise MalformedSyntax(f"no cross-reference section begins at byte {offset}")
    rows, widths = _rows(data[slice(*found.stream)], trailer)
    placed, compressed, positions, freed = {}, {}, {}, set()
    seen: set[int] = set()
    for number, row in zip(_numbers(trailer, len(rows)), rows, strict=True):
        if number in seen:
            raise MalformedSyntax(f"object {number} is listed twice in one section")
        seen.add(number)
        kind, second, third = _fields(row, widths)
        if kind == 1:
            placed[number] = (second, third)
        elif kind == 2:
            compressed[number], positions[number] = second, third
        else:
            freed.add(number)
    return Section(
        offset,
        found.end,
        trailer,
        is_stream=True,
        stream_number=found.number,
        placed=placed,
        compressed=compressed,
        positions=positions,
        freed=freed,
    )


def _rows(raw: bytes, trailer: Dictionary) -> tuple[list[bytes], list[int]]:
    widths = trailer.get(b"W")
    if not isinstance(widths, list) or len(widths) != 3 or not all(type(w) is int and 0 <= w <= 8 for w in widths):
        raise MalformedSyntax("/W of a cross-reference stream is malformed")
    width = sum(widths)
    decoded = _decode(raw, trailer, width)
    if not width or len(decoded) % width or len(decoded) // width > MAX_OBJECTS:
        raise MalformedSyntax("a cross-reference stream does not divide into entries")
    return [decoded[at : at + width] for at in range(0, len(decoded), width)], widths


def _numbers(trailer: Dictionary, count: int) -> list[int]:
    index = trailer.get(b"Index", [0, trailer[b"Size"]])
    if not isinstance(index, list) or len(index) % 2 or not all(type(n) is int and n >= 0 for n in index):
        raise MalformedSyntax("/Index of a cross-reference stream is malformed")
    if sum(index[1::2]) != count:
        raise MalformedSyntax("a cross-reference stream has another number of entries than it says")
    return [n for first, length in zip(index[::2], index[1::2], strict=True) for n in range(first, first + length)]


def _fields(row: bytes, widths: list[int]) -> tuple[int, int, int]:
    first, second = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:first]) if widths[0] else 1
    if kind > 2:
        raise MalformedSyntax(f"unknown type {kind} of a cross-reference entry")
    return kind, int.from_bytes(row[first:second]), int.from_bytes(row[second:])


def _decode(raw: bytes, trailer: Dictionary, width: int) -> bytes:
    filters = trailer.get(b"Filter")
    filters = filters if isinstance(filters, list) else [] if filters is None else [filters]
    if not filters:
        return raw
    if filters != [Name(b"FlateDecode")]:
        raise MalformedSyntax("a cross-reference stream uses a filter other than FlateDecode")
    inflater = zlib.decompressobj()
    try:
        decoded = inflater.decompress(raw, MAX_XREF_BYTES)
    except zlib.error as error:
        raise MalformedSyntax("a cross-reference stream does not inflate") from error
    if inflater.unconsumed_tail:
        raise MalformedSyntax(f"a cross-reference stream inflates beyond {MAX_XREF_BYTES} bytes")
    parameters = trailer.get(b"DecodeParms") or {}
    parameters = parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else parameters
    predictor = parameters.get(b"Predictor", 1)
    if predictor == 1:
        return decoded
    if type(predictor) is not int or predictor < 10 or parameters.get(b"Columns", 1) != width:
        raise MalformedSyntax("a cross-reference stream uses an unknown predictor")
    return _undo_png(decoded, width)


def _undo_png(decoded: bytes, width: int) -> bytes:
    if len(decoded) % (width + 1):
        raise MalformedSyntax("a cross-reference stream does not divide into rows")
    out, above = bytearray(), bytes(width)
    for at in range(0, len(decoded), width + 1):
        kind, row = decoded[at], decoded[at + 1 : at + 1 + width]
        if kind not in (0, _UP):
            raise MalformedSyntax(f"PNG filter {kind} in a cross-reference stream")
        above = bytes((new + old) & 0xFF for new, old in zip(row, above, strict=True)) if kind == _UP else row
        out += above
    return bytes(out)
