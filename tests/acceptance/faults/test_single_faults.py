"""Faults that are no kill: each is named, harms nobody else, and mends itself once its cause is gone."""

import asyncio
import os
import signal
import zlib
from collections.abc import Callable

import psutil
from aiokafka import AIOKafkaProducer
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from axisfaults import kafka
from axisfaults.kills import INSIDE, look, names
from axisfaults.scene import Scene
from docaxis.bus.access import librdkafka_settings
from docaxis.bus.provisioning import Provisioner
from docaxis.client.items import NewsKind
from docaxis.failpoints import Point
from docaxis_schemas.topics import EVIDENCE, JUDGED, SUBMITTED, inbox_topic, partition_of, stage_group

CALL_SECONDS = 15.0
BOMB_MIB = 700
"""More than a verification worker may have."""
SAFE = ("H97.01", "H98.14", "H99")


def administrator(scene: Scene) -> AdminClient:
    return AdminClient({**librdkafka_settings(scene.axis.cluster.access), "log_level": 0})


async def test_offsets_that_are_gone_stop_the_slot_with_an_alarm_and_nothing_is_read_again(scene: Scene) -> None:
    registrar, group = scene.services["registrar"], stage_group("registrar")
    await registrar.stop()
    async with kafka.administrator(scene.axis.cluster.access) as client:
        kept = await client.list_consumer_group_offsets(group)
    admin = administrator(scene)
    await asyncio.to_thread(admin.delete_consumer_groups([group])[group].result, CALL_SECONDS)
    receipts = await scene.rows("SELECT event_id, signed_at FROM receipts")
    documents = await scene.drawer.plain(6, SAFE)
    mine = names(documents)

    alarms = scene.log_of("registrar").count("ALARM")
    starting = asyncio.create_task(registrar.start())
    try:
        await scene.load.hand_in(documents)

        async def alarmed() -> bool:
            return scene.log_of("registrar").count("ALARM") >= alarms + scene.axis.settings().bus.slots

        async def delivered() -> bool:
            rows = await scene.rows("SELECT submission_id FROM deliveries WHERE state = 'handed_over'")
            return sum(row.submission_id in mine for row in rows) == len(SAFE) * len(documents)

        await scene.until(alarmed, "every slot of the registrar alarms")
        await scene.until(delivered, "the documents reach their recipients all the same")
        assert await scene.rows("SELECT event_id, signed_at FROM receipts") == receipts
        places = [TopicPartition(part.topic, part.partition, found.offset) for part, found in kept.items()]
        put = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])
        await asyncio.to_thread(put[group].result, CALL_SECONDS)
        await starting
    finally:
        starting.cancel()
    assert (await look(scene, mine)).findings.all == []


async def test_a_router_frozen_in_a_transaction_and_its_successor_double_nothing(
    scene: Scene, tell: Callable[[str], None]
) -> None:
    frozen = scene.services["router"]
    await frozen.stop()
    documents = await scene.drawer.plain(INSIDE + 5, SAFE)
    mine = names(documents)
    await scene.load.hand_in(documents)

    async def gathered() -> bool:
        return len(await scene.waiting_in("router") & mine) == len(mine)

    await scene.until(gathered, "documents wait for the router")
    starting = asyncio.create_task(frozen.start(failpoint=f"{Point.ROUTER_IN_TRANSACTION}:1:stop"))
    successor = scene.process("router", label="router-successor")
    try:

        async def stopped() -> bool:
            return frozen.running and psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED

        await scene.until(stopped, "the router stands still in its transaction")
        inside = len(await scene.waiting_in("router") & mine)
        await successor.start()

        async def routed() -> bool:
            return mine <= await scene.decided()

        await scene.until(routed, "the successor routes what the stopped one had in hand")
        os.kill(frozen.pid, signal.SIGCONT)
        more = await scene.drawer.plain(INSIDE, SAFE)
        await scene.load.hand_in(more)  # while both want every slot
        mine |= names(more)
        await scene.until(routed, "two routers that take each other's slots still route")
        await starting
    finally:
        starting.cancel()
        if frozen.running:
            await frozen.kill()
        scene.services["router"] = successor
    done = await look(scene, mine)
    tell(f"freeze router.in-transaction {len(mine)}/{len(mine)} dup={len(done.findings.duplicated)} inside={inside}")
    assert inside >= INSIDE
    assert done.findings.all == []


async def test_a_document_that_takes_its_worker_harms_no_other_and_its_sender_is_told(scene: Scene) -> None:
    bombs = await scene.drawer.plain(1, SAFE, page=bomb(BOMB_MIB))
    others = await scene.drawer.plain(8, SAFE)
    await scene.load.hand_in([*bombs, *others])
    bomb_name = next(iter(names(bombs)))

    done = await look(scene, names(others))
    assert done.findings.all == []

    async def told() -> bool:
        client = scene.load.clients[bombs[0].member]
        heard = [news async for news in client.news(follow=False, stream="bomb") if news.submission_id == bomb_name]
        return bool({NewsKind.REJECTED, NewsKind.DEAD_LETTER} & {news.kind for news in heard})

    await scene.until(told, "the sender is told what became of the document")
    rows = await scene.rows("SELECT state FROM deliveries WHERE submission_id = :id", id=bomb_name)
    assert {row.state for row in rows} <= {"refused"}
    assert psutil.Process(scene.services["verifier"].pid).is_running()


async def test_workers_killed_from_outside_cost_no_document(scene: Scene) -> None:
    documents = await scene.drawer.plain(30, SAFE)
    handing_in = asyncio.create_task(scene.load.hand_in(documents))
    killed = 0
    try:

        async def begun() -> bool:
            return bool(names(documents) & await scene.judged())

        await scene.until(begun, "the first documents are judged")
        for worker in psutil.Process(scene.services["verifier"].pid).children(recursive=True):
            worker.kill()
            killed += 1
        await handing_in
    finally:
        handing_in.cancel()
    assert killed > 1
    assert (await look(scene, names(documents))).findings.all == []


async def test_a_missing_inbox_topic_holds_up_its_own_deliveries_alone(scene: Scene) -> None:
    member, topic = "vi-du-3", inbox_topic("vi-du-3")
    admin = administrator(scene)
    await asyncio.to_thread(admin.delete_topics([topic])[topic].result, CALL_SECONDS)
    try:
        waiting = await scene.drawer.plain(3, ("H97.03", "H99"))
        others = await scene.drawer.plain(12, SAFE)
        await scene.load.hand_in([*waiting, *others])
        done = await look(scene, names(others))
        assert done.findings.all == []
        records = await kafka.read_committed(scene.axis.cluster.access, scene.projected_topics() - {topic})
        assert not names(waiting) & {kafka.submission_of(record) for record in records if record.topic != EVIDENCE}
    finally:
        provisioner = Provisioner(scene.axis.cluster.access, replication=1)
        await provisioner.provision_member(member, scene.axis.members[member].kafka_password)
    assert (await look(scene, names(waiting))).findings.all == []


async def test_garbage_and_unknown_schemas_on_inputs_hold_up_nobody(scene: Scene) -> None:
    """Last of all: the record of a later version waits for a later reader until the axis ends."""
    later = b"\xc3\x01" + b"\x07" * 8 + b"of a later version"
    producer = AIOKafkaProducer(**kafka.options(scene.axis.cluster.access))
    await producer.start()
    try:
        documents = await scene.drawer.plain(12, SAFE)
        slots = scene.axis.settings().bus.slots
        hit = {partition_of(name, slots) for name in names(documents)}
        places = {
            (topic, slot, (await producer.send_and_wait(topic, b"garbage", b"k", partition=slot)).offset)
            for topic in (SUBMITTED, JUDGED, EVIDENCE)
            for slot in hit
        }
        for slot in hit:
            await producer.send_and_wait(SUBMITTED, later, b"k", partition=slot)
    finally:
        await producer.stop()
    await scene.load.hand_in(documents)
    done = await look(scene, names(documents))
    assert done.findings.all == []

    async def put_aside() -> bool:
        rows = await scene.rows('SELECT topic, "partition", "offset" FROM dead_letters')
        return places <= {(row.topic, row.partition, row.offset) for row in rows}

    await scene.until(put_aside, "each piece of garbage is in the dead letters")
    assert "UnknownSchema" in scene.log_of("verifier")


def bomb(mebibytes: int) -> bytes:
    """Make a PDF whose one page unfolds to so many MiB."""
    packer = zlib.compressobj(9)
    block = b" " * (1024 * 1024)
    packed = b"".join([packer.compress(block) for _ in range(mebibytes)]) + packer.flush()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n" % len(packed) + packed + b"\nendstream",
    )
    data, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    )
