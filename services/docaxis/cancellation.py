"""Tells a cancellation of ours from one that a library lets out.

aiokafka awaits its own background tasks and lets their cancellation out where a broker goes away, as if the caller had
been cancelled. A task that believes it ends without a word, and a task group takes no notice of that.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, Protocol

STOP_SECONDS: Final = 5.0
"""A client whose broker is away or whose producer was fenced may never finish stopping by itself."""


class _Stoppable(Protocol):
    def stop(self) -> Awaitable[None]: ...


def being_cancelled() -> bool:
    """Say whether somebody has asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def stop_client(client: _Stoppable) -> None:
    """Stop a client within bounds, whatever state it is in; what it still says is of no use to anybody."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await client.stop()
    except asyncio.CancelledError:
        if being_cancelled():
            raise
    except Exception:  # noqa: BLE001 - a fenced producer raises its fence again, an AssertionError, or the time-out
        return
