"""A slot ends what its predecessor left open, also where the broker has forgotten that there was a transaction."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from docaxis.bus import kafka as product
from docaxis.bus.access import ServiceNeeds, librdkafka_settings
from docaxis.bus.connection import client_options
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing, Partition
from docaxis.embedded import BrokerAccess
from docaxis.settings import BusSettings

PATIENCE = 60.0
VERIFICATION = "transaction.partition.verification.enable"


@pytest.fixture
async def forgetful(access: BrokerAccess) -> AsyncIterator[None]:
    """Let the broker take records of a transaction that its coordinator does not know to be in that partition."""
    admin = AdminClient({**librdkafka_settings(access), "log_level": 0})

    async def verify(value: str) -> None:
        entry = ConfigEntry(VERIFICATION, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[entry])
        await asyncio.to_thread(admin.incremental_alter_configs([resource])[resource].result, PATIENCE)

    await verify("false")
    yield
    await verify("true")


async def leave_open(settings: BusSettings, stage: str, topic: str, value: bytes) -> None:
    """Write as the slot's owner, without the coordinator's knowledge, and go: what KAFKA-20734 leaves behind."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=f"{stage}-0",
        transaction_timeout_ms=product.TRANSACTION_TIMEOUT_MS,
    )
    await producer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await producer.begin_transaction()
            producer._txn_manager._txn_partitions.add(TopicPartition(topic, 0))
            while True:
                try:
                    await producer.send_and_wait(topic, value, partition=0)
                except Exception:  # noqa: BLE001 - the broker's new setting takes a moment
                    await asyncio.sleep(0.1)
                else:
                    return
    finally:
        producer._closed = True
        producer._sender._sender_task.cancel()
        await producer.client.close()


async def test_records_left_open_do_not_come_with_the_successor_s_commit(
    make_stage: Any, settings: BusSettings, forgetful: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, inputs, output = await make_stage()
    source = Partition(inputs[0], 0)
    async with KafkaBus(settings).publisher() as publisher:
        await publisher.publish([Outgoing(source, b"k", b"work", ())])
    monkeypatch.setattr(product, "SERVICES", {stage: ServiceNeeds(writes=(output,))})
    await leave_open(settings, stage, output, b"left open")
    async with KafkaBus(settings).slot(stage, 0) as session:
        await session.wait([source], PATIENCE)
        done = await session.poll(source, 1)
        await session.commit([Outgoing(Partition(output, 0), b"k", b"committed", ())], done)
    async with KafkaBus(settings).reader({Partition(output, 0): -1}) as reader, asyncio.timeout(PATIENCE):
        found = [record.value for record in await reader.read(10, 5.0)]
    assert found == [b"committed"]
