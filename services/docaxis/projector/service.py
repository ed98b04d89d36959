"""The projector: reads inboxes, evidence and dead letters into PostgreSQL, which is the record for members and people.

Theory of operation. Offsets are kept in the transaction that writes the rows, so a kill at any point repeats nothing
and loses nothing; rows go by event id and lines by version, so even a repeat would change nothing. New members' inboxes
are found by asking who is active. A topic made anew has offsets below what was read: its entries get a new epoch.
A record of a schema that is not known here holds up its own partition, whose order matters, and no other.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from docaxis.bus.port import Bus, BusError, LostOffsets, MissingTopic, Partition, Reader, Received
from docaxis.failpoints import Point, reach
from docaxis.pausing import stopped_within
from docaxis.projector.rows import Rows
from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.projection import Position, ProjectionStore
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode
from docaxis_schemas.topics import DEAD_LETTERS, EVIDENCE, inbox_topic

BATCH: Final = 500
"""Records of one transaction."""
FROM_THE_BEGINNING: Final = -1
WAIT_SECONDS: Final = 1.0
"""Longest wait for records, so that a stop and new members are noticed."""
SPACING_SECONDS: Final = 0.1
"""Between two transactions: under load records gather meanwhile, the first after a rest is read at once."""
BUSY: Final = 10
"""Records of a transaction from which it is load..."""
BUSY_SPACING_SECONDS: Final = 0.25
"""...and its successor waits for longer: a transaction costs eight rounds to the database whatever it holds."""
MISSING_FOR: Final = timedelta(seconds=15)
"""How long a topic that is not there is left out, before it is asked for again."""
UNKNOWN_FOR: Final = timedelta(seconds=15)
"""How long a partition is left out whose next record is newer than this process, before it is looked at again."""
PROBE_SECONDS: Final = 0.5
"""How long a position is tried, when one of them was lost and it is not known which."""


class ProjectorMetrics:
    """What Prometheus sees."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge("docaxis_projector_lag_records", "records not yet in the read models", registry=registry)
        self.records = Counter("docaxis_projector_records", "records read into the read models", registry=registry)
        self.skipped = Counter("docaxis_projector_skipped", "records that are none of ours", registry=registry)


class Projector:
    """Keeps the read models up to date. One process does; a second one would only repeat its work."""

    def __init__(
        self,
        bus: Bus,
        store: ProjectionStore,
        *,
        members: Callable[[], Iterable[str]],
        slots: int,
        metrics: ProjectorMetrics,
        refresh: timedelta = timedelta(seconds=2),
    ) -> None:
        self._bus = bus
        self._store = store
        self._members = members
        self._slots = slots
        self._metrics = metrics
        self._refresh = refresh
        self._log = structlog.get_logger("docaxis.projector")
        self._missing: dict[str, float] = {}
        self._unknown: dict[Partition, float] = {}
        self._away: str | None = "not read yet"
        self._positions: dict[Partition, Position] = {}

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why the read models may be old; empty while records come in or none are left."""
        missing = (f"topic {topic} is missing" for topic in sorted(self._missing))
        unknown = (f"{part.topic}-{part.number} waits for a reader that knows its schema" for part in self._unknown)
        return ((f"projector: {self._away}",) if self._away else ()) + tuple(missing) + tuple(unknown)

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until told to stop; whatever is away is tried again."""
        while not stopping.is_set():
            try:
                await self.session(stopping)
            except MissingTopic as error:
                self._missing[error.topic] = asyncio.get_running_loop().time() + MISSING_FOR.total_seconds()
                self._log.warning("topic missing", topic=error.topic)
            except LostOffsets:
                await self._find_lost()
                await stopped_within(stopping, self._refresh)
            except (BusError, UnavailableStorage) as error:
                self._away = f"{type(error).__name__}: {error}"
                self._log.warning("projector waits", cause=self._away)
                await stopped_within(stopping, self._refresh)

    def partitions(self) -> frozenset[Partition]:
        """Name what is to be read now."""
        own = {Partition(EVIDENCE, slot) for slot in range(self._slots)} | {Partition(DEAD_LETTERS, 0)}
        inboxes = {Partition(inbox_topic(member), 0) for member in self._members()}
        now = asyncio.get_running_loop().time()
        self._missing = {topic: until for topic, until in self._missing.items() if until > now}
        self._unknown = {part: until for part, until in self._unknown.items() if until > now}
        return frozenset(part for part in own | inboxes if part.topic not in self._missing) - self._unknown.keys()

    async def session(self, stopping: asyncio.Event) -> None:
        """Read until the set of partitions changes.

        Raises:
            BusError: The broker is away, a topic is missing, or a position was lost.
            UnavailableStorage: The database is away.
        """
        partitions = self.partitions()
        async with self._store.transaction() as transaction:
            stored = await transaction.positions()
        self._positions = stored | {part: found for part, found in self._positions.items() if found.offset < 0}
        start = {part: self._positions.get(part, Position(FROM_THE_BEGINNING, 0)) for part in partitions}
        self._positions = stored
        async with self._bus.reader({part: found.offset for part, found in start.items()}) as reader:
            clock = asyncio.get_running_loop()
            refresh_at = clock.time() + self._refresh.total_seconds()
            while not stopping.is_set():
                began = clock.time()
                taken = await self.step(reader)
                self._away = None
                if not partitions.isdisjoint(self._unknown):
                    return  # the reader is past what was not taken: it begins anew without that partition
                spacing = BUSY_SPACING_SECONDS if taken >= BUSY else SPACING_SECONDS
                if 0 < taken < BATCH and (left := began + spacing - clock.time()) > 0:
                    await stopped_within(stopping, timedelta(seconds=left))
                if clock.time() >= refresh_at:
                    self._metrics.lag.set(await reader.lag())
                    if self.partitions() != partitions:
                        return
                    refresh_at = clock.time() + self._refresh.total_seconds()

    async def step(self, reader: Reader) -> int:
        """Read one batch into the read models and give how many records it had.

        Raises:
            BusError: As of the reader.
            UnavailableStorage: The database is away.
        """
        records = await reader.read(BATCH, min(WAIT_SECONDS, self._refresh.total_seconds()))
        if not records:
            return 0
        try:
            await self._write(records)
        except RefusedStatement:
            await self._write_one_by_one(records)
        self._metrics.records.inc(len(records))
        return len(records)

    async def _write_one_by_one(self, records: Sequence[Received]) -> None:
        """Write what can be written, and pass over what the database refuses for ever: it must not stop the others."""
        for record in records:
            try:
                await self._write([record])
            except RefusedStatement as error:
                self._metrics.skipped.inc()
                self._log.critical("record refused by the database", cause=str(error), **_place(record))
                await self._pass_over(record)

    async def _pass_over(self, record: Received) -> None:
        positions = {record.partition: self._behind(record, {})}
        async with self._store.transaction() as transaction:
            await transaction.set_positions(positions)
        self._positions |= positions

    async def _write(self, records: Sequence[Received]) -> None:
        rows, positions = self._rows(records)
        if not positions:
            return
        async with self._store.transaction() as transaction:
            await transaction.add_items(rows.items)
            await transaction.add_timeline(rows.timeline)
            await transaction.change_lines(rows.lines)
            await transaction.add_dead_letters(rows.dead_letters)
            await transaction.set_positions(positions)
            await transaction.notify(sorted({row.member for row in rows.items}))
            reach(Point.PROJECTOR_BEFORE_COMMIT)
        reach(Point.PROJECTOR_AFTER_COMMIT)
        self._positions |= positions

    def _rows(self, records: Sequence[Received]) -> tuple[Rows, dict[Partition, Position]]:
        rows, positions = Rows(), dict[Partition, Position]()
        for record in records:
            if record.partition in self._unknown:
                continue
            try:
                event = decode(record.value)
            except RejectedRecordBytes:
                event = None
            except UnknownSchema as error:
                self._unknown[record.partition] = asyncio.get_running_loop().time() + UNKNOWN_FOR.total_seconds()
                self._log.warning("partition waits", cause=str(error), **_place(record))
                continue
            positions[record.partition] = behind = self._behind(record, positions)
            if event is None or not rows.add(event, record, behind.epoch):
                self._metrics.skipped.inc()
                self._log.error("record skipped", **_place(record))
        return rows, positions

    def _behind(self, record: Received, positions: Mapping[Partition, Position]) -> Position:
        """Give the position behind a record; offsets that go back mean that the topic was made anew."""
        before = positions.get(record.partition) or self._positions.get(record.partition) or Position(0, 0)
        epoch = before.epoch + 1 if record.offset < before.offset else before.epoch
        return Position(record.offset + 1, epoch)

    async def _find_lost(self) -> None:
        """Find whose position is gone, and read it from what is still there."""
        for partition, position in sorted(self._positions.items()):
            try:
                async with self._bus.reader({partition: position.offset}) as reader:
                    await reader.read(1, PROBE_SECONDS)
            except LostOffsets:
                self._log.critical("position lost: reading from the beginning", topic=partition.topic)
                self._positions[partition] = replace(position, offset=FROM_THE_BEGINNING)
            except BusError as error:
                self._log.warning("projector waits", cause=f"{type(error).__name__}: {error}")


def _place(record: Received) -> dict[str, Any]:
    return {"topic": record.partition.topic, "part": record.partition.number, "offset": record.offset}
