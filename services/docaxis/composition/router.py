"""Builds the router with its timers."""

from datetime import timedelta
from typing import Final

from docaxis.bus.kafka import KafkaBus
from docaxis.bus.lookup import RecordLookup
from docaxis.bus.work import Pace
from docaxis.composition.parts import Context, Part
from docaxis.composition.stages import staged, trimming
from docaxis.router.envelopes import Envelopes
from docaxis.router.service import Router
from docaxis.router.timers import Timers
from docaxis.storage.routing import RoutingStore
from docaxis.storage.timers import TimerStore

ROUTING_SPACING: Final = timedelta(milliseconds=500)
"""Routing a document takes less than its transaction: under load several share one, a lone one waits for nobody."""


async def build(context: Context) -> Part:
    """Build the router with its timers."""
    envelopes = Envelopes(context.settings.axis, context.settings.environment, context.settings.bus.slots)
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
