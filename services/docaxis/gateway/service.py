"""The gateway as a service: built from what it needs, started on a port, stopped without dropping what is in hand."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.addresses import Senders
from docaxis.bus.port import BusError, Publisher
from docaxis.directory import DirectoryRepository
from docaxis.directory.errors import UnavailableDirectory
from docaxis.gateway.acting import Desk
from docaxis.gateway.application import make_application
from docaxis.gateway.authentication import Doorkeeper
from docaxis.gateway.directory import FreshDirectory
from docaxis.gateway.edxml.receiving import PacketDesk
from docaxis.gateway.edxml.spooling import PacketRoom
from docaxis.gateway.limits import Limits
from docaxis.gateway.looking import Looks
from docaxis.gateway.marking import MARK_SECONDS, PublishedMarks
from docaxis.gateway.measures import Measures
from docaxis.gateway.operations import readiness
from docaxis.gateway.parts import Check, Parts
from docaxis.gateway.publishing import Outbox
from docaxis.gateway.recalling import RecallDesk
from docaxis.gateway.reconciling import ReconcilingDesk
from docaxis.gateway.scanning import NoScanner, Scanner
from docaxis.gateway.signing import GatewayKeys
from docaxis.gateway.submitting import Intake
from docaxis.gateway.uploading import Uploads
from docaxis.gateway.waiting import Decisions
from docaxis.serving import WebServer
from docaxis.settings import Settings
from docaxis.spooling import SpoolRoom
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.claims import ClaimStore
from docaxis.storage.clerk_deadlines import ClerkDeadlines
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.contents import ContentStore
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.storage.exchange import ExchangeStore
from docaxis.storage.links import LinkStore
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.member_records import MemberRecordStore
from docaxis.storage.notifications import Notifications
from docaxis.storage.readmodels import ReadModels
from docaxis.storage.receipt_signatures import ReceiptSignatureStore
from docaxis.storage.receipts import ReceiptStore
from docaxis.storage.reconciling import Reconciling
from docaxis.storage.verdicts import Verdicts
from docaxis_schemas.moments import Clock, system_clock

OUTBOX_SECONDS: Final = 5.0
"""Between two looks for claims that a crash kept from the bus."""
SWEEP_SECONDS: Final = 300.0
"""Between two sweeps of contents that nobody claimed."""
ORPHANS_EVERY: Final = 288
"""Sweeps between two walks through all stored bytes: about a day."""
_log = structlog.get_logger("docaxis.gateway")


def build_gateway(
    settings: Settings,
    *,
    engine: AsyncEngine,
    repository: DirectoryRepository,
    contents: ContentStore,
    publisher: Publisher,
    keys: GatewayKeys,
    evidence_keys: Mapping[str, Any] | None = None,
    checks: Mapping[str, Check] | None = None,
    scanner: Scanner | None = None,
    limits: Limits | None = None,
    clock: Clock = system_clock,
) -> "Gateway":
    """Put a gateway together. ``evidence_keys`` is the form of `PinnedKeys`; ``checks`` are further ones for readiness.

    Give its `Gateway.app` to a server of your own, or start it.
    """
    directory = FreshDirectory(repository)
    claims, records, verdicts = ClaimStore(engine), MemberRecordStore(engine), Verdicts(engine)
    outbox = Outbox(publisher, claims, records, PublishedMarks(claims, records, clock), settings.bus.slots, clock)
    bounds = limits or Limits.of(settings.gateway)
    models, audit = ReadModels(engine), AuditIndex(engine, settings.log_origin)

    async def database_answers() -> None:
        await models.dead_letters(1)

    async def directory_is_loaded() -> None:
        await directory.snapshot()

    common: dict[str, Any] = {
        "axis": settings.axis,
        "environment": settings.environment,
        "directory": directory,
        "registers": repository,
        "keys": keys,
        "outbox": outbox,
        "clock": clock,
    }
    intake = Intake(
        **common,
        claims=claims,
        contents=contents,
        scanner=scanner or NoScanner(),
        fairness=settings.fairness,
        retry=settings.retry,
    )
    desk, exchange = Desk(**common, records=records), ExchangeStore(engine)
    recalls = RecallDesk(desk)
    return Gateway(
        settings,
        Parts(
            doorkeeper=Doorkeeper(repository, directory, senders=Senders(settings.gateway.trusted_proxies)),
            directory=directory,
            intake=intake,
            desk=desk,
            recalls=recalls,
            reconciling=ReconcilingDesk(desk, Reconciling(engine)),
            packets=PacketDesk(intake=intake, desk=desk, recalls=recalls, exchange=exchange),
            packet_room=PacketRoom(
                SpoolRoom(size=settings.gateway.spool_limit, requests=settings.gateway.spool_requests)
            ),
            exchange=exchange,
            uploads=Uploads(contents, bounds),
            outbox=outbox,
            contents=contents,
            claims=claims,
            models=models,
            registers=ClerkRegisters(engine),
            deadlines=ClerkDeadlines(engine),
            receipts=ReceiptStore(engine),
            signatures=ReceiptSignatureStore(engine),
            links=LinkStore(engine),
            log=None if settings.log.directory is None else LogFiles(LocalDisk(settings.log.directory)),
            audit=audit,
            looks=Looks(audit, publisher, settings.bus.slots, clock),
            verdicts=verdicts,
            objects=EvidenceObjects(engine, clock),
            decisions=Decisions(claims, verdicts),
            notifications=Notifications(engine.url.render_as_string(hide_password=False)),
            measures=Measures(),
            limits=bounds,
            checks={
                "database": database_answers,
                "contents": contents.probe,
                "directory": directory_is_loaded,
                **(checks or {}),
            },
            public_keys=_public_keys(settings, keys, evidence_keys),
            clock=clock,
        ),
    )


def _public_keys(settings: Settings, keys: GatewayKeys, evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "axis": settings.axis,
        "environment": settings.environment,
        "keys": list((evidence or {}).get("keys", [])),
        "certificates": list((evidence or {}).get("certificates", [])),
        "gateway_keys": [keys.service.public_jwk()],
    }


class Gateway:
    """The HTTP interface with its background work. ``app`` serves as soon as it is built."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self.app: FastAPI = make_application(parts)
        self._tasks: list[asyncio.Task[None]] = []
        self._server = WebServer(self.app, settings.gateway.host, settings.gateway.port, name="gateway server")

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        return self._server.url

    def start_background(self) -> None:
        """Begin sweeping, listening and looking for decisions; `start` does it too."""
        if self._tasks:
            return
        work = {
            "decisions": self._parts.decisions.run(),
            "notifications": self._parts.notifications.run(),
            "outbox": self._sweep_outbox(),
            "marks": self._mark_published(),
            "contents": self._sweep_contents(),
        }
        self._tasks = [asyncio.create_task(each, name=f"gateway {name}") for name, each in work.items()]

    async def start(self) -> str:
        """Listen, begin the background work, and give the address.

        Raises:
            OSError: The port is taken.
        """
        self.start_background()
        return await self._server.start()

    async def stop(self) -> None:
        """Take no more, let what waits answer with what there is, finish what is in hand."""
        self._parts.notifications.stop()
        await self._parts.decisions.stop()
        await self._server.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with _waiting_for_dependencies("marks"):
            await self._parts.outbox.marks.flush()

    async def health(self) -> dict[str, str | None]:
        """Give each dependency's complaint, None where it works."""
        return await readiness(self._parts.checks)

    async def sweep_outbox(self) -> int:
        """Publish what a crash left between claim and bus; gives how much."""
        swept = await self._parts.outbox.sweep()
        if swept:
            self._parts.measures.swept.labels("published").inc(swept)
            _log.info("published what a crash left", count=swept)
        return swept

    async def _sweep_outbox(self) -> None:
        while True:
            await asyncio.sleep(OUTBOX_SECONDS)
            with _waiting_for_dependencies("outbox"):
                await self.sweep_outbox()

    async def _mark_published(self) -> None:
        while True:
            await asyncio.sleep(MARK_SECONDS)
            with _waiting_for_dependencies("marks"):
                await self._parts.outbox.marks.flush()

    async def _sweep_contents(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            count += 1
            with _waiting_for_dependencies("contents"):
                swept = await self._parts.contents.sweep(orphans=count % ORPHANS_EVERY == 0)
                self._parts.measures.swept.labels("contents").inc(swept.contents + swept.uploads + swept.orphans)


@contextlib.contextmanager
def _waiting_for_dependencies(what: str) -> Iterator[None]:
    """Let background work go on after a dependency was away, and after a mistake of ours, which is logged whole."""
    try:
        yield
    except (UnavailableStorage, UnavailableDirectory, BusError) as error:
        _log.warning("background work waits", what=what, reason=f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 - the next round may well succeed
        _log.exception("background work failed", what=what)
