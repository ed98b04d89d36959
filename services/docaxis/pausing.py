"""Waiting between two rounds of a loop that may be told to stop meanwhile."""

import asyncio
import contextlib
from datetime import timedelta


async def stopped_within(stopping: asyncio.Event, pause: timedelta | float) -> bool:
    """Wait for the stop, at most for a pause (a number is seconds), and say whether it came."""
    seconds = pause.total_seconds() if isinstance(pause, timedelta) else pause
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
    return stopping.is_set()
