"""What a subscriber remembers between two runs: how far it has read, and what it has already finished.

With the memory in a file, a crash between finishing a delivery and telling the axis so gives no second delivery.
"""

import asyncio
import sqlite3
from collections import OrderedDict
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

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
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(_TABLES)

    async def cursor(self, stream: str) -> str | None:
        return await asyncio.to_thread(self._first, "SELECT cursor FROM cursors WHERE stream = ?", stream)

    async def move(self, stream: str, cursor: str) -> None:
        await asyncio.to_thread(self._change, "INSERT OR REPLACE INTO cursors VALUES (?, ?)", stream, cursor)

    async def is_finished(self, stream: str, event_id: UUID) -> bool:
        query = "SELECT event_id FROM finished WHERE stream = ? AND event_id = ?"
        return await asyncio.to_thread(self._first, query, stream, str(event_id)) is not None

    async def finish(self, stream: str, event_id: UUID) -> None:
        insert = "INSERT OR IGNORE INTO finished (stream, event_id) VALUES (?, ?)"
        await asyncio.to_thread(self._change, insert, stream, str(event_id))

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30.0)

    def _first(self, query: str, *values: str) -> str | None:
        with closing(self._open()) as database:
            row = database.execute(query, values).fetchone()
        return None if row is None else str(row[0])

    def _change(self, statement: str, *values: str) -> None:
        with closing(self._open()) as database, database:
            database.execute(statement, values)
            database.execute(
                "DELETE FROM finished WHERE number <= (SELECT MAX(number) FROM finished) - ?", (MAX_REMEMBERED,)
            )
