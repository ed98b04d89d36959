"""The files of a packet: what the manifest lists and what was encoded, brought together and unpacked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from docaxis_schemas.document import RejectedDocument
from docaxis_schemas.edxml.contents import Spool, Stored
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault, of_model
from docaxis_schemas.edxml.limits import MAX_ATTACHMENT
from docaxis_schemas.edxml.packaging import RejectedZip, unwrap
from docaxis_schemas.edxml.packet import Attachment, entries
from docaxis_schemas.edxml.tree import Node
from docaxis_schemas.files import MEDIA_TYPES, is_media_type, judge_files

_SAY_NOTHING: Final = frozenset({"application/octet-stream", "application/zip", "application/x-zip-compressed"})
"""Declared types that say how a file was packed, or nothing; the file's name says more."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of the manifest."""

    content_id: str
    name: str
    media_type: str
    description: str


def read_attachments(
    manifest: Node | None, encoded: Node | None, spool: Spool, faults: list[EdxmlFault]
) -> Iterator[Attachment]:
    """Give the files in the order in which they were encoded."""
    listed = [_read_line(node) for node in (manifest.all("reference") if manifest else [])]
    seen: set[str] = set()
    for index, node in enumerate(encoded.all("attachment") if encoded else []):
        path = f"AttachmentEncoded/Attachment[{index + 1}]"
        own = _read_line(node)
        if own.content_id and own.content_id in seen:
            faults.append(edxml_fault(f"{path}/ContentId", "attachment-twice", own.content_id))
        seen.add(own.content_id)
        line = _find(own, listed)
        if line in listed:
            listed.remove(line)
        if found := _read(node, own, line, spool, faults, path):
            yield found
    for line in listed:
        element = "edXMLManifest/Reference"
        faults.append(edxml_fault(element, "attachment-missing", line.name or line.content_id))


def _read_line(node: Node) -> _Listed:
    given = node.value("contentid") or node.href
    content_id = given.strip().casefold().removeprefix("cid:")
    name, kind = node.value("attachmentname"), node.value("contenttype").partition(";")[0].strip().lower()
    return _Listed(content_id, name, kind, node.value("description"))


def _find(own: _Listed, listed: list[_Listed]) -> _Listed:
    """Find the line of the manifest by identifier, else by name; a file that is not listed is read all the same."""
    by_id = (line for line in listed if own.content_id and line.content_id == own.content_id)
    by_name = (line for line in listed if own.name and line.name == own.name)
    return next(by_id, None) or next(by_name, None) or own


def _read(  # noqa: PLR0917 - one call site
    node: Node, own: _Listed, line: _Listed, spool: Spool, faults: list[EdxmlFault], path: str
) -> Attachment | None:
    contents = [child.content for child in node.all("contenttransferencoded") if child.content is not None]
    name = own.name or line.name
    if not contents:
        faults.append(edxml_fault(f"{path}/ContentTransferEncoded", "attachment-missing", name))
        return None
    if len(contents) > 1:
        faults.append(edxml_fault(f"{path}/ContentTransferEncoded", "element-twice"))
    stored = contents[0].finish()
    if problem := contents[0].problem:
        faults.append(edxml_fault(f"{path}/ContentTransferEncoded", problem, name, limit=MAX_ATTACHMENT))
        return None
    try:
        inner = unwrap(stored, name, spool)
    except RejectedZip as error:
        faults.append(edxml_fault(f"{path}/ContentTransferEncoded", error.rule, name, reason=str(error)))
        return None
    file = inner or stored
    media_type = _media_type(file, name, (own.media_type, line.media_type))
    return Attachment(
        name, media_type, file.size, file.sha256, file.stream, own.description or line.description or None, bool(inner)
    )


def _media_type(file: Stored, name: str, declared: tuple[str, ...]) -> str:
    """Give the type: by its first bytes if it is a PDF, by what was declared if that says something, else by name."""
    head = file.stream.read(5)
    file.stream.seek(0)
    if head == b"%PDF-":
        return "application/pdf"
    for kind in declared:
        if is_media_type(kind) and kind not in _SAY_NOTHING:
            return kind
    _, dot, extension = name.rpartition(".")
    return MEDIA_TYPES.get(f"{dot}{extension}".lower(), "application/octet-stream")


def judge_names(attachments: tuple[Attachment, ...]) -> Iterator[EdxmlFault]:
    """Give what is wrong with the list of files and their names."""
    try:
        judge_files(entries(attachments))
    except RejectedDocument as error:
        for found in error.faults:
            index, _, what = found.field.removeprefix("contents[").partition("].")
            element = f"AttachmentEncoded/Attachment[{int(index) + 1}]" if what else "AttachmentEncoded"
            yield of_model(element + (f"/{_ELEMENTS[what]}" if what in _ELEMENTS else ""), found)


_ELEMENTS: Final = {"name": "AttachmentName", "media_type": "ContentType", "size": "ContentTransferEncoded"}
