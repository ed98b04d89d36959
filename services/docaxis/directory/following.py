"""Keeps the newest directory at hand: asked once a second for its version, read again when that has changed."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from docaxis.directory.errors import UnavailableDirectory
from docaxis.directory.repository import DirectoryRepository
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.pausing import stopped_within

REFRESH: Final = timedelta(seconds=1)
"""A suspension takes effect within this time everywhere."""


class DirectoryFollower:
    """Gives the newest snapshot without waiting. Start it before it is asked."""

    def __init__(self, repository: DirectoryRepository, *, refresh: timedelta = REFRESH) -> None:
        self._repository = repository
        self._refresh = refresh
        self._snapshot: DirectorySnapshot | None = None
        self._away: str | None = "not read yet"
        self._log = structlog.get_logger("docaxis.directory")

    @property
    def causes(self) -> tuple[str, ...]:
        """Say why the directory may be old; empty while it can be read."""
        return (f"directory: {self._away}",) if self._away else ()

    def current(self) -> DirectorySnapshot:
        """Give the newest snapshot.

        Raises:
            UnavailableDirectory: None was read yet.
        """
        if self._snapshot is None:
            raise UnavailableDirectory("the directory was not read yet")
        return self._snapshot

    async def start(self) -> None:
        """Read the first snapshot.

        Raises:
            UnavailableDirectory: The database is away.
        """
        self._snapshot, self._away = await self._repository.snapshot(), None

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow until told to stop; while the database is away the last snapshot stands."""
        while not stopping.is_set():
            try:
                await self.start()
            except UnavailableDirectory as error:
                if self._away is None:
                    self._log.warning("directory away", cause=str(error))
                self._away = str(error)
            await stopped_within(stopping, self._refresh)
