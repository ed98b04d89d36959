"""What can be seen of a run from outside: in the database, by a plain reader on the broker, and through the SDK."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from axisfaults import kafka
from axisfaults.scene import Scene
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord, InboxItem, Judged
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence, check_evidence

ASKED_AT_ONCE: Final = 8

Pair = tuple[UUID, str]
"""A submission and a recipient: one delivery."""
Event = InboxItem | Judged | EvidenceRecord
K = TypeVar("K")
V = TypeVar("V")
Said = tuple[str, str | None]
"""A kind of evidence and the recipient it concerns, if one."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything the checker judges by."""

    acknowledged: Mapping[UUID, frozenset[str]]
    """Submissions whose sender was answered, with their recipients."""
    routes: frozenset[UUID]
    states: tuple[tuple[UUID, str, str], ...]
    """Transport state of each delivery, as decided."""
    lines: tuple[tuple[UUID, str, str], ...]
    """The same as parties see it."""
    inbox: tuple[Pair, ...]
    """Deliveries in the members' inboxes."""
    records: Mapping[str, tuple[UUID, ...]]
    """Event ids by topic, as a plain reader of committed records gets them."""
    places: Mapping[UUID, tuple[str, ...]]
    """Where each of these events lies."""
    consigned: tuple[Pair, ...]
    """Deliveries that a plain reader of the inbox topics gets."""
    given: Mapping[Pair, int]
    """How often the SDK gave a delivery to its recipient."""
    receipts: Mapping[UUID, tuple[Said, ...]]
    """Receipts that verified against pinned keys."""
    rejected_receipts: tuple[str, ...]
    timelines: Mapping[UUID, tuple[Said, ...]]
    dead: frozenset[UUID]
    """Submissions with a dead letter."""


async def observe(scene: Scene, submissions: Iterable[UUID]) -> Observation:
    """Look at these submissions from outside."""
    wanted = set(submissions)
    documents = {name: scene.load.acknowledged[name] for name in wanted if name in scene.load.acknowledged}
    records = await _records(scene, wanted)
    receipts, rejected, timelines = await _asked(scene, documents)
    states = await _rows(scene, wanted, "SELECT submission_id, recipient, state FROM deliveries")
    lines = await _rows(scene, wanted, "SELECT submission_id, recipient, state FROM delivery_lines")
    inbox = await _rows(scene, wanted, "SELECT submission_id, recipient FROM inbox_items WHERE kind = 'delivery'")
    dead = await _rows(scene, wanted, "SELECT submission_id FROM dead_letters WHERE submission_id IS NOT NULL")
    items = [event for _, event in records if isinstance(event, InboxItem) and event.kind == "delivery"]
    return Observation(
        acknowledged={name: frozenset(document.recipients) for name, document in documents.items()},
        routes=frozenset(await scene.decided() & wanted),
        states=tuple(states),
        lines=tuple(lines),
        inbox=tuple(inbox),
        records=_grouped((record.topic, _event_id(event)) for record, event in records),
        places=_grouped((_event_id(event), record.place) for record, event in records),
        consigned=tuple((item.submission_id, item.recipient) for item in items),
        given={pair: times for pair, times in scene.load.given.items() if pair[0] in wanted},
        receipts=receipts,
        rejected_receipts=tuple(rejected),
        timelines=timelines,
        dead=frozenset(row[0] for row in dead),
    )


async def _rows(scene: Scene, wanted: set[UUID], statement: str) -> list[Any]:
    return [tuple(row) for row in await scene.rows(statement) if row.submission_id in wanted]


async def _records(scene: Scene, wanted: set[UUID]) -> list[tuple[kafka.Record, Event]]:
    found = []
    for record in await kafka.read_committed(scene.axis.cluster.access, scene.projected_topics() | {"judged"}):
        if kafka.submission_of(record) in wanted:
            event = decode(record.value)
            assert isinstance(event, InboxItem | Judged | EvidenceRecord)
            found.append((record, event))
    return found


def _event_id(event: Event) -> UUID:
    return event.verdict_event if isinstance(event, Judged) else event.event_id


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


async def _asked(
    scene: Scene, documents: Mapping[UUID, Any]
) -> tuple[dict[UUID, tuple[Said, ...]], list[str], dict[UUID, tuple[Said, ...]]]:
    """Ask as the sender for receipts and timelines, and check the receipts as anybody could."""
    pinned, room = scene.axis.pinned_keys(), asyncio.Semaphore(ASKED_AT_ONCE)
    receipts: dict[UUID, tuple[Said, ...]] = {}
    timelines: dict[UUID, tuple[Said, ...]] = {}
    rejected: list[str] = []

    async def ask(name: UUID, member: str) -> None:
        async with room:
            client = scene.load.clients[member]
            receipts[name] = tuple(_checked(name, await client.evidence(name), pinned, rejected))
            timelines[name] = tuple((entry.type, entry.recipient) for entry in await client.timeline(name))

    async with asyncio.TaskGroup() as group:
        for name, document in documents.items():
            group.create_task(ask(name, document.member))
    return receipts, rejected, timelines


def _checked(name: UUID, files: Iterable[Mapping[str, Any]], pinned: PinnedKeys, rejected: list[str]) -> Iterable[Said]:
    for file in files:
        try:
            statement = check_evidence(file, pinned).statement
        except RejectedEvidence as error:
            rejected.append(f"{name}: {error}")
            continue
        if statement["submission_id"] != str(name):
            rejected.append(f"{name}: a receipt of {statement['submission_id']}")
        yield statement["type"], statement.get("recipient")
