"""What a subscriber remembers between two runs: how far it has read, and what it has already finished.

With the memory in a file, a crash between finishing a delivery and telling the axis so gives no second delivery.
"""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from docaxis.client.sqlitefile import SqliteFile

MAX_REMEMBERED: Final = 100_000
"""Finished entries that are kept. Repeats come from what was in hand at a crash, never from so far back."""


class InboxMemory(Protocol):
    """The port: ``stream`` keeps readers with different interests apart."""

    async def cursor(self, stream: str) -> str | None:
        """Give the last position that was moved to; None at the first start."""

    async def move(self, stream: str, cursor: str) -> None:
        """Keep a position."""

    async def is_finished(self, stream: str, event_id: UUID) -> bool:
        """Say whether an entry was finished before."""

    async def finish(self, stream: str, event_id: UUID) -> None:
        """Keep that an entry is finished."""


class TransientMemory:
    """Remembers as long as the process lives; the axis's own state then tells what was handed over."""

    def __init__(self) -> None:
        self._cursors: dict[str, str] = {}
        self._finished: OrderedDict[tuple[str, UUID], None] = OrderedDict()

    async def cursor(self, stream: str) -> str | None:
        return self._cursors.get(stream)

    async def move(self, stream: str, cursor: str) -> None:
        self._cursors[stream] = cursor

    async def is_finished(self, stream: str, event_id: UUID) -> bool:
        return (stream, event_id) in self._finished

    async def finish(self, stream: str, event_id: UUID) -> None:
        self._finished[stream, event_id] = None
        if len(self._finished) > MAX_REMEMBERED:
            self._finished.popitem(last=False)


_TABLES: Final = """
CREATE TABLE IF NOT EXISTS cursors (stream TEXT PRIMARY KEY, cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS finished (
    number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, event_id TEXT NOT NULL, UNIQUE (stream, event_id));
"""


class FileMemory:
    """Remembers in one SQLite file, which belongs to one member; each change is durable before the call returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = SqliteFile(path, _TABLES)

    async def cursor(self, stream: str) -> str | None:
        row = await asyncio.to_thread(self._file.first, "SELECT cursor FROM cursors WHERE stream = ?", stream)
        return None if row is None else str(row[0])

    async def move(self, stream: str, cursor: str) -> None:
        await asyncio.to_thread(self._file.change, ("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (stream, cursor)))

    async def is_finished(self, stream: str, event_id: UUID) -> bool:
        query = "SELECT event_id FROM finished WHERE stream = ? AND event_id = ?"
        return await asyncio.to_thread(self._file.first, query, stream, str(event_id)) is not None

    async def finish(self, stream: str, event_id: UUID) -> None:
        insert = "INSERT OR IGNORE INTO finished (stream, event_id) VALUES (?, ?)"
        forget = "DELETE FROM finished WHERE number <= (SELECT MAX(number) FROM finished) - ?"
        await asyncio.to_thread(self._file.change, (insert, (stream, str(event_id))), (forget, (MAX_REMEMBERED,)))
