"""The stage runner on the bus in memory: what becomes of good, slow, broken and unlucky records."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import BusError, Outgoing, Partition, Received
from docaxis.bus.report import LoggedReport
from docaxis.bus.stage import Outcome, StagePlan, Work, run_stage
from docaxis.bus.work import Pace, UnavailableDependency
from docaxis.settings import BusSettings
from docaxis_schemas.codec import decode, encode
from docaxis_schemas.events import MAX_RECORD, Action, DeadLetter, Event

MOMENT = datetime(2026, 11, 2, 8, tzinfo=UTC)
SOURCE, OTHER_SOURCE = Partition("judged", 0), Partition("actions", 0)
TARGET, DEAD = Partition("inbox.abc", 0), Partition("dead-letters", 0)
TICK = timedelta(milliseconds=1)
PACE = Pace(
    linger=TICK,
    retry=TICK,
    retry_limit=5 * TICK,
    pause=TICK,
    pause_limit=5 * TICK,
    grace=timedelta(seconds=5),
    fresh=timedelta(seconds=1),
)
PATIENCE = 10.0


class Report:
    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.hand = (0, 0)

    def _note(self, kind: str, text: str) -> None:
        self.log.append((kind, text))
        self.changed.set()

    def owned(self, slot: int) -> None:
        self._note("owned", str(slot))

    def lost(self, slot: int, cause: str) -> None:
        self._note("lost", f"{slot} {cause}")

    def waiting(self, slot: int, where: str, cause: str) -> None:
        self._note("waiting", f"{slot} {where} {cause}")

    def dead_letter(self, slot: int, where: str, cause: str) -> None:
        self._note("dead", f"{slot} {where} {cause}")

    def committed(self, slot: int, records: int, seconds: float) -> None:
        self._note("committed", f"{records} of {slot} in {seconds}")

    def in_hand(self, slot: int, records: int) -> None:
        self.hand = (slot, records)

    async def until(self, kind: str, text: str = "", count: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while sum(k == kind and text in t for k, t in self.log) < count:
                self.changed.clear()
                await self.changed.wait()


def action(number: int, body: bytes = b"{}") -> Action:
    return Action(UUID(int=number), UUID(int=1000 + number), "report", "abc", None, MOMENT, body)


def sent(value: bytes, *, key: bytes, partition: Partition = SOURCE) -> Outgoing:
    return Outgoing(partition, key, value, ())


@dataclass
class Echo:
    """Sends what it got to the inbox, unless a test has other plans for a record."""

    name: str = "router"
    plans: dict[int, Callable[[Work], Outcome]] = field(default_factory=dict)
    gates: dict[int, asyncio.Event] = field(default_factory=dict)
    began: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    given_up: list[tuple[int, str]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, work: Work) -> Outcome:
        assert isinstance(work.event, Action)
        number = work.event.action_id.int
        self.began[number] += 1
        self.begun.set()
        if number in self.gates:
            await self.gates[number].wait()
        if number in self.plans:
            return self.plans[number](work)
        return self.echo(work)

    def echo(self, work: Work, target: Partition = TARGET) -> Outcome:
        assert isinstance(work.event, Action)
        return Outcome((Outgoing(target, b"k", b"%d" % work.event.action_id.int, ()),))

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        self.given_up.append((record.offset, f"{type(event).__name__}: {cause}"))
        return Outcome((Outgoing(TARGET, b"k", b"gave up %d" % record.offset, ()),))


@dataclass
class Axis:
    broker: MemoryBroker
    stage: Echo
    report: Report
    stopping: asyncio.Event

    async def send(self, *records: Outgoing) -> None:
        async with MemoryBus(self.broker).publisher() as publisher:
            await publisher.publish(records)

    async def actions(self, *numbers: int) -> None:
        await self.send(*[sent(encode(action(n)), key=b"%d" % n) for n in numbers])

    async def outputs(self, count: int, target: Partition = TARGET) -> list[bytes]:
        async with asyncio.timeout(PATIENCE):
            while len(self.broker.records(target)) < count:
                await self.broker.wait({target: self.broker.end(target)}, PATIENCE)
        return [record.value or b"" for record in self.broker.records(target)]

    @asynccontextmanager
    async def running(self, pace: Pace = PACE) -> AsyncIterator[None]:
        self.stopping.clear()
        plan = StagePlan((0,), pace=pace)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            group.create_task(
                run_stage(MemoryBus(self.broker), self.stage, plan, report=self.report, stopping=self.stopping)
            )
            yield
            self.stopping.set()


@pytest.fixture
def axis() -> Axis:
    broker = MemoryBroker()
    for topic in ("judged", "actions", "inbox.abc", "dead-letters"):
        broker.create_topic(topic, 1)
    return Axis(broker, Echo(), Report(), asyncio.Event())


async def test_every_record_of_every_input_is_answered_once_through_restarts(axis: Axis) -> None:
    for first in (0, 50, 100):
        await axis.actions(*range(first, first + 25))
        await axis.send(
            *[sent(encode(action(n)), key=b"%d" % n, partition=OTHER_SOURCE) for n in range(first + 25, first + 50)]
        )
        async with axis.running():
            await axis.outputs(first + 50)
    assert sorted(map(int, await axis.outputs(150))) == list(range(150))
    assert len(axis.broker.records(TARGET)) == 150


async def test_records_of_one_key_keep_their_order_while_others_overtake(axis: Axis) -> None:
    axis.stage.gates[1] = asyncio.Event()
    await axis.send(*[sent(encode(action(n)), key=b"same") for n in (1, 2)], sent(encode(action(3)), key=b"other"))
    async with axis.running():
        assert await axis.outputs(1) == [b"3"]
        assert axis.stage.began[2] == 0
        axis.stage.gates[1].set()
        assert await axis.outputs(3) == [b"3", b"1", b"2"]


async def test_a_restart_repeats_only_what_was_unfinished(axis: Axis) -> None:
    axis.stage.gates[1] = asyncio.Event()
    await axis.actions(1, 2, 3)
    fast = Pace(grace=timedelta(0), fresh=timedelta(0), pause=TICK, linger=TICK)
    async with axis.running(fast):
        await axis.outputs(2)
    assert axis.broker.committed("router", SOURCE) == 0
    axis.stage.gates[1].set()
    async with axis.running():
        assert sorted(await axis.outputs(3)) == [b"1", b"2", b"3"]
    assert dict(axis.stage.began) == {1: 2, 2: 1, 3: 1}


async def test_what_is_in_hand_is_finished_at_a_stop(axis: Axis) -> None:
    axis.stage.gates[1] = asyncio.Event()
    await axis.actions(1)
    async with axis.running():
        await axis.stage.begun.wait()
        axis.stopping.set()
        axis.stage.gates[1].set()
    assert await axis.outputs(1) == [b"1"]


async def test_a_record_whose_dependency_is_away_is_retried_while_others_go_on(axis: Axis) -> None:
    away = [True]

    def plan(work: Work) -> Outcome:
        if away[0]:
            raise UnavailableDependency("the directory is away")
        return axis.stage.echo(work)

    axis.stage.plans[1] = plan
    await axis.actions(1, 2, 3)
    async with axis.running():
        assert sorted(await axis.outputs(2)) == [b"2", b"3"]
        await axis.report.until("waiting", "the directory is away", 3)
        away[0] = False
        assert (await axis.outputs(3))[2] == b"1"
    assert axis.stage.given_up == []


async def test_a_record_that_fails_three_times_becomes_a_dead_letter(axis: Axis) -> None:
    def plan(work: Work) -> Outcome:
        raise ValueError("a fault of ours")

    axis.stage.plans[2] = plan
    await axis.actions(1, 2, 3)
    async with axis.running():
        assert sorted(await axis.outputs(3)) == [b"1", b"3", b"gave up 1"]
        letters = await axis.outputs(1, DEAD)
    assert axis.stage.began[2] == 3
    letter = decode(letters[0])
    assert isinstance(letter, DeadLetter)
    assert (letter.topic, letter.partition, letter.offset, letter.stage) == ("judged", 0, 1, "router")
    assert letter.submission_id == UUID(int=1002)
    assert "a fault of ours" in letter.cause


async def test_garbage_becomes_a_dead_letter_at_once(axis: Axis) -> None:
    await axis.send(sent(b"garbage", key=b"g"), sent(encode(action(1)), key=b"1"))
    async with axis.running():
        assert sorted(await axis.outputs(2)) == [b"1", b"gave up 0"]
        assert len(await axis.outputs(1, DEAD)) == 1
    assert axis.broker.committed("router", SOURCE) == 2


async def test_an_unknown_schema_waits_alarms_and_holds_up_nobody(axis: Axis) -> None:
    later = b"\xc3\x01" + b"\x00" * 8 + b"of a later version"
    await axis.send(sent(later, key=b"later"), sent(encode(action(1)), key=b"1"))
    fast = Pace(grace=timedelta(0), fresh=timedelta(0), pause=TICK, linger=TICK, retry=TICK)
    async with axis.running(fast):
        assert await axis.outputs(1) == [b"1"]
        await axis.report.until("waiting", "UnknownSchema", 2)
    assert axis.broker.committed("router", SOURCE) == 0
    assert axis.broker.records(DEAD) == ()


async def test_a_missing_output_topic_holds_up_only_who_needs_it(axis: Axis) -> None:
    missing = Partition("inbox.new", 0)
    axis.stage.plans[1] = lambda work: axis.stage.echo(work, missing)
    await axis.actions(1, 2)
    async with axis.running():
        assert await axis.outputs(1) == [b"2"]
        await axis.report.until("waiting", "inbox.new")
        axis.broker.create_topic("inbox.new", 1)
        assert await axis.outputs(1, missing) == [b"1"]
    assert axis.stage.began[1] == 1


async def test_a_record_whose_output_is_refused_is_found_and_given_up(axis: Axis) -> None:
    too_large = Outgoing(TARGET, b"k", b"x" * (MAX_RECORD + 1), ())
    axis.stage.plans[2] = lambda _: Outcome((too_large,))
    await axis.actions(1, 2, 3)
    async with axis.running():
        assert sorted(await axis.outputs(3)) == [b"1", b"3", b"gave up 1"]
        await axis.outputs(1, DEAD)
    assert any("RefusedRecord" in text for kind, text in axis.report.log if kind == "lost")


async def test_a_slot_that_was_taken_by_another_is_taken_again_later(axis: Axis) -> None:
    await axis.actions(1)
    async with axis.running():
        await axis.outputs(1)
        async with MemoryBus(axis.broker).slot("router", 0):
            await axis.actions(2)
            await axis.report.until("lost", "another owner")
        assert await axis.outputs(2) == [b"1", b"2"]


async def test_lost_offsets_stop_the_slot_with_an_alarm(axis: Axis) -> None:
    await axis.actions(1)
    axis.broker.forget_offsets("router")
    async with axis.running():
        await axis.report.until("lost", "ALARM", 2)
    assert axis.broker.records(TARGET) == ()


async def test_a_busy_slot_gathers_and_an_idle_one_does_not(axis: Axis) -> None:
    await axis.actions(*range(60))
    slow = Pace(linger=timedelta(seconds=5), pause=TICK)
    async with axis.running(slow):
        await axis.outputs(60)
        await axis.actions(60)
        await axis.outputs(61)
    sizes = [int(text.split()[0]) for kind, text in axis.report.log if kind == "committed"]
    assert sum(sizes) == 61
    assert sizes[-1] == 1
    assert len(sizes) <= 6


async def test_the_logged_report_names_every_slot_that_stands_still() -> None:
    report = LoggedReport("router", CollectorRegistry())
    report.expect(0)
    report.expect(1)
    report.owned(0)
    assert report.causes == ("slot 1: not taken yet",)
    report.owned(1)
    report.lost(0, "UnavailableBus: the broker is away")
    assert report.causes == ("slot 0: UnavailableBus: the broker is away",)


def test_a_plan_serves_all_slots_unless_told_otherwise() -> None:
    assert StagePlan.of(BusSettings(slots=3)).slots == (0, 1, 2)
    assert StagePlan.of(BusSettings(slots=3, owned=(1,))).slots == (1,)
    with pytest.raises(BusError, match="slot 3"):
        StagePlan.of(BusSettings(slots=3, owned=(1, 3)))
