"""What the standard asks beyond what a reader needs: told of every packet that is read, kept by every one we write."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from docaxis_schemas.document import EDXML_LENGTHS, BusinessAction, DocumentMetadata
from docaxis_schemas.edxml.faults import EdxmlFault, edxml_fault
from docaxis_schemas.edxml.limits import MAX_ATTACHMENT_NAME
from docaxis_schemas.edxml.packet import Attachment
from docaxis_schemas.edxml.paths import element_of
from docaxis_schemas.natural_key import RejectedDocumentId, parse_document_id
from docaxis_schemas.organisation import RejectedCode, normalise_code

_DOCUMENT_ID: Final = "MessageHeader/DocumentId"


def document_remarks(
    given: dict[str, Any], document: DocumentMetadata | None, files: Sequence[Attachment]
) -> Iterator[EdxmlFault]:
    """Give every breach of the standard that does not keep the packet from being read."""
    yield from _overruns(given)
    yield from _repeated(given.get("recipients", ()))
    if document_id := given.get("document_id"):
        try:
            parse_document_id(document_id)
        except RejectedDocumentId:
            yield edxml_fault(_DOCUMENT_ID, "not-a-document-id", document_id)
    else:
        yield edxml_fault(_DOCUMENT_ID, "required", refuses=False)
    if document is not None and document.business.action is not BusinessAction.NEW and not document.named_documents():
        yield edxml_fault("TraceHeaderList/Bussiness", "names-no-document", document.business.action.edxml_number)
    for index, file in enumerate(files):
        if len(file.name) > MAX_ATTACHMENT_NAME:
            element = f"AttachmentEncoded/Attachment[{index + 1}]/AttachmentName"
            yield _too_long(element, file.name, MAX_ATTACHMENT_NAME)


def _overruns(given: dict[str, Any]) -> Iterator[EdxmlFault]:
    for field, limit in EDXML_LENGTHS.items():
        value: Any = given
        for part in field.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        for index, text in enumerate(value if isinstance(value, list) else [value]):
            if len(text) > limit:
                yield _too_long(element_of(f"{field}[{index}]" if isinstance(value, list) else field), text, limit)


def _too_long(element: str, text: str, limit: int) -> EdxmlFault:
    return edxml_fault(element, "too-long", text, refuses=False, limit=limit)


def _repeated(recipients: Sequence[dict[str, Any]]) -> Iterator[EdxmlFault]:
    seen: set[str] = set()
    for index, recipient in enumerate(recipients):
        code = _plain(recipient.get("organisation", ""))
        if code and code in seen:
            yield edxml_fault(element_of(f"recipients[{index}].organisation"), "receiver-twice", code)
        seen.add(code)


def _plain(code: str) -> str:
    try:
        return normalise_code(code)
    except RejectedCode:
        return code
