"""Trims a stage's inputs: what every reader has finished is kept for a term, then deleted from the brokers.

Theory of operation. Inputs have no retention of their own: a record that waits for a week must not go. Whoever commits
a stage's offsets knows what is finished, and gains no power by the right to delete it. In each round a partition is cut
at the lowest of: the offset that was committed a round ago; the first record of the term; what others still need (the
projector's position, statements no signed checkpoint covers yet, dead letters that nobody has replayed). The round
between makes sure that the transactions which moved the offsets are over, so that the dead letters they sent show.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from docaxis.bus.port import BusError, Partition, Received, UnavailableBus
from docaxis.pausing import stopped_within
from docaxis.storage.decisions import StorageError
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode
from docaxis_schemas.events import DeadLetter
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import DEAD_LETTERS

LETTERS: Final = Partition(DEAD_LETTERS, 0)
FIRST_LOOK: Final = timedelta(minutes=5)
"""After a start, when there is other work to do."""
ROUND_SECONDS: Final = 120.0
"""A round that takes longer is given up: it asks a few questions a partition."""


class Kept(Protocol):
    """What the brokers keep of a stage's inputs."""

    async def committed(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Give the stage's committed offsets; a partition that has none is left out."""

    async def first_since(self, moments: Mapping[Partition, datetime]) -> Mapping[Partition, int | None]:
        """Give the first record of each partition appended at a moment or later; None if there is none."""

    async def beginnings(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Give the first offset that is kept of each partition."""

    async def delete_before(self, limits: Mapping[Partition, int]) -> None:
        """Delete what lies below."""

    async def letters(self, position: int) -> Iterable[Received]:
        """Read all dead letters from a position on."""


class Needs(Protocol):
    """What the database says is still needed."""

    async def needed(self, topics: Iterable[str]) -> Mapping[Partition, int]:
        """Give the first offset that is needed of each partition; a partition that nobody else reads is left out."""

    async def letters_read(self) -> int:
        """Give the position up to which dead letters are in the database; -1 for none."""


class TrimMetrics:
    """What Prometheus sees."""

    def __init__(self, stage: str, registry: CollectorRegistry) -> None:
        name = f"docaxis_{stage}"
        self.deleted = Counter(f"{name}_trimmed_records", "offsets deleted of an input", ["topic"], registry=registry)
        self.begins = Gauge(
            f"{name}_input_begins", "first offset kept of an input", ["topic", "slot"], registry=registry
        )
        self.done = Gauge(
            f"{name}_trim_last_success_timestamp_seconds", "when inputs were last looked through", registry=registry
        )


class Trimmer:
    """Trims the partitions of one process's slots. ``terms`` says how long each topic's records are kept at least."""

    def __init__(
        self,
        kept: Kept,
        needs: Needs,
        *,
        terms: Mapping[str, timedelta],
        slots: Iterable[int],
        every: timedelta,
        metrics: TrimMetrics,
        clock: Clock,
    ) -> None:
        self._kept = kept
        self._needs = needs
        self._terms = terms
        self._partitions = [Partition(topic, slot) for topic in terms for slot in slots]
        self._every = every
        self._metrics = metrics
        self._clock = clock
        self._before: Mapping[Partition, int] = {}
        self._log = structlog.get_logger("docaxis.trimming")

    async def serve(self, stopping: asyncio.Event) -> None:
        """Trim from time to time until told to stop; what fails is left for the next round."""
        pause = min(self._every, FIRST_LOOK)
        while not await stopped_within(stopping, pause):
            pause = self._every
            try:
                async with asyncio.timeout(ROUND_SECONDS):
                    await self.round()
            except (BusError, StorageError, TimeoutError) as error:
                self._log.warning("inputs were not trimmed", cause=f"{type(error).__name__}: {error}")

    async def round(self) -> Mapping[Partition, int]:
        """Trim once and give what was cut where; the first round only looks.

        Raises:
            BusError: The brokers are away, or dead letters are gone that the database never had.
            UnavailableStorage: The database is away.
        """
        before, self._before = self._before, await self._kept.committed(self._partitions)
        partitions = [partition for partition in self._before if partition in before]
        limits = await self._limits(partitions, before) if partitions else {}
        begins = await self._kept.beginnings(partitions) if partitions else {}
        cut = {part: limit for part, limit in limits.items() if limit > begins[part]}
        if cut:
            await self._kept.delete_before(cut)
            self._log.info("inputs trimmed", at={f"{part.topic}-{part.number}": limit for part, limit in cut.items()})
        for part, begin in begins.items():
            self._metrics.deleted.labels(part.topic).inc(cut.get(part, begin) - begin)
            self._metrics.begins.labels(part.topic, part.number).set(cut.get(part, begin))
        self._metrics.done.set(self._clock().timestamp())
        return cut

    async def _limits(self, partitions: list[Partition], before: Mapping[Partition, int]) -> dict[Partition, int]:
        now = self._clock()
        recent = await self._kept.first_since({part: now - self._terms[part.topic] for part in partitions})
        needed = lowest(await self._needs.needed(self._terms), await self._undeliverable())
        bounds = {part: (before[part], self._before[part], recent[part], needed.get(part)) for part in partitions}
        return {part: min(bound for bound in those if bound is not None) for part, those in bounds.items()}

    async def _undeliverable(self) -> dict[Partition, int]:
        """Give the first record of each partition of which a letter is on its way to the database."""
        letters = await self._kept.letters(await self._needs.letters_read())
        found: dict[Partition, int] = {}
        for letter in filter(None, map(_letter, letters)):
            found = lowest(found, {Partition(letter.topic, letter.partition): letter.offset})
        return found


def lowest(one: Mapping[Partition, int], other: Mapping[Partition, int]) -> dict[Partition, int]:
    """Give the lower offset of each partition that either names."""
    return {part: min(mine[part] for mine in (one, other) if part in mine) for part in (*one, *other)}


def _letter(record: Received) -> DeadLetter | None:
    """Read a dead letter; None for what is none.

    Raises:
        UnavailableBus: It is of a later schema: who can read it decides what it needs.
    """
    try:
        event = decode(record.value)
    except RejectedRecordBytes:
        return None
    except UnknownSchema as error:
        raise UnavailableBus("a dead letter of a later version says of what") from error
    return event if isinstance(event, DeadLetter) else None
