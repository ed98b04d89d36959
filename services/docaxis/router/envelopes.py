"""Put what the router says into records of the bus, with partition, key and headers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.bus.port import Outgoing, Partition
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import Action, EvidenceRecord, InboxItem
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.topics import ACTIONS, EVIDENCE, inbox_topic, partition_of

SOURCE: Final = "router"


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Knows the axis, its environment and how many slots there are."""

    axis: str
    environment: str
    slots: int

    def inbox(self, item: InboxItem) -> Outgoing:
        """Put an item into its member's inbox: one partition, one order."""
        return Outgoing(
            Partition(inbox_topic(item.member), 0),
            item.recipient.encode(),
            encode(item),
            headers(item, source=SOURCE, event_id=item.event_id, subject=item.submission_id, at=item.at),
        )

    def evidence(
        self,
        event_id: UUID,
        kind: EvidenceType,
        *,
        submission_id: UUID,
        member: str,
        recipient: str | None,
        at: datetime,
        facts: dict[str, Any],
    ) -> Outgoing:
        """State that something happened."""
        statement = Statement(event_id, kind, submission_id, at, member, recipient, facts)
        data = statement.to_bytes(axis=self.axis, environment=self.environment)
        record = EvidenceRecord(event_id, kind.value, submission_id, member, recipient, at, data)
        return Outgoing(
            Partition(EVIDENCE, partition_of(submission_id, self.slots)),
            submission_id.bytes,
            encode(record),
            headers(record, source=SOURCE, event_id=event_id, subject=submission_id, at=at),
        )

    def stated(
        self, action: Action, kind: EvidenceType, facts: dict[str, Any], *, member: str | None = None
    ) -> Outgoing:
        """State what an action says by itself, at its own time; a redo says the same under the same id."""
        return self.evidence(
            event_id(action.submission_id, "evidence", kind.value),
            kind,
            submission_id=action.submission_id,
            member=member or action.member,
            recipient=None,
            at=action.at,
            facts=facts,
        )

    def action(self, action: Action) -> Outgoing:
        """Put an action of the axis itself before the router."""
        return Outgoing(
            Partition(ACTIONS, partition_of(action.submission_id, self.slots)),
            action.submission_id.bytes,
            encode(action),
            headers(action, source=SOURCE, event_id=action.action_id, subject=action.submission_id, at=action.at),
        )
