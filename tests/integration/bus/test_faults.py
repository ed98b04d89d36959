"""Faults of a real broker and of its records: each is named, holds up nobody else, and mends itself when it is over."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from docaxis.bus.access import librdkafka_settings
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing, Partition, Received, UnavailableBus
from docaxis.bus.provisioning import Provisioner, TopicPlan
from docaxis.bus.stage import Outcome, StagePlan, Work, run_stage
from docaxis.bus.work import Pace
from docaxis.embedded import BrokerAccess, EmbeddedCluster
from docaxis.settings import BusSettings
from docaxis_schemas import topics
from docaxis_schemas.codec import decode, encode
from docaxis_schemas.events import Action, DeadLetter, Event
from docaxis_schemas.submission import MAX_RECIPIENTS

MOMENT = datetime(2026, 11, 2, tzinfo=UTC)
DAY_MS = 86_400_000
PACE = Pace(
    linger=timedelta(milliseconds=20),
    retry=timedelta(milliseconds=100),
    pause=timedelta(milliseconds=200),
    pause_limit=timedelta(seconds=1),
    grace=timedelta(seconds=1),
    fresh=timedelta(seconds=1),
)
PATIENCE = 60.0


class Told:
    """Remembers what the stage reports."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.changed = asyncio.Event()

    def _note(self, *words: object) -> None:
        self.log.append(" ".join(map(str, words)))
        self.changed.set()

    def owned(self, slot: int) -> None:
        self._note("owned", slot)

    def lost(self, slot: int, cause: str) -> None:
        self._note("lost", slot, cause)

    def waiting(self, slot: int, where: str, cause: str) -> None:
        self._note("waiting", slot, where, cause)

    def dead_letter(self, slot: int, where: str, cause: str) -> None:
        self._note("dead", slot, where, cause)

    def committed(self, slot: int, records: int, seconds: float) -> None:
        self._note("committed", slot, records, seconds)

    def in_hand(self, slot: int, records: int) -> None:
        self.hand = (slot, records)

    async def until(self, *words: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                for line in self.log:
                    if all(word in line for word in words):
                        return line
                self.changed.clear()
                await self.changed.wait()


class Repeat:
    """Answers a record with its body; a body that names a topic goes there."""

    def __init__(self, name: str, output: str) -> None:
        self.name = name
        self._output = output

    async def handle(self, work: Work) -> Outcome:
        assert isinstance(work.event, Action)
        value = work.event.body
        topic = value.decode().removeprefix("to ") if value.startswith(b"to ") else self._output
        return Outcome((Outgoing(Partition(topic, 0), b"k", value, ()),))

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        assert cause
        return Outcome((Outgoing(Partition(self._output, 0), b"k", f"gave up {record.offset} {event}".encode(), ()),))


def action(number: int, body: bytes) -> bytes:
    return encode(Action(UUID(int=number), UUID(int=number), "report", "abc", None, MOMENT, body))


async def send(settings: BusSettings, topic: str, *values: bytes) -> None:
    async with KafkaBus(settings).publisher() as publisher:
        await publisher.publish(
            [Outgoing(Partition(topic, 0), b"%d" % number, value, ()) for number, value in enumerate(values)]
        )


async def read(settings: BusSettings, topic: str, count: int) -> list[bytes]:
    found: Sequence[Received] = ()
    async with KafkaBus(settings).reader({Partition(topic, 0): -1}) as reader, asyncio.timeout(PATIENCE):
        while len(found) < count:
            found = [*found, *await reader.read(100, 0.5)]
    return [record.value or b"" for record in found]


@asynccontextmanager
async def running(settings: BusSettings, stage: str, output: str) -> AsyncIterator[Told]:
    told, stopping = Told(), asyncio.Event()
    plan = StagePlan((0,), pace=PACE)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_stage(KafkaBus(settings), Repeat(stage, output), plan, report=told, stopping=stopping))
        try:
            yield told
        finally:
            stopping.set()


async def test_a_missing_inbox_topic_is_waited_for_while_others_are_served(
    make_stage: Any, settings: BusSettings, access: BrokerAccess
) -> None:
    stage, inputs, output = await make_stage()
    missing = f"inbox.new-{output[-8:]}"
    await send(settings, inputs[0], action(1, b"to " + missing.encode()), action(2, b"second"), action(3, b"third"))
    async with running(settings, stage, output) as told:
        assert sorted(await read(settings, output, 2)) == [b"second", b"third"]
        await told.until("waiting", missing)
        await Provisioner(access, replication=1).create_topics([TopicPlan(missing, 1, DAY_MS)])
        assert await read(settings, missing, 1) == [b"to " + missing.encode()]
    assert not [line for line in told.log if line.startswith("lost")]


async def test_garbage_and_unknown_schemas_hold_up_nobody(make_stage: Any, settings: BusSettings) -> None:
    stage, inputs, output = await make_stage()
    later = b"\xc3\x01" + b"\x07" * 8 + b"of a later version"
    await send(settings, inputs[0], b"garbage", later, action(3, b"third"))
    async with running(settings, stage, output) as told:
        assert sorted(await read(settings, output, 2)) == [b"gave up 0 None", b"third"]
        await told.until("waiting", "UnknownSchema")
    letters = [decode(value) for value in await read(settings, topics.DEAD_LETTERS, 1)]
    ours = [letter for letter in letters if isinstance(letter, DeadLetter) and letter.topic == inputs[0]]
    assert [(letter.offset, letter.stage) for letter in ours] == [(0, stage)]
    # The one of a later version still waits: an upgraded reader finds it, and nothing else is done again.
    async with KafkaBus(settings).slot(stage, 0) as session:
        await session.wait([Partition(inputs[0], 0)], 5)
        assert [record.offset for record in await session.poll(Partition(inputs[0], 0), 10)] == [1]


async def test_what_5000_recipients_are_told_goes_out_in_one_transaction(
    make_stage: Any, settings: BusSettings, access: BrokerAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, inputs, output = await make_stage()
    monkeypatch.setattr("docaxis.bus.kafka.ROUTER", stage)
    inboxes = [f"inbox.of-{number}-{output[-8:]}" for number in range(63)]
    await Provisioner(access, replication=1).create_topics([TopicPlan(topic, 1, DAY_MS) for topic in inboxes])
    told = [
        Outgoing(Partition(topic, 0), b"%d" % number, os.urandom(600).hex().encode(), ())
        for number, inbox in enumerate(itertools.islice(itertools.cycle(inboxes), MAX_RECIPIENTS))
        for topic in (inbox, output)
    ]
    await send(settings, inputs[0], action(1, b"routed"))
    source = Partition(inputs[0], 0)
    async with KafkaBus(settings).slot(stage, 0) as session:
        await session.wait([source], PATIENCE)
        await session.commit(told, await session.poll(source, 1))
    assert len(await read(settings, output, MAX_RECIPIENTS)) == MAX_RECIPIENTS
    last = await read(settings, inboxes[-1], MAX_RECIPIENTS // len(inboxes))
    assert set(last) <= {record.value for record in told}


async def test_a_stopped_owner_hides_records_only_until_its_successor_starts(
    make_stage: Any, settings: BusSettings, tmp_path: Path
) -> None:
    stage, inputs, output = await make_stage()
    await send(settings, inputs[0], action(1, b"first"))
    program = Path(__file__).with_name("stopped_owner.py")
    bus = json.loads(settings.model_dump_json()) | {"password": settings.password.get_secret_value()}
    told = json.dumps({"stage": stage, "inputs": inputs, "output": output, "bus": bus})
    owner = await asyncio.create_subprocess_exec(sys.executable, str(program), told, stdout=asyncio.subprocess.PIPE)
    try:
        assert owner.stdout is not None
        assert await asyncio.wait_for(owner.stdout.readline(), PATIENCE) == b"in a transaction\n"
        os.kill(owner.pid, signal.SIGSTOP)
        await send(settings, output, b"of another")
        async with KafkaBus(settings).reader({Partition(output, 0): -1}) as reader:
            assert await reader.read(10, 1.0) == []
        async with running(settings, stage, output):
            assert await read(settings, output, 2) == [b"of another", b"first"]
            os.kill(owner.pid, signal.SIGCONT)
            said = await asyncio.wait_for(owner.stdout.readline(), PATIENCE)
            assert said in {b"FencedSlot\n", b"UnavailableBus\n"}  # the latter if it slept through its own bound
        assert await read(settings, output, 2) == [b"of another", b"first"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            owner.kill()
        await owner.wait()


async def test_offsets_that_are_gone_stop_the_slot_with_an_alarm(
    make_stage: Any, settings: BusSettings, access: BrokerAccess
) -> None:
    """What a retention of a minute does to a group that only assigns: its offsets vanish while it works."""
    stage, inputs, output = await make_stage()
    await send(settings, inputs[0], action(1, b"first"))
    async with running(settings, stage, output):
        assert await read(settings, output, 1) == [b"first"]
    admin = AdminClient({**librdkafka_settings(access), "log_level": 0})
    deleted = admin.delete_consumer_groups([topics.stage_group(stage)])
    await asyncio.to_thread(deleted[topics.stage_group(stage)].result, 15)
    async with running(settings, stage, output) as told:
        await told.until("lost", "ALARM", "no committed offset")
        # An operator sets them after having looked; the slot goes on by itself.
        places = [TopicPartition(topic, 0, 1 if topic == inputs[0] else 0) for topic in inputs]
        put = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(topics.stage_group(stage), places)])
        await asyncio.to_thread(put[topics.stage_group(stage)].result, 15)
        await send(settings, inputs[0], action(2, b"second"))
        assert await read(settings, output, 2) == [b"first", b"second"]


async def test_a_broker_that_dies_and_comes_back_loses_nothing(make_stage: Any, tmp_path: Path) -> None:
    async with EmbeddedCluster(tmp_path / "kafka") as cluster:
        access = cluster.access
        settings = BusSettings(
            bootstrap=access.bootstrap,
            username=access.username,
            password=SecretStr(access.password),
            security_protocol="SASL_PLAINTEXT",
        )
        provisioner = Provisioner(access, replication=1)
        stage, inputs, output = await make_stage()
        await provisioner.create_topics([TopicPlan(topic, 1, DAY_MS) for topic in (*inputs, output)])
        for topic in inputs:
            await provisioner.commit_first_offsets(topics.stage_group(stage), topic, 1)
        await send(settings, inputs[0], *[action(n, b"%d" % n) for n in range(50)])
        async with running(settings, stage, output) as told:
            await told.until("committed")
            await cluster.kill()
            await asyncio.sleep(1)
            await cluster.restart_killed()
            await send(settings, inputs[0], *[action(n, b"%d" % n) for n in range(50, 100)])
            found = await read(settings, output, 100)
        assert sorted(map(int, found)) == list(range(100))


async def test_a_publisher_knows_whether_the_brokers_answer(cluster: EmbeddedCluster, settings: BusSettings) -> None:
    async with KafkaBus(settings).publisher() as publisher:
        await publisher.probe()
        await cluster.kill()
        try:
            with pytest.raises(UnavailableBus):
                await publisher.probe()
        finally:
            await cluster.restart_killed()
        await publisher.probe()
