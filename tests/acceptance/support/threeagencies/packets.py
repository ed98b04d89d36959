"""Packets as an agency's own software writes them."""

import hashlib
from datetime import datetime

from docaxis_schemas.document import EarlierDocument, Issuer
from docaxis_schemas.edxml import OutgoingAttachment, Status, write_document, write_status
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.submission import ContentEntry, FileRole
from threeagencies.letters import Letter


def packet_of(letter: Letter, now: datetime) -> bytes:
    """Write a letter."""
    data = letter.paper.data
    sha256 = hashlib.sha256(data).hexdigest()
    entry = ContentEntry(FileRole.MAIN, letter.paper.name, "application/pdf", len(data), sha256)
    return b"".join(write_document(letter.document, [OutgoingAttachment(entry, lambda: iter([data]))], now=now))


def status_of(letter: Letter, by: str, to: str, code: Report, reason: str | None, now: datetime) -> bytes:
    """Write what one side says to the other of a letter."""
    about = EarlierDocument(to, letter.label, letter.document_id, letter.document.promulgated_on)
    return write_status(Status(Issuer(by), about, code, reason, now))
