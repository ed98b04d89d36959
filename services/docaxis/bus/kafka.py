"""The bus on Kafka, through aiokafka.

A slot follows one order, each step of which prevents a measured fault: consumer, assignment, producer (its start fences
the predecessor and ends its transaction), committed offsets, an end to what the broker forgot to end, seek. Reading
offsets before fencing duplicated 1,550 of 24,000 records under kills, one transactional id an instance 12,300; this
order none.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from docaxis.bus.access import SERVICES, ServiceNeeds
from docaxis.bus.clientlogs import calm_client_logs
from docaxis.bus.connection import (
    check_size,
    client_errors,
    client_options,
    received,
    require_partitions,
    topic_partition,
)
from docaxis.bus.port import (
    BusError,
    LostOffsets,
    Outgoing,
    Partition,
    Reader,
    Received,
    SlotSession,
)
from docaxis.bus.progress import Progress
from docaxis.cancellation import stop_client
from docaxis.failpoints import reach
from docaxis.settings import BusSettings
from docaxis_schemas.topics import SLOTTED, STAGE_INPUTS, stage_group

TRANSACTION_TIMEOUT_MS: Final = 5000
"""How long a dead owner's open transaction can hide other records from readers."""
ROUTER_TIMEOUT_MS: Final = 15_000
"""The same for the router, whose record of 5,000 recipients leads to 10,002, which go together or not at all. It is the
most that our brokers allow."""
TRANSACTION_SECONDS: Final = 4.0
"""Our own bound, below the broker's."""
ORDINARY: Final = 1000
"""Records that have to go within it..."""
RECORD_SECONDS: Final = 0.001
"""...and how much longer each further one may take."""
START_SECONDS: Final = 30.0
"""A transaction of a stopped predecessor is ended within the time above; a coordinator may have to move first."""
PUBLISH_SECONDS: Final = 15.0
ROUTER: Final = "router"
BATCH_BYTES: Final = 256 * 1024
"""Of one partition's records in a request. The client sends the next request when the one before was answered, so that
with its 16 KiB the statements about 5,000 recipients, all of one partition, go in some 400 rounds."""
FETCH_WAIT_MS: Final = 1000
"""How long the broker holds a fetch in vain, each of which costs broker and client some two milliseconds together. A
partition that is drained while a fetch is under way is asked again after at most this. That is rare: only where records
lay unread for a tenth of a second is another fetch begun without their partition."""
FETCH_BYTES: Final = 256 * 1024
COMPRESSION: Final = "zstd"
"""aiokafka's lz4 costs three to four times as much."""


def transaction_seconds(records: int) -> float:
    """Say for how long a transaction of so many records may go on."""
    return TRANSACTION_SECONDS + max(0, records - ORDINARY) * RECORD_SECONDS


class _KafkaSession:
    """A slot while it is owned."""

    def __init__(self, stage: str, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._stage = stage
        self._consumer = consumer
        self._producer = producer
        self._progress: dict[Partition, Progress] = {}
        self._waiting: dict[Partition, deque[Received]] = {}

    async def begin(self, inputs: Sequence[Partition]) -> None:
        """Take the slot: the order of these lines is the guarantee."""
        assigned = [topic_partition(partition) for partition in inputs]
        await self._consumer.start()
        self._consumer.assign(assigned)
        await require_partitions(self._consumer._client, frozenset(inputs))  # noqa: SLF001 - see there
        await self._producer.start()
        # committed() leaves the metadata out, in which the records finished beyond the offset stand.
        found = await self._consumer._coordinator.fetch_committed_offsets(assigned)  # noqa: SLF001
        await self._end_what_was_left_open(inputs[0].number, found)
        for partition in inputs:
            position = found.get(topic_partition(partition))
            if position is None:
                raise LostOffsets(f"{self._stage} has no committed offset in {partition.topic}-{partition.number}")
            self._progress[partition] = Progress(position.offset, position.metadata)
            self._waiting[partition] = deque()
            self._consumer.seek(topic_partition(partition), position.offset)

    async def _end_what_was_left_open(self, number: int, found: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Abort, in every partition this slot may write and in its group, whatever a predecessor left open there.

        Fencing should do that. But a coordinator that comes back while a partition has no leader takes the partition
        for deleted, and completes the transaction without a marker in it (KAFKA-20734; seen with 4.3.1). The records
        left open would become visible with the slot's next commit: they are of the same producer.
        """
        await self._producer.begin_transaction()
        for target in await self._writable(number):
            self._producer._txn_manager.maybe_add_partition_to_txn(target)  # noqa: SLF001 - by send() alone otherwise
        kept = {part: (position.offset, position.metadata) for part, position in found.items() if position is not None}
        if kept:
            await self._producer.send_offsets_to_transaction(kept, stage_group(self._stage))
        await self._producer.abort_transaction()

    async def _writable(self, number: int) -> set[TopicPartition]:
        """Name the partitions that this slot may have written."""
        needs = SERVICES.get(self._stage, ServiceNeeds())
        known = (await self._producer.client.fetch_all_metadata()).topics()
        topics = {topic for topic in known if topic in needs.writes or topic.startswith(needs.write_prefixes)}
        return {TopicPartition(topic, number if topic in SLOTTED else 0) for topic in topics}

    async def poll(self, partition: Partition, limit: int) -> Sequence[Received]:
        waiting = self._waiting[partition]
        wanted = min(limit - len(waiting), self._progress[partition].room)
        if wanted > 0:
            # One partition at a time: over several, the client gives all of one before any of another.
            await self._fetch([topic_partition(partition)], 0.0, wanted)
        return [waiting.popleft() for _ in range(min(limit, len(waiting)))]

    async def wait(self, partitions: Sequence[Partition], seconds: float) -> None:
        if any(self._waiting[partition] for partition in partitions):
            return
        if roomy := [partition for partition in partitions if self._progress[partition].room]:
            await self._fetch([topic_partition(partition) for partition in roomy], seconds, 1)
        else:
            await asyncio.sleep(seconds)

    async def _fetch(self, partitions: Sequence[TopicPartition], seconds: float, limit: int) -> None:
        with client_errors("reading"):
            got = await self._consumer.getmany(*partitions, timeout_ms=int(seconds * 1000), max_records=limit)
        for records in got.values():
            for record in map(received, records):
                if self._progress[record.partition].give(record.offset):
                    self._waiting[record.partition].append(record)

    async def require(self, targets: Iterable[Partition]) -> None:
        await require_partitions(self._producer.client, frozenset(targets))

    async def commit(self, outgoing: Sequence[Outgoing], finished: Sequence[Received]) -> None:
        for record in outgoing:
            check_size(record)
        await self.require(record.partition for record in outgoing)
        for done in finished:
            self._progress[done.partition].finish(done.offset)
        touched = {done.partition: self._progress[done.partition] for done in finished}
        offsets = {topic_partition(part): (one.position, one.metadata) for part, one in touched.items()}
        with client_errors("committing"):
            async with asyncio.timeout(transaction_seconds(len(outgoing))):
                await self._transact(outgoing, offsets)

    async def _transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        await self._producer.begin_transaction()
        try:
            futures = [await _send(self._producer, record) for record in outgoing]
            # Every one of them: a commit after a refused record that nobody awaited commits the others.
            await asyncio.gather(*futures)
            reach(f"{self._stage}.in-transaction")
            await self._producer.send_offsets_to_transaction(dict(offsets), stage_group(self._stage))
        except Exception:
            await self._abort()
            raise
        await self._producer.commit_transaction()

    async def _abort(self) -> None:
        """End the transaction early, so that it hides nothing until its time is over; the successor would, too."""
        try:
            await self._producer.abort_transaction()
        except Exception:  # noqa: BLE001 - what went wrong first is what is raised
            return


async def _send(producer: AIOKafkaProducer, record: Outgoing) -> "asyncio.Future[object]":
    future: asyncio.Future[object] = await producer.send(
        record.partition.topic,
        value=record.value,
        key=record.key,
        partition=record.partition.number,
        headers=list(record.headers),
    )
    return future


class KafkaPublisher:
    """Publishes with an idempotent producer, made at the first record and made anew after any error."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        for record in outgoing:
            check_size(record)
        with client_errors("connecting to publish"):
            async with asyncio.timeout(PUBLISH_SECONDS):
                producer = await self._started()
                await require_partitions(producer.client, frozenset(record.partition for record in outgoing))
        try:
            with client_errors("publishing"):
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await asyncio.gather(*[await _send(producer, record) for record in outgoing])
        except BusError:
            await self._discard(producer)
            raise

    async def probe(self) -> None:
        """Ask the brokers for nothing but an answer.

        Raises:
            UnavailableBus: They give none.
        """
        with client_errors("asking the brokers"):
            async with asyncio.timeout(PUBLISH_SECONDS):
                producer = await self._started()
                await producer.client.fetch_all_metadata()

    async def close(self) -> None:
        if self._producer is not None:
            await self._discard(self._producer)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_options(self._settings), enable_idempotence=True, acks="all", compression_type=COMPRESSION
                )
                try:
                    await producer.start()
                except BaseException:
                    await stop_client(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await stop_client(producer)


class _KafkaReader:
    """Reads without a group; the caller keeps the positions."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._order: deque[TopicPartition] = deque()

    async def begin(self, positions: Mapping[Partition, int]) -> None:
        assigned = [topic_partition(partition) for partition in positions]
        await self._consumer.start()
        self._consumer.assign(assigned)
        await require_partitions(self._consumer._client, frozenset(positions))  # noqa: SLF001 - see there
        for partition, offset in positions.items():
            if offset >= 0:
                self._consumer.seek(topic_partition(partition), offset)
        if beginning := [topic_partition(partition) for partition, offset in positions.items() if offset < 0]:
            for tp, offset in (await self._consumer.beginning_offsets(beginning)).items():
                self._consumer.seek(tp, offset)
        self._order.extend(assigned)

    async def read(self, limit: int, seconds: float) -> Sequence[Received]:
        records: list[Received] = []
        with client_errors("reading"):
            self._consumer.resume(*self._order)
            self._order.rotate(-1)
            asked: Sequence[TopicPartition] = self._order
            while asked and len(records) < limit:
                asked = await self._take_turns(asked, limit, records)
            if not records:
                got = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
                records.extend(received(record) for part in got.values() for record in part)
            if 0 < len(records) < limit:
                # None is left here. Until the next call they gather at the broker: a fetch names all partitions anew.
                self._consumer.pause(*self._order)
        return records

    async def _take_turns(
        self, asked: Sequence[TopicPartition], limit: int, records: list[Received]
    ) -> Sequence[TopicPartition]:
        """Take of each partition at most its share, and give those that may have more."""
        share, fuller = max(1, limit // len(self._order)), []
        for tp in asked:
            wanted = min(share, limit - len(records))
            if wanted > 0:
                got = (await self._consumer.getmany(tp, max_records=wanted)).get(tp, ())
                records.extend(map(received, got))
                if len(got) == share:
                    fuller.append(tp)
        return fuller

    async def lag(self) -> int:
        with client_errors("asking for the end"):
            ends = await self._consumer.end_offsets(list(self._order))
            return sum([max(0, end - await self._consumer.position(tp)) for tp, end in ends.items()])

    async def begins(self) -> Mapping[Partition, int]:
        with client_errors("asking for the beginning"):
            found = await self._consumer.beginning_offsets(list(self._order))
            return {Partition(tp.topic, tp.partition): offset for tp, offset in found.items()}


class KafkaBus:
    """What one process gets of the brokers."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        calm_client_logs()

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        """Own a slot; see the port."""
        return self._slot(stage, number)

    @asynccontextmanager
    async def _slot(self, stage: str, number: int) -> AsyncIterator[SlotSession]:
        inputs = STAGE_INPUTS[stage]
        consumer = self._consumer(group_id=stage_group(stage), enable_auto_commit=False)
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            transactional_id=f"{stage}-{number}",
            transaction_timeout_ms=ROUTER_TIMEOUT_MS if stage == ROUTER else TRANSACTION_TIMEOUT_MS,
            compression_type=COMPRESSION,
            max_batch_size=BATCH_BYTES,
        )
        session = _KafkaSession(stage, consumer, producer)
        try:
            with client_errors(f"taking slot {number} of {stage}"):
                async with asyncio.timeout(START_SECONDS):
                    await session.begin([Partition(topic, number) for topic in inputs])
            yield session
        finally:
            try:
                await stop_client(producer)
            finally:
                await stop_client(consumer)

    def publisher(self) -> AbstractAsyncContextManager[KafkaPublisher]:
        """Open a publisher; it connects at the first record, so a broker may be started later."""
        return self._publisher()

    @asynccontextmanager
    async def _publisher(self) -> AsyncIterator[KafkaPublisher]:
        publisher = KafkaPublisher(self._settings)
        try:
            yield publisher
        finally:
            await publisher.close()

    def reader(self, positions: Mapping[Partition, int]) -> AbstractAsyncContextManager[Reader]:
        """Open a reader; see the port."""
        return self._reader(positions)

    @asynccontextmanager
    async def _reader(self, positions: Mapping[Partition, int]) -> AsyncIterator[Reader]:
        consumer = self._consumer(group_id=None)
        reader = _KafkaReader(consumer)
        try:
            with client_errors("opening a reader"):
                async with asyncio.timeout(START_SECONDS):
                    await reader.begin(positions)
            yield reader
        finally:
            await stop_client(consumer)

    def _consumer(self, **options: object) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            **options,
        )
