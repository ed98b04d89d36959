"""SQL of the log's order: what waits, what has its place, and the head that moves by compare-and-swap."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.decisions import StorageError
from docaxis.storage.driver import Database, Statement


class LostHead(StorageError):
    """Somebody else moved the head of the log: what was known of it is worthless, read it again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that has no place yet, by its number in the queue."""

    number: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What the order ends with: so many leaves under this root, and the last checkpoint that was signed of it."""

    size: int
    root: bytes
    signed_size: int
    signed_note: bytes


_HEAD: Final = Statement("SELECT size, root, signed_size, signed_note FROM log_head WHERE origin = :origin")
_BEGIN: Final = Statement("""
    INSERT INTO log_head (origin, size, root, signed_size, signed_note, moved_at)
    VALUES (:origin, 0, :root, 0, :note, CAST(:at AS timestamptz)) ON CONFLICT (origin) DO NOTHING
""")
_WAITING: Final = Statement("SELECT number, leaf FROM log_queue ORDER BY number LIMIT :limit")
_MOVE: Final = Statement("""
    UPDATE log_head SET size = :new_size, root = :new_root, moved_at = CAST(:at AS timestamptz)
    WHERE origin = :origin AND size = :size AND root = :root RETURNING size
""")
_APPEND: Final = Statement("""
    WITH placed AS (
      INSERT INTO log_leaves (leaf_index, event_id, leaf)
      SELECT CAST(:first AS bigint) + place - 1, event_id, leaf
      FROM unnest(CAST(:numbers AS bigint[])) WITH ORDINALITY AS one (number, place) JOIN log_queue USING (number)
      RETURNING leaf_index
    ) SELECT count(*) AS placed FROM placed
""")
"""Within the database: entries are a kilobyte each, and it has them. None is ever changed while it waits."""
_LEAVE: Final = Statement("DELETE FROM log_queue WHERE number = ANY(CAST(:numbers AS bigint[]))")
_LEAVES: Final = Statement("""
    SELECT leaf FROM log_leaves WHERE leaf_index >= :first AND leaf_index < :end ORDER BY leaf_index
""")
_SIGN: Final = Statement("""
    UPDATE log_head SET signed_size = :new_size, signed_note = :note
    WHERE origin = :origin AND signed_size = :signed AND size = :new_size RETURNING size
""")
_UNLOCK: Final = Statement("SELECT pg_advisory_unlock(hashtextextended('docaxis.log.' || :origin, 0))")
_LOCK: Final = Statement("SELECT pg_try_advisory_lock(hashtextextended('docaxis.log.' || :origin, 0)) AS taken")


class LogOrder:
    """The order of one log in PostgreSQL."""

    def __init__(self, engine: AsyncEngine, origin: str) -> None:
        self._database = Database(engine)
        self._origin = origin

    async def begin(self, root: bytes, note: bytes, at: datetime) -> None:
        """Make the head of a new log; one that is there stays."""
        await self._database.run(_BEGIN, origin=self._origin, root=root, note=note, at=at)

    async def head(self) -> Head | None:
        """Give the head; None for a log that was never begun.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_HEAD, origin=self._origin)
        return None if row is None else Head(row["size"], row["root"], row["signed_size"], row["signed_note"])

    async def waiting(self, limit: int) -> list[Waiting]:
        """Give what waits, the longest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_WAITING, limit=limit)
        return [Waiting(row["number"], row["leaf"]) for row in rows]

    async def append(self, head: Head, size: int, root: bytes, entries: Sequence[Waiting], at: datetime) -> None:
        """Give entries the next places and move the head to the tree that has them: all of it or nothing.

        Raises:
            LostHead: The head is not where it was, or somebody else took what waited.
            UnavailableStorage: The database is away, perhaps after it was done: read the head again.
        """
        numbers = [entry.number for entry in entries]
        moved = {"size": head.size, "root": head.root, "new_size": size, "new_root": root, "at": at}
        async with self._database.transaction() as transaction:
            if await transaction.row(_MOVE, origin=self._origin, **moved) is None:
                raise LostHead(f"the log {self._origin} no longer ends with {head.size} leaves")
            row = await transaction.row(_APPEND, first=head.size, numbers=numbers)
            if row is None or row["placed"] != len(numbers):
                raise LostHead(f"what waited for {self._origin} does not wait any more")
            await transaction.run(_LEAVE, numbers=numbers)

    async def leaves(self, first: int, end: int) -> list[bytes]:
        """Give entries by their places.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [row["leaf"] for row in await self._database.rows(_LEAVES, first=first, end=end)]

    async def signed(self, before: int, size: int, note: bytes) -> None:
        """Keep the checkpoint that was signed of the head.

        Raises:
            LostHead: The last one signed is not ``before``, or the head has moved.
            UnavailableStorage: The database is away.
        """
        values = {"signed": before, "new_size": size, "note": note}
        if await self._database.row(_SIGN, origin=self._origin, **values) is None:
            raise LostHead(f"another checkpoint of {self._origin} was signed")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Be the only writer for as long as this lasts; False if another one is.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._database.connection() as connection:
            row = await connection.row(_LOCK, origin=self._origin)
            try:
                yield row is not None and row["taken"]
            finally:
                with contextlib.suppress(Exception):  # a connection that is gone holds no lock
                    await connection.run(_UNLOCK, origin=self._origin)
