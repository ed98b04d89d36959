"""What stages have in common: slots over a connection of their own, and inputs that are trimmed."""

import asyncio
from typing import Any

from docaxis.bus.deleting import KafkaKept
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.report import LoggedReport
from docaxis.bus.slots import confirm_division
from docaxis.bus.stage import Stage, StagePlan, run_stage
from docaxis.bus.trimming import Trimmer, TrimMetrics
from docaxis.composition.parts import Context, Work
from docaxis.storage.needed import NeededRecords
from docaxis_schemas.topics import EVIDENCE, STAGE_INPUTS


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
