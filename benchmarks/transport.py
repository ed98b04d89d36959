"""Measure what the bus costs a document: the broker, and the clients of the stages, without what the stages do.

Run: ``python benchmarks/transport.py [--slots N] [--rate R] [--seconds S]``. Prints one JSON object. A document is a
record of each kind that passes on its way, about as large as a real one: submitted, judged, two inbox entries, a
hand-over and five statements. Broker and topics are the axis's own; slots and reader run in this process, where a
verdict is a pause. Afterwards every document must have come to the reader whole and once.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing, Partition, Publisher, Received
from docaxis.bus.provisioning import Provisioner
from docaxis.bus.report import StageReport
from docaxis.bus.stage import run_stage
from docaxis.bus.work import Outcome, Pace, StagePlan, Work
from docaxis.composition.registrar import REGISTRAR_AHEAD, REGISTRAR_BATCH, REGISTRAR_GATHER, REGISTRAR_HOLD
from docaxis.composition.router import ROUTING_SPACING
from docaxis.embedded.axis import SLOTS
from docaxis.embedded.bench.usage import Meter, Part
from docaxis.embedded.cluster import EmbeddedCluster
from docaxis.projector.service import BATCH, BUSY, BUSY_SPACING_SECONDS, SPACING_SECONDS, WAIT_SECONDS
from docaxis.settings import BusSettings
from docaxis.verifier.opening import verifier_plan
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import Action, Event, EvidenceRecord, InboxItem, Judged, Submitted
from docaxis_schemas.topics import ACTIONS, DEAD_LETTERS, EVIDENCE, JUDGED, SUBMITTED, inbox_topic, partition_of

AT: Final = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
MEMBERS: Final = 60
"""Inboxes, as many as ``docaxis bench exchange`` has."""
VERDICT_SECONDS: Final = 0.05
FETCHED_SECONDS: Final = 0.1
"""From an inbox entry to the recipient's hand-over."""
WARM_UP_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 30.0
STATEMENTS: Final = 5
ENTRIES: Final = 2
HASH: Final = "ab" * 32


class Quiet(StageReport):
    """Takes no note of what goes well; what does not must not pass unseen here."""

    def owned(self, slot: int) -> None: ...
    def committed(self, slot: int, records: int, seconds: float) -> None: ...
    def in_hand(self, slot: int, records: int) -> None: ...

    def lost(self, slot: int, cause: str) -> None:
        raise AssertionError(f"slot {slot}: {cause}")

    def waiting(self, slot: int, where: str, cause: str) -> None:
        raise AssertionError(f"slot {slot}: {where} waits: {cause}")

    def dead_letter(self, slot: int, where: str, cause: str) -> None:
        raise AssertionError(f"slot {slot}: {where}: {cause}")


@dataclass
class Documents:
    """Makes the records of documents, and counts what came of them."""

    slots: int
    seen: Counter[tuple[str, UUID]] = field(default_factory=Counter)

    def put(self, topic: str, event: Event, submission: UUID, source: str) -> Outgoing:
        """Put an event where a stage would."""
        number = 0 if topic.startswith("inbox.") else partition_of(submission, self.slots)
        told = headers(event, source=source, event_id=uuid4(), subject=submission, at=AT)
        return Outgoing(Partition(topic, number), submission.bytes, encode(event), told)

    def submitted(self) -> Outgoing:
        """Make a document."""
        event = Submitted(uuid4(), 1, "so-noi-vu", 0, SUBMITTED, AT, AT + timedelta(days=1), HASH, 1, HASH)
        return self.put(SUBMITTED, event, event.submission_id, "gateway")

    def statements(self, submission: UUID, count: int, source: str) -> tuple[Outgoing, ...]:
        """Make statements of 800 bytes about a document."""
        body = json.dumps({"statement": secrets.token_hex(375)}).encode()
        made = (EvidenceRecord(uuid4(), "x", submission, "so-noi-vu", None, AT, body) for _ in range(count))
        return tuple(self.put(EVIDENCE, one, submission, source) for one in made)

    def entry(self, submission: UUID) -> Outgoing:
        """Make an inbox entry of two kilobytes."""
        body = secrets.token_hex(1000).encode()
        item = InboxItem(uuid4(), "delivery", "m", submission, "H37.02", uuid4(), 1, AT, body)
        member = f"member-{random.randrange(MEMBERS)}"
        return self.put(inbox_topic(member), item, submission, "router")

    def note(self, records: Iterable[Received]) -> None:
        """Count what the reader was given."""
        for record in records:
            kind = "entry" if record.partition.topic.startswith("inbox.") else record.partition.topic
            self.seen[kind, UUID(bytes=record.key)] += 1

    def whole(self, sent: int) -> bool:
        """Say whether so many documents have come with all that belongs to them; more than that never does."""
        entries = [count for (kind, _), count in self.seen.items() if kind == "entry"]
        statements = [count for (kind, _), count in self.seen.items() if kind == EVIDENCE]
        assert max(entries, default=0) <= ENTRIES, "an entry came twice"
        assert max(statements, default=0) <= STATEMENTS, "a statement came twice"
        return entries.count(ENTRIES) == statements.count(STATEMENTS) == sent


@dataclass
class Step:
    """A stage that does nothing but what the bus has to carry."""

    name: str
    documents: Documents
    publisher: Publisher | None = None
    tasks: asyncio.TaskGroup | None = None

    async def handle(self, work: Work) -> Outcome:
        """Answer as the stage of this name would."""
        made = self.documents
        match work.event:
            case Submitted(submission_id=submission):
                await asyncio.sleep(VERDICT_SECONDS)
                judged = Judged(submission, 1, "m", uuid4(), HASH, "TOTAL-PASSED", None, None, "deliver", AT)
                return Outcome((made.put(JUDGED, judged, submission, self.name), *made.statements(submission, 2, "v")))
            case Judged(submission_id=submission):
                assert self.tasks is not None
                self.tasks.create_task(self._hand_over(submission))
                return Outcome((made.entry(submission), *made.statements(submission, 2, self.name)))
            case Action(submission_id=submission):
                return Outcome((made.entry(submission), *made.statements(submission, 1, self.name)))
        return Outcome()

    async def _hand_over(self, submission: UUID) -> None:
        await asyncio.sleep(FETCHED_SECONDS)
        action = Action(uuid4(), submission, "handover", "m", "H37.02", AT, b"{}" * 300, "s" * 300)
        assert self.publisher is not None
        await self.publisher.publish([self.documents.put(ACTIONS, action, submission, "gateway")])

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        """Never reached: `Quiet` lets no record be given up."""
        raise AssertionError(cause)


async def read(bus: KafkaBus, documents: Documents, stopping: asyncio.Event) -> None:
    """Read as the projector does, without writing anything."""
    topics = {Partition(EVIDENCE, slot) for slot in range(documents.slots)} | {Partition(DEAD_LETTERS, 0)}
    topics |= {Partition(inbox_topic(f"member-{number}"), 0) for number in range(MEMBERS)}
    async with bus.reader(dict.fromkeys(topics, -1)) as reader:
        while not stopping.is_set():
            records = await reader.read(BATCH, WAIT_SECONDS)
            documents.note(records)
            if records:
                await asyncio.sleep(BUSY_SPACING_SECONDS if len(records) >= BUSY else SPACING_SECONDS)


async def send(publisher: Publisher, documents: Documents, rate: float, seconds: float) -> int:
    """Hand in documents at a rate, each at a moment of its own, and give how many there were."""
    clock = asyncio.get_running_loop().time
    end, sent = clock() + seconds, 0
    async with asyncio.TaskGroup() as group:
        while clock() < end:
            group.create_task(publisher.publish([documents.submitted()]))
            sent += 1
            await asyncio.sleep(random.expovariate(rate))
    return sent


def per_document(before: dict[str, float], after: dict[str, float], count: float) -> dict[str, float]:
    """Give milliseconds by part."""
    return {name: round((after[name] - before[name]) / count * 1000, 2) for name in after}


async def measure(slots: int, rate: float, seconds: float) -> dict[str, Any]:
    """Run a broker and the clients, at rest and under load."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="transport-")))
        cluster = await stack.enter_async_context(EmbeddedCluster(directory))
        passwords = {name: secrets.token_hex(8) for name in ("gateway", "verifier", "router", "registrar", "projector")}
        provisioner = Provisioner(cluster.access, replication=1)
        access = await provisioner.provision_services(slots, passwords)
        for number in range(MEMBERS):
            await provisioner.provision_member(f"member-{number}", secrets.token_hex(8))
        buses = {
            name: KafkaBus(
                BusSettings(
                    bootstrap=one.bootstrap,
                    username=one.username,
                    password=one.password,
                    security_protocol="SASL_PLAINTEXT",
                    slots=slots,
                )
            )
            for name, one in access.items()
        }
        meter = Meter({"broker": Part(lambda: cluster.pids), "clients": Part(lambda: [os.getpid()])})
        publisher = await stack.enter_async_context(buses["gateway"].publisher())
        documents, stopping = Documents(slots), asyncio.Event()
        paces = {
            "verifier": verifier_plan(ahead=64)["pace"],
            "router": Pace(spacing=ROUTING_SPACING),
            "registrar": Pace(
                ordered=False,
                ahead=REGISTRAR_AHEAD,
                batch=REGISTRAR_BATCH,
                gather=REGISTRAR_GATHER,
                hold=REGISTRAR_HOLD,
            ),
        }
        async with asyncio.TaskGroup() as group:
            for name, pace in paces.items():
                step, plan = Step(name, documents, publisher, group), StagePlan(tuple(range(slots)), pace=pace)
                group.create_task(run_stage(buses[name], step, plan, report=Quiet(), stopping=stopping))
            group.create_task(read(buses["projector"], documents, stopping))
            sent = await send(publisher, documents, rate, WARM_UP_SECONDS)
            await asyncio.sleep(SETTLE_SECONDS + REGISTRAR_HOLD.total_seconds())
            resting = meter.cpu_seconds()
            await asyncio.sleep(seconds)
            rested = meter.cpu_seconds()
            loaded = await send(publisher, documents, rate, seconds)
            done = meter.cpu_seconds()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not documents.whole(sent + loaded):  # noqa: ASYNC110 - the reader tells nobody
                    await asyncio.sleep(0.1)
            stopping.set()
        return {
            "slots": slots,
            "seconds": seconds,
            "documents_per_second": round(loaded / seconds, 1),
            "at_rest_ms_a_second": per_document(resting, rested, seconds),
            "cpu_ms_a_document": per_document(rested, done, loaded),
        }


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=SLOTS)
    parser.add_argument("--rate", type=float, default=20.0, help="documents a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="at rest, and under load")
    chosen = parser.parse_args()
    print(json.dumps(asyncio.run(measure(chosen.slots, chosen.rate, chosen.seconds))))


if __name__ == "__main__":
    main()
