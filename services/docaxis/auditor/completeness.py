"""Is anything missing? Each statement that a stage committed, each receipt in a party's hands, against the log."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from docaxis.auditor.rebuilding import Logged, Rebuilt
from docaxis.bus.port import Bus, Partition, Received, UnavailableBus
from docaxis_schemas.codec import RejectedRecordBytes, decode
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.evidence import LOGGED_WITHIN, OPEN_FACTS, EvidenceType
from docaxis_schemas.moments import from_text
from docaxis_schemas.topics import EVIDENCE

FROM_THE_BEGINNING: Final = -1
BATCH: Final = 2_000
WAIT_SECONDS: Final = 5.0
PATIENCE: Final = 6
"""Reads without a record, while there are more, after which the broker counts as away."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A statement as it lies on the topic ``evidence``, or as a party holds it; ``place`` says where."""

    event_id: str
    place: str
    at: datetime
    statement: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be: ``kind`` is ``unlogged``, ``contradicted``, ``broken-promise`` or ``unheard-of``."""

    kind: str
    event_id: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True)
class TopicRead:
    """What the topic holds: its statements, the first and last offset read of each partition, records of no form.

    ``begins`` are the first offsets that the broker still keeps: what lay below them was trimmed, and nobody can
    compare it any more. A partition that was trimmed empty has no span.
    """

    statements: tuple[Committed, ...]
    spans: Mapping[int, tuple[int, int]]
    unreadable: tuple[str, ...]
    begins: Mapping[int, int]

    @property
    def trimmed(self) -> Mapping[int, int]:
        """Give the partitions of which something was trimmed, with the first offset that is kept."""
        return {number: begin for number, begin in self.begins.items() if begin > 0}


def unseen(rebuilt: Rebuilt, topic: TopicRead) -> Mapping[int, int]:
    """Count, for each trimmed partition, the leaves whose statements lay in what was trimmed, as the axis says.

    That none is missing among them cannot be seen: offsets are used up by transactions too.
    """
    sources = [one.source for one in rebuilt.events.values()] + [one["source"] for one in rebuilt.closed]
    count = Counter(source[0] for source in sources if source is not None and _is_trimmed(topic, source))
    return {number: count[number] for number in topic.trimmed}


def _is_trimmed(topic: TopicRead, source: tuple[int, int] | None) -> bool:
    return source is not None and source[1] < topic.begins.get(source[0], 0)


async def read_topic(bus: Bus, slots: int, *, until: datetime) -> TopicRead:
    """Read every committed record of ``evidence`` that was appended before ``until``.

    Raises:
        BusError: The broker is away, or there is no such topic.
    """
    reading = _Reading(until.timestamp() * 1000)
    silent = 0
    async with bus.reader({Partition(EVIDENCE, slot): FROM_THE_BEGINNING for slot in range(slots)}) as reader:
        while len(reading.ended) < slots and await reader.lag():
            records = await reader.read(BATCH, WAIT_SECONDS)
            silent = 0 if records else silent + 1
            if silent == PATIENCE:
                raise UnavailableBus(f"the topic {EVIDENCE} has more, and gives nothing")
            for record in records:
                reading.take(record)
        begins = {partition.number: begin for partition, begin in (await reader.begins()).items()}
    return TopicRead(tuple(reading.statements), reading.spans, tuple(reading.unreadable), begins)


@dataclass(slots=True)
class _Reading:
    """What was read so far. ``ended`` are partitions that are past the time until which is read."""

    until_ms: float
    statements: list[Committed] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def take(self, record: Received) -> None:
        number = record.partition.number
        if record.timestamp_ms >= self.until_ms:
            self.ended.add(number)
        if number in self.ended:
            return
        self.spans[number] = (self.spans.get(number, (record.offset, 0))[0], record.offset)
        committed = _committed(record)
        if committed is None:
            self.unreadable.append(_place(record))
        else:
            self.statements.append(committed)


def _place(record: Received) -> str:
    return f"{record.partition.topic}[{record.partition.number}]@{record.offset}"


def _committed(record: Received) -> Committed | None:
    try:
        event = decode(record.value)
    except RejectedRecordBytes:
        return None
    if not isinstance(event, EvidenceRecord):
        return None
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    return Committed(str(event.event_id), _place(record), at, event.statement)


def held(statement: Mapping[str, Any], data: bytes, place: str) -> Committed:
    """Give the statement of a receipt that a party holds; its signature was checked before."""
    return Committed(str(statement["event_id"]), place, from_text(str(statement["time"])), data)


def compare(
    rebuilt: Rebuilt, topic: TopicRead | None, receipts: Iterable[Committed], *, now: datetime
) -> list[Finding]:
    """Name every statement that the log lacks or contradicts, and every leaf that nobody committed.

    The topic must have been read after the log's checkpoint. Leaves whose statements were trimmed are passed over.
    A leaf that was shredded no longer says which event it is of. It answers for one statement of its type, time and
    codes, which is all that it still shows.
    """
    closed = Counter(_shown(one) for one in rebuilt.closed)
    findings: list[Finding] = []
    committed: set[str] = set()
    for one in () if topic is None else topic.statements:
        again = one.event_id in committed
        committed.add(one.event_id)
        if not again and not _answered(closed, rebuilt.events.get(one.event_id), one):
            findings += _missing(rebuilt, one, "unlogged", now)
        elif not again or one.event_id in rebuilt.events:
            findings += _contradicted(rebuilt, one)
    for one in receipts:
        if one.event_id in rebuilt.events or one.event_id in committed:
            findings += _contradicted(rebuilt, one)
        if one.event_id not in rebuilt.events and not _answered(closed, None, one):
            findings += _missing(rebuilt, one, "broken-promise", now)
    if topic is not None and not topic.unreadable:
        findings += _unheard_of(rebuilt, topic, committed)
    return findings


def _answered(closed: Counter[str], logged: Logged | None, one: Committed) -> bool:
    if logged is not None:
        return True
    value = json.loads(one.statement)
    codes = {name: fact for name, fact in value["facts"].items() if name in OPEN_FACTS}
    key = _shown({"type": value["type"], "time": value["time"], "codes": codes})
    if closed[key] <= 0:
        return False
    closed[key] -= 1
    return True


def _shown(one: Mapping[str, Any]) -> str:
    return json.dumps([one["type"], one["time"], one["codes"]], sort_keys=True)


def _missing(rebuilt: Rebuilt, one: Committed, kind: str, now: datetime) -> list[Finding]:
    if now - one.at <= LOGGED_WITHIN:
        return []
    seconds = int((now - one.at).total_seconds())
    value = json.loads(one.statement)
    detail = f"{value['type']} of {value['submission_id']}, {seconds} s old, is in none of {rebuilt.size} leaves"
    return [Finding(kind, one.event_id, one.place, detail)]


def _contradicted(rebuilt: Rebuilt, one: Committed) -> list[Finding]:
    logged = rebuilt.events.get(one.event_id)
    if logged is None or logged.statement_sha256 == hashlib.sha256(one.statement).hexdigest():
        return []
    detail = f"leaf {logged.index} says something else under this event id"
    return [Finding("contradicted", one.event_id, one.place, detail)]


def _unheard_of(rebuilt: Rebuilt, topic: TopicRead, committed: set[str]) -> list[Finding]:
    """Name leaves that no stage stands for; changes of the evidence key are signed by the key that ends."""
    return [
        Finding("unheard-of", event, f"leaf {logged.index}", "no stage committed this statement")
        for event, logged in rebuilt.events.items()
        if event not in committed and logged.type != EvidenceType.KEY_CHANGED and not _is_trimmed(topic, logged.source)
    ]
