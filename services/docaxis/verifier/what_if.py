"""What earlier submissions would have got under a draft policy or trust store: drawn again from what was kept.

Nothing is decided, told or kept, and nobody is asked for anything: documents, lists, register and times are those of
the verdict that stands. Where one of them is not at hand there is no answer, and the answer says what is missing. A
difference counts as the draft's only if the verdict comes out as it was without the draft.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from docaxis.storage.attempts import AttemptStore, StandingVerdict
from docaxis.storage.contents import ContentStore
from docaxis.storage.contents.port import DamagedContent, MissingContent
from docaxis.storage.evidence_objects import DamagedObject, EvidenceObjects
from docaxis.verifier.judging import disposition_of
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis.verifier.process import WorkerDied
from docaxis.verifier.rejudging import differs
from docaxis_schemas.topics import SUBMITTED_BULK
from docaxis_signing.disposition import Disposition, decide
from docaxis_signing.pdf.verification import engine_versions
from docaxis_signing.policy import FilePolicy, Policy
from docaxis_signing.rerun import Rebuilder, Rebuilt, RejectedEvidence
from docaxis_signing.trust.lists import RejectedRevocationList, ingest
from docaxis_signing.trust.ocsp import RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import Listed, RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import DocumentFindings, SubmissionVerdict

AHEAD: Final = 16
"""Submissions in hand at once: while workers examine some, what others were drawn from is fetched."""


class RejectedDraft(ValueError):
    """The draft is for nothing that the axis judges by; the text says for what it could be."""


class Outcome(StrEnum):
    """What a draft would have done to one submission."""

    SAME = "same"
    CHANGED = "changed"
    LACKING = "lacking"
    """What an answer would rest on is not at hand; `Answer.reason` says what."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One submission under the draft; ``before`` and ``after`` are an indication, a cause and a disposition."""

    submission_id: UUID
    outcome: Outcome
    before: str = ""
    after: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What would have been in force instead; None: what was."""

    policy: FilePolicy | None = None
    trust: TrustStore | None = None

    def of(self, was: Rebuilt) -> Rebuilt:
        """Put the draft in the place of what was in force.

        Raises:
            RejectedDraft: The policy has the name of none that was.
        """
        changed = was
        if self.policy is not None:
            changed = replace(changed, policy=_with(was.policy, self.policy))
        if self.trust is not None:
            changed = replace(changed, trust=self.trust, revocation=_lists_under(self.trust, was))
        return changed


def _with(policy: Policy, draft: FilePolicy) -> Policy:
    names = sorted({rule.name for rule in policy.roles.values()})
    if draft.name not in names:
        raise RejectedDraft(f"{draft.name}: the axis judged by {', '.join(names)}")
    roles = {role: draft if rule.name == draft.name else rule for role, rule in policy.roles.items()}
    return Policy.of_roles(policy.name, policy.version, roles)


def _lists_under(trust: TrustStore, was: Rebuilt) -> RevocationSnapshot:
    """Take the lists and answers of then in again, as far as they are of authorities that the draft trusts."""
    names, at = {one.sha256: one.name for one in trust.authorities}, was.inputs.kept
    called = {one.name: names[one.sha256] for one in was.trust.authorities if one.sha256 in names}
    try:
        lists = [
            ingest(trust, called[item.authority], item.der, now=at)
            for item in was.revocation.lists
            if item.authority in called
        ]
        known = RevocationSnapshot().advance(*lists)
        answers = []
        for (authority, _), answer in was.revocation.answers.items():
            if authority in called:
                issuer = trust.named(called[authority])
                good = Listed(issuer, known, at)
                answers.append(ingest_answer(issuer, answer.der, now=at, responder_good=good))
    except (RejectedRevocationList, RejectedAnswer) as error:
        raise RejectedEvidence(f"under the draft: {error}") from error
    return known.answered(*answers)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Draws verdicts again under a draft."""

    draft: Draft
    attempts: AttemptStore
    objects: EvidenceObjects
    contents: ContentStore
    pool: WorkerPool
    _rebuilding: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, submissions: AsyncIterable[UUID], tell: Callable[[Answer], None]) -> Counter[Outcome]:
        """Answer for each submission, in their order, and count.

        Raises:
            RejectedDraft: The draft's policy has the name of none by which they were judged.
            UnavailableStorage: Run it again.
        """
        rebuilder, counts = Rebuilder(self._reader(asyncio.get_running_loop())), Counter[Outcome]()
        begun: list[asyncio.Task[Answer | None]] = []

        async def tell_first() -> None:
            answer = await begun.pop(0)
            if answer is not None:
                counts[answer.outcome] += 1
                tell(answer)

        try:
            async for submission in submissions:
                begun.append(asyncio.create_task(self._answer(submission, rebuilder)))
                if len(begun) >= AHEAD:
                    await tell_first()
            while begun:
                await tell_first()
        finally:
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)
        return counts

    def _reader(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], bytes]:
        """Give what the rebuilder reads objects by, from a thread beside the loop."""

        def read(name: str) -> bytes:
            found = asyncio.run_coroutine_threadsafe(self.objects.read(name), loop).result()
            if found is None:
                raise RejectedEvidence(f"not kept: {name}")
            return found

        return read

    async def _answer(self, submission: UUID, rebuilder: Rebuilder) -> Answer | None:
        standing = await self.attempts.standing(submission)
        if standing is None:
            return None
        try:
            was = await self._rebuilt(submission, rebuilder)
            drafted = self.draft.of(was)
            verdict = await self._draw(standing, drafted)
            return await self._compared(standing, verdict, was)
        except (RejectedEvidence, MissingContent, DamagedContent, DamagedObject, WorkerDied) as error:
            return Answer(submission, Outcome.LACKING, _told(standing), reason=str(error))

    async def _rebuilt(self, submission: UUID, rebuilder: Rebuilder) -> Rebuilt:
        try:
            record = (await self.objects.verdicts_of(submission))[-1].record()
        except ValueError as error:
            raise RejectedEvidence(f"what it was drawn from cannot be read: {error}") from error
        if record is None:
            raise RejectedEvidence("it is from before what verdicts are drawn from was kept")
        async with self._rebuilding:  # its memory is for one at a time
            return await asyncio.to_thread(rebuilder.rebuild, record)

    async def _draw(self, standing: StandingVerdict, rebuilt: Rebuilt) -> SubmissionVerdict:
        found = [await self._examine(standing, file.sha256, rebuilt) for file in rebuilt.inputs.files]
        return rebuilt.judge(found, engine_versions())

    async def _examine(self, standing: StandingVerdict, sha256: str, rebuilt: Rebuilt) -> DocumentFindings:
        member = standing.claim.member
        return await self.pool.examine(
            lambda: self.contents.open(member, sha256),
            Knowledge(rebuilt.trust, rebuilt.revocation),
            at=rebuilt.inputs.received,
            lane=SUBMITTED_BULK,
            member=member,
        )

    async def _compared(self, standing: StandingVerdict, verdict: SubmissionVerdict, was: Rebuilt) -> Answer:
        submission, before, after = standing.claim.submission_id, _told(standing), _said(verdict)
        if not _differs(standing, verdict):
            return Answer(submission, Outcome.SAME, before, after)
        if decide(verdict.indication, verdict.sub_indication, verdict.cause) is Disposition.HOLD:
            cause = verdict.cause.value if verdict.cause else "undecided"
            return Answer(submission, Outcome.LACKING, before, after, f"under the draft it had to wait: {cause}")
        without = await self._draw(standing, was)
        if _differs(standing, without):
            return Answer(submission, Outcome.LACKING, before, after, f"without the draft it is {_said(without)} now")
        return Answer(submission, Outcome.CHANGED, before, after)


def _differs(standing: StandingVerdict, verdict: SubmissionVerdict) -> bool:
    return differs(standing, verdict, disposition_of(verdict, deadline_passed=True))


def _said(verdict: SubmissionVerdict) -> str:
    cause = verdict.cause.value if verdict.cause else None
    return _line(verdict.indication.value, cause, disposition_of(verdict, deadline_passed=True).value)


def _told(standing: StandingVerdict) -> str:
    body = json.loads(standing.decision.body)
    return _line(body["indication"], body.get("cause"), body["disposition"])


def _line(indication: str, cause: str | None, disposition: str) -> str:
    return " ".join(part for part in (indication, cause, disposition) if part)
