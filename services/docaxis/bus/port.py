"""The bus as the services see it: slots that consume, produce and commit in one transaction; a publisher; a reader.

No Kafka import here. Two implementations, `kafka` and `memory`, pass the same contract tests.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from docaxis_schemas.codec import Headers


class BusError(Exception):
    """Root of what can go wrong on the bus."""


class UnavailableBus(BusError):
    """The bus cannot be reached, or an outcome is unknown: try again with the same identifiers."""


class MissingTopic(UnavailableBus):
    """A topic is not there, or this process may not know of it: wait for whoever makes it."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"the topic {topic} is missing, or this process has no right to it")
        self.topic = topic


class RefusedRecord(BusError):
    """The broker refused a record, or it is larger than one may be: sending it again would not help."""


class FencedSlot(BusError):
    """Another process owns this slot now: give it up, nothing of the open transaction is visible."""


class LostOffsets(BusError):
    """A slot that has run before has no committed offset: stop and alarm, never start from zero."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it came. ``timestamp_ms`` is the broker's append time."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send, with its partition given explicitly."""

    partition: Partition
    key: bytes
    value: bytes
    headers: Headers


class SlotSession(Protocol):
    """One slot of one stage, owned since the session began: its predecessor is fenced.

    Records may be finished in any order: what is finished beyond the first unfinished record of a partition is kept in
    the metadata of the committed offset, so one record that has to wait holds up no other and is not lost either.
    """

    async def poll(self, partition: Partition, limit: int) -> Sequence[Received]:
        """Give up to ``limit`` further records of one input partition; none when there are none now.

        Raises:
            LostOffsets: The position was trimmed away.
            UnavailableBus: The broker is away.
        """

    async def wait(self, partitions: Sequence[Partition], seconds: float) -> None:
        """Return when one of the partitions may have records, or after ``seconds``."""

    async def require(self, targets: Iterable[Partition]) -> None:
        """Return if all these partitions can be sent to; asked before a transaction, so that none is torn by it.

        Raises:
            MissingTopic: One of them is not there.
        """

    async def commit(self, outgoing: Sequence[Outgoing], finished: Sequence[Received]) -> None:
        """Send, and mark the records finished, in one transaction: all of it happens or none.

        After any error the session is unusable: leave it and begin a new one.

        Raises:
            FencedSlot: Another process has taken the slot.
            UnavailableBus: The outcome is unknown or the broker is away.
            RefusedRecord: A record cannot be sent.
        """


class Publisher(Protocol):
    """Sends single records durably, for those who consume nothing (the gateway, timers)."""

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Return once all in-sync replicas have every record.

        Raises:
            UnavailableBus: The outcome is unknown: publish again, readers know repeats by their ids.
        """


class Reader(Protocol):
    """Reads topics from positions kept by the caller, committed records only."""

    async def read(self, limit: int, seconds: float) -> Sequence[Received]:
        """Give further records in order per partition, waiting at most ``seconds``; empty when there are none.

        Raises:
            UnavailableBus: The broker is away.
        """

    async def lag(self) -> int:
        """Count the records behind the end of the assigned partitions."""

    async def begins(self) -> Mapping[Partition, int]:
        """Give the first offset that is kept of each assigned partition; what lay below was trimmed.

        Raises:
            UnavailableBus: The broker is away.
        """


class Bus(Protocol):
    """What a process gets of the bus."""

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        """Own a slot: fence the predecessor, then read the committed offsets, then seek.

        Raises:
            LostOffsets: An input partition has no committed offset.
            UnavailableBus: The broker is away.
        """

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        """Open a durable publisher."""

    def reader(self, positions: Mapping[Partition, int]) -> AbstractAsyncContextManager[Reader]:
        """Read the given partitions from the given offsets; -1 means from the beginning."""
