"""What a packet says: a document with its files, or a status of one, and everything that is wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, BinaryIO

from docaxis_schemas.document import DocumentMetadata, EarlierDocument, Issuer, Staff
from docaxis_schemas.edxml.faults import EdxmlFault, RejectedPacket
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.submission import ContentEntry, FileRole


@unique
class PacketKind(StrEnum):
    """The two kinds of packets."""

    DOCUMENT = "document"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Status:
    """What one side, ``issuer``, reports of a document: to its sender (01-06, 15, 16), or to its recipient (13)."""

    issuer: Issuer
    response_for: EarlierDocument
    code: Report
    description: str | None = None
    at: datetime | None = None
    staff: Staff | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a packet, unpacked; ``stream`` stands at its beginning."""

    name: str
    media_type: str
    size: int
    sha256: str
    stream: BinaryIO
    description: str | None = None
    was_packed: bool = False

    def entry(self, role: FileRole) -> ContentEntry:
        """Give it as a manifest lists it."""
        return ContentEntry(role, self.name, self.media_type, self.size, self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A packet as far as it could be read. What it says in short is there even when it is refused."""

    kind: PacketKind | None = None
    business: str | None = None
    """0-3 of a document (new, recall, update, replacement), the status code of a status."""
    document_id: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    document: DocumentMetadata | None = None
    status: Status | None = None
    faults: tuple[EdxmlFault, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether nothing that is wrong keeps the packet from being taken."""
        return not any(fault.refuses for fault in self.faults)

    def require(self) -> "Examination":
        """Give the packet if it is readable.

        Raises:
            RejectedPacket: Everything that is wrong with it.
        """
        if not self.is_readable:
            raise RejectedPacket(self.faults)
        return self

    def to_json(self) -> dict[str, Any]:
        """Give what it says in short, for programs."""
        return {
            "kind": self.kind.value if self.kind else None,
            "business": self.business,
            "document_id": self.document_id,
            "from": self.sender,
            "to": list(self.recipients),
            "attachments": [
                {"name": file.name, "sha256": file.sha256, "media_type": file.media_type} for file in self.attachments
            ],
            "faults": [fault.to_json() for fault in self.faults],
        }


def entries(attachments: tuple[Attachment, ...]) -> tuple[ContentEntry, ...]:
    """Give the files as a manifest lists them.

    edXML does not say which file is the document. It is the first PDF, or else the first file; the others go along as
    enclosures, whose signatures are reported and never decide.
    """
    main = next((i for i, file in enumerate(attachments) if file.media_type == "application/pdf"), 0)
    return tuple(
        file.entry(FileRole.MAIN if index == main else FileRole.ENCLOSURE) for index, file in enumerate(attachments)
    )
