"""Builds each service from settings: the one place that knows which parts belong together."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.alerter.opening import MisconfiguredAlerts, open_alerter
from docaxis.auditor.following import LogFollower
from docaxis.bus.access import service_user
from docaxis.bus.deleting import KafkaKept
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.lookup import RecordLookup
from docaxis.bus.report import LoggedReport
from docaxis.bus.slots import confirm_division
from docaxis.bus.stage import Stage, StagePlan, run_stage
from docaxis.bus.trimming import Trimmer, TrimMetrics
from docaxis.bus.work import Pace
from docaxis.clerk import OpenPages, UnfitProvider, build_clerk_pages
from docaxis.directory.entries import MemberState
from docaxis.directory.following import DirectoryFollower
from docaxis.directory.opening import open_directory
from docaxis.gateway.service import build_gateway
from docaxis.gateway.signing import GatewayKeys
from docaxis.projector.service import Projector, ProjectorMetrics
from docaxis.registrar.anchoring import Anchoring, AnchorMeasures
from docaxis.registrar.countersigning import open_countersigning
from docaxis.registrar.keeping import LogKeeper, LogMeasures
from docaxis.registrar.problems import RegistrarError
from docaxis.registrar.rotation import KeyRotation
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.service import Registrar
from docaxis.registrar.witnesses import Witnesses
from docaxis.router.envelopes import Envelopes
from docaxis.router.service import Router
from docaxis.router.timers import Timers
from docaxis.settings import BusSettings, Settings
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.contents import ContentStore, FileStoreKey, Unclaimed, open_sealed_store
from docaxis.storage.log_files import LocalDisk, LogFiles, only_writer
from docaxis.storage.log_order import LogOrder
from docaxis.storage.needed import NeededRecords
from docaxis.storage.projection import ProjectionStore
from docaxis.storage.receipts import ReceiptStore
from docaxis.storage.routing import RoutingStore
from docaxis.storage.timers import TimerStore
from docaxis.verifier.opening import open_verifier, verifier_plan
from docaxis_schemas.moments import Clock
from docaxis_schemas.topics import EVIDENCE, STAGE_INPUTS
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.receipts import EvidenceSigner
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError

Work = Callable[[asyncio.Event], Awaitable[None]]

ROUTING_SPACING: Final = timedelta(milliseconds=500)
"""Routing a document takes less than its transaction: under load several share one, a lone one waits for nobody."""
RECEIPTS_GATHER: Final = timedelta(milliseconds=100)
"""A document's statements come a few at a time and no delivery waits for them: one insert for all."""
PREDECESSOR_SECONDS: Final = 3.0
"""How long the log's next writer waits for one that was stopped or killed; the system frees its locks at once."""
REGISTRAR_HOLD: Final = timedelta(seconds=5)
"""Receipts are kept before; the transaction only moves the offsets, and a redo after a crash changes nothing. It costs
broker and client some 10 ms of CPU whatever it moves."""
REGISTRAR_GATHER: Final = 100
"""Records of one transaction that is not held any longer."""


class MisconfiguredService(Exception):
    """The settings lack something this service cannot do without; the text says what."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all services of a process share. ``stack`` closes what they opened."""

    settings: Settings
    engine: AsyncEngine
    directory: DirectoryFollower
    clock: Clock
    registry: CollectorRegistry
    stack: AsyncExitStack
    urls: dict[str, str] = field(default_factory=dict)
    """Addresses of the services built so far in this process."""

    def bus_settings(self, service: str) -> BusSettings:
        """Give the settings with which a service speaks to the broker as itself."""
        bus = self.settings.bus
        if service not in bus.passwords:
            return bus
        return bus.model_copy(update={"username": service_user(service), "password": bus.passwords[service]})

    def envelopes(self) -> Envelopes:
        """Give what puts the router's words into records."""
        return Envelopes(self.settings.axis, self.settings.environment, self.settings.bus.slots)


@dataclass(frozen=True, slots=True)
class Part:
    """A built service: its loops, the causes for which it is not ready, and its address if it has one."""

    name: str
    work: Mapping[str, Work]
    causes: Callable[[], tuple[str, ...]]
    url: str = ""


def key_file(path: Path | None, what: str) -> Path:
    """Give the path of a key file that a service cannot do without.

    Raises:
        MisconfiguredService: The settings name none.
    """
    if path is None:
        raise MisconfiguredService(f"the settings name no file for the {what}")
    return path


async def staged(context: Context, stage: Stage, **plan: Any) -> tuple[Work, LoggedReport]:
    """Make the loop of a stage: its slots over its own connection to the broker."""
    settings = context.bus_settings(stage.name)
    await confirm_division(context.engine, stage.name, settings.slots)
    report = LoggedReport(stage.name, context.registry)
    chosen = StagePlan.of(settings, **plan)
    for slot in chosen.slots:
        report.expect(slot)
    bus = KafkaBus(settings)

    async def work(stopping: asyncio.Event) -> None:
        await run_stage(bus, stage, chosen, report=report, stopping=stopping, clock=context.clock)

    return work, report


def trimming(context: Context, stage: str) -> Work:
    """Make the loop that deletes of a stage's inputs what nobody needs any more."""
    settings, topics = context.bus_settings(stage), STAGE_INPUTS[stage]
    terms = {topic: settings.keep_evidence if topic == EVIDENCE else settings.keep_inputs for topic in topics}
    return Trimmer(
        KafkaKept(settings, stage),
        NeededRecords(context.engine),
        terms=terms,
        slots=StagePlan.of(settings).slots,
        every=settings.trim_every,
        metrics=TrimMetrics(stage, context.registry),
        clock=context.clock,
    ).serve


async def build_router(context: Context) -> Part:
    """Build the router with its timers."""
    envelopes = context.envelopes()
    bus = KafkaBus(context.bus_settings("router"))
    router = Router(
        RoutingStore(context.engine),
        context.directory.current,
        envelopes,
        context.clock,
        records=RecordLookup(bus),
        parked_for=context.settings.retry.named_deadline,
    )
    work, report = await staged(context, router, pace=Pace(spacing=ROUTING_SPACING))
    publisher = await context.stack.enter_async_context(bus.publisher())
    timers = Timers(TimerStore(context.engine), publisher, envelopes, context.clock)
    return Part(
        "router",
        {"stage": work, "trimming": trimming(context, "router"), "timers": timers.serve},
        lambda: report.causes,
    )


async def build_registrar(context: Context) -> Part:
    """Build the registrar; it alone is given the evidence key."""
    path = key_file(context.settings.keys.evidence_key, "evidence key")
    signer = EvidenceSigner.from_jwk(json.loads(await asyncio.to_thread(path.read_bytes)))
    store = ReceiptStore(context.engine)
    try:
        await key_rotation(context.settings, context.engine, context.clock).require_current(signer)
        countersigning = await open_countersigning(context.settings, context.engine, context.stack, context.clock)
    except RegistrarError as error:
        raise MisconfiguredService(str(error)) from error
    registrar = Registrar(
        store,
        signer,
        axis=context.settings.axis,
        environment=context.settings.environment,
        clock=context.clock,
        gather=RECEIPTS_GATHER,
    )
    pace = Pace(ordered=False, hold=REGISTRAR_HOLD, gather=REGISTRAR_GATHER)
    work, report = await staged(context, registrar, pace=pace)
    loops = {"stage": work, "trimming": trimming(context, "registrar")}
    if countersigning is not None:
        loops["receipts"] = countersigning.serve
    keeper = await open_log(context)
    if keeper is None:
        return Part("registrar", loops, lambda: report.causes)
    loops |= {"log": keeper.serve} | _anchoring(context)
    return Part("registrar", loops, lambda: (*report.causes, *keeper.causes))


def _anchoring(context: Context) -> dict[str, Work]:
    """Give the loop that has checkpoints time-stamped, where the settings name an authority."""
    log = context.settings.log
    if not log.tsa or log.directory is None:
        return {}
    files, stamper = LogFiles(LocalDisk(log.directory)), TimestampClient(log.tsa)
    measures = AnchorMeasures(context.registry)
    return {"anchors": Anchoring(files, stamper, log.anchor_interval, context.clock, measures).serve}


def key_rotation(settings: Settings, engine: AsyncEngine, clock: Clock) -> KeyRotation:
    """Give what changes the evidence key of an axis, and knows which keys were retired."""
    order = LogOrder(engine, settings.log_origin)
    return KeyRotation(ReceiptStore(engine), order, clock, axis=settings.axis, environment=settings.environment)


async def open_log(context: Context) -> LogKeeper | None:
    """Become the one writer of the log; None where the settings give this process no log.

    Raises:
        MisconfiguredService: Another registrar writes it, or its key or policy cannot be read.
    """
    settings = context.settings
    directory = settings.log.directory
    if directory is None:
        return None
    path = key_file(settings.keys.log_key, "key of the log")
    try:
        signer = Signer.from_skey(await asyncio.to_thread(path.read_text, "ascii"))
        policy = settings.log.witnesses and Policy.parse(await asyncio.to_thread(settings.log.witnesses.read_text))
    except TransparencyError as error:
        raise MisconfiguredService(f"the log's key or its policy of witnesses: {error}") from error
    if signer.verifier.name != settings.log_origin:
        raise MisconfiguredService(f"the log's key is called {signer.verifier.name}, the log {settings.log_origin}")
    order = LogOrder(context.engine, settings.log_origin)
    await _be_alone(context, order, directory)
    sequencer = Sequencer(order, LogFiles(LocalDisk(directory)), signer, context.clock)
    witnesses = None
    if policy:
        client = await context.stack.enter_async_context(httpx.AsyncClient())
        witnesses = Witnesses(policy, signer.verifier, client)
        if not witnesses.can_suffice:
            raise MisconfiguredService("the quorum of the log's policy is not to be had from witnesses with an address")
    return LogKeeper(sequencer, witnesses, settings.log.interval, LogMeasures(context.registry))


async def _be_alone(context: Context, order: LogOrder, directory: Path) -> None:
    """Wait a moment for a predecessor that is just ending, never for one that works."""
    deadline = asyncio.get_running_loop().time() + PREDECESSOR_SECONDS
    while True:
        attempt = AsyncExitStack()
        if await attempt.enter_async_context(_both(order, directory)):
            context.stack.push_async_exit(attempt)
            return
        await attempt.aclose()
        if asyncio.get_running_loop().time() > deadline:
            raise MisconfiguredService(f"another registrar writes the log {directory}: there is one writer only")
        await asyncio.sleep(PREDECESSOR_SECONDS / 10)


@asynccontextmanager
async def _both(order: LogOrder, directory: Path) -> AsyncIterator[bool]:
    """Hold the log's directory and its order, or neither for long."""
    with only_writer(directory) as mine:
        if not mine:
            yield False
            return
        async with order.alone() as alone:
            yield alone


async def build_projector(context: Context) -> Part:
    """Build the projector, with the follower of the log that fills the auditors' index."""

    def active() -> list[str]:
        return [name for name, member in context.directory.current().members.items() if member.state in MemberState]

    projector = Projector(
        KafkaBus(context.bus_settings("projector")),
        ProjectionStore(context.engine),
        members=active,
        slots=context.settings.bus.slots,
        metrics=ProjectorMetrics(context.registry),
    )
    follower = LogFollower(AuditIndex(context.engine, context.settings.log_origin))
    work = {"reader": projector.run, "audit": follower.serve}
    return Part("projector", work, lambda: (*projector.causes, *follower.causes))


def open_contents(context: Context) -> ContentStore:
    """Open the content store with its key; closed with the process.

    Raises:
        MisconfiguredService: The settings name no store or no key.
    """
    settings = context.settings
    if not settings.contents:
        raise MisconfiguredService("the settings name no content store (DOCAXIS_CONTENTS)")
    key = FileStoreKey.load(key_file(settings.keys.store_key, "store key"))
    gateway = settings.gateway
    contents = ContentStore(
        context.engine,
        open_sealed_store(settings.contents),
        key,
        clock=context.clock,
        lease=gateway.upload_lease,
        quota=Unclaimed(gateway.unclaimed_contents, gateway.unclaimed_bytes),
    )
    context.stack.callback(contents.close)
    return contents


async def build_gateway_part(context: Context) -> Part:
    """Build the gateway and open its port."""
    settings = context.settings
    publisher = await context.stack.enter_async_context(KafkaBus(context.bus_settings("gateway")).publisher())
    pinned = settings.keys.evidence_public_keys
    gateway = build_gateway(
        settings,
        engine=context.engine,
        repository=open_directory(settings, context.engine, context.clock),
        contents=open_contents(context),
        publisher=publisher,
        keys=GatewayKeys.open(key_file(settings.keys.gateway_key, "gateway key")),
        evidence_keys=json.loads(await asyncio.to_thread(pinned.read_bytes)) if pinned else None,
        checks={"bus": publisher.probe},
        clock=context.clock,
    )
    url = await gateway.start()
    context.stack.push_async_callback(gateway.stop)
    return Part("gateway", {}, tuple, url)


async def build_verifier(context: Context) -> Part:
    """Build the verifier with its worker processes and its revocation lists."""
    settings = context.settings
    publisher = await context.stack.enter_async_context(KafkaBus(context.bus_settings("verifier")).publisher())
    contents, directory = open_contents(context), context.directory.current
    opened = await context.stack.enter_async_context(
        open_verifier(
            settings,
            context.engine,
            contents,
            directory,
            publisher=publisher,
            clock=context.clock,
            registry=context.registry,
        )
    )
    work, report = await staged(context, opened.stage, **verifier_plan(ahead=settings.verifier.ahead))
    loops: dict[str, Work] = {
        "stage": work,
        "trimming": trimming(context, "verifier"),
        "revocations": opened.revocations.serve,
        "rejudging": opened.rejudging.serve,
    }
    return Part("verifier", loops, lambda: (*opened.causes, *report.causes))


async def build_clerk(context: Context) -> Part:
    """Build the clerk's pages and open their port.

    Raises:
        MisconfiguredService: The settings name no key, or no gateway where this process runs none.
    """
    settings = context.settings
    gateway = settings.clerk.gateway or context.urls.get("gateway", "")
    if not gateway:
        raise MisconfiguredService("the settings name no gateway for the clerk's pages (DOCAXIS_CLERK__GATEWAY)")
    try:
        pages = build_clerk_pages(
            settings,
            engine=context.engine,
            directory=context.directory.current,
            key=FileStoreKey.load(key_file(settings.keys.clerk_key, "key of the clerk's pages")),
            gateway=gateway,
            clock=context.clock,
        )
    except (OpenPages, UnfitProvider) as error:
        raise MisconfiguredService(str(error)) from error
    url = await pages.start()
    context.stack.push_async_callback(pages.stop)
    return Part(
        "clerk",
        {"ledger": pages.ledger.serve, "reminding": pages.reminding.serve, "conditions": pages.conditions.serve},
        tuple,
        url,
    )


async def build_alerter(context: Context) -> Part:
    """Build the alerter; it speaks to no broker, and to the webhooks that the settings name.

    Raises:
        MisconfiguredService: The rules, a webhook or the pinned keys cannot be used.
    """
    try:
        opened = await context.stack.enter_async_context(
            open_alerter(context.settings, context.engine, clock=context.clock, registry=context.registry)
        )
    except MisconfiguredAlerts as error:
        raise MisconfiguredService(f"the alerts: {error}") from error
    return Part("alerter", opened, tuple)


BUILDERS: Final[Mapping[str, Callable[[Context], Awaitable[Part]]]] = {
    "gateway": build_gateway_part,
    "verifier": build_verifier,
    "router": build_router,
    "registrar": build_registrar,
    "projector": build_projector,
    "clerk": build_clerk,
    "alerter": build_alerter,
}
