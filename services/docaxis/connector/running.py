"""The connector as a whole: one on a folder, perhaps with a queue behind it, going round until stopped, or once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docaxis.client.connection import ENDLESS, Patience
from docaxis.client.errors import ClientError, UnavailableAxis
from docaxis.client.profile import Profile
from docaxis.client.remembering import FileMemory
from docaxis.connector.folder import Folder
from docaxis.connector.incoming import Incoming
from docaxis.connector.outgoing import Outgoing
from docaxis.connector.store import Store
from docaxis_schemas.moments import Clock, system_clock

if TYPE_CHECKING:
    from docaxis.connector.queue import Queue

ONCE: Final = Patience(seconds=60.0)
"""How long a single round waits for an axis that is away; a connector that stays waits for ever."""

_log = logging.getLogger("docaxis.connector")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    settled: int
    deliveries: int
    news: int


class Connector:
    """Carries between a folder and an axis, and between a queue and the folder if there is one (`docaxis[queue]`)."""

    def __init__(
        self,
        root: Path,
        profile: Profile,
        *,
        packed: bool = False,
        queue: str | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._folder = Folder(root)
        self._profile = profile
        self._packed = packed
        self._queue = queue
        self._clock = clock

    async def once(self) -> Round:
        """Send what waits, take what came, and end.

        Raises:
            FolderTaken: Another connector works here.
            UnavailableAxis: The axis stayed away; everything is still where it was.
            UnavailableQueue: The agency's database is away; likewise.
        """
        async with self._open(ONCE) as (outgoing, incoming, queue):
            brought = 0 if queue is None else await queue.bring()
            settled = passed = await outgoing.pass_once()
            while queue is not None and (brought or passed):  # what was settled left room for further rows
                brought, passed = await queue.bring(), await outgoing.pass_once()
                settled += passed
            done = Round(settled, await incoming.take_deliveries(), await incoming.take_news())
            if queue is not None:
                await queue.give()
            return done

    async def run(self, every: float) -> None:
        """Go round until cancelled, looking every so many seconds; directions do not wait for each other.

        Raises:
            FolderTaken: Another connector works here.
        """
        async with self._open(ENDLESS) as (outgoing, incoming, queue), asyncio.TaskGroup() as group:
            for work in (
                *((queue.bring, queue.give) if queue is not None else ()),
                *(outgoing.pass_once, incoming.take_deliveries, incoming.take_news),
            ):
                group.create_task(_round(work, every))

    @asynccontextmanager
    async def _open(self, patience: Patience) -> "AsyncIterator[tuple[Outgoing, Incoming, Queue | None]]":
        folder, clock = self._folder, self._clock
        with folder.alone():
            folder.prepare()
            axis = self._profile.connect(memory=FileMemory(folder.memory), patience=patience, clock=clock)
            store = Store(folder.store)
            outgoing, incoming = (
                Outgoing(axis, folder, store, clock),
                Incoming(axis, folder, store, clock, self._packed),
            )
            async with axis:
                if self._queue is None:
                    yield outgoing, incoming, None
                    return
                from docaxis.connector.queue import Queue  # noqa: PLC0415 - its driver is no part of the base

                async with Queue.open(self._queue, folder) as queue:
                    yield outgoing, incoming, queue


async def _round(work: Callable[[], Awaitable[int]], every: float) -> None:
    while True:
        try:
            await work()
        except UnavailableAxis as error:
            _log.warning("the axis is away: %s", error)
        except (ClientError, OSError) as error:
            _log.warning("a round failed: %s: %s", type(error).__name__, error)
        await asyncio.sleep(every)
