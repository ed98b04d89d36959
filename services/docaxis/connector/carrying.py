"""Working on what waits, some at a time: enough to hide the way to the axis, few enough to hold their files on disk."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Final, TypeVar

from docaxis.client.errors import ClientError, UnavailableAxis

T = TypeVar("T")

AT_ONCE: Final = 8


async def carry(waiting: AsyncIterable[T], work: Callable[[T], Awaitable[bool]]) -> int:
    """Work on what waits in its order, `AT_ONCE` at a time; give how many were done.

    From whom the axis stayed away stays where it is, the others may still get through; when it stayed away from as many
    as go at once, it is away.

    Raises:
        UnavailableAxis: It stayed away for some of them; what was begun has ended.
        ClientError: What waits could not be told whole; what was begun has ended.
    """
    gate, done, failed = asyncio.Semaphore(AT_ONCE), 0, list[ClientError]()

    async def one(item: T) -> None:
        nonlocal done
        try:
            is_done = await work(item)
            done += is_done  # a line of its own: what is added to is read at this moment, not before the wait
        except UnavailableAxis as error:
            failed.append(error)
        finally:
            gate.release()

    async with asyncio.TaskGroup() as group:
        try:
            async for item in waiting:
                await gate.acquire()
                if len(failed) >= AT_ONCE:
                    gate.release()
                    break
                group.create_task(one(item))
        except ClientError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return done
