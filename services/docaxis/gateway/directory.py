"""The directory as the gateway uses it: one snapshot, asked for anew at most once a second."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from docaxis.directory import DirectorySnapshot
from docaxis.directory.errors import UnavailableDirectory

FRESH_SECONDS: Final = 1.0
"""A change of the directory holds at the gateway after this time at the latest."""


class Snapshots(Protocol):
    """The part of the directory that gives snapshots."""

    async def snapshot(self) -> DirectorySnapshot:
        """Give the directory as it stands."""


class FreshDirectory:
    """Keeps the last snapshot. Callers at the same time share one look."""

    def __init__(self, repository: Snapshots, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._repository = repository
        self._monotonic = monotonic
        self._snapshot: DirectorySnapshot | None = None
        self._at = 0.0
        self._lock = asyncio.Lock()

    async def snapshot(self, *, anew: bool = False) -> DirectorySnapshot:
        """Give the directory, not older than a second, or read ``anew``.

        Raises:
            UnavailableDirectory: It cannot be reached, or nothing was ever loaded.
        """
        async with self._lock:
            if self._snapshot is None or anew or self._monotonic() - self._at > FRESH_SECONDS:
                self._snapshot = await self._repository.snapshot()
                self._at = self._monotonic()
            if self._snapshot.version == 0:
                self._snapshot = None
                raise UnavailableDirectory("no directory was ever loaded")
            return self._snapshot
