"""What must hold before a packet is written, so that no reader, however strict, has a reason to send it back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from docaxis_schemas.document import EDXML_LENGTHS, DocumentMetadata, RejectedDocument, SecrecyMark, edxml_overruns
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault, of_model
from docaxis_schemas.edxml.limits import MAX_ATTACHMENT_NAME
from docaxis_schemas.edxml.packet import Status
from docaxis_schemas.edxml.paths import element_of
from docaxis_schemas.files import judge_files
from docaxis_schemas.lifecycle import WANTS_REASON
from docaxis_schemas.submission import ContentEntry

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What the Char production of XML 1.0 leaves out."""


def document_faults(document: DocumentMetadata, files: Sequence[ContentEntry]) -> Iterator[EdxmlFault]:
    """Give everything that keeps a document from being a packet."""
    for field in ("number", "document_id"):
        if not getattr(document, field):
            yield edxml_fault(element_of(field), "required")
    for field in edxml_overruns(document):
        yield edxml_fault(element_of(field), "too-long", limit=EDXML_LENGTHS[field])
    if not document.recipients:
        yield edxml_fault(element_of("recipients"), "no-recipient")
    for index, recipient in enumerate(document.recipients):
        if recipient.organisation is None:
            yield edxml_fault(element_of(f"recipients[{index}]"), "group-not-resolved", recipient.group)
    if document.secrecy is not SecrecyMark.NONE:
        yield edxml_fault("MessageHeader", "secret", document.secrecy.value)
    yield from _not_in_xml(document, "")
    yield from _file_faults(files)


def status_faults(status: Status) -> Iterator[EdxmlFault]:
    """Give everything that keeps a status from being a packet."""
    for element, value in (
        ("ResponseFor/OrganId", status.response_for.issuer),
        ("ResponseFor/DocumentId", status.response_for.document_id),
        ("Timestamp", status.at),
    ):
        if not value:
            yield edxml_fault(f"MessageHeader/{element}", "required")
    if status.code in WANTS_REASON and not status.description:
        yield edxml_fault("MessageHeader/Description", "no-reason", status.code.value, refuses=True)
    yield from _not_in_xml(status, "")


def _file_faults(files: Sequence[ContentEntry]) -> Iterator[EdxmlFault]:
    if not files:
        yield edxml_fault("AttachmentEncoded", "no-attachment")
        return
    try:
        judge_files(files)
    except RejectedDocument as error:
        yield from (of_model("AttachmentEncoded", found) for found in error.faults)
    for index, file in enumerate(files):
        element = f"AttachmentEncoded/Attachment[{index + 1}]/AttachmentName"
        if len(file.name) > MAX_ATTACHMENT_NAME:
            yield edxml_fault(element, "too-long", file.name, limit=MAX_ATTACHMENT_NAME)
        if _NOT_IN_XML.search(file.name):
            yield edxml_fault(element, "not-in-xml", file.name)


def text_faults(document: DocumentMetadata) -> Iterator[EdxmlFault]:
    """Give what no packet, however lenient its reader, can say."""
    yield from _not_in_xml(document, "")


def _not_in_xml(value: Any, path: str) -> Iterator[EdxmlFault]:
    """Give every text of a record that XML cannot hold."""
    if isinstance(value, str):
        if _NOT_IN_XML.search(value):
            yield edxml_fault(element_of(path), "not-in-xml", value)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _not_in_xml(item, f"{path}[{index}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from _not_in_xml(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)
