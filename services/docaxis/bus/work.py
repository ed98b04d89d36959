"""What a stage is given and what it answers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid5

from docaxis.bus.port import BusError, Outgoing, Partition, Received, UnavailableBus
from docaxis.settings import BusSettings
from docaxis.storage.decisions import UnavailableStorage
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import DeadLetter, Event, Submitted
from docaxis_schemas.identifiers import NAMESPACE
from docaxis_schemas.topics import DEAD_LETTERS


class UnavailableDependency(Exception):
    """Something a stage needs is away; the record is tried again in place while others go on.

    A stage may raise this one, any exception it names in its plan, or those of the bus and the storage.
    """


class Hopeless(Exception):
    """A stage knows that trying a record again would only do harm: it goes to the dead letters now."""


RETRIED: Final[tuple[type[Exception], ...]] = (UnavailableBus, UnavailableStorage, UnavailableDependency)
"""What every stage may meet."""


@dataclass(frozen=True, slots=True)
class Work:
    """A record and what it says."""

    record: Received
    event: Event


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to send once the record is finished; nothing for a duplicate."""

    outgoing: tuple[Outgoing, ...] = ()


class Stage(Protocol):
    """One step of the pipeline. All slow work is done in `handle`, before any transaction."""

    @property
    def name(self) -> str:
        """``verifier``, ``router`` or ``registrar``: a row of `STAGE_INPUTS`."""

    async def handle(self, work: Work) -> Outcome:
        """Do the work on one record; it may be done again, so it must answer the same bytes.

        Raises:
            Exception: One of those that are retried, or a fault: after the third the record goes to the dead letters.
        """

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        """Say what else to send with a dead letter; ``event`` is None if the record could not be read."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a slot works. Times are parameters, so that tests need not wait for them."""

    ordered: bool = True
    """Records with one key wait for one another. Statements need no order to be signed, and wait for nothing."""
    ahead: int = 64
    """Unfinished records of one partition in hand."""
    batch: int = 100
    """Records of one transaction."""
    outputs: int = 1000
    """Outgoing records of one transaction, unless one record alone has more; the bus bounds its time."""
    gather: int = 20
    """A busy slot waits for so many finished records..."""
    linger: timedelta = timedelta(seconds=1)
    """...or for so long, as a transaction costs broker and client 5 to 10 ms of CPU whatever it holds."""
    spacing: timedelta = timedelta(0)
    """Between two transactions of a slot unless so many wait: the first after a rest goes at once, the next gather."""
    hold: timedelta = timedelta(0)
    """From a record's end to its transaction even at rest, where nobody waits for what the transaction says."""
    fresh: timedelta = timedelta(seconds=15)
    """A record in hand for longer is not waited for: it is held, or its dependency is away."""
    retry: timedelta = timedelta(milliseconds=250)
    retry_limit: timedelta = timedelta(seconds=15)
    pause: timedelta = timedelta(seconds=1)
    """Before a slot is taken again. Longer than a transaction of the one who took it."""
    pause_limit: timedelta = timedelta(seconds=20)
    grace: timedelta = timedelta(seconds=12)
    """At a stop: for work in hand to finish; what does not is handed back by not being committed."""


FAILURES: Final = 3
"""Faults of a record by itself after which it is given up."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Which slots this process serves, and how."""

    slots: tuple[int, ...]
    retried: tuple[type[Exception], ...] = RETRIED
    ahead_of: Mapping[str, int] = field(default_factory=dict)
    """Unfinished records in hand by topic, where it differs: records that wait for a time need more room."""
    pace: Pace = Pace()

    @classmethod
    def of(
        cls,
        settings: BusSettings,
        *,
        retried: tuple[type[Exception], ...] = (),
        ahead_of: Mapping[str, int] | None = None,
        pace: Pace | None = None,
    ) -> "StagePlan":
        """Make the plan of one process; ``retried`` are the stage's own exceptions of that kind.

        Raises:
            BusError: It owns a slot that does not exist.
        """
        owned = tuple(range(settings.slots)) if settings.owned is None else settings.owned
        if wrong := [slot for slot in owned if not 0 <= slot < settings.slots]:
            raise BusError(f"there are {settings.slots} slots, and this process is to serve slot {wrong[0]}")
        return cls(owned, RETRIED + retried, ahead_of or {}, pace or Pace())


def place(record: Received) -> str:
    """Name a record by where it lies."""
    return f"{record.partition.topic}-{record.partition.number}@{record.offset}"


def dead_letter(stage: str, record: Received, event: Event | None, cause: str, at: datetime) -> Outgoing:
    """Make the dead letter of a record: coordinates and hash, never its bytes."""
    submission: UUID | None = None if event is None else getattr(event, "submission_id", None)
    letter = DeadLetter(
        dead_letter_id=uuid5(NAMESPACE, f"dead-letter\x1f{stage}\x1f{place(record)}"),
        stage=stage,
        topic=record.partition.topic,
        partition=record.partition.number,
        offset=record.offset,
        record_sha256=hashlib.sha256(record.value or b"").hexdigest(),
        submission_id=submission,
        attempt=event.attempt if isinstance(event, Submitted) else None,
        cause=cause,
        at=at,
    )
    return Outgoing(
        Partition(DEAD_LETTERS, 0),
        record.key or letter.dead_letter_id.bytes,
        encode(letter),
        headers(letter, source=stage, event_id=letter.dead_letter_id, subject=submission, at=at),
    )
