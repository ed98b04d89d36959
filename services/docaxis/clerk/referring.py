"""How documents name each other: by number, whatever its spelling, or by submission where there is none. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from docaxis.storage.clerk_links import Link
from docaxis_schemas.document import DocumentMetadata, RejectedDocument
from docaxis_schemas.links import LinkKind
from docaxis_schemas.links import links_of as named_by
from docaxis_schemas.natural_key import DocumentReference, RejectedDocumentId, parse_document_id


def reference_of(document: Mapping[str, Any], issuer: str, submission: UUID) -> str:
    """Say how other documents name this one; ``issuer`` is its canonical code."""
    number = "/".join(str(document[name]) for name in ("number", "notation") if document.get(name))
    if not document.get("number"):
        return str(submission)
    try:
        return _written(parse_document_id(f"{issuer},{document.get('promulgated_on')},{number}"))
    except RejectedDocumentId:
        return str(submission)


def links_of(document: Mapping[str, Any], canonical: Callable[[str], str | None]) -> Iterator[Link]:
    """Give the earlier documents that metadata name, each once; of metadata that are not whole, none."""
    try:
        metadata = DocumentMetadata.from_stored(document)
    except RejectedDocument:
        return
    seen: set[str] = set()
    for link in named_by(metadata):
        reference = _reference(link.text, canonical)
        if reference is not None and reference not in seen:
            seen.add(reference)
            kind = metadata.business.action if link.kind is LinkKind.CHANGE else link.kind
            yield Link(kind.value, reference)


def _reference(text: str, canonical: Callable[[str], str | None]) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        pass
    try:
        named = parse_document_id(text)
    except RejectedDocumentId:
        return None
    return _written(replace(named, issuer=canonical(named.issuer) or named.issuer))


def _written(named: DocumentReference) -> str:
    return " ".join((named.issuer, str(named.year), named.number, named.notation or "-"))
