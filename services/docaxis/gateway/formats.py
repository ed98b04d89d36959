"""Which files are taken: recognised by their first bytes, never by name, and flagged where they can act by themselves.

The table is data. A type is on it because agencies exchange it (decree 30/2020, QCVN 102:2016, what registers export);
programs, web pages, SVG and RTF are not, because opening them runs what a stranger wrote.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from docaxis.gateway.refusals import Refused
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import ContentEntry, FileRole

HEAD: Final = 4096
"""Bytes at the start by which a type is told; the names of an office file's first entries are among them."""
TAIL: Final = 64 * 1024
"""Bytes at the end: a PDF's trailer, and the directory of a ZIP archive of some thousand entries."""
OCTETS: Final = "application/octet-stream"


@unique
class Flag(StrEnum):
    """What a recipient is told about a file that is carried and not judged."""

    MACROS = "macros"
    EMBEDDED_OBJECTS = "embedded-objects"
    EXTERNAL_LINKS = "external-links"
    ARCHIVE = "archive"
    LEGACY_OFFICE = "legacy-office"


@dataclass(frozen=True, slots=True)
class FileType:
    """A permitted type: its media types, how it is recognised, and why it is taken."""

    name: str
    media_types: tuple[str, ...]
    recognise: Callable[[bytes, bytes], bool]
    reason: str


def _starts(*magics: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda head, _: head.startswith(magics)


def _zipped(mark: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda head, tail: head.startswith(b"PK\x03\x04") and (mark in head or mark in tail)


_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_ACTIVE_TEXT: Final = re.compile(rb"(?i)<\s*(!doctype\s+html|html|script|svg|body|iframe|hta:)|^\s*\{\\rtf|^#!")


def _is_text(head: bytes, _: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16, as old registers export
        return not _ACTIVE_TEXT.search(head.replace(b"\x00", b""))
    if _CONTROL.search(head) or _ACTIVE_TEXT.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # cut in the middle of a letter
    return True


def _is_xml(head: bytes, tail: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") and _is_text(head, tail)


_OOXML: Final = "application/vnd.openxmlformats-officedocument"
_ODF: Final = "application/vnd.oasis.opendocument"

TYPES: Final = (
    FileType("pdf", ("application/pdf",), lambda head, _: b"%PDF-" in head[:1024], "the document itself, signed"),
    FileType("docx", (f"{_OOXML}.wordprocessingml.document",), _zipped(b"word/"), "drafts for comment"),
    FileType("xlsx", (f"{_OOXML}.spreadsheetml.sheet",), _zipped(b"xl/"), "tables to be filled in"),
    FileType("pptx", (f"{_OOXML}.presentationml.presentation",), _zipped(b"ppt/"), "material of meetings"),
    FileType("odt", (f"{_ODF}.text",), _zipped(f"{_ODF}.text".encode()), "the open form of drafts"),
    FileType("ods", (f"{_ODF}.spreadsheet",), _zipped(f"{_ODF}.spreadsheet".encode()), "the open form of tables"),
    FileType(
        "zip",
        ("application/zip", "application/x-zip-compressed"),
        _starts(b"PK\x03\x04"),
        "maps, drawings and data sets; nobody looks inside, so it is flagged",
    ),
    FileType(
        "doc",
        ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "older office systems still write it",
    ),
    FileType("png", ("image/png",), _starts(b"\x89PNG\r\n\x1a\n"), "pictures and scans"),
    FileType("jpeg", ("image/jpeg",), _starts(b"\xff\xd8\xff"), "photographs and scans"),
    FileType("tiff", ("image/tiff",), _starts(b"II*\x00", b"MM\x00*"), "scans of paper"),
    FileType("xml", ("application/xml", "text/xml"), _is_xml, "edXML packets and data of registers"),
    FileType("text", ("text/plain", "text/csv"), _is_text, "lists and data of registers"),
)
"""In this order: the first that recognises the bytes names the type."""

_OFFICE: Final = frozenset({"docx", "xlsx", "pptx", "odt", "ods"})
_MARKS: Final = (
    (Flag.MACROS, (b"vbaProject.bin", b"Basic/Standard", b"Scripts/", b"macrosheets/")),
    (Flag.EMBEDDED_OBJECTS, (b"embeddings/", b"activeX/", b"oleObject", b"ObjectReplacements/")),
    (Flag.EXTERNAL_LINKS, (b"externalLinks/",)),
)
_ENCRYPTED: Final = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is, and what its recipient is told about it."""

    type: str
    flags: tuple[Flag, ...]


class FileInspector:
    """Keeps the first and last bytes of a file that passes by."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
        self._tail += data[-TAIL:]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def judge(self, entry: ContentEntry) -> Recognised:
        """Say what the file is.

        Raises:
            Refused: Not a permitted type, not the one announced, a main file that is no PDF, an encrypted PDF.
        """
        return recognise(entry, bytes(self._head), bytes(self._tail[-TAIL:]))


def recognise(entry: ContentEntry, head: bytes, tail: bytes) -> Recognised:
    """Judge a file by its first and last bytes; see `FileInspector.judge`."""
    found = next((kind for kind in TYPES if kind.recognise(head, tail)), None)
    declared = entry.media_type.lower()
    if entry.role is FileRole.MAIN and (found is None or found.name != "pdf"):
        raise Refused(Code.NOT_A_PDF, f"Tệp: {entry.name}", f"File: {entry.name}")
    if found is None or (declared not in found.media_types and declared != OCTETS):
        raise Refused(
            Code.CONTENT_TYPE_REFUSED,
            f"{entry.name}: nội dung không phải loại được phép hoặc không đúng loại đã khai báo.",
            f"{entry.name}: not of a permitted type, or not of the declared one.",
        )
    if found.name == "pdf" and _ENCRYPTED.search(tail):
        raise Refused(Code.PDF_ENCRYPTED, f"Tệp: {entry.name}", f"File: {entry.name}")
    return Recognised(found.name, _flags(found.name, head + tail))


def _flags(kind: str, data: bytes) -> tuple[Flag, ...]:
    if kind == "zip":
        return (Flag.ARCHIVE,)
    if kind == "doc":
        return (Flag.LEGACY_OFFICE, *((Flag.MACROS,) if b"V\x00B\x00A\x00" in data or b"_VBA_PROJECT" in data else ()))
    if kind not in _OFFICE:
        return ()
    return tuple(flag for flag, marks in _MARKS if any(mark in data for mark in marks))
