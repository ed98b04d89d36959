"""What every bus promises: fencing, one transaction for outputs and progress, durable publishing, faithful reading."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Protocol

import pytest

from docaxis.bus.port import (
    Bus,
    FencedSlot,
    LostOffsets,
    MissingTopic,
    Outgoing,
    Partition,
    Received,
    RefusedRecord,
    SlotSession,
)
from docaxis_schemas.events import MAX_RECORD

PATIENCE = 60.0


class World(Protocol):
    stage: str
    inputs: tuple[str, str]
    output: str

    def bus(self) -> Bus: ...
    async def create_topic(self, name: str) -> None: ...
    async def without_offsets(self) -> str: ...


def record(topic: str, number: int, value: bytes) -> Outgoing:
    return Outgoing(Partition(topic, number), value[:16], value, (("ce_id", value[:16]),))


async def fill(world: World, topic: str, count: int, number: int = 0) -> None:
    async with world.bus().publisher() as publisher:
        await publisher.publish([record(topic, number, b"%d" % n) for n in range(count)])


async def take(session: SlotSession, partition: Partition, count: int) -> list[Received]:
    got: list[Received] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < count:
            got += await session.poll(partition, count - len(got))
            if len(got) < count:
                await session.wait([partition], 1.0)
    return got


async def read_all(bus: Bus, partition: Partition, count: int) -> list[bytes]:
    values: list[bytes] = []
    async with bus.reader({partition: -1}) as reader, asyncio.timeout(PATIENCE):
        while len(values) < count:
            values += [found.value or b"" for found in await reader.read(100, 0.5)]
        values += [found.value or b"" for found in await reader.read(100, 0.3)]
    return values


def values(records: Sequence[Received]) -> list[bytes]:
    return [found.value or b"" for found in records]


async def test_a_record_comes_through_as_it_was_sent(world: World) -> None:
    bus, target = world.bus(), Partition(world.output, 1)
    async with bus.publisher() as publisher:
        await publisher.publish([Outgoing(target, b"key", b"value", (("a", b"1"), ("a", b"2")))])
    async with bus.reader({target: -1}) as reader, asyncio.timeout(PATIENCE):
        got: Sequence[Received] = ()
        while not got:
            got = await reader.read(10, 1.0)
    assert [(r.partition, r.offset, r.key, r.value, r.headers) for r in got] == [
        (target, 0, b"key", b"value", (("a", b"1"), ("a", b"2")))
    ]
    assert got[0].timestamp_ms > 1_700_000_000_000


async def test_outputs_and_progress_happen_together(world: World) -> None:
    source, target = Partition(world.inputs[0], 0), Partition(world.output, 0)
    await fill(world, source.topic, 5)
    async with world.bus().slot(world.stage, 0) as session:
        got = await take(session, source, 3)
        await session.commit([record(target.topic, 0, b"out-" + value) for value in values(got)], got)
        await take(session, source, 2)
    async with world.bus().slot(world.stage, 0) as session:
        assert values(await take(session, source, 2)) == [b"3", b"4"]
    assert await read_all(world.bus(), target, 3) == [b"out-0", b"out-1", b"out-2"]


async def test_the_slot_reads_all_of_its_inputs_and_nothing_of_other_slots(world: World) -> None:
    for topic in world.inputs:
        await fill(world, topic, 2, number=1)
    await fill(world, world.inputs[0], 1, number=0)
    async with world.bus().slot(world.stage, 1) as session:
        both = [await take(session, Partition(topic, 1), 2) for topic in world.inputs]
    assert [values(got) for got in both] == [[b"0", b"1"], [b"0", b"1"]]


async def test_a_new_owner_fences_the_former_one(world: World) -> None:
    source, target = Partition(world.inputs[0], 0), Partition(world.output, 0)
    await fill(world, source.topic, 1)
    async with world.bus().slot(world.stage, 0) as former:
        held = await take(former, source, 1)
        async with world.bus().slot(world.stage, 0) as owner:
            got = await take(owner, source, 1)
            with pytest.raises(FencedSlot):
                await former.commit([record(target.topic, 0, b"late")], held)
            await owner.commit([record(target.topic, 0, b"right")], got)
    assert await read_all(world.bus(), target, 1) == [b"right"]


async def test_owners_of_other_slots_are_not_fenced(world: World) -> None:
    await fill(world, world.inputs[0], 1, number=0)
    async with world.bus().slot(world.stage, 0) as first, world.bus().slot(world.stage, 1):
        got = await take(first, Partition(world.inputs[0], 0), 1)
        await first.commit([], got)
    async with world.bus().slot(world.stage, 0) as session:
        await session.wait([Partition(world.inputs[0], 0)], 0.3)
        assert await session.poll(Partition(world.inputs[0], 0), 5) == []


async def test_records_finish_out_of_order_and_only_the_unfinished_come_again(world: World) -> None:
    source, target = Partition(world.inputs[0], 0), Partition(world.output, 0)
    await fill(world, source.topic, 6)
    async with world.bus().slot(world.stage, 0) as session:
        got = await take(session, source, 6)
        await session.commit([record(target.topic, 0, b"one")], [got[1]])
        await session.commit([record(target.topic, 0, b"three")], [got[3], got[4]])
    async with world.bus().slot(world.stage, 0) as session:
        again = await take(session, source, 3)
        assert values(again) == [b"0", b"2", b"5"]
        await session.commit([], [again[0]])
    async with world.bus().slot(world.stage, 0) as session:
        assert values(await take(session, source, 2)) == [b"2", b"5"]


async def test_a_missing_output_topic_is_named_and_leaves_the_session_whole(world: World) -> None:
    source = Partition(world.inputs[0], 0)
    await fill(world, source.topic, 1)
    missing = f"missing-{uuid.uuid4().hex[:8]}"
    async with world.bus().slot(world.stage, 0) as session:
        got = await take(session, source, 1)
        with pytest.raises(MissingTopic) as caught:
            await session.require([Partition(world.output, 0), Partition(missing, 0)])
        assert caught.value.topic == missing
        await world.create_topic(missing)
        await session.require([Partition(missing, 0)])
        await session.commit([record(missing, 0, b"now")], got)
    assert await read_all(world.bus(), Partition(missing, 0), 1) == [b"now"]


async def test_an_oversized_record_is_refused_before_anything_is_sent(world: World) -> None:
    source, target = Partition(world.inputs[0], 0), Partition(world.output, 0)
    await fill(world, source.topic, 1)
    async with world.bus().slot(world.stage, 0) as session:
        got = await take(session, source, 1)
        with pytest.raises(RefusedRecord):
            await session.commit(
                [record(target.topic, 0, b"good"), record(target.topic, 0, b"x" * (MAX_RECORD + 1))], got
            )
    async with world.bus().slot(world.stage, 0) as session:
        got = await take(session, source, 1)
        await session.commit([record(target.topic, 0, b"second")], got)
    assert await read_all(world.bus(), target, 1) == [b"second"]


async def test_lost_offsets_stop_the_slot(world: World) -> None:
    await fill(world, world.inputs[0], 1)
    stage = await world.without_offsets()
    with pytest.raises(LostOffsets):
        async with world.bus().slot(stage, 0):
            pass


async def test_a_publisher_names_a_missing_topic_and_works_on(world: World) -> None:
    async with world.bus().publisher() as publisher:
        with pytest.raises(MissingTopic):
            await publisher.publish([record(f"missing-{uuid.uuid4().hex[:8]}", 0, b"x")])
        with pytest.raises(RefusedRecord):
            await publisher.publish([record(world.output, 0, b"x" * (MAX_RECORD + 1))])
        await publisher.publish([record(world.output, 0, b"after")])
    assert await read_all(world.bus(), Partition(world.output, 0), 1) == [b"after"]


async def test_a_reader_begins_where_it_is_told_and_counts_what_is_left(world: World) -> None:
    await fill(world, world.output, 10)
    target = Partition(world.output, 0)
    async with world.bus().reader({target: 6}) as reader:
        assert await reader.lag() == 4
        got: list[Received] = []
        async with asyncio.timeout(PATIENCE):
            while len(got) < 2:
                got += await reader.read(2, 1.0)
        assert values(got) == [b"6", b"7"]
        assert await reader.lag() == 2
        assert await reader.begins() == {target: 0}


async def test_a_reader_serves_partitions_in_turn(world: World) -> None:
    await fill(world, world.output, 50, number=0)
    await fill(world, world.output, 2, number=1)
    positions = {Partition(world.output, 0): -1, Partition(world.output, 1): -1}
    got: list[Received] = []
    async with world.bus().reader(positions) as reader, asyncio.timeout(PATIENCE):
        while sum(r.partition.number for r in got) < 2:
            got += await reader.read(4, 1.0)
    assert len(got) < 30


async def test_what_others_leave_of_a_read_is_given_to_the_partition_that_has_more(world: World) -> None:
    await fill(world, world.output, 60, number=0)
    positions = {Partition(world.output, 0): -1, Partition(world.output, 1): -1}
    async with world.bus().reader(positions) as reader, asyncio.timeout(PATIENCE):
        while not (first := await reader.read(20, 1.0)):
            pass
        assert values([*first, *await reader.read(20, 1.0)]) == [b"%d" % n for n in range(40)]


async def test_a_reader_that_was_left_alone_goes_on_with_what_came_meanwhile(world: World) -> None:
    positions = {Partition(world.output, 0): 0, Partition(world.output, 1): 0}
    async with world.bus().reader(positions) as reader, asyncio.timeout(PATIENCE):
        for expected in (b"0", b"1"):
            for number in (0, 1):
                async with world.bus().publisher() as publisher:
                    await publisher.publish([record(world.output, number, expected)])
            got: list[Received] = []
            while len(got) < 2:
                got += await reader.read(100, 1.0)
            assert values(got) == [expected, expected]


async def test_a_full_partition_does_not_starve_another(world: World) -> None:
    await fill(world, world.inputs[0], 500)
    await fill(world, world.inputs[1], 2)
    async with world.bus().slot(world.stage, 0) as session:
        await take(session, Partition(world.inputs[0], 0), 64)
        assert values(await take(session, Partition(world.inputs[1], 0), 2)) == [b"0", b"1"]
