"""The records that cross the bus. Each is small (under 64 KiB): contents and recipient lists go by reference.

Times are aware datetimes with microseconds, identifiers UUIDs; hashes are lower-case hex. Field for field the Avro
schemas beside this module (``avro/``) say the same; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

MAX_RECORD: Final = 64 * 1024
"""Bytes of one record's value."""
MAX_CAUSE: Final = 2000
"""Characters that a dead letter tells of its cause."""
REPLAY: Final = "replay"
"""Kind of the action by which an operator has done once more what a dead letter names."""
ALERT: Final = "alert"
"""Kind of the timer, and of the action made of it, by which an alert is stated."""
ACCOUNT_ACT: Final = "account-act"
"""The same of what was done with an account of the clerk's pages."""
LOOK: Final = "look"
"""Kind of the action by which a look of an auditor or operator is stated."""
COMPARED: Final = "holdings-compared"
"""Kind of the action by which it is stated that a member's holdings were compared."""
ABSENT: Final = "content-absent"
"""Kind of the action by which it is stated that the log has nothing about a file."""
SUBMISSION_ABSENT: Final = "submission-absent"
"""Kind of the action by which it is stated that the log has no such submission, or none of such a document."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission waits for its verdict (``submitted*``), or waits for revocation data (``retry.*``).

    ``attempt`` starts at 1 and rises when the record moves to a retry topic or is replayed from the dead letters.
    ``not_before`` and ``waits_for_epoch`` say when a retry is due: at that time, or once the revocation data are of a
    later epoch. ``deadline`` is when an undecided document is decided with a warning.
    """

    submission_id: UUID
    attempt: int
    member: str
    urgency: int
    lane: str
    received_at: datetime
    deadline: datetime
    manifest_sha256: str
    directory_version: int
    acknowledgement_sha256: str
    not_before: datetime | None = None
    waits_for_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a submission and what follows from it. The verdict itself is kept under ``verdict_event``."""

    submission_id: UUID
    attempt: int
    member: str
    verdict_event: UUID
    verdict_sha256: str
    indication: str
    sub_indication: str | None
    cause: str | None
    disposition: str
    decided_at: datetime
    revises: UUID | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something a party or the axis did about a submission: a hand-over, a report, or news made by time or by others.

    ``body`` is canonical JSON; ``signature`` the compact JWS of the member who acted, absent for the axis's own news.
    """

    action_id: UUID
    submission_id: UUID
    kind: str
    member: str
    recipient: str | None
    at: datetime
    body: bytes
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One entry of a member's inbox: a delivery or a piece of news. ``body`` is canonical JSON, by kind.

    ``version`` orders what concerns one submission and recipient; ``recipient`` is the organisation it concerns.
    """

    event_id: UUID
    kind: str
    member: str
    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    version: int
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """A statement on its way to the registrar. ``statement`` holds the canonical bytes that will be signed."""

    event_id: UUID
    type: str
    submission_id: UUID
    member: str
    recipient: str | None
    at: datetime
    statement: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a record lies that could not be processed, and why: coordinates and hash, never the bytes themselves."""

    dead_letter_id: UUID
    stage: str
    topic: str
    partition: int
    offset: int
    record_sha256: str
    submission_id: UUID | None
    attempt: int | None
    cause: str
    at: datetime

    def __post_init__(self) -> None:
        """Keep of the cause what every reader can take: an exception may quote whatever a hostile file holds.

        A lone surrogate would stop the one who writes the letter, a NUL the database of whoever reads it, and both
        would stop at the same record again after every restart.
        """
        cause = "".join(char if char.isprintable() else "\ufffd" for char in self.cause[:MAX_CAUSE])
        object.__setattr__(self, "cause", cause)


Event = Submitted | Judged | Action | InboxItem | EvidenceRecord | DeadLetter

TYPES: Final[dict[str, type[Event]]] = {
    "vn.docaxis.submitted.v1": Submitted,
    "vn.docaxis.judged.v1": Judged,
    "vn.docaxis.action.v1": Action,
    "vn.docaxis.inbox.v1": InboxItem,
    "vn.docaxis.evidence.v1": EvidenceRecord,
    "vn.docaxis.dead-letter.v1": DeadLetter,
}
"""CloudEvents ``type`` of each record."""
