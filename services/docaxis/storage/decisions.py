"""What is decided once and stored by its event id, and what can be wrong with storing anything."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class StorageError(Exception):
    """Root of what can go wrong with storage."""


class UnavailableStorage(StorageError):
    """The database or the content store cannot be reached: try again."""


class RefusedStatement(StorageError):
    """The database refuses a statement for what is in it: it will for ever. The text quotes no values."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something decided about a submission. ``body`` is canonical JSON; ``version`` orders a submission's decisions."""

    event_id: UUID
    submission_id: UUID
    kind: str
    version: int
    decided_at: datetime
    body: bytes
