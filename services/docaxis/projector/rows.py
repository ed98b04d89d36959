"""Records to rows of the read models: pure."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.bus.port import Received
from docaxis.storage.projection import LineChange
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import DeadLetter, Event, EvidenceRecord, InboxItem
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.lifecycle import ANSWERS, ChangeState, Report, TransportState
from docaxis_schemas.topics import INBOX_PREFIX, member_of_inbox


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An inbox item and where it lies."""

    event_id: UUID
    member: str
    epoch: int
    offset: int
    kind: str
    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    version: int
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A statement's facts."""

    event_id: UUID
    submission_id: UUID
    member: str
    recipient: str | None
    type: str
    at: datetime
    facts: bytes


@dataclass(slots=True)
class Rows:
    """What one batch writes."""

    items: list[ItemRow] = field(default_factory=list)
    timeline: list[TimelineRow] = field(default_factory=list)
    lines: list[LineChange] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def add(self, event: Event, record: Received, epoch: int) -> bool:
        """Take a record in; False if it does not belong on its topic."""
        topic = record.partition.topic
        if isinstance(event, InboxItem) and topic.startswith(INBOX_PREFIX) and member_of_inbox(topic) == event.member:
            self.items.append(_item(event, record.offset, epoch))
        elif isinstance(event, EvidenceRecord):
            facts = json.loads(event.statement)["facts"]
            self.timeline.append(_timeline(event, facts))
            self.lines.extend(_lines(event, facts))
        elif isinstance(event, DeadLetter):
            self.dead_letters.append(event)
        else:
            return False
        return True


def _item(event: InboxItem, offset: int, epoch: int) -> ItemRow:
    return ItemRow(
        event.event_id,
        event.member,
        epoch,
        offset,
        event.kind,
        event.submission_id,
        event.recipient,
        event.delivery_id,
        event.version,
        event.at,
        event.body,
    )


def _timeline(event: EvidenceRecord, facts: dict[str, Any]) -> TimelineRow:
    told = canonical(facts)
    return TimelineRow(event.event_id, event.submission_id, event.member, event.recipient, event.type, event.at, told)


_STATES: Final = {
    EvidenceType.CONTENT_CONSIGNMENT: TransportState.CONSIGNED,
    EvidenceType.CONTENT_CONSIGNMENT_FAILURE: TransportState.UNROUTABLE,
    EvidenceType.CONTENT_HANDOVER: TransportState.HANDED_OVER,
    EvidenceType.STATUS_REPORTED: None,
    EvidenceType.DELIVERY_CANCELLED: TransportState.RECALLED,
    EvidenceType.DELIVERY_EXPIRED: TransportState.EXPIRED,
    EvidenceType.CHANGE_ASKED: None,
    EvidenceType.CHANGE_ANSWERED: None,
}


def _lines(event: EvidenceRecord, facts: dict[str, Any]) -> list[LineChange]:
    if event.type not in set(_STATES) or event.recipient is None:
        return []
    state = _STATES[EvidenceType(event.type)]
    delivery = facts.get("delivery_id")
    by = facts.get("changed_by")
    told: dict[str, Any] = {"report": facts.get("code"), "step": facts.get("step")}
    if event.type == EvidenceType.CHANGE_ASKED:
        told = {"change": facts["change"], "change_state": ChangeState.ASKED.value}
    elif event.type == EvidenceType.CHANGE_ANSWERED:
        _, after = ANSWERS[ChangeState.ASKED, Report(facts["code"])]
        told = {"change": facts["change"], "change_state": after.value}
        state = TransportState(facts["state"])
    return [
        LineChange(
            event.submission_id,
            event.recipient,
            None if delivery is None else UUID(delivery),
            None if state is None else state.value,
            version=int(facts["version"]),
            at=event.at,
            changed_by=None if by is None else UUID(by),
            **told,
        )
    ]
