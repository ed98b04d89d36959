"""A plain Kafka reader: librdkafka with the administrator's access, nothing that the axis itself reads with."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import confluent_kafka as rdkafka
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata
from confluent_kafka import Consumer, KafkaError

from docaxis.bus.access import BrokerAccess, librdkafka_settings
from docaxis.bus.progress import Progress
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode
from docaxis_schemas.topics import stage_group

POLL_SECONDS: Final = 0.2
BATCH: Final = 500
READ_SECONDS: Final = 60.0


def options(access: BrokerAccess) -> dict[str, Any]:
    """Give what a client needs to reach the broker as its administrator."""
    return {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": access.username,
        "sasl_plain_password": access.password,
    }


@asynccontextmanager
async def administrator(access: BrokerAccess) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an administrator's connection."""
    client = AIOKafkaAdminClient(**options(access))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a plain reader gets it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes

    @property
    def place(self) -> str:
        """Name where it lies, and when it came to lie there."""
        return f"{self.topic}-{self.partition}@{self.offset} ({self.timestamp})"


async def read_committed(
    access: BrokerAccess, topics: Iterable[str], start: Mapping[TopicPartition, int] | None = None
) -> list[Record]:
    """Read all committed records of some topics, from the beginning or from where ``start`` says, up to now."""
    wanted = {(part.topic, part.partition): offset for part, offset in (start or {}).items()}
    return await asyncio.to_thread(_read, access, frozenset(topics), wanted)


def _read(access: BrokerAccess, topics: frozenset[str], start: Mapping[tuple[str, int], int]) -> list[Record]:
    consumer = Consumer(
        librdkafka_settings(access)
        | {"group.id": "outside", "isolation.level": "read_committed", "enable.auto.commit": False, "log_level": 0}
        | {"enable.partition.eof": True, "auto.offset.reset": "earliest"}
    )
    try:
        known = consumer.list_topics(timeout=READ_SECONDS).topics
        parts = [(topic, number) for topic in topics & known.keys() for number in known[topic].partitions]
        places = [rdkafka.TopicPartition(*part, start.get(part, rdkafka.OFFSET_BEGINNING)) for part in parts]
        consumer.assign(places)
        return _up_to_now(consumer, set(parts))
    finally:
        consumer.close()


def _up_to_now(consumer: Consumer, behind: set[tuple[str, int]]) -> list[Record]:
    found, deadline = list[Record](), time.monotonic() + READ_SECONDS
    while behind:
        assert time.monotonic() < deadline, f"not read to the end: {sorted(behind)}"
        for message in consumer.consume(BATCH, timeout=POLL_SECONDS):
            error, topic, number, offset = message.error(), message.topic(), message.partition(), message.offset()
            assert topic is not None
            assert number is not None
            assert offset is not None
            if error is None:
                found.append(Record(topic, number, offset, message.timestamp()[1], message.value() or b""))
            elif error.code() == KafkaError._PARTITION_EOF:
                behind.discard((topic, number))
            else:
                raise AssertionError(str(error))
    return found


async def unfinished(access: BrokerAccess, stage: str) -> list[Record]:
    """Give the records of a stage's inputs that the stage has not finished, by its committed progress."""
    async with administrator(access) as client:
        committed = await client.list_consumer_group_offsets(stage_group(stage))
    start = {part: position.offset for part, position in committed.items()}
    records = await read_committed(access, {part.topic for part in committed}, start)
    return list(_not_finished(committed, records))


def _not_finished(committed: Mapping[TopicPartition, OffsetAndMetadata], records: Iterable[Record]) -> Iterator[Record]:
    progress = {part: Progress(found.offset, found.metadata or "") for part, found in committed.items()}
    for record in records:
        part = TopicPartition(record.topic, record.partition)
        if record.offset >= committed[part].offset and progress[part].give(record.offset):
            yield record


def submission_of(record: Record) -> UUID | None:
    """Name the submission a record is about; None if it is no record of the axis."""
    try:
        return getattr(decode(record.value), "submission_id", None)
    except (RejectedRecordBytes, UnknownSchema):
        return None
