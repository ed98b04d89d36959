"""A registrar that is given neither slots nor a log says so instead of standing by."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from docaxis.composition.parts import Context, MisconfiguredService
from docaxis.composition.registrar import build
from docaxis.settings import BusSettings, Settings
from docaxis_schemas.moments import system_clock


async def test_without_slots_and_without_a_log_there_is_nothing_to_do() -> None:
    unused: Any = None
    settings = Settings(bus=BusSettings(owned=()))
    async with AsyncExitStack() as stack:
        context = Context(settings, unused, unused, system_clock, CollectorRegistry(), stack)
        with pytest.raises(MisconfiguredService, match=r"owns no slots .* and is given no log"):
            await build(context)
