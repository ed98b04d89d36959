"""A cancellation that a client library lets out ends no slot; one of ours is always honoured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from docaxis.bus.connection import client_errors
from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Outgoing, Partition, Received, SlotSession, UnavailableBus
from docaxis.bus.report import LoggedReport
from docaxis.bus.stage import Outcome, StagePlan, Work, run_stage
from docaxis.bus.work import Pace
from docaxis.cancellation import stop_client
from docaxis_schemas.codec import encode
from docaxis_schemas.events import Action, Event

TARGET = Partition("inbox.abc", 0)
TICK = timedelta(milliseconds=1)
PATIENCE = 10.0


class Client:
    """Behaves as aiokafka's producer does whose background task was cancelled with a request under way."""

    async def stop(self) -> None:
        raise asyncio.CancelledError


class Stuck:
    async def stop(self) -> None:
        await asyncio.Event().wait()


async def test_stopping_a_client_keeps_its_own_cancellation_to_itself() -> None:
    await stop_client(Client())


async def test_stopping_a_client_honours_a_cancellation_of_ours() -> None:
    task = asyncio.create_task(stop_client(Stuck()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_s_cancellation_means_that_the_broker_is_away() -> None:
    with pytest.raises(UnavailableBus), client_errors("committing"):
        await Client().stop()


async def test_a_cancellation_of_ours_is_no_error_of_the_client() -> None:
    async def commit() -> None:
        with client_errors("committing"):
            await Stuck().stop()

    task = asyncio.create_task(commit())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Echo:
    name = "router"

    async def handle(self, work: Work) -> Outcome:
        return Outcome((Outgoing(TARGET, b"k", b"%d" % work.record.offset, ()),))

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        raise AssertionError(f"{record} {event} {cause}")


class LettingOut(MemoryBus):
    """Lets a cancellation out of the first session, as if from its end."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.sessions = 0

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        return self._first_fails(stage, number)

    @asynccontextmanager
    async def _first_fails(self, stage: str, number: int) -> AsyncIterator[SlotSession]:
        self.sessions += 1
        async with super().slot(stage, number) as session:
            if self.sessions == 1:
                raise asyncio.CancelledError
            yield session


async def test_a_slot_whose_session_ends_so_is_named_and_taken_again() -> None:
    broker = MemoryBroker()
    for topic in ("judged", "actions", "inbox.abc", "dead-letters"):
        broker.create_topic(topic, 1)
    bus, stopping, report = LettingOut(broker), asyncio.Event(), LoggedReport("router", CollectorRegistry())
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    record = encode(Action(UUID(int=1), UUID(int=2), "report", "abc", None, moment, b"{}"))
    async with bus.publisher() as publisher:
        await publisher.publish([Outgoing(Partition("judged", 0), b"k", record, ())])
    plan = StagePlan((0,), pace=Pace(linger=TICK, pause=TICK, pause_limit=TICK))
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        group.create_task(run_stage(bus, Echo(), plan, report=report, stopping=stopping))
        while not broker.records(TARGET):
            await broker.wait({TARGET: broker.end(TARGET)}, PATIENCE)
        stopping.set()
    assert bus.sessions == 2
