"""Inputs trimmed on a real broker: the stage goes on, also after a restart; what lies before is lost and said so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from docaxis.bus.deleting import KafkaKept
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.lookup import RecordLookup
from docaxis.bus.port import LostOffsets, MissingTopic, Outgoing, Partition, Received
from docaxis.bus.provisioning import Provisioner
from docaxis.bus.trimming import LETTERS, Trimmer, TrimMetrics
from docaxis.embedded import EmbeddedCluster
from docaxis.settings import BusSettings
from docaxis_schemas.moments import system_clock
from docaxis_schemas.topics import ACTIONS, JUDGED

MakeStage = Callable[..., Awaitable[tuple[str, tuple[str, str], str]]]
PATIENCE = 60.0


class NobodyElse:
    """Nobody but the stage itself needs its inputs."""

    async def needed(self, topics: Iterable[str]) -> Mapping[Partition, int]:
        assert topics
        return {}

    async def letters_read(self) -> int:
        return -1


def trimmer(settings: BusSettings, stage: str, topics: Iterable[str], *, term: timedelta = timedelta(0)) -> Trimmer:
    return Trimmer(
        KafkaKept(settings, stage),
        NobodyElse(),
        terms=dict.fromkeys(topics, term),
        slots=(0,),
        every=timedelta(hours=1),
        metrics=TrimMetrics("test", CollectorRegistry()),
        clock=system_clock,
    )


async def send(settings: BusSettings, topic: str, count: int) -> None:
    async with KafkaBus(settings).publisher() as publisher:
        await publisher.publish([Outgoing(Partition(topic, 0), b"k", b"%d" % number, ()) for number in range(count)])


async def finish(settings: BusSettings, stage: str, partition: Partition, count: int) -> list[Received]:
    """Take the slot as after a start, finish the next records, and end."""
    found: list[Received] = []
    async with KafkaBus(settings).slot(stage, 0) as session, asyncio.timeout(PATIENCE):
        while len(found) < count:
            await session.wait([partition], 0.5)
            found.extend(await session.poll(partition, count - len(found)))
        await session.commit([], found)
    return found


async def test_a_stage_goes_on_from_a_trimmed_beginning(settings: BusSettings, make_stage: MakeStage) -> None:
    stage, inputs, _ = await make_stage()
    partition, kept = Partition(inputs[0], 0), KafkaKept(settings, stage)
    await send(settings, inputs[0], 6)
    await finish(settings, stage, partition, 4)
    trimming = trimmer(settings, stage, inputs)
    assert await trimming.round() == {}
    assert await trimming.round() == {partition: 4}
    assert await kept.beginnings([partition]) == {partition: 4}
    async with KafkaBus(settings).reader({partition: -1}) as reader:
        assert await reader.begins() == {partition: 4}

    assert [record.value for record in await finish(settings, stage, partition, 2)] == [b"4", b"5"]
    await trimming.round()
    cut = await trimming.round()
    [end] = cut.values()
    assert end >= 6, "nothing is left of the input"
    assert await trimming.round() == {}
    await send(settings, inputs[0], 1)
    [after] = await finish(settings, stage, partition, 1)
    assert (after.value, after.offset >= end) == (b"0", True)


async def test_records_of_the_term_are_kept(settings: BusSettings, make_stage: MakeStage) -> None:
    stage, inputs, _ = await make_stage()
    await send(settings, inputs[0], 3)
    await finish(settings, stage, Partition(inputs[0], 0), 3)
    trimming = trimmer(settings, stage, inputs, term=timedelta(days=1))
    await trimming.round()
    assert await trimming.round() == {}


async def test_a_position_before_the_trimmed_beginning_is_lost_and_said_so(
    settings: BusSettings, make_stage: MakeStage
) -> None:
    stage, inputs, _ = await make_stage()
    partition = Partition(inputs[0], 0)
    await send(settings, inputs[0], 5)
    await KafkaKept(settings, stage).delete_before({partition: 3})  # by somebody who does not know what is finished
    with pytest.raises(LostOffsets, match="trimmed away"):
        await finish(settings, stage, partition, 1)


async def test_letters_are_read_to_their_end(settings: BusSettings, make_stage: MakeStage) -> None:
    stage, _, _ = await make_stage()
    kept = KafkaKept(settings, stage)
    before = list(await kept.letters(-1))
    await send(settings, LETTERS.topic, 3)
    found = list(await kept.letters(-1))
    assert [record.value for record in found[len(before) :]] == [b"0", b"1", b"2"]
    assert list(await kept.letters(found[-1].offset + 1)) == []


async def test_a_stage_may_trim_its_own_inputs_alone_and_its_topics_survive_a_restart(tmp_path: Path) -> None:
    async with EmbeddedCluster(tmp_path / "kafka") as cluster:
        provisioner = Provisioner(cluster.access, replication=1)
        passwords = {"router": "of-the-router", "verifier": "of-the-verifier", "gateway": "of-the-gateway"}
        access = await provisioner.provision_services(1, passwords)

        def speaking_as(service: str) -> BusSettings:
            mine = access[service]
            return BusSettings.model_validate(
                {
                    "bootstrap": mine.bootstrap,
                    "username": mine.username,
                    "password": mine.password,
                    "security_protocol": "SASL_PLAINTEXT",
                    "slots": 1,
                }
            )

        router, partition = speaking_as("router"), Partition(ACTIONS, 0)
        await send(speaking_as("gateway"), ACTIONS, 4)
        await finish(router, "router", partition, 3)
        trimming = trimmer(router, "router", (JUDGED, ACTIONS))
        await trimming.round()
        with pytest.raises(MissingTopic):  # it may write there, and so see who leads it
            await KafkaKept(speaking_as("verifier"), "verifier").delete_before({partition: 4})
        assert await trimming.round() == {partition: 3}
        await cluster.kill()
        await cluster.restart_killed()
        # A broker notes once a minute what was cut: killed before, it shows it again, and it is cut again.
        assert [record.value for record in await finish(router, "router", partition, 1)] == [b"3"]
        await trimming.round()
        assert (await KafkaKept(router, "router").beginnings([partition]))[partition] == 3


async def test_a_record_is_looked_up_where_it_lies(settings: BusSettings, make_stage: MakeStage) -> None:
    stage, inputs, _ = await make_stage()
    partition, lookup = Partition(inputs[0], 0), RecordLookup(KafkaBus(settings))
    await send(settings, inputs[0], 4)
    await KafkaKept(settings, stage).delete_before({partition: 2})
    found = await lookup.record_at(partition, 3)
    assert found is not None
    assert (found.offset, found.value) == (3, b"3")
    assert [await lookup.record_at(partition, offset) for offset in (0, 4, 99)] == [None, None, None]
