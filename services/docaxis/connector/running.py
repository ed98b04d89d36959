"""The connector as a whole: one on a folder, going round until it is stopped, or once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.client.connection import ENDLESS, Patience
from docaxis.client.errors import ClientError, UnavailableAxis
from docaxis.client.profile import Profile
from docaxis.client.remembering import FileMemory
from docaxis.connector.folder import Folder
from docaxis.connector.incoming import Incoming
from docaxis.connector.outgoing import Outgoing
from docaxis.connector.store import Store
from docaxis_schemas.moments import Clock, system_clock

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
    """Carries between a folder and an axis."""

    def __init__(self, root: Path, profile: Profile, *, packed: bool = False, clock: Clock = system_clock) -> None:
        self._folder = Folder(root)
        self._profile = profile
        self._packed = packed
        self._clock = clock

    async def once(self) -> Round:
        """Send what waits, take what came, and end.

        Raises:
            FolderTaken: Another connector works here.
            UnavailableAxis: The axis stayed away; everything is still where it was.
        """
        with self._folder.alone():
            outgoing, incoming = self._open(ONCE)
            async with outgoing.axis:
                return Round(await outgoing.pass_once(), await incoming.take_deliveries(), await incoming.take_news())

    async def run(self, every: float) -> None:
        """Go round until cancelled, looking every so many seconds; directions do not wait for each other.

        Raises:
            FolderTaken: Another connector works here.
        """
        with self._folder.alone():
            outgoing, incoming = self._open(ENDLESS)
            async with outgoing.axis, asyncio.TaskGroup() as group:
                for work in (outgoing.pass_once, incoming.take_deliveries, incoming.take_news):
                    group.create_task(_round(work, every))

    def _open(self, patience: Patience) -> tuple[Outgoing, Incoming]:
        self._folder.prepare()
        axis = self._profile.connect(memory=FileMemory(self._folder.memory), patience=patience, clock=self._clock)
        store, clock = Store(self._folder.store), self._clock
        return Outgoing(axis, self._folder, store, clock), Incoming(axis, self._folder, store, clock, self._packed)


async def _round(work: Callable[[], Awaitable[int]], every: float) -> None:
    while True:
        try:
            await work()
        except UnavailableAxis as error:
            _log.warning("the axis is away: %s", error)
        except (ClientError, OSError) as error:
            _log.warning("a round failed: %s: %s", type(error).__name__, error)
        await asyncio.sleep(every)
