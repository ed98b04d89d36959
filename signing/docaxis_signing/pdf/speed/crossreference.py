"""Cross-reference tables and what they lead to: a table by one regular expression, an object with its head and tail.

Only what is plain is taken: entries of 20 bytes, numbers of an object divided by one blank, no comments, generations
that the format allows. Everything else is left to pyHanko's own reader, from the position where it began.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic, xref
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefCache, XRefEntry, XRefSectionData, XRefType

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.hashing import IN_MEMORY

MAX_GENERATION: Final = 0xFFFF
ENTRY_BYTES: Final = 20
_BEGIN: Final = re.compile(rb"[ \n\r]*+")
_SUBSECTION: Final = re.compile(
    rb"(\d{1,9}) (\d{1,9}) ?(?:\r\n|\n|\r)((?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*+)(?=\d|trailer[ \n\r\t]*+<)"
)
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])")
_TRAILER: Final = re.compile(rb"trailer[ \n\r\t]*+(?=<)")
_HEADER: Final = re.compile(rb"(\d{1,9}) (\d{1,5}) obj[ \n\r\t\f\x00]*+(?=[^ \n\r\t\f\x00%])")
_END: Final = re.compile(rb"[ \n\r\t\f\x00]*+endobj[ \n\r\t\f\x00]*+(?=[^ \n\r\t\f\x00%])")
_ENCRYPTED: Final = "_docaxis_encrypted"

Stock = Callable[..., Any]


class Table:
    """The entries of a plain table: number, offset (None where the object is freed) and generation."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int | None, int]] = []

    def take(self, first: int, body: bytes) -> bool:
        """Take the entries of a subsection; say whether the format allows all of them."""
        taken = [
            (number, int(offset) if kind == b"n" else None, int(generation))
            for number, (offset, generation, kind) in enumerate(_ENTRY.findall(body), first)
        ]
        self._entries += taken
        return all(generation <= MAX_GENERATION for _, _, generation in taken)

    def fill(self, section: XRefSectionData) -> int:
        """Put the entries in their places and give the highest number, as `process_entries` does."""
        for number, offset, generation in self._entries:
            if number == 0:
                continue
            if offset is None:
                section.freed[number] = generation
                section.explicit_refs_in_revision.add((number, generation - 1))
            else:
                section.standard_xrefs[number] = (generation, offset)
                section.explicit_refs_in_revision.add((number, generation))
        return max((number for number, _, _ in self._entries), default=0)

    def __iter__(self) -> Iterator[XRefEntry]:
        """Give pyHanko's entries to whoever else asks."""
        for number, offset, generation in self._entries:
            kind = XRefType.FREE if offset is None else XRefType.STANDARD
            yield XRefEntry(xref_type=kind, location=offset, idnum=number, generation=generation)


def _tables(stock: Stock) -> Stock:
    def parse_xref_table(stream: Any, strict: bool) -> Any:  # noqa: FBT001 - pyHanko's signature
        if type(stream) not in IN_MEMORY:
            return stock(stream, strict)
        data, table = stream.getvalue(), Table()
        position = _BEGIN.match(data, stream.tell()).end()  # type: ignore[union-attr] # matches anything
        while (part := _SUBSECTION.match(data, position)) is not None:
            if len(part[3]) != ENTRY_BYTES * int(part[2]) or not table.take(int(part[1]), part[3]):
                break
            position = part.end()
            trailer = _TRAILER.match(data, position)
            if trailer is not None:
                stream.seek(trailer.end())
                return table
        return stock(stream, strict)

    return parse_xref_table


def _sections(stock: Stock) -> Stock:
    def process_entries(self: XRefSectionData, entries: Any, strict: bool) -> Any:  # noqa: FBT001 - pyHanko's signature
        return entries.fill(self) if type(entries) is Table else stock(self, entries, strict)

    return process_entries


def _headers(stock: Stock) -> Stock:
    def _read_object_header(stream: Any, strict: bool) -> Any:  # noqa: FBT001 - pyHanko's signature
        header = _HEADER.match(stream.getvalue(), stream.tell()) if type(stream) in IN_MEMORY else None
        if header is None:
            return stock(stream, strict)
        stream.seek(header.end())
        return int(header[1]), int(header[2])

    return _read_object_header


def _objects(stock: Stock) -> Stock:
    """Read an object with its head and tail; where one of them is not plain, all of it is read anew by pyHanko."""

    def _read_object(
        self: PdfFileReader,
        ref: Any,
        marker: Any,
        never_decrypt: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
        as_metadata_stream: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> Any:
        stream: Any = self.stream
        plain = type(marker) is int and not as_metadata_stream and type(stream) in IN_MEMORY
        if plain and (never_decrypt or not _is_encrypted(self)):
            data = stream.getvalue()
            header = _HEADER.match(data, marker)
            if header is not None and int(header[1]) == ref.idnum and int(header[2]) == ref.generation:
                stream.seek(header.end())
                found: Any = generic.read_object(stream, generic.Reference(ref.idnum, ref.generation, self))
                tail = _END.match(data, stream.tell())
                if tail is not None:
                    stream.seek(tail.end())
                    return found
        return stock(self, ref, marker, never_decrypt, as_metadata_stream)

    return _read_object


def _kept_by_number(stock: Stock) -> Stock:
    """Ask the sections for an object once: the difference analysis asks for each again and again."""
    name = f"_docaxis_{stock.__name__}"

    def look_up(self: XRefCache, ref: Any) -> Any:
        known = vars(self).setdefault(name, {})
        key = ref.idnum, ref.generation
        found = known.get(key)
        if found is None:
            found = known[key] = stock(self, ref)
        return found

    return look_up


def _is_encrypted(held: PdfFileReader) -> bool:
    """Ask a reader once; it looks through all of its trailers for the answer each time."""
    kept = vars(held).get(_ENCRYPTED)
    if kept is None:
        kept = held.encrypted
        setattr(held, _ENCRYPTED, kept)
    return bool(kept)


PATCHES: Final = (
    Patch(
        Pin(xref, "parse_xref_table"),
        _tables,
    ),
    Patch(
        Pin(XRefSectionData, "process_entries"),
        _sections,
    ),
    Patch(
        Pin(XRefCache, "get_last_change"),
        _kept_by_number,
    ),
    Patch(
        Pin(XRefCache, "get_introducing_revision"),
        _kept_by_number,
    ),
    Patch(
        Pin(xref, "_read_object_header"),
        _headers,
    ),
    Patch(
        Pin(PdfFileReader, "_read_object"),
        _objects,
    ),
)

RELIED_ON: Final = (
    Pin(xref, "read_object_header"),
    Pin(PdfFileReader, "encrypted"),
)
