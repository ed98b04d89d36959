"""Reading a packet: lenient about form, exact about what it says, and complete about what is wrong with it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final

from docaxis_schemas.document import DocumentMetadata, RejectedDocument
from docaxis_schemas.document_types import ADMINISTRATIVE, DocumentType, type_of_edxml
from docaxis_schemas.edxml.attachments import judge_names, read_attachments
from docaxis_schemas.edxml.contents import Base64Content, Spool
from docaxis_schemas.edxml.elements import HEADER, TRACE
from docaxis_schemas.edxml.faults import EdxmlFault, RejectedPacket, edxml_fault
from docaxis_schemas.edxml.limits import CHUNK, MAX_FAULTS
from docaxis_schemas.edxml.packet import Attachment, Examination, PacketKind
from docaxis_schemas.edxml.paths import translate
from docaxis_schemas.edxml.records import RecordReader
from docaxis_schemas.edxml.rules import document_remarks
from docaxis_schemas.edxml.statuses import examine_status
from docaxis_schemas.edxml.tree import CONTAINERS, Node, TreeBuilder

_TRACES: Final = "TraceHeaderList"


class PacketReader:
    """Reads one packet as its bytes come in. Attachments go to streams from ``spool`` and are never held whole."""

    def __init__(self, spool: Spool, now: datetime) -> None:
        self._spool = spool
        self._now = now
        self._tree = TreeBuilder(lambda: Base64Content(spool))

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            RejectedPacket: It cannot be read on.
        """
        self._tree.feed(data)

    def finish(self) -> Examination:
        """Take the end, and say what the packet says.

        Raises:
            RejectedPacket: It is no whole packet.
        """
        root = self._tree.close()
        parts = {node.name: node for node in _parts(root)}
        header = parts.get("messageheader") or parts.get("status")
        if header is None:
            raise RejectedPacket([edxml_fault("edXML", "not-edxml", root.tag)])
        faults = list(self._tree.faults)
        if header.name == "status" or header.all("statuscode"):
            return examine_status(header, faults)
        manifest = parts.get("edxmlmanifest") or parts.get("manifest")
        files = tuple(read_attachments(manifest, parts.get("attachmentencoded"), self._spool, faults))
        return _examine_document(header, parts, files, faults, self._now)


def examine_packet(stream: BinaryIO, spool: Spool, now: datetime) -> Examination:
    """Read a packet from a stream; one that cannot be read at all has nothing but its fault."""
    reader = PacketReader(spool, now)
    try:
        while data := stream.read(CHUNK):
            reader.feed(data)
        return reader.finish()
    except RejectedPacket as error:
        return Examination(faults=error.faults)


def _parts(node: Node) -> Iterator[Node]:
    """Give what the containers hold."""
    if node.name not in CONTAINERS:
        yield node
        return
    for child in node.children:
        yield from _parts(child)


def _examine_document(
    header: Node, parts: dict[str, Node], files: tuple[Attachment, ...], faults: list[EdxmlFault], now: datetime
) -> Examination:
    reader = RecordReader(faults)
    given = reader.read(header, HEADER, header.tag)
    traces = parts.get("traceheaderlist") or Node(_TRACES)
    traces.children.extend(parts[name] for name in ("business",) if name in parts)
    given |= reader.read(traces, TRACE, _TRACES)
    _settle_number(given)
    _settle_type(given)
    document = None
    try:
        document = DocumentMetadata.from_packet(given, now=now)
    except RejectedDocument as error:
        faults.extend(translate(error.faults, reader.failed))
    faults.extend(judge_names(files) if files else [edxml_fault("AttachmentEncoded", "no-attachment", refuses=False)])
    faults.extend(document_remarks(given, document, files))
    action = "" if "business.action" in reader.failed else given.get("business", {}).get("action", "new")
    return Examination(
        kind=PacketKind.DOCUMENT,
        business=_ACTIONS.get(action),
        document_id=given.get("document_id"),
        sender=given.get("issuer", {}).get("code"),
        recipients=tuple(item["organisation"] for item in given.get("recipients", ()) if "organisation" in item),
        attachments=files,
        document=document,
        faults=tuple(faults[:MAX_FAULTS]),
    )


_ACTIONS: Final = {"new": "0", "revoke": "1", "update": "2", "replace": "3"}


def _settle_number(given: dict[str, Any]) -> None:
    """Divide number and notation where one element holds both, or take them from the document's id."""
    number, notation = given.get("number"), given.get("notation")
    if number and not notation and "/" in number:
        given["number"], _, given["notation"] = number.partition("/")
    elif notation and not number and notation[0].isdigit() and "/" in notation:
        given["number"], _, given["notation"] = notation.partition("/")
    elif not number and not notation and given.get("document_id", "").count(",") == 2:
        number, _, notation = given["document_id"].rpartition(",")[2].strip().partition("/")
        given |= {name: value for name, value in (("number", number), ("notation", notation)) if value}


def _settle_type(given: dict[str, Any]) -> None:
    """Find our type: by its name, by its number, or by the number that some vendors put into ``Type``."""
    name = given.pop("type", None)
    detail = given.get("edxml_type_detail")
    if not detail and given.get("edxml_type", 0) > ADMINISTRATIVE:
        detail = given["edxml_type"]
    kind = type_of_edxml(name, detail)
    if kind is not DocumentType.OTHER:
        given["type"] = kind.value
    elif name:
        given |= {"type": kind.value, "type_name": name}
