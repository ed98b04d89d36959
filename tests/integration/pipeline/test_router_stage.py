"""The router as a stage over a bus: what its readers see when it dies between the decision and the commit."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Bus, Outgoing, Partition, Publisher, Reader, Received, SlotSession, UnavailableBus
from docaxis.bus.report import LoggedReport
from docaxis.bus.stage import StagePlan, run_stage
from docaxis.bus.work import Pace
from docaxis_schemas.codec import decode, encode, headers
from docaxis_schemas.events import Event, InboxItem
from docaxis_schemas.topics import partition_of

SLOTS = 4
PACE = Pace(
    linger=timedelta(milliseconds=5),
    retry=timedelta(milliseconds=5),
    pause=timedelta(milliseconds=5),
    pause_limit=timedelta(milliseconds=20),
)


class _Dying:
    """A session that dies, a few times, in place of its commit; what it was to send is kept."""

    def __init__(self, session: SlotSession, owner: "_DyingBus") -> None:
        self._session = session
        self._owner = owner

    async def poll(self, partition: Partition, limit: int) -> Sequence[Received]:
        return await self._session.poll(partition, limit)

    async def wait(self, partitions: Sequence[Partition], seconds: float) -> None:
        await self._session.wait(partitions, seconds)

    async def require(self, targets: Any) -> None:
        await self._session.require(targets)

    async def commit(self, outgoing: Sequence[Outgoing], finished: Sequence[Received]) -> None:
        if self._owner.deaths > 0:
            self._owner.deaths -= 1
            self._owner.lost.extend(outgoing)
            raise UnavailableBus("died between the decision and the commit")
        await self._session.commit(outgoing, finished)


class _DyingBus:
    def __init__(self, bus: Bus, deaths: int) -> None:
        self._bus = bus
        self.deaths = deaths
        self.lost: list[Outgoing] = []

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        return self._slot(stage, number)

    @asynccontextmanager
    async def _slot(self, stage: str, number: int) -> AsyncIterator[SlotSession]:
        async with self._bus.slot(stage, number) as session:
            yield _Dying(session, self)

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        return self._bus.publisher()

    def reader(self, positions: Mapping[Partition, int]) -> AbstractAsyncContextManager[Reader]:
        return self._bus.reader(positions)


def _outgoing(event: Any, topic: str) -> Outgoing:
    submission = event.submission_id
    event_id = getattr(event, "action_id", None) or event.verdict_event
    told = headers(event, source="test", event_id=event_id, subject=submission, at=event_at(event))
    return Outgoing(Partition(topic, partition_of(submission, SLOTS)), submission.bytes, encode(event), told)


def event_at(event: Any) -> Any:
    return getattr(event, "at", None) or event.decided_at


def _seen(broker: MemoryBroker, member: str) -> list[Event]:
    return [decode(record.value) for record in broker.records(Partition(f"inbox.{member}", 0))]


async def test_a_death_between_decision_and_commit_shows_to_no_reader(world: Any) -> None:
    code, broker = world.recipient(1), MemoryBroker()
    for topic in ("judged", "actions", "evidence"):
        broker.create_topic(topic, SLOTS)
    for topic in ("dead-letters", f"inbox.{world.sender}", f"inbox.{world.member(1)}"):
        broker.create_topic(topic, 1)
    bus = _DyingBus(MemoryBus(broker), deaths=3)
    handed = [await world.hand_in((code,), number=str(index)) for index in range(12)]
    async with bus.publisher() as publisher:
        await publisher.publish([_outgoing(world.judged(item), "judged") for item in handed])
    stopping = asyncio.Event()
    plan = StagePlan(tuple(range(SLOTS)), pace=PACE)
    report = LoggedReport("router", CollectorRegistry())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(run_stage(bus, world.router, plan, report=report, stopping=stopping))
        async with bus.reader({Partition(f"inbox.{world.sender}", 0): -1}) as reader:
            news = 0
            while news < len(handed):
                news += len(await reader.read(100, 0.2))
        stopping.set()
    deliveries = [event for event in _seen(broker, world.member(1)) if isinstance(event, InboxItem)]
    assert sorted(event.submission_id for event in deliveries) == sorted(item.id for item in handed)
    assert bus.lost
    committed = {record.value for record in broker.records(Partition(f"inbox.{world.member(1)}", 0))}
    lost = {record.value for record in bus.lost if record.partition.topic == f"inbox.{world.member(1)}"}
    assert lost
    assert lost <= committed
    assert broker.records(Partition("dead-letters", 0)) == ()
