"""Builds the verifier with its worker processes and its revocation lists."""

from docaxis.bus.kafka import KafkaBus
from docaxis.composition.contents import open_contents
from docaxis.composition.parts import Context, Part, Work
from docaxis.composition.stages import staged, trimming
from docaxis.verifier.opening import open_verifier, verifier_plan


async def build(context: Context) -> Part:
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
