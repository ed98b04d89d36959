"""Replays: what was given up is done once more, on an operator's order, from where its record lies.

A record that was given up has told nobody what it would have led to: its dead letter went out in its place. So it is
handled again as the record it is, and its decision, if it came as far, is announced as decided. The order is bound to
its own record like every decision: the same letter ordered twice is done once. What the verifier gave up goes the way
of a further attempt instead, which the gateway publishes; what the registrar did, once more to the registrar.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.work import Work
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Source, write_body
from docaxis.router.submissions import require
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import RoutingStore
from docaxis_schemas.codec import RejectedRecordBytes, decode
from docaxis_schemas.events import REPLAY, Action
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import STAGE_INPUTS

ROUTER: Final = "router"
REGISTRAR: Final = "registrar"
Again = Callable[[Work], Awaitable[tuple[Outgoing, ...]]]


class Records(Protocol):
    """Where records lie."""

    async def record_at(self, partition: Partition, offset: int) -> Received | None:
        """Give the record at an offset; None if it is not there any more."""


@dataclass(frozen=True, slots=True)
class Letter:
    """The dead letter that an operator named."""

    name: UUID
    stage: str
    partition: Partition
    offset: int
    record_sha256: str


class Replays:
    """Handles an operator's orders; ``again`` handles a record as the router does."""

    def __init__(self, store: RoutingStore, envelopes: Envelopes, clock: Clock, records: Records, again: Again) -> None:
        self._store = store
        self._envelopes = envelopes
        self._clock = clock
        self._records = records
        self._again = again

    async def act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        """Do once more what was given up, and state that an operator ordered it; nothing for a second order.

        Raises:
            RejectedWork: The order names no letter, or the record is not there any more or is another one.
            UnavailableStorage: Try again.
            UnavailableBus: Try again.
        """
        letter = _letter(action)
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(action.submission_id, action.action_id))
            decision = claim.decided
            if decision is None:
                body = write_body({"source": source.to_json()})
                version = claim.latest_version
                decision = Decision(action.action_id, action.submission_id, REPLAY, version, self._clock(), body)
                await transaction.decide(decision)
        if json.loads(decision.body)["source"] != source.to_json():
            return ()
        kind = EvidenceType.DEAD_LETTER_REPLAYED
        stated = self._envelopes.evidence(
            event_id(action.submission_id, "evidence", kind.value, str(letter.name)),
            kind,
            submission_id=action.submission_id,
            member=claim.member,
            recipient=None,
            at=decision.decided_at,
            facts={"stage": letter.stage, "dead_letter_id": str(letter.name)},
        )
        return (stated, *await self._done_again(letter, action.submission_id))

    async def _done_again(self, letter: Letter, submission: UUID) -> tuple[Outgoing, ...]:
        if letter.stage not in {ROUTER, REGISTRAR}:
            return ()  # the gateway has published a further attempt
        record = await self._records.record_at(letter.partition, letter.offset)
        value = (record and record.value) or b""
        if record is None or hashlib.sha256(value).hexdigest() != letter.record_sha256:
            raise RejectedWork("the record of the dead letter is not there any more")
        try:
            event = decode(value)
        except RejectedRecordBytes as error:
            raise RejectedWork("the record of the dead letter cannot be read") from error
        if getattr(event, "submission_id", None) != submission:
            raise RejectedWork("the dead letter is of another submission")
        if letter.stage == REGISTRAR:
            return (Outgoing(letter.partition, record.key or submission.bytes, value, record.headers),)
        return await self._again(Work(record, event))


def _letter(action: Action) -> Letter:
    """Read an order.

    Raises:
        RejectedWork: It names no letter, or one of a topic that its stage does not read.
    """
    try:
        body: dict[str, Any] = json.loads(action.body)
        letter = Letter(
            UUID(body["dead_letter_id"]),
            body["stage"],
            Partition(body["topic"], int(body["partition"])),
            int(body["offset"]),
            body["record_sha256"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RejectedWork("the order names no dead letter") from error
    if letter.partition.topic not in STAGE_INPUTS.get(letter.stage, ()):
        raise RejectedWork(f"the stage {letter.stage} reads no {letter.partition.topic}")
    return letter
