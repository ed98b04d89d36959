"""The strict scan of a PDF's bytes: which revisions there are, and that every byte belongs to exactly one thing.

Why beside pyHanko: it takes the last `%%EOF` and ignores what follows, and looks only at objects that some section
lists. Bytes that no section lists are shown by readers that repair files (incremental saving attack, variant B of
pdf-insecurity.org). So here every update behind the first signature must be: listed objects one after the other, one
section that lists each of them once, its trailer, its own `startxref`, `%%EOF`, and nothing else. What stands before is
what the signers saw and signed, so there only the sections and the signature dictionaries are read.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from docaxis_signing.pdf.byte_ranges import byte_ranges
from docaxis_signing.pdf.crossreference import Section, numbers_of, read_section
from docaxis_signing.pdf.limits import MAX_BYTE_RANGES, MAX_BYTES, MAX_OBJECTS, MAX_REVISIONS, MAX_SIGNATURES
from docaxis_signing.pdf.rebuilding import why_rebuilt
from docaxis_signing.pdf.signature_dictionaries import holds_signature, holds_usage_rights, is_signature
from docaxis_signing.pdf.syntax import (
    Dictionary,
    IndirectObject,
    MalformedSyntax,
    Reference,
    Span,
    read_indirect,
)
from docaxis_signing.verdict import Cause

_HEADER: Final = re.compile(rb"%PDF-([12]\.\d)[\r\n ]")
_END: Final = re.compile(rb"startxref[\t\n\r ]+(\d{1,10})[\t\n\r ]+%%EOF")
_COMMENTS: Final = rb"(?:[\x00\t\n\x0c\r ]|%(?!%EOF)(?![^\r\n]*(?:obj|xref|trailer))[^\r\n]{0,255}(?=[\r\n]|\Z))*"
"""White space and short comments: iText signs its work between trailer and startxref."""
_MARKER: Final = re.compile(_COMMENTS + rb"startxref[\t\n\r ]+(\d{1,10})[\t\n\r ]+%%EOF(?:\r\n|\n|\r)?")
_GAP: Final = re.compile(_COMMENTS)
_TAIL_BYTES: Final = 1024
LARGE_OBJECT: Final = 256 * 1024
"""Bytes of an object from which on it is worth reading it, so as not to search its stream."""


class RejectedStructure(Exception):
    """The bytes are no PDF that has one meaning; `cause` says which kind of wrong."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: its bytes, and the section (two in a linearised or none other file) that opens it."""

    index: int
    start: int
    end: int
    sections: tuple[Section, ...]
    closed: bool = True
    """Whether its own `startxref` and `%%EOF` stand right behind its section."""


@dataclass(frozen=True, slots=True)
class SignatureDictionary:
    """A dictionary with a /ByteRange as it stands in the bytes. `number` is None where no section lists it."""

    number: int | None
    revision: int
    byte_range: tuple[int, ...] | None
    contents: tuple[int, int] | None
    twice: frozenset[bytes]
    start: int = 0
    replaced: bool = False
    in_field: bool = False
    """Whether it is written into its field, where it has no number of its own."""


@dataclass(frozen=True, slots=True)
class PdfStructure:
    """What the scan has proved."""

    version: str
    size: int
    linearised: bool
    encrypted: bool
    revisions: tuple[Revision, ...]
    signatures: tuple[SignatureDictionary, ...]
    read: Mapping[int, IndirectObject]
    """Objects that were read in full, by their offset."""

    @property
    def hybrid(self) -> bool:
        """Whether a section has a second list that only readers of cross-reference streams see."""
        return any(section.hidden is not None for revision in self.revisions for section in revision.sections)

    def revision_ending_at(self, end: int) -> Revision | None:
        """Find the revision whose last `%%EOF` a ByteRange reaches, with or without the line end behind it."""
        return next((item for item in self.revisions if item.end - 2 <= end <= item.end), None)


def scan(data: bytes) -> PdfStructure:
    """Account for every byte of a file.

    Raises:
        RejectedStructure: Something is left over, missing, or told twice.
    """
    version = _opening(data)
    try:
        sections = _sections(data)
        revisions = _revisions(data, sections)
        _within_limits(revisions)
        read: dict[int, IndirectObject] = {}
        signatures = _signatures(data, revisions, read)
    except MalformedSyntax as error:
        raise RejectedStructure(Cause.UNREADABLE, str(error)) from error
    return PdfStructure(
        version=version,
        size=len(data),
        linearised=len(revisions[0].sections) > 1,
        encrypted=any(b"Encrypt" in section.trailer for section in sections),
        revisions=revisions,
        signatures=signatures,
        read=read,
    )


def _opening(data: bytes) -> str:
    if not data:
        raise RejectedStructure(Cause.UNREADABLE, "the file is empty")
    if len(data) > MAX_BYTES:
        raise RejectedStructure(Cause.RESOURCE_LIMIT, f"larger than {MAX_BYTES} bytes")
    header = _HEADER.match(data)
    if header is None:
        raise RejectedStructure(Cause.UNREADABLE, "the file does not begin with a PDF header")
    if data.rfind(b"%%EOF") < 0:  # it stands at the end: from the beginning all would be searched
        raise RejectedStructure(Cause.UNREADABLE, "the file has no end marker: it is cut off")
    return header[1].decode()


def _sections(data: bytes) -> list[Section]:
    """Follow /Prev from the last `startxref`; newest first."""
    sections: list[Section] = []
    offset: int | None = _last_startxref(data)
    while offset is not None:
        if any(section.start == offset for section in sections):
            raise MalformedSyntax("the chain of cross-reference sections is a loop")
        if len(sections) > MAX_REVISIONS:
            raise RejectedStructure(Cause.RESOURCE_LIMIT, f"more than {MAX_REVISIONS} revisions")
        section = read_section(data, offset)
        sections.append(section)
        offset = section.previous
    return sections


def _last_startxref(data: bytes) -> int:
    ends = list(_END.finditer(data, max(0, len(data) - _TAIL_BYTES)))
    if not ends:
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, "bytes follow the last end marker, or it is cut off")
    _nothing_follows(data, ends[-1].end())
    return int(ends[-1][1])


def _nothing_follows(data: bytes, end: int) -> None:
    if data[end:].strip(b"\r\n"):
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, "bytes follow the last end marker")


def _revisions(data: bytes, sections: list[Section]) -> tuple[Revision, ...]:
    """Give each section its place in the bytes; oldest first."""
    groups: list[tuple[Section, ...]] = [(section,) for section in reversed(sections)]
    if len(sections) > 1 and sections[-1].start > sections[-2].start:
        groups[:2] = [(sections[-2], sections[-1])]  # linearised: the first page's section stands before the main one
    revisions: list[Revision] = []
    start = 0
    for index, group in enumerate(groups):
        last = max(group, key=lambda section: section.start)
        _begins_within(group, start)
        marker = _marker(data, last)
        _names_its_section(marker, group[0])
        revision = Revision(index, start, marker.end(), group)
        revisions.append(revision)
        start = revision.end
    _nothing_follows(data, start)
    return tuple(revisions)


def _begins_within(group: tuple[Section, ...], start: int) -> None:
    if min(section.start for section in group) < start:
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, "a section points back into an older revision")


def _marker(data: bytes, section: Section) -> re.Match[bytes]:
    marker = _MARKER.match(data, section.end)
    if marker is None:
        raise RejectedStructure(
            Cause.UNACCOUNTED_BYTES, f"the section at byte {section.start} is not followed by its startxref"
        )
    return marker


def _names_its_section(marker: re.Match[bytes], section: Section) -> None:
    """Whoever reads the revision alone, as its signer did, begins where this marker says."""
    if int(marker[1]) != section.start:
        raise RejectedStructure(
            Cause.UNACCOUNTED_BYTES, f"the section at byte {section.start} is not closed by its own startxref"
        )


def _within_limits(revisions: tuple[Revision, ...]) -> None:
    if sum(len(section) for revision in revisions for section in revision.sections) > MAX_OBJECTS:
        raise RejectedStructure(Cause.RESOURCE_LIMIT, f"more than {MAX_OBJECTS} objects")


def _signatures(
    data: bytes, revisions: tuple[Revision, ...], read: dict[int, IndirectObject]
) -> tuple[SignatureDictionary, ...]:
    """Find the signature dictionaries; account for every update behind the first of them; note what is read for it."""
    current: dict[int, tuple[int, int]] = {}
    used: set[int] = set()
    found: list[SignatureDictionary] = []
    for revision in revisions:
        placed = {number: place for section in reversed(revision.sections) for number, place in section.placed.items()}
        known = current | placed

        def length_of(reference: Reference, known: dict[int, tuple[int, int]] = known) -> int | None:
            return _integer(data, known.get(reference.number))

        if any(item.number is not None for item in found):
            _mask_nothing_old(revision, used)
            objects = _account(data, revision, current, length_of)
            kept = max(used) <= revisions[revision.index - 1].sections[0].trailer[b"Size"]
            _is_read_alike(data, revision, objects, max(used | numbers_of(revision.sections)) if kept else 0)
        else:
            objects = _with_byte_range(data, revision, placed, length_of)
        read.update((item.start, item) for item in objects)
        found += [_signature(item, revision.index) for item in objects if is_signature(item.value)]
        found += _unlisted(data, revision, objects)
        current = known
        used |= numbers_of(revision.sections)
    if len(found) > MAX_SIGNATURES:
        raise RejectedStructure(Cause.RESOURCE_LIMIT, f"more than {MAX_SIGNATURES} signatures")
    return _mark_replaced(found, revisions)


def _mask_nothing_old(revision: Revision, used: AbstractSet[int]) -> None:
    """Check that a hybrid update frees nothing old for the readers that do not see what its stream puts there.

    What the stream alone replaces they go on seeing as it was signed; what it hides from them is new. Both are honest,
    and the difference check judges what the others see.
    """
    if any(section.masked & used for section in revision.sections):
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, "a hybrid update frees for some readers what others see")


def _integer(data: bytes, place: tuple[int, int] | None) -> int | None:
    if place is None:
        return None
    value = read_indirect(data, place[0], lambda _: None).value
    return value if type(value) is int else None


def _account(
    data: bytes, revision: Revision, current: dict[int, tuple[int, int]], length_of: Any
) -> list[IndirectObject]:
    """Check that an update is made of listed objects, its section, and nothing else."""
    (section,) = revision.sections
    if not revision.closed:
        raise RejectedStructure(
            Cause.UNACCOUNTED_BYTES, f"the section at byte {section.start} is not closed by its own startxref"
        )
    objects = []
    for number, (offset, generation) in section.placed.items():
        if not revision.start <= offset < revision.end:
            _stays_where_it_was(number, (offset, generation), current)
            continue
        item = read_indirect(data, offset, length_of)
        _is_what_is_listed(item, number, generation)
        objects.append(item)
    _leaves_no_gap(data, revision, section, objects)
    return objects


def _is_read_alike(data: bytes, revision: Revision, objects: list[IndirectObject], highest: int) -> None:
    """Check that no reader takes an update for damaged and looks for objects by itself."""
    reason = why_rebuilt(data, (revision.start, revision.end), revision.sections[0], objects, highest)
    if reason:
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, f"an update has {reason}")


def _stays_where_it_was(number: int, place: tuple[int, int], current: dict[int, tuple[int, int]]) -> None:
    if current.get(number) != place:
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, f"an update lists object {number} outside of its own bytes")


def _is_what_is_listed(item: IndirectObject, number: int, generation: int) -> None:
    if (item.number, item.generation) != (number, generation):
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, f"object {number} is not where its update lists it")


def _leaves_no_gap(data: bytes, revision: Revision, section: Section, objects: list[IndirectObject]) -> None:
    parts = (part for part in (section, section.hidden) if part is not None)
    own = {(part.start, part.end) for part in parts if part.start >= revision.start}
    spans = sorted({(item.start, item.end) for item in objects} | own)
    if spans[-1][1] != section.end:
        raise RejectedStructure(Cause.UNACCOUNTED_BYTES, "an update holds objects behind its section")
    for (_, end), (start, _) in pairwise([(0, revision.start), *spans]):
        gap = _GAP.match(data, end, start) if start >= end else None
        if gap is None or gap.end() != start:
            raise RejectedStructure(Cause.UNACCOUNTED_BYTES, f"bytes {end} to {start} belong to no listed object")


def _with_byte_range(
    data: bytes, revision: Revision, placed: dict[int, tuple[int, int]], length_of: Any
) -> list[IndirectObject]:
    """Read the objects of a revision in which a /ByteRange occurs, and the large ones: no stream is searched."""
    starts = sorted({offset for offset, _ in placed.values() if revision.start <= offset < revision.end})
    chosen: dict[int, IndirectObject] = {}
    for start, end in pairwise((*starts, revision.end)):
        if end - start > LARGE_OBJECT:
            _read_into(chosen, data, start, length_of)
    for position in _byte_ranges(data, revision, chosen.values()):
        at = bisect_right(starts, position) - 1
        if at >= 0:
            _read_into(chosen, data, starts[at], length_of)
    return list(chosen.values())


def _read_into(chosen: dict[int, IndirectObject], data: bytes, start: int, length_of: Any) -> None:
    """Read an object; one that cannot be read leaves a signature in it unlisted, and so failed."""
    if start not in chosen:
        with suppress(MalformedSyntax):
            chosen[start] = read_indirect(data, start, length_of)


def _byte_ranges(data: bytes, revision: Revision, objects: Iterable[IndirectObject]) -> list[int]:
    """Find where /ByteRange is written outside of the streams of some objects."""
    streams = [item.stream for item in objects if item.stream is not None]
    found = byte_ranges(data, revision.start, revision.end, streams)
    if len(found) > MAX_BYTE_RANGES:
        raise RejectedStructure(Cause.RESOURCE_LIMIT, f"more than {MAX_BYTE_RANGES} ByteRanges")
    return found


def _unlisted(data: bytes, revision: Revision, objects: list[IndirectObject]) -> list[SignatureDictionary]:
    """Name every /ByteRange that stands in no listed signature dictionary and in no stream."""
    places = [(item.start, item.end) for item in objects if is_signature(item.value)]
    fields = [(item.start, item.end) for item in objects if holds_signature(item.value)]
    positions = _byte_ranges(data, revision, objects)
    rights = [(item.start, item.end) for item in objects if holds_usage_rights(item.value)]
    places += [place for place in rights if sum(_within(position, [place]) for position in positions) == 1]
    return [
        SignatureDictionary(None, revision.index, None, None, frozenset(), in_field=_within(position, fields))
        for position in positions
        if not _within(position, places)
    ]


def _within(position: int, places: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in places)


def _signature(item: IndirectObject, revision: int) -> SignatureDictionary:
    value: Dictionary = item.value
    numbers = value[b"ByteRange"]
    contents = value.get(b"Contents")
    plain = isinstance(numbers, list) and all(type(number) is int for number in numbers)
    return SignatureDictionary(
        number=item.number,
        revision=revision,
        byte_range=tuple(numbers) if plain else None,
        contents=(contents.start, contents.end) if isinstance(contents, Span) and contents.hexadecimal else None,
        twice=frozenset(value.twice),
        start=item.start,
    )


def _mark_replaced(
    found: list[SignatureDictionary], revisions: tuple[Revision, ...]
) -> tuple[SignatureDictionary, ...]:
    """Mark signature dictionaries whose object a later revision places anew, compresses or frees, and the new ones."""
    held = [item.number for item in found]
    return tuple(
        replace(item, replaced=True)
        if item.number is not None
        and (
            held.count(item.number) > 1
            or any(
                _places_anew(section, item) for later in revisions[item.revision + 1 :] for section in later.sections
            )
        )
        else item
        for item in found
    )


def _places_anew(section: Section, item: SignatureDictionary) -> bool:
    offset = section.placed.get(item.number or 0, (item.start, 0))[0]
    return offset != item.start or item.number in section.compressed or item.number in section.freed
