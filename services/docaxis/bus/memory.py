"""The bus in memory, with the meaning of the real one: fencing, transactions, offsets that may be missing, gaps.

It ships for integrators' tests. Nothing survives the process.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from docaxis.bus.port import (
    FencedSlot,
    LostOffsets,
    MissingTopic,
    Outgoing,
    Partition,
    Publisher,
    Reader,
    Received,
    RefusedRecord,
    SlotSession,
)
from docaxis.bus.progress import Progress
from docaxis_schemas.events import MAX_RECORD
from docaxis_schemas.moments import Clock, system_clock
from docaxis_schemas.topics import STAGE_INPUTS


@dataclass(slots=True)
class _Log:
    """One partition: its records, and the next offset, which runs ahead of them as transactions leave markers."""

    records: list[Received] = field(default_factory=list)
    begin: int = 0
    end: int = 0

    def since(self, offset: int, limit: int) -> list[Received]:
        low, high = 0, len(self.records)
        while low < high:
            middle = (low + high) // 2
            if self.records[middle].offset < offset:
                low = middle + 1
            else:
                high = middle
        return self.records[low : low + limit]


class MemoryBroker:
    """Topics, committed offsets and owners of slots. One broker is shared by several `MemoryBus`."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._topics: dict[str, list[_Log]] = {}
        self._committed: dict[tuple[str, Partition], tuple[int, str]] = {}
        self._epochs: defaultdict[str, int] = defaultdict(int)
        self._news = asyncio.Condition()

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic; its first offsets are committed for the stages that read it."""
        self._topics[name] = [_Log() for _ in range(partitions)]
        for stage, inputs in STAGE_INPUTS.items():
            if name in inputs:
                for number in range(partitions):
                    self._committed[stage, Partition(name, number)] = (0, "")

    def forget_offsets(self, stage: str) -> None:
        """Lose a stage's offsets, as a broker does after their retention."""
        for key in [key for key in self._committed if key[0] == stage]:
            del self._committed[key]

    def committed(self, stage: str, partition: Partition) -> int | None:
        """Give the next offset a stage will read."""
        found = self._committed.get((stage, partition))
        return None if found is None else found[0]

    def records(self, partition: Partition) -> tuple[Received, ...]:
        """Give all a partition holds."""
        return tuple(self._log(partition).records)

    def take(self, stage: str, number: int) -> int:
        """Fence whoever owned a slot; gives the new owner's epoch."""
        self._epochs[f"{stage}-{number}"] += 1
        return self._epochs[f"{stage}-{number}"]

    def progress(self, stage: str, partition: Partition) -> Progress:
        """Give what is committed of an input partition."""
        self._log(partition)
        if (stage, partition) not in self._committed:
            raise LostOffsets(f"the stage {stage} has no committed offset in {partition.topic}-{partition.number}")
        return Progress(*self._committed[stage, partition])

    def read(self, partition: Partition, offset: int, limit: int) -> list[Received]:
        """Give records from an offset on."""
        return self._log(partition).since(offset, limit)

    def end(self, partition: Partition) -> int:
        """Give the offset behind the last record or marker."""
        return self._log(partition).end

    def begin(self, partition: Partition) -> int:
        """Give the first offset that is kept."""
        return self._log(partition).begin

    def trim(self, partition: Partition, before: int) -> None:
        """Delete the records below an offset."""
        log = self._log(partition)
        log.records, log.begin = log.since(before, len(log.records)), before

    def require(self, targets: Iterable[Partition]) -> None:
        """Raise if one of these is not there."""
        for target in targets:
            self._log(target)

    async def append(self, outgoing: Sequence[Outgoing], *, transaction: bool) -> None:
        """Append all records or none."""
        for record in outgoing:
            if len(record.value) > MAX_RECORD:
                raise RefusedRecord(f"a record of {len(record.value)} bytes for {record.partition.topic}")
        self.require(record.partition for record in outgoing)
        at = int(self._clock().timestamp() * 1000)
        for record in outgoing:
            log = self._log(record.partition)
            log.records.append(Received(record.partition, log.end, record.key, record.value, tuple(record.headers), at))
            log.end += 1
        if transaction:
            for partition in {record.partition for record in outgoing}:
                self._log(partition).end += 1
        async with self._news:
            self._news.notify_all()

    async def commit(
        self,
        stage: str,
        owner: tuple[int, int],
        outgoing: Sequence[Outgoing],
        progress: Mapping[Partition, tuple[int, str]],
    ) -> None:
        """Append and advance at once, if the owner (slot and epoch) still is it."""
        number, epoch = owner
        if self._epochs[f"{stage}-{number}"] != epoch:
            raise FencedSlot(f"{stage}-{number} has another owner")
        await self.append(outgoing, transaction=True)
        for partition, position in progress.items():
            self._committed[stage, partition] = position

    async def wait(self, positions: Mapping[Partition, int], seconds: float) -> None:
        """Return when a partition has grown beyond its position, or after ``seconds``."""

        def grown() -> bool:
            return any(self.read(partition, offset, 1) for partition, offset in positions.items())

        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(grown)
        except TimeoutError:
            return

    def _log(self, partition: Partition) -> _Log:
        logs = self._topics.get(partition.topic, [])
        if partition.number >= len(logs):
            raise MissingTopic(partition.topic)
        return logs[partition.number]


class _Session:
    def __init__(self, broker: MemoryBroker, stage: str, number: int) -> None:
        self._broker = broker
        self._stage = stage
        self._owner = (number, broker.take(stage, number))
        inputs = [Partition(topic, number) for topic in STAGE_INPUTS[stage]]
        self._progress = {partition: broker.progress(stage, partition) for partition in inputs}
        self._next = {partition: progress.position for partition, progress in self._progress.items()}

    async def poll(self, partition: Partition, limit: int) -> Sequence[Received]:
        given: list[Received] = []
        for record in self._broker.read(partition, self._next[partition], limit):
            self._next[partition] = record.offset + 1
            if self._progress[partition].give(record.offset):
                given.append(record)
        return given

    async def wait(self, partitions: Sequence[Partition], seconds: float) -> None:
        await self._broker.wait({partition: self._next[partition] for partition in partitions}, seconds)

    async def require(self, targets: Iterable[Partition]) -> None:
        self._broker.require(targets)

    async def commit(self, outgoing: Sequence[Outgoing], finished: Sequence[Received]) -> None:
        for record in finished:
            self._progress[record.partition].finish(record.offset)
        touched = {record.partition: self._progress[record.partition] for record in finished}
        positions = {partition: (one.position, one.metadata) for partition, one in touched.items()}
        await self._broker.commit(self._stage, self._owner, outgoing, positions)


class _Publisher:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        await self._broker.append(outgoing, transaction=False)


class _Reader:
    def __init__(self, broker: MemoryBroker, positions: Mapping[Partition, int]) -> None:
        self._broker = broker
        self._next = {partition: max(offset, 0) for partition, offset in positions.items()}
        self._order = deque(self._next)
        broker.require(self._next)

    async def read(self, limit: int, seconds: float) -> Sequence[Received]:
        await self._broker.wait(self._next, seconds)
        records: list[Received] = []
        self._order.rotate(-1)
        share, found = max(1, limit // len(self._order)), True
        while found and len(records) < limit:
            found = False
            for partition in self._order:
                got = self._broker.read(partition, self._next[partition], min(share, limit - len(records)))
                if got:
                    self._next[partition] = got[-1].offset + 1
                    records.extend(got)
                    found = True
        return records

    async def lag(self) -> int:
        return sum(
            len(self._broker.read(partition, offset, self._broker.end(partition) + 1))
            for partition, offset in self._next.items()
        )

    async def begins(self) -> Mapping[Partition, int]:
        return {partition: self._broker.begin(partition) for partition in self._next}


class MemoryBus:
    """What one process gets of a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        """Own a slot; see the port."""
        return self._slot(stage, number)

    @asynccontextmanager
    async def _slot(self, stage: str, number: int) -> AsyncIterator[SlotSession]:
        yield _Session(self._broker, stage, number)

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        """Open a publisher; see the port."""
        return self._publisher()

    @asynccontextmanager
    async def _publisher(self) -> AsyncIterator[Publisher]:
        yield _Publisher(self._broker)

    def reader(self, positions: Mapping[Partition, int]) -> AbstractAsyncContextManager[Reader]:
        """Open a reader; see the port."""
        return self._reader(positions)

    @asynccontextmanager
    async def _reader(self, positions: Mapping[Partition, int]) -> AsyncIterator[Reader]:
        yield _Reader(self._broker, positions)
