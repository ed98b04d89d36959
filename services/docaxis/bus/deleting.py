"""What Kafka keeps of a stage's inputs, asked and deleted as the stage itself.

Through aiokafka, as it waits for leaders: librdkafka answers such questions with "no leaders found" from memory, for
minutes, once it has seen a partition without one.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from docaxis.bus.connection import client_errors, client_options, topic_partition
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Partition, Received
from docaxis.bus.trimming import LETTERS
from docaxis.cancellation import stop_client
from docaxis.settings import BusSettings
from docaxis_schemas.topics import stage_group

LETTERS_AT_ONCE: Final = 500
LETTERS_WAIT_SECONDS: Final = 1.0


class KafkaKept:
    """The inputs of one stage; connected only while it asks."""

    def __init__(self, settings: BusSettings, stage: str) -> None:
        self._settings = settings
        self._group = stage_group(stage)

    async def committed(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Give the stage's committed offsets; a partition that has none is left out."""
        async with self._consumer("asking for committed offsets", group_id=self._group) as consumer:
            found = {part: await consumer.committed(topic_partition(part)) for part in partitions}
        return {part: offset for part, offset in found.items() if offset is not None}

    async def first_since(self, moments: Mapping[Partition, datetime]) -> Mapping[Partition, int | None]:
        """Give the first record of each partition appended at a moment or later; None if there is none."""
        times = {topic_partition(part): max(0, int(moment.timestamp() * 1000)) for part, moment in moments.items()}
        async with self._consumer("asking for offsets by time") as consumer:
            found = await consumer.offsets_for_times(times)
        places = {part: found.get(topic_partition(part)) for part in moments}
        return {part: None if place is None else place.offset for part, place in places.items()}

    async def beginnings(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Give the first offset that is kept of each partition."""
        async with self._consumer("asking where inputs begin") as consumer:
            found = await consumer.beginning_offsets(list(map(topic_partition, partitions)))
        return {Partition(part.topic, part.partition): offset for part, offset in found.items()}

    async def delete_before(self, limits: Mapping[Partition, int]) -> None:
        """Delete what lies below."""
        wanted = {topic_partition(part): RecordsToDelete(limit) for part, limit in limits.items()}
        async with self._admin("trimming inputs") as admin:
            await admin.delete_records(wanted)

    async def letters(self, position: int) -> Iterable[Received]:
        """Read all dead letters from a position on."""
        found: list[Received] = []
        async with KafkaBus(self._settings).reader({LETTERS: position}) as reader:
            while (records := await reader.read(LETTERS_AT_ONCE, LETTERS_WAIT_SECONDS)) or await reader.lag():
                found.extend(records)
        return found

    @asynccontextmanager
    async def _admin(self, doing: str) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**client_options(self._settings))
        with client_errors(doing):
            try:
                await admin.start()
                yield admin
            finally:
                await admin.close()

    @asynccontextmanager
    async def _consumer(self, doing: str, **options: object) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False, **options)
        with client_errors(doing):
            try:
                await consumer.start()
                yield consumer
            finally:
                await stop_client(consumer)
