"""What a member finds in its inbox, as the interface writes it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from docaxis_schemas.moments import to_text


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One entry of a member's inbox; ``cursor`` is where to go on behind it."""

    cursor: str
    event_id: UUID
    kind: str
    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    version: int
    at: datetime
    body: bytes

    def to_json(self) -> dict[str, Any]:
        """Give the form in which the interface answers."""
        return self._head() | {"body": json.loads(self.body)}

    def to_text(self) -> str:
        """Write that form as JSON; the body, most of it, is JSON already and is not read for it."""
        return f'{json.dumps(self._head(), ensure_ascii=False)[:-1]}, "body": {self.body.decode()}}}'

    def _head(self) -> dict[str, Any]:
        return {
            "cursor": self.cursor,
            "event_id": str(self.event_id),
            "kind": self.kind,
            "submission_id": str(self.submission_id),
            "recipient": self.recipient,
            "delivery_id": None if self.delivery_id is None else str(self.delivery_id),
            "version": self.version,
            "at": to_text(self.at),
        }


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Entries in the inbox's order, and the cursor to ask with next."""

    entries: tuple[InboxEntry, ...]
    cursor: str
