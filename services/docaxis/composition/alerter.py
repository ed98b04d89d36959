"""Builds the alerter."""

from docaxis.alerter.opening import MisconfiguredAlerts, open_alerter
from docaxis.composition.parts import Context, MisconfiguredService, Part


async def build(context: Context) -> Part:
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
