"""Packets as an agency's software makes them, and deliveries in the fake axis's inbox that can be packets."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from docaxis_schemas.document import DocumentMetadata, Issuer, Recipient
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.edxml import OutgoingAttachment, write_document
from docaxis_schemas.submission import ContentEntry, FileRole

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PDF = b"%PDF-1.7 the document\n%%EOF\n"
DOCUMENT = DocumentMetadata(
    issuer=Issuer("H37.02"),
    type=DocumentType.CONG_VAN,
    subject="V/v thử nghiệm",
    place="Hà Nội",
    promulgated_on=date(2026, 1, 5),
    recipients=(Recipient("G01"),),
    number="15",
    notation="STN-VP",
)


def packet(number: int = 15, data: bytes = PDF, **changes: Any) -> bytes:
    entry = ContentEntry(FileRole.MAIN, "công văn.pdf", "application/pdf", len(data), hashlib.sha256(data).hexdigest())
    document = replace(DOCUMENT, number=str(number), **changes)
    return b"".join(write_document(document, [OutgoingAttachment(entry, lambda: iter([data]))], now=NOW, packed=True))


def come(fake: Any, data: bytes = PDF) -> UUID:
    delivery = UUID(str(fake.deliver(data, recipient="H37.02")))
    document = replace(DOCUMENT, issuer=Issuer("000.00.00.G22"), recipients=(Recipient("H37.02"),))
    fake.inbox[-1]["body"]["document"] = document.to_json()
    return delivery
