"""Active content of a PDF: named, never executed."""

import re
from typing import Final

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.reader import PdfFileReader

from docaxis_signing.pdf.structure import PdfStructure
from docaxis_signing.pdf.syntax import resolved

_NAME: Final = (
    rb"(JavaScript|JS|Launch|EmbeddedFiles?|XFA|RichMedia|SubmitForm|ImportData|GoToR|GoToE|Movie|Sound|Rendition)"
    rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
)
_NAMES: Final = re.compile(rb"/" + _NAME)
_CANDIDATES: Final = re.compile(
    rb"/(?=[EGIJLMRSX#])(?:" + _NAME + rb"|(?=[^#]{0,16}#[0-9A-Fa-f]{2})[A-Za-z#0-9]{2,48})"
)
"""One of the names, or one that escapes may hide: the longest, each sign of it an escape, has 36 signs."""
_HARMLESS_IN_CATALOG: Final = ("/OpenAction", "/AA")


def active_content(data: bytes, structure: PdfStructure, reader: PdfFileReader) -> tuple[str, ...]:
    """Name what a reader could execute, play or open, in the bytes and in compressed objects."""
    found = _named(data)
    for number in _object_streams(structure):
        found |= _named(_decoded(reader, number))
    found |= {key[1:] for key in _HARMLESS_IN_CATALOG if key in reader.root}
    return tuple(sorted(found))


def _named(data: bytes) -> set[str]:
    """Find names as they stand, and those written with escapes, which every reader resolves (ISO 32000-2, 7.3.5)."""
    found = set()
    for candidate in _CANDIDATES.finditer(data):
        name = candidate if candidate[1] else _NAMES.match(resolved(candidate[0]) + b" ")
        if name is not None:
            found.add(name[1].decode())
    return found


def _object_streams(structure: PdfStructure) -> set[int]:
    return {
        number
        for revision in structure.revisions
        for section in revision.sections
        for number in section.compressed.values()
    }


def _decoded(reader: PdfFileReader, number: int) -> bytes:
    stream = reader.get_object(generic.Reference(number, 0, reader))  # type: ignore[no-untyped-call]
    if not isinstance(stream, generic.StreamObject):
        raise misc.PdfReadError(f"object {number} is no object stream")
    decoded: bytes = stream.data
    return decoded
