"""Judges passed submissions once more, on the first list that each signer's authority issues after their reception.

A signer may have been revoked before signing while the axis still held the list from before. Nearly always nothing has
changed, and that is told from the serials alone. A document is examined again only if its signer is listed now, if an
authority above it is, or if an authority of time-stamps has revoked something of late. A changed answer is a decision
and an event of its own (`verdict revised`); the first one stands as it was given.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import structlog
from cryptography import x509

from docaxis.bus.port import Publisher, UnavailableBus
from docaxis.directory.errors import UnavailableDirectory
from docaxis.pausing import stopped_within
from docaxis.storage.attempts import AttemptStore, ClaimedSubmission, StandingVerdict
from docaxis.storage.decisions import Decision, UnavailableStorage
from docaxis.storage.rejudgements import Pending, RejudgementStore, Watch
from docaxis.verifier.envelopes import Envelopes
from docaxis.verifier.judging import Drawn, disposition_of, verdict_body
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.process import NoWorker
from docaxis.verifier.revocations import Revocations
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import SUBMITTED_BULK, partition_of
from docaxis_signing.disposition import Disposition, decide
from docaxis_signing.trust.lists import RevocationList
from docaxis_signing.trust.revocation import RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import TSA, TrustStore
from docaxis_signing.verdict import Indication, SubmissionVerdict

BATCH: Final = 500
LOOK_SECONDS: Final = 5.0
"""How often a stop is noticed, and what could not be done tried again, while no newer lists come."""
RECENTLY: Final = timedelta(days=2)
"""Before reception: what an authority of time-stamps revoked since then may concern a document's time-stamp."""
AWAY: Final = (UnavailableStorage, UnavailableBus, UnavailableDirectory, NoWorker, OSError)
_LOG: Final = structlog.get_logger("docaxis.verifier.rejudging")
_BEGINNING: Final = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


def watches_of(verdict: SubmissionVerdict, trust: TrustStore) -> tuple[Watch, ...]:
    """Say whose next lists a passed submission waits for; nothing for one that did not pass."""
    if verdict.indication is not Indication.TOTAL_PASSED:
        return ()
    names = {authority.sha256: authority.name for authority in trust.authorities}
    serials: dict[str, set[str]] = {}
    for file in verdict.files:
        for finding in file.findings.approvals if file.decides else ():
            certificate = finding.certificate
            if certificate is not None and certificate.issuer_sha256 in names:
                serials.setdefault(names[certificate.issuer_sha256], set()).add(certificate.serial)
    return tuple(Watch(authority, tuple(sorted(found))) for authority, found in sorted(serials.items()))


@lru_cache(maxsize=64)
def _entries(der: bytes) -> tuple[frozenset[str], datetime | None]:
    """Give the serials a list names, and when it last revoked something."""
    serials, latest = set(), None
    for entry in x509.load_der_x509_crl(der):
        serials.add(f"{entry.serial_number:x}")
        latest = max(latest or entry.revocation_date_utc, entry.revocation_date_utc)
    return frozenset(serials), latest


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the lists in force say against submissions signed under one authority."""

    listed: frozenset[str]
    authority_revoked: bool
    timestamps_revoked_at: datetime | None

    @classmethod
    def of(cls, authority: str, trust: TrustStore, snapshot: RevocationSnapshot, *, now: datetime) -> "Suspicion":
        """Read the lists in force."""
        stamping = {authority.name for authority in trust.authorities if TSA in authority.purposes}
        revoked = (_entries(other.der)[1] for other in snapshot.lists if other.authority in stamping)
        return cls(
            frozenset().union(*(_entries(item.der)[0] for item in snapshot.for_holders(authority))),
            any(_above_revoked(authority, trust, snapshot, now)),
            max((moment for moment in revoked if moment is not None), default=None),
        )

    def concerns(self, pending: Pending) -> bool:
        """Say whether a submission has to be examined again."""
        stamped = self.timestamps_revoked_at
        late = stamped is not None and stamped > pending.received_at - RECENTLY
        return self.authority_revoked or late or bool(pending.serials & self.listed)


def _above_revoked(authority: str, trust: TrustStore, snapshot: RevocationSnapshot, now: datetime) -> Iterator[bool]:
    item = trust.named(authority)
    while item.issuer is not None:
        above = trust.named(item.issuer)
        yield status_of(item.certificate, above, snapshot, at=now).status is Status.REVOKED
        item = above


@dataclass(frozen=True, slots=True)
class Rejudging:
    """The loop beside the verifier's stage. ``owned`` says which slots' submissions are this process's."""

    store: RejudgementStore
    keeping: Keeping
    attempts: AttemptStore
    revocations: Revocations
    examine: Callable[[ClaimedSubmission, str, int], Awaitable[Drawn]]
    envelopes: Envelopes
    publisher: Publisher
    owned: frozenset[int]
    clock: Clock

    async def serve(self, stopping: asyncio.Event) -> None:
        """Look after every new epoch, until told to stop."""
        done: int | None = None
        while not stopping.is_set():
            snapshot = await self.revocations.current()
            if snapshot.epoch != done:
                try:
                    for authority in self.revocations.trust.authorities:
                        await self.judge_again(authority.name, snapshot)
                    done = snapshot.epoch
                except AWAY as error:
                    _LOG.warning("judging once more has to wait", cause=f"{type(error).__name__}: {error}")
                    await stopped_within(stopping, LOOK_SECONDS)
                    continue
            await self.revocations.later_than(snapshot.epoch + 1, LOOK_SECONDS)

    async def judge_again(self, authority: str, snapshot: RevocationSnapshot) -> None:
        """Judge once more everything that waited for this authority's lists; of divided ones the oldest part counts.

        Raises:
            UnavailableStorage: Try again.
            UnavailableBus: Try again.
            UnavailableDirectory: Try again.
        """
        item = min(snapshot.for_holders(authority), key=lambda part: part.this_update, default=None)
        if item is None:
            return
        suspicion = Suspicion.of(authority, self.revocations.trust, snapshot, now=self.clock())
        after = _BEGINNING
        while rows := await self.store.due(authority, item.this_update, after=after, limit=BATCH):
            after = (rows[-1].received_at, rows[-1].submission_id)
            ours = [row for row in rows if partition_of(row.submission_id, self.envelopes.slots) in self.owned]
            unharmed = [row.submission_id for row in ours if not suspicion.concerns(row)]
            await self.store.settle(authority, unharmed)
            for row in ours:
                if suspicion.concerns(row) and await self._settled(row, item):
                    await self.store.settle(authority, [row.submission_id])

    async def _settled(self, pending: Pending, item: RevocationList) -> bool:
        """Examine a submission again; False while the lists in force do not allow an answer."""
        standing = await self.attempts.standing(pending.submission_id)
        if standing is None:
            return True
        try:
            drawn = await self.examine(standing.claim, SUBMITTED_BULK, 1)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of this one; it is kept for the next lists, others are judged
            _LOG.error("not judged once more", submission_id=str(pending.submission_id), cause=repr(error))
            return False
        verdict = drawn.verdict
        if decide(verdict.indication, verdict.sub_indication, verdict.cause) is Disposition.HOLD:
            return False
        disposition = disposition_of(verdict, deadline_passed=True)
        if differs(standing, verdict, disposition):
            await self._revise(standing, drawn, disposition, item)
        return True

    async def _revise(
        self, standing: StandingVerdict, drawn: Drawn, disposition: Disposition, item: RevocationList
    ) -> None:
        submission = standing.claim.submission_id
        proposed = Decision(
            event_id(submission, "verdict", item.sha256),
            submission,
            "verdict-revised",
            standing.latest_version + 1,
            self.clock(),
            verdict_body(drawn.verdict, disposition),
        )
        decision = await self.keeping.decide(proposed, (), drawn)
        await self.publisher.publish(self.envelopes.revised(standing.claim, decision))


def differs(standing: StandingVerdict, verdict: SubmissionVerdict, disposition: Disposition) -> bool:
    """Say whether a verdict is another answer than the one that stands."""
    before = json.loads(standing.decision.body)
    now: Sequence[str | None] = (
        verdict.indication.value,
        verdict.sub_indication.value if verdict.sub_indication else None,
        verdict.cause.value if verdict.cause else None,
        disposition.value,
    )
    return tuple(before.get(name) for name in ("indication", "sub_indication", "cause", "disposition")) != tuple(now)
