"""The documents that a document names: what it answers, refers to, or changes; as its sender wrote them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from docaxis_schemas.document import BusinessAction, DocumentMetadata, EarlierDocument

MAX_LINKS: Final = 50
"""Documents named by one that are looked for; more are hardly read by anybody."""


@unique
class LinkKind(StrEnum):
    """What a document has to do with the one it names."""

    CHANGE = "change"
    REPLY = "reply"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Link:
    """A document that is named. ``text`` is a document id, a submission id, or whatever its sender wrote."""

    kind: LinkKind
    text: str


def links_of(metadata: DocumentMetadata) -> tuple[Link, ...]:
    """Give what a document names, each document once, by the closest relation."""
    found: dict[str, Link] = {}
    for link in _named(metadata):
        if link.text.strip():
            found.setdefault(link.text, link)
    return tuple(found.values())[:MAX_LINKS]


def _named(metadata: DocumentMetadata) -> Iterator[Link]:
    if metadata.business.action is not BusinessAction.NEW:
        for name in metadata.named_documents():
            yield Link(LinkKind.CHANGE, name)
    for earlier in metadata.response_for:
        yield Link(LinkKind.REPLY, _text_of(earlier))
    for text in metadata.reply_fors:
        yield Link(LinkKind.REPLY, text)
    for text in metadata.reference_codes:
        yield Link(LinkKind.REFERENCE, text)


def _text_of(earlier: EarlierDocument) -> str:
    """Name an earlier document by its id, else by issuer, day and code as an id has them, else by its code alone."""
    if earlier.document_id is not None:
        return earlier.document_id
    if earlier.issuer is not None and earlier.code is not None and earlier.promulgated_on is not None:
        return f"{earlier.issuer},{earlier.promulgated_on:%Y/%m/%d},{earlier.code}"
    return earlier.code or ""
