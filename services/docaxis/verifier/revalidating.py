"""After an authority was compromised: every submission that rests on it is judged again under the changed trust store.

A document whose signature is proved to be older than the compromise (by a time-stamp of another authority, or because
the axis had received it before) still stands; the others get a new verdict, which is a decision and an event of its own
and reaches sender and recipients as any revised verdict does. Nothing that was said before is changed.

It can be stopped at any moment and goes on where it was. What was decided is published again by whoever comes after a
crash: its bytes follow from the decision, and the same statement twice is one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from docaxis.bus.port import Publisher
from docaxis.failpoints import Point, reach
from docaxis.storage.attempts import AttemptStore, ClaimedSubmission, StandingVerdict
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.decisions import Decision
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revalidations import Progress, RevalidationStore
from docaxis.verifier.envelopes import Envelopes
from docaxis.verifier.judging import Drawn, disposition_of, verdict_body
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.rejudging import AWAY, differs
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import SUBMITTED_BULK
from docaxis_signing.disposition import Disposition, decide
from docaxis_signing.trust.store import TSA, TrustStore

BATCH: Final = 64
"""Submissions examined side by side, and between two notes of the progress."""


class UnknownAuthority(ValueError):
    """The trust store has no authority of that name."""


class Outcome(StrEnum):
    """What became of one submission."""

    STANDS = "stands"
    CHANGED = "changed"
    UNDECIDED = "undecided"
    """The revocation lists in force do not allow an answer: try again when they do."""
    FAILED = "failed"
    """It could not be examined; the log of the command says why."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One submission, judged again."""

    submission_id: UUID
    received_at: datetime
    outcome: Outcome
    before: str
    after: str


Tell = Callable[[Judgement], None]
Examine = Callable[[ClaimedSubmission, str, int], Awaitable[Drawn]]


def distrusting(trust: TrustStore, name: str, since: datetime) -> TrustStore:
    """Give the store with an authority distrusted from a moment on.

    Raises:
        UnknownAuthority: There is none of that name.
        RejectedTrustStore: The store would not be in order.
    """
    _require(trust, name)
    changed = (replace(one, distrusted_from=since) if one.name == name else one for one in trust.authorities)
    return TrustStore.of(*changed)


def concerned(trust: TrustStore, name: str) -> tuple[str, ...] | None:
    """Name the certificates of an authority and of all below it; None if time-stamps rest on one of them.

    Then any document may be concerned, whoever signed it, because its time may be.

    Raises:
        UnknownAuthority: There is none of that name.
    """
    below = {_require(trust, name)}
    while more := {one.name for one in trust.authorities if one.issuer in below} - below:
        below |= more
    affected = [one for one in trust.authorities if one.name in below]
    if any(TSA in one.purposes for one in affected):
        return None
    return tuple(sorted(one.sha256 for one in affected))


def _require(trust: TrustStore, name: str) -> str:
    known = [one.name for one in trust.authorities]
    if name not in known:
        raise UnknownAuthority(f"{name}: there are {', '.join(known)}")
    return name


@dataclass(frozen=True, slots=True)
class Revalidation:
    """Judges again under ``trust``. Without a publisher it is a rehearsal: nothing is decided, kept or told."""

    trust: TrustStore
    index: AuditIndex
    attempts: AttemptStore
    decisions: RejudgementStore
    keeping: Keeping
    progress: RevalidationStore
    examine: Examine
    envelopes: Envelopes
    publisher: Publisher | None
    clock: Clock
    complain: Callable[[UUID, Exception], None]

    async def run(self, name: str, tell: Tell) -> Counter[Outcome]:
        """Judge every submission again that rests on an authority, and count what became of them.

        Raises:
            UnknownAuthority: There is none of that name.
            UnavailableStorage: Run it again.
            UnavailableBus: Run it again.
        """
        issuers = concerned(self.trust, name)
        done = Progress(-1, {})
        if self.publisher is not None:
            done = await self.progress.read(self.trust.sha256, name) or done
        counts = Counter({Outcome(outcome): count for outcome, count in done.counts.items()})
        after = done.leaf_index
        while rows := await self.index.judged_under(issuers, after=after, limit=BATCH):
            judged = await asyncio.gather(*(self._judge(submission) for _, submission in rows))
            for one in filter(None, judged):
                counts[one.outcome] += 1
                tell(one)
            after = rows[-1][0]
            if self.publisher is not None:
                noted = Progress(after, {outcome.value: count for outcome, count in counts.items()})
                await self.progress.note(self.trust.sha256, name, noted, self.clock())
                reach(Point.REVALIDATION_AFTER_NOTE)
        return counts

    async def _judge(self, submission: UUID) -> Judgement | None:
        standing = await self.attempts.standing(submission)
        if standing is None:
            return None
        name = event_id(submission, "verdict", f"trust {self.trust.sha256}")
        decided = await self.decisions.decided(name)
        if decided is not None and self.publisher is not None:
            await self.publisher.publish(self.envelopes.revised(standing.claim, decided))
            return _judgement(standing, Outcome.CHANGED, "", "")
        try:
            drawn = await self.examine(standing.claim, SUBMITTED_BULK, 1)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of this one, which is told; others are judged
            self.complain(submission, error)
            return _judgement(standing, Outcome.FAILED, "", "")
        verdict = drawn.verdict
        before, after = standing.disposition, disposition_of(verdict, deadline_passed=True)
        if decide(verdict.indication, verdict.sub_indication, verdict.cause) is Disposition.HOLD:
            return _judgement(standing, Outcome.UNDECIDED, before, after.value)
        if not differs(standing, verdict, after):
            return _judgement(standing, Outcome.STANDS, before, after.value)
        if self.publisher is not None:
            body, version = verdict_body(verdict, after), standing.latest_version + 1
            proposed = Decision(name, submission, "verdict-revised", version, self.clock(), body)
            decision = await self.keeping.decide(proposed, (), drawn)
            reach(Point.REVALIDATION_AFTER_DECISION)
            await self.publisher.publish(self.envelopes.revised(standing.claim, decision))
            reach(Point.REVALIDATION_AFTER_TELLING)
        return _judgement(standing, Outcome.CHANGED, before, after.value)


def _judgement(standing: StandingVerdict, outcome: Outcome, before: str, after: str) -> Judgement:
    claim = standing.claim
    return Judgement(claim.submission_id, claim.received_at, outcome, before, after)
