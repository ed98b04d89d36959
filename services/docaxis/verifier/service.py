"""The verifier: judges each submission once, keeps what is undecided waiting, and announces what was decided.

Theory of operation. An attempt is bound to the record it came in; the same record again is a redo, another one a
duplicate. Files are examined by the worker pool, the verdict is drawn here, and stored before anything speaks of it;
what is sent follows from the claim and the stored verdict alone, so a redo sends the same bytes.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from docaxis.bus.port import Received
from docaxis.bus.work import Hopeless, Outcome, Work
from docaxis.failpoints import Point, reach
from docaxis.settings import RetrySettings
from docaxis.storage.attempts import AttemptStore, ClaimedSubmission
from docaxis.storage.contents import ContentStore
from docaxis.storage.decisions import Decision
from docaxis.verifier.envelopes import Envelopes, verdict_event
from docaxis.verifier.judging import Directory, Drawn, Handed, disposition_of, judge, verdict_body
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis.verifier.process import NoWorker, WorkerDied
from docaxis.verifier.rejudging import watches_of
from docaxis.verifier.retry import next_attempt, seconds_until_due
from docaxis.verifier.revocations import Revocations
from docaxis_schemas.events import Event, Submitted
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import LANES, SUBMITTED
from docaxis_signing.disposition import Disposition
from docaxis_signing.policy import Policy
from docaxis_signing.verdict import DocumentFindings, SubmissionVerdict

MAX_LOSSES: Final = 4
"""Worker processes that one attempt may cost."""


class RejectedWork(Exception):
    """The record is of a kind that the verifier does not take."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the verifier works with."""

    attempts: AttemptStore
    keeping: Keeping
    contents: ContentStore
    directory: Callable[[], Directory]
    pool: WorkerPool
    revocations: Revocations
    policy: Policy
    envelopes: Envelopes
    retry: RetrySettings
    clock: Clock


class Verifier:
    """The stage ``verifier``."""

    name: Final = "verifier"

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def handle(self, work: Work) -> Outcome:
        """Judge a submission, or read what was decided, and give what is to be told.

        Raises:
            Hopeless: It has cost too many worker processes.
            WorkerDied: It has cost one.
            NoWorker: Try again.
            UnavailableStorage: Try again.
            UnavailableDirectory: Try again.
        """
        submitted = work.event
        if not isinstance(submitted, Submitted):
            raise RejectedWork(f"the verifier does not take a {type(submitted).__name__}")
        event = verdict_event(submitted.submission_id)
        bound = await self._parts.attempts.bind(submitted.submission_id, submitted.attempt, work.record, decision=event)
        if not bound.ours:
            return Outcome()
        reach(Point.VERIFIER_AFTER_SOURCE_BOUND)
        decision = bound.decided
        if decision is None:
            await self._until_due(submitted)
            drawn = await self.examine(bound.claim, submitted.lane, submitted.attempt)
            late = self._parts.clock() >= submitted.deadline
            disposition = disposition_of(drawn.verdict, deadline_passed=late)
            if disposition is Disposition.HOLD:
                return self._hold(submitted, drawn.verdict, work.record)
            decision = await self._decide(bound.claim, event, drawn, disposition)
        reach(Point.VERIFIER_AFTER_VERDICT)
        return Outcome(self._parts.envelopes.verdict(bound.claim, decision, submitted.attempt))

    async def give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:  # noqa: ARG002 - the dead letter holds the cause
        """Tell the sender of a submission that it could not be processed."""
        if isinstance(event, Submitted):
            return Outcome(self._parts.envelopes.dead_lettered(event, record))
        return Outcome()

    async def examine(self, claim: ClaimedSubmission, lane: str, attempt: int) -> Drawn:
        """Examine the files of a submission by the lists now in force, and judge it.

        Raises:
            Hopeless: It has cost too many worker processes.
            WorkerDied: It has cost one.
            NoWorker: None could be started.
            StorageError: A content is away or damaged.
        """
        handed, revocations = Handed.of(claim), self._parts.revocations
        knowledge = Knowledge(revocations.trust, await revocations.current())
        findings: list[DocumentFindings] = []
        for entry in handed.examined:
            try:
                findings.append(await self._examine_one(claim, entry.sha256, knowledge, lane))
            except NoWorker:
                raise
            except WorkerDied as error:
                losses = await self._parts.attempts.count_loss(claim.submission_id, attempt)
                if losses >= MAX_LOSSES:
                    raise Hopeless(f"it has cost {losses} worker processes: {error}") from error
                raise
        grounds = self._parts.keeping.grounds(self._parts.policy, knowledge)
        return judge(handed, findings, directory=self._parts.directory(), grounds=grounds)

    async def _examine_one(
        self, claim: ClaimedSubmission, sha256: str, knowledge: Knowledge, lane: str
    ) -> DocumentFindings:
        return await self._parts.pool.examine(
            lambda: self._parts.contents.open(claim.member, sha256),
            knowledge,
            at=claim.received_at,
            lane=lane if lane in LANES else SUBMITTED,
            member=claim.member,
        )

    async def _until_due(self, submitted: Submitted) -> None:
        seconds = seconds_until_due(submitted, now=self._parts.clock())
        if seconds:
            epoch = sys.maxsize if submitted.waits_for_epoch is None else submitted.waits_for_epoch
            await self._parts.revocations.later_than(epoch, seconds)

    def _hold(self, submitted: Submitted, verdict: SubmissionVerdict, record: Received) -> Outcome:
        """Move an undecided submission to where it waits; at the first time have its sender told."""
        now, envelopes = self._parts.clock(), self._parts.envelopes
        topic, later = next_attempt(submitted, self._parts.retry, now=now, epoch=verdict.revocation_epoch)
        moved = envelopes.retry(topic, later, now)
        if record.partition.topic not in LANES:
            return Outcome((moved,))
        return Outcome((moved, envelopes.held(submitted, verdict.cause.value if verdict.cause else "held", now)))

    async def _decide(self, claim: ClaimedSubmission, event: UUID, drawn: Drawn, disposition: Disposition) -> Decision:
        """Store the verdict with what it was drawn from, and whose next lists it is to be drawn again by."""
        body = verdict_body(drawn.verdict, disposition)
        proposed = Decision(event, claim.submission_id, "verdict", 1, self._parts.clock(), body)
        watches = watches_of(drawn.verdict, self._parts.revocations.trust)
        return await self._parts.keeping.decide(proposed, watches, drawn)
