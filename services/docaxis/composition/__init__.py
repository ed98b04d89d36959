"""Builds each service from settings: the one place that knows which parts belong together.

A service has a module of its own here, taken in only where the service runs: the router's process holds nothing of what
reads PDFs, nor the verifier's of what serves pages.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Final

from docaxis.composition.parts import Context, Part

SERVICES: Final = ("gateway", "verifier", "router", "registrar", "projector", "clerk", "alerter")


async def build(service: str, context: Context) -> Part:
    """Build one of ``SERVICES`` from what its process shares.

    Raises:
        MisconfiguredService: The settings lack something that this service cannot do without.
    """
    builder: Callable[[Context], Awaitable[Part]] = import_module(f"{__name__}.{service}").build
    return await builder(context)
