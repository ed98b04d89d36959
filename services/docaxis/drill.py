"""Puts together what judges again: a verifier under a chosen trust store, or a draft over what was kept of the past."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry

from docaxis import failpoints
from docaxis.bus.kafka import KafkaBus
from docaxis.composition.contents import open_contents
from docaxis.composition.parts import Context
from docaxis.directory.following import DirectoryFollower
from docaxis.directory.opening import open_directory
from docaxis.settings import Settings
from docaxis.storage.attempts import AttemptStore
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.database import open_database
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revalidations import RevalidationStore
from docaxis.verifier.envelopes import Envelopes
from docaxis.verifier.opening import load_trust, open_verifier
from docaxis.verifier.pool import WorkerPool
from docaxis.verifier.revalidating import Revalidation
from docaxis.verifier.what_if import Draft, WhatIf
from docaxis_schemas.moments import Clock, system_clock
from docaxis_signing.trust.store import TrustStore

LISTS_SECONDS: Final = 60.0
"""For the revocation lists of the trust store to be asked for once."""
_LOG: Final = structlog.get_logger("docaxis.drill")


def _complain(submission: UUID, error: Exception) -> None:
    _LOG.error("not judged again", submission_id=str(submission), cause=repr(error))


@asynccontextmanager
async def open_revalidation(
    settings: Settings,
    change: Callable[[TrustStore], TrustStore] | None = None,
    *,
    rehearse: bool,
    clock: Clock = system_clock,
    failpoint: str | None = None,
) -> AsyncIterator[Revalidation]:
    """Open what judges again, under the settings' trust store as ``change`` makes it; a rehearsal tells nobody.

    ``failpoint`` is where a development process is to die (`docaxis.failpoints`).

    Raises:
        MisconfiguredService: The settings lack what a verifier needs.
        RejectedTrustStore: The trust store is not in order.
        UnavailableStorage: The database is away.
        UnavailableDirectory: The same.
        TimeoutError: The revocation lists were not asked for in time.
    """
    if settings.mode != "production":
        failpoints.arm(failpoint)
    trust = await asyncio.to_thread(load_trust, settings, clock)
    trust = trust if change is None else change(trust)
    async with AsyncExitStack() as stack:
        engine = open_database(settings.database.get_secret_value(), application="drill")
        stack.push_async_callback(engine.dispose)
        directory = DirectoryFollower(open_directory(settings, engine, clock))
        await directory.start()
        context = Context(settings, engine, directory, clock, CollectorRegistry(), stack)
        publisher = await stack.enter_async_context(KafkaBus(context.bus_settings("verifier")).publisher())
        opened = await stack.enter_async_context(
            open_verifier(
                settings,
                engine,
                open_contents(context),
                directory.current,
                publisher=publisher,
                clock=clock,
                trust=trust,
            )
        )
        stopping = asyncio.Event()
        lists = asyncio.create_task(opened.revocations.serve(stopping))
        stack.push_async_callback(_stop, stopping, lists)
        async with asyncio.timeout(LISTS_SECONDS):
            await opened.revocations.current()
        yield Revalidation(
            trust,
            AuditIndex(engine, settings.log_origin),
            AttemptStore(engine),
            RejudgementStore(engine),
            opened.keeping,
            RevalidationStore(engine),
            opened.stage.examine,
            Envelopes(settings.axis, settings.environment, settings.bus.slots),
            None if rehearse else publisher,
            clock,
            _complain,
        )


@asynccontextmanager
async def open_what_if(settings: Settings, draft: Draft, *, clock: Clock = system_clock) -> AsyncIterator[WhatIf]:
    """Open what draws earlier verdicts again under a draft; it reads the database and the documents alone.

    Raises:
        MisconfiguredService: The settings name no contents or no key to them.
        UnavailableStorage: The database is away.
        NoWorker: No worker process can be started.
    """
    async with AsyncExitStack() as stack:
        engine = open_database(settings.database.get_secret_value(), application="drill")
        stack.push_async_callback(engine.dispose)
        directory = DirectoryFollower(open_directory(settings, engine, clock))
        contents = open_contents(Context(settings, engine, directory, clock, CollectorRegistry(), stack))
        pool = await stack.enter_async_context(WorkerPool(settings.verifier, settings.fairness))
        yield WhatIf(draft, AttemptStore(engine), EvidenceObjects(engine, clock), contents, pool)


async def _stop(stopping: asyncio.Event, task: "asyncio.Task[None]") -> None:
    stopping.set()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
