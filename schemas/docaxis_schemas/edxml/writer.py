"""Writing a packet: one form, in the standard's order, that the strictest reader takes; refused if it cannot be whole.

The prefix ``edXML:`` is written on every element of the envelope and on none outside it, as the national office's own
samples have it. No signature is written: a placeholder proves nothing and looks as if it did.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from docaxis_schemas.document import DocumentMetadata, TraceHop
from docaxis_schemas.document_types import ADMINISTRATIVE, DocumentType
from docaxis_schemas.edxml.elements import HEADER, NAMESPACE, PREFIX, STATUS, TRACE, Codec, Leaf, Part
from docaxis_schemas.edxml.faults import RejectedPacket
from docaxis_schemas.edxml.packaging import Wrapper
from docaxis_schemas.edxml.packet import Status
from docaxis_schemas.edxml.strictness import document_faults, status_faults, text_faults
from docaxis_schemas.edxml.values import write_date, write_moment
from docaxis_schemas.natural_key import write_document_id
from docaxis_schemas.submission import ContentEntry
from docaxis_schemas.terms import Term

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
_INDENT: Final = "  "
_BASE64_STEP: Final = 3
"""Bytes that make whole groups of base64; only the last piece is padded."""


Pieces = Callable[[], Iterator[bytes]]
"""Opens a file's bytes, piece by piece."""


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """One file for a packet: what the manifest says of it, and how to read it."""

    entry: ContentEntry
    pieces: Pieces


def complete(document: DocumentMetadata, now: datetime) -> DocumentMetadata:
    """Fill in what the standard demands and our model does not: document id, numbers of the type, first hop."""
    document_id = document.document_id
    if document_id is None and document.number:
        document_id = write_document_id(
            document.issuer.code, document.promulgated_on, document.number, document.notation
        )
    detail = document.edxml_type_detail
    return replace(
        document,
        document_id=document_id,
        edxml_type=ADMINISTRATIVE if document.edxml_type is None else document.edxml_type,
        edxml_type_detail=(document.type.edxml_detail or 0) if detail is None else detail,
        trace=document.trace or (TraceHop(document.issuer.code, now.replace(microsecond=0)),),
    )


def write_document(
    document: DocumentMetadata, files: Sequence[OutgoingAttachment], *, now: datetime, packed: bool = False
) -> Iterator[bytes]:
    """Write a document packet, piece by piece; ``packed`` puts each file alone into a ZIP first.

    Raises:
        RejectedPacket: Everything that keeps it from being a whole packet; nothing was written then.
    """
    layout = lay_out([file.entry for file in files], document, now=now, packed=packed)
    return _pieces(layout, files)


def _pieces(layout: "PacketLayout", files: Sequence[OutgoingAttachment]) -> Iterator[bytes]:
    yield layout.head
    for frame, file in zip(layout.frames, files, strict=True):
        yield frame.open()
        yield from map(frame.feed, file.pieces())
        yield frame.close()
    yield layout.tail


def lay_out(
    files: Sequence[ContentEntry], document: DocumentMetadata, *, now: datetime, packed: bool, strict: bool = True
) -> "PacketLayout":
    """Prepare a document packet for a writer that brings the files' bytes itself.

    ``strict`` asks for all that the strictest reader wants. Without it a document is written that an axis has delivered
    already: one with a longer subject than the standard's is better read by a lenient reader than by none.

    Raises:
        RejectedPacket: Everything that keeps it from being a packet.
    """
    whole = complete(document, now)
    found = document_faults(whole, files) if strict else text_faults(whole)
    if faults := list(found):
        raise RejectedPacket(faults)
    frames = tuple(AttachmentFrame(index, entry, packed=packed) for index, entry in enumerate(files))
    return PacketLayout(_head(whole, frames), frames, f"{_INDENT}</AttachmentEncoded>\n</edXML>\n".encode())


def write_status(status: Status) -> bytes:
    """Write a status packet.

    Raises:
        RejectedPacket: It lacks what the standard demands.
    """
    if faults := list(status_faults(status)):
        raise RejectedPacket(faults)
    lines = [
        *_opening(),
        *_wrapped("MessageHeader", _render(status, STATUS, 4), 3),
        f"{_INDENT * 2}</{PREFIX}:edXMLHeader>",
    ]
    return "\n".join([*lines, f"{_INDENT}</{PREFIX}:edXMLEnvelope>", "</edXML>", ""]).encode()


def _head(document: DocumentMetadata, frames: Sequence["AttachmentFrame"]) -> bytes:
    lines = [
        *_opening(),
        *_wrapped("MessageHeader", _render(document, HEADER, 4), 3),
        *_wrapped("TraceHeaderList", _render(document, TRACE, 4), 3),
        f"{_INDENT * 2}</{PREFIX}:edXMLHeader>",
        f"{_INDENT * 2}<{PREFIX}:edXMLBody>",
        f'{_INDENT * 3}<{PREFIX}:edXMLManifest version="1.0">',
        *(line for frame in frames for line in _wrapped("Reference", frame.lines(5, prefix=f"{PREFIX}:"), 4)),
        f"{_INDENT * 3}</{PREFIX}:edXMLManifest>",
        f"{_INDENT * 2}</{PREFIX}:edXMLBody>",
        f"{_INDENT}</{PREFIX}:edXMLEnvelope>",
        f"{_INDENT}<AttachmentEncoded>",
        "",
    ]
    return "\n".join(lines).encode()


def _opening() -> list[str]:
    return [
        f'{DECLARATION}<edXML xmlns="{NAMESPACE}">',
        f'{_INDENT}<{PREFIX}:edXMLEnvelope xmlns:{PREFIX}="{NAMESPACE}">',
        f"{_INDENT * 2}<{PREFIX}:edXMLHeader>",
    ]


def _wrapped(name: str, lines: list[str], depth: int) -> list[str]:
    if not lines:
        return []
    return [f"{_INDENT * depth}<{PREFIX}:{name}>", *lines, f"{_INDENT * depth}</{PREFIX}:{name}>"]


def _element(name: str, text: str, depth: int, *, prefix: str = f"{PREFIX}:") -> str:
    return f"{_INDENT * depth}<{prefix}{name}>{escape(text)}</{prefix}{name}>"


def escape(text: str) -> str:
    """Write text so that a parser gives it back unchanged; a bare carriage return would become a line feed."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def _render(record: Any, parts: tuple[Part, ...], depth: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Leaf):
            lines.extend(_element(part.name, text, depth) for text in _texts(record, part))
        elif part.field is None:
            lines.extend(_wrapped(part.name, _render(record, part.parts, depth + 1), depth))
        else:
            value = getattr(record, part.field)
            for item in value if part.many else [value] if value is not None else []:
                lines.extend(_wrapped(part.name, _render(item, part.parts, depth + 1), depth))
    return lines


def _texts(record: Any, part: Leaf) -> list[str]:
    value = getattr(record, part.field)
    if part.codec is Codec.TYPE_NAME:
        return [record.type_name if value is DocumentType.OTHER else value.vietnamese]
    if part.many:
        return list(value)
    if value is None:
        return [""] if part.always else []
    return [_WRITERS[part.codec](value) if part.codec in _WRITERS else str(value)]


def _place(term: Term) -> str:
    return str(list(type(term)).index(term))


_WRITERS: Final[dict[Codec, Callable[[Any], str]]] = {
    Codec.DATE: write_date,
    Codec.MOMENT: write_moment,
    Codec.WORD_FLAG: lambda value: "true" if value else "false",
    Codec.BIT_FLAG: lambda value: "1" if value else "0",
    Codec.ORDINAL: _place,
}


class AttachmentFrame:
    """Writes one attachment around its bytes, fed in pieces of any size."""

    def __init__(self, index: int, entry: ContentEntry, *, packed: bool) -> None:
        self._entry = entry
        self._name = f"cid:{uuid5(NAMESPACE_URL, f'{index} {entry.sha256}')}"
        self._wrapper = Wrapper(entry.name, entry.sha256) if packed else None
        self._rest = b""

    def lines(self, depth: int, *, prefix: str) -> list[str]:
        """Give what describes it, in the manifest and beside the content."""
        described = (
            ("ContentId", self._name),
            ("ContentType", "application/zip" if self._wrapper else self._entry.media_type),
            ("Description", self._entry.name),
            ("AttachmentName", self._entry.name),
        )
        return [_element(name, text, depth, prefix=prefix) for name, text in described]

    def open(self) -> bytes:
        """Begin."""
        lines = [f"{_INDENT * 2}<Attachment>", *self.lines(3, prefix=""), f"{_INDENT * 3}<ContentTransferEncoded>"]
        return "\n".join(lines).encode() + (self._encode(self._wrapper.open()) if self._wrapper else b"")

    def feed(self, piece: bytes) -> bytes:
        """Encode the next piece."""
        return self._encode(self._wrapper.feed(piece) if self._wrapper else piece)

    def close(self) -> bytes:
        """End."""
        last = self._encode(self._wrapper.close()) if self._wrapper else b""
        return last + b64encode(self._rest) + f"</ContentTransferEncoded>\n{_INDENT * 2}</Attachment>\n".encode()

    def _encode(self, piece: bytes) -> bytes:
        data = self._rest + piece if self._rest else piece
        whole = len(data) - len(data) % _BASE64_STEP
        self._rest = data[whole:]
        return b64encode(data[:whole])


@dataclass(frozen=True, slots=True)
class PacketLayout:
    """A packet without the bytes of its files: what comes before, around each, and after."""

    head: bytes
    frames: tuple[AttachmentFrame, ...]
    tail: bytes
