"""What the gateway writes to the bus: durable before it is answered, and once more after a crash."""

import hashlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from docaxis.bus.port import Outgoing, Partition, Publisher, UnavailableBus
from docaxis.gateway.marking import PublishedMarks
from docaxis.storage.claims import Claim, ClaimStore
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.member_records import MemberRecord, MemberRecordStore
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import REPLAY, Action, Submitted
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import ACTIONS, partition_of

SOURCE: Final = "gateway"
LATE: Final = timedelta(seconds=10)
"""A claim unpublished for so long was left by a crash: its own request would have answered by then."""
SWEPT: Final = 200
"""Records a sweep publishes at once."""
ORDERED: Final = ("dead_letter_id", "stage", "topic", "partition", "offset", "record_sha256")
"""What an order to replay says of the dead letter."""
_log = structlog.get_logger("docaxis.gateway")


@dataclass(frozen=True, slots=True)
class Outbox:
    """Publishes claims and members' records, and notes that it did. Publishing twice does no harm."""

    publisher: Publisher
    claims: ClaimStore
    records: MemberRecordStore
    marks: PublishedMarks
    slots: int
    clock: Clock

    async def submit(self, claim: Claim) -> None:
        """Publish the first attempt of a submission.

        Raises:
            UnavailableBus: Perhaps it is published.
        """
        if not self.marks.has_claim(claim.submission_id):
            await self.publisher.publish([self._submitted(claim, attempt=1)])
            self.marks.add_claim(claim.submission_id)

    async def resubmit(self, claim: Claim, attempt: int) -> None:
        """Publish a further attempt, as an operator asked for.

        Raises:
            UnavailableBus: Perhaps it is published.
        """
        await self.publisher.publish([self._submitted(claim, attempt=attempt)])

    async def replay(self, claim: Claim, letter: Mapping[str, Any]) -> None:
        """Publish an operator's order to do once more what a dead letter names; ordering it twice does it once.

        Raises:
            UnavailableBus: Perhaps it is published.
        """
        name, now = str(letter["dead_letter_id"]), self.clock()
        action = Action(
            action_id=event_id(claim.submission_id, REPLAY, name),
            submission_id=claim.submission_id,
            kind=REPLAY,
            member=claim.member,
            recipient=None,
            at=now,
            body=canonical({field: letter[field] for field in ORDERED}),
        )
        await self.publisher.publish([self._outgoing(ACTIONS, action, action.action_id, now)])

    async def tell(self, action: Action) -> None:
        """Publish something the gateway itself did about no submission, for the evidence.

        Raises:
            UnavailableBus: Perhaps it is published.
        """
        await self.publisher.publish([self._outgoing(ACTIONS, action, action.action_id, action.at)])

    async def act(self, record: MemberRecord) -> None:
        """Publish a hand-over or report.

        Raises:
            UnavailableBus: Perhaps it is published.
        """
        if not self.marks.has_record(record.member, record.own_id):
            await self.publisher.publish([self._action(record)])
            self.marks.add_record(record.member, record.own_id)

    async def sweep(self) -> int:
        """Publish what a crash left between its row and the bus; gives how much that was.

        One that cannot be published for its own sake is told and passed over: it must not keep the others back.

        Raises:
            UnavailableBus: The bus is away.
            UnavailableStorage: The database is away.
        """
        await self.marks.flush()
        before = self.clock() - LATE
        claims = await self.claims.unpublished(before, SWEPT)
        done = [await self._swept(self.submit(claim), str(claim.submission_id)) for claim in claims]
        records = await self.records.unpublished(before, SWEPT)
        done += [await self._swept(self.act(record), str(record.action_id)) for record in records]
        await self.marks.flush()
        return sum(done)

    @staticmethod
    async def _swept(publishing: Awaitable[None], name: str) -> bool:
        try:
            await publishing
        except (UnavailableBus, UnavailableStorage):
            raise
        except Exception:  # noqa: BLE001 - a fault of this one, which an operator has to look at
            _log.exception("what a crash left cannot be published", name=name)
            return False
        return True

    def _submitted(self, claim: Claim, *, attempt: int) -> Outgoing:
        event = Submitted(
            submission_id=claim.submission_id,
            attempt=attempt,
            member=claim.member,
            urgency=claim.urgency,
            lane=claim.lane,
            received_at=claim.received_at,
            deadline=claim.deadline,
            manifest_sha256=claim.manifest_digest,
            directory_version=claim.directory_version,
            acknowledgement_sha256=hashlib.sha256(claim.acknowledgement.encode("ascii")).hexdigest(),
        )
        name = event_id(claim.submission_id, "submitted", str(attempt))
        return self._outgoing(claim.lane, event, name, claim.received_at)

    def _action(self, record: MemberRecord) -> Outgoing:
        event = Action(
            action_id=record.action_id,
            submission_id=record.submission_id,
            kind=record.kind,
            member=record.member,
            recipient=record.recipient,
            at=record.received_at,
            body=record.body,
            signature=record.record,
        )
        # What one recipient says waits for what it said before, not for what the others say.
        key = record.delivery_id or record.submission_id
        return self._outgoing(ACTIONS, event, record.action_id, record.received_at, key=key)

    def _outgoing(
        self, topic: str, event: Submitted | Action, name: UUID, at: datetime, *, key: UUID | None = None
    ) -> Outgoing:
        submission = event.submission_id
        return Outgoing(
            Partition(topic, partition_of(submission, self.slots)),
            (key or submission).bytes,
            encode(event),
            headers(event, source=SOURCE, event_id=name, subject=submission, at=at),
        )
