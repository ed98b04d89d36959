"""Puts a verifier together: its pool, its revocation lists, its stores, and how its slots run."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Publisher
from docaxis.bus.work import Pace, StagePlan
from docaxis.directory.errors import UnavailableDirectory
from docaxis.settings import Settings
from docaxis.storage.attempts import AttemptStore
from docaxis.storage.contents import ContentStore
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.registered_signers import RegisteredSigners
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revocation_lists import RevocationListStore
from docaxis.storage.trust_in_force import TrustInForce
from docaxis.verifier.envelopes import Envelopes
from docaxis.verifier.judging import Directory
from docaxis.verifier.keeping import Keeping
from docaxis.verifier.pool import WorkerPool
from docaxis.verifier.process import NoWorker
from docaxis.verifier.rejudging import Rejudging
from docaxis.verifier.retry import WAITING_AHEAD
from docaxis.verifier.revocations import Revocations
from docaxis.verifier.service import Parts, Verifier
from docaxis.verifier.shadow import Shadow
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import RETRIES
from docaxis_signing.policy_files import standard
from docaxis_signing.trust.sealing import check_continues, check_seal, standing
from docaxis_signing.trust.store import TrustStore

SPACING: Final = timedelta(milliseconds=500)
"""Under load verdicts of a slot share a transaction; the first after a rest waits for nobody."""


@dataclass(frozen=True, slots=True)
class OpenVerifier:
    """A verifier that can work: the stage, and beside it the lists to keep fresh and the judging once more."""

    stage: Verifier
    rejudging: Rejudging
    revocations: Revocations
    keeping: Keeping
    pool: WorkerPool

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why it cannot judge yet."""
        return self.revocations.causes


def verifier_plan(*, ahead: int) -> dict[str, Any]:
    """Give what `StagePlan.of` is told: records that wait for a time need more room than those at work.

    A machine that has no room for a worker, a descriptor or a file in memory is no fault of the document at hand.
    """
    waiting = dict.fromkeys(RETRIES, WAITING_AHEAD)
    retried = (UnavailableDirectory, NoWorker, OSError)
    return {"retried": retried, "ahead_of": waiting, "pace": Pace(ahead=ahead, spacing=SPACING)}


def load_trust(settings: Settings, clock: Clock) -> TrustStore:
    """Read the trust directory, and where a key is named, only one that it signed.

    Raises:
        RejectedTrustStore: It does not say clearly what to trust.
        UnsealedTrustStore: It is not the one that was signed.
    """
    trust = TrustStore.load(settings.trust)
    if settings.trust_key is not None:
        check_seal(settings.trust, trust, json.loads(settings.trust_key.read_bytes()), at=clock())
    return trust


async def load_latest_trust(settings: Settings, in_force: TrustInForce, clock: Clock) -> TrustStore:
    """Read the trust directory, and where a key is named, only one that goes on from the last one in force.

    Raises:
        RejectedTrustStore: It does not say clearly what to trust.
        UnsealedTrustStore: It is not the one that was signed, or an older one was put back.
        UnavailableStorage: The database is away.
    """
    trust = await asyncio.to_thread(load_trust, settings, clock)
    if settings.trust_key is not None:
        now = standing(settings.trust, trust, json.loads(settings.trust_key.read_bytes()))
        before = await in_force.read(now.key_sha256)
        if before is not None:
            check_continues(settings.trust, before)
        await in_force.keep(now, at=clock())
    return trust


@asynccontextmanager
async def open_verifier(
    settings: Settings,
    engine: AsyncEngine,
    contents: ContentStore,
    directory: Callable[[], Directory],
    *,
    publisher: Publisher,
    clock: Clock,
    registry: CollectorRegistry | None = None,
    trust: TrustStore | None = None,
) -> AsyncIterator[OpenVerifier]:
    """Open a verifier, by default under the trust store of the settings.

    Run its stage by `verifier_plan`, and beside it ``revocations.serve`` and ``rejudging.serve``.

    Raises:
        RejectedTrustStore: The trust directory does not say clearly what to trust.
        UnsealedTrustStore: It is not the one that was signed, or an older one was put back.
        UnavailableStorage: The database is away.
        NoWorker: No worker process can be started.
    """
    if trust is None:
        trust = await load_latest_trust(settings, TrustInForce(engine), clock)
    signers = RegisteredSigners(engine).standing
    revocations = Revocations(trust, RevocationListStore(engine), clock, settings.crl_refresh, signers=signers)
    shadow = Shadow(settings.verifier.shadow_every, registry=registry)
    rejudgements = RejudgementStore(engine)
    keeping = Keeping(rejudgements, EvidenceObjects(engine, clock), clock)
    async with WorkerPool(settings.verifier, settings.fairness, shadow=shadow) as pool:
        parts = Parts(
            attempts=AttemptStore(engine),
            keeping=keeping,
            contents=contents,
            directory=directory,
            pool=pool,
            revocations=revocations,
            policy=standard(),
            envelopes=Envelopes(settings.axis, settings.environment, settings.bus.slots),
            retry=settings.retry,
            clock=clock,
        )
        stage = Verifier(parts)
        rejudging = Rejudging(
            store=rejudgements,
            keeping=keeping,
            attempts=parts.attempts,
            revocations=revocations,
            examine=stage.examine,
            envelopes=parts.envelopes,
            publisher=publisher,
            owned=frozenset(StagePlan.of(settings.bus).slots),
            clock=clock,
        )
        yield OpenVerifier(stage, rejudging, revocations, keeping, pool)
