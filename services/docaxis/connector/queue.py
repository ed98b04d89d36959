"""Two tables of the agency's own PostgreSQL on the other side of the folder: one to send from, one of what came.

The folder stays the store, so an axis or a database that is away keeps nobody waiting and loses nothing. Each step is
durable before its source is forgotten, and may be done twice: a packet lies in ``out/`` before its row is marked as
taken, and a redo is the same submission; a row is committed, once by its name, before its file is removed.
"""

import asyncio
import os
import re
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from docaxis.connector.folder import Folder, UnavailableQueue
from docaxis_signing.durable import move, sync_file

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

TABLES: Final = """
CREATE SCHEMA docaxis_queue;
CREATE TABLE docaxis_queue.outgoing (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    packet bytea NOT NULL,
    put_at timestamptz NOT NULL DEFAULT now(),
    taken_at timestamptz
);
ALTER TABLE docaxis_queue.outgoing ALTER packet SET STORAGE EXTERNAL;
CREATE INDEX outgoing_waiting ON docaxis_queue.outgoing (id) WHERE taken_at IS NULL;
CREATE TABLE docaxis_queue.incoming (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    kind text NOT NULL,
    outgoing_id bigint,
    data bytea,
    kept_at text,
    come_at timestamptz NOT NULL DEFAULT now(),
    taken_at timestamptz
);
CREATE INDEX incoming_waiting ON docaxis_queue.incoming (id) WHERE taken_at IS NULL;
"""
"""Made by the first start that does not find them. Packets are not compressed: pieces of them are read one by one."""

PIECE: Final = 1024 * 1024
"""Bytes of a packet that are held at a time."""
AHEAD: Final = 1_000
"""Packets that wait in the folder: enough to keep the way to the axis full between two looks; others wait in rows."""
AHEAD_BYTES: Final = 2 * 1024 * 1024 * 1024
"""And their size together, after which no further one is brought: the folder's disk holds what comes, too."""
MAX_DATA: Final = 512 * 1024 * 1024
"""Bytes of a row; PostgreSQL takes just under 1 GiB. What is larger stays with the connector, which says where."""
CONNECTING_SECONDS: Final = 10.0
STATEMENT_SECONDS: Final = 300.0
"""Half a gigabyte at 2 MiB a second."""

_OURS: Final = re.compile(r"(?P<id>\d+)(-[0-9a-f]{8})?\.edxml")
"""A packet of the table in the folder: its row, and what tells it apart after a redo."""
_AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a COPY whose connection ends
    ConnectionError,
    TimeoutError,
)
_NEXT: Final = """
    SELECT id, octet_length(packet) FROM docaxis_queue.outgoing WHERE taken_at IS NULL
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_PART: Final = "SELECT substring(packet FROM $2 FOR $3) FROM docaxis_queue.outgoing WHERE id = $1"
_TAKEN: Final = "UPDATE docaxis_queue.outgoing SET taken_at = now() WHERE id = $1"
_KNOWN: Final = "SELECT name FROM docaxis_queue.incoming WHERE name = ANY($1::text[])"


@dataclass(frozen=True, slots=True)
class Queue:
    """Carries between the tables and a folder."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    folder: Folder

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, folder: Folder) -> "AsyncIterator[Self]":
        """Give it with connections that are made once they are needed; what the address leaves out, libpq's ways say.

        Raises:
            UnavailableQueue: The address is none.
        """
        try:
            pool = asyncpg.create_pool(
                address, min_size=0, max_size=2, init=_make_tables,
                timeout=CONNECTING_SECONDS, command_timeout=STATEMENT_SECONDS,
            )  # fmt: skip
        except ValueError as error:
            raise UnavailableQueue(str(error)) from error
        async with pool:
            yield cls(pool, folder)

    @property
    def leaving(self) -> Path:
        """What is on its way into the table, one directory a kind; nobody but us changes it there."""
        return self.folder.taken.parent / "leaving"

    async def bring(self) -> int:
        """Take packets out of the table into ``out/``; gives how many.

        Raises:
            UnavailableQueue: The database is away.
            OSError: The folder takes nothing; what was not taken is still in the table.
        """
        brought = 0
        count, size = await asyncio.to_thread(self._waiting)
        async with self._connected() as connection:
            while count + brought < AHEAD and size < AHEAD_BYTES:
                async with connection.transaction():
                    found = await connection.fetchrow(_NEXT)
                    if found is None:
                        break
                    await self._write(connection, *found)
                    await connection.execute(_TAKEN, found[0])
                brought, size = brought + 1, size + found[1]
        return brought

    async def give(self) -> int:
        """Put what came, and what became of packets, into the table; gives how many rows are new.

        Raises:
            UnavailableQueue: The database is away; what is not there yet goes with the next round.
        """
        await asyncio.to_thread(self._collect)
        paths = await asyncio.to_thread(lambda: sorted(self.leaving.glob("*/*"), key=_age))
        if not paths:
            return 0
        async with self._connected() as connection:
            known = {name for (name,) in await connection.fetch(_KNOWN, [path.name for path in paths])}
            for path in paths:
                if path.name not in known:
                    await self._put(connection, path)
                if path.stat().st_size <= MAX_DATA:
                    path.unlink()
        return len(paths) - len(known)

    def _waiting(self) -> tuple[int, int]:
        """Say how many files wait in the folder, and their bytes; one that is moved meanwhile may be missed."""
        sizes = []
        for path in (*self.folder.out.iterdir(), *self.folder.taken.iterdir()):
            with suppress(FileNotFoundError):
                sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    async def _write(self, connection: "Connection", row: int, size: int) -> None:
        part = self.folder.work / "brought.part"
        with part.open("wb") as file:
            for begin in range(0, size, PIECE):
                data = await connection.fetchval(_PART, row, begin + 1, PIECE)
                await asyncio.to_thread(file.write, data)
            await asyncio.to_thread(sync_file, file)
        await asyncio.to_thread(move, part, self.folder.out / f"{row}.edxml")

    def _collect(self) -> None:
        """Move what is finished out of the folder's places, so that no later word takes its place while it is read.

        Packets that somebody put into ``out/`` by hand, and what became of them, stay in the folder.
        """
        for kind, path, name in [*_what_came(self.folder.come), *_what_became(self.folder)]:
            place = self.leaving / kind
            place.mkdir(parents=True, exist_ok=True)
            move(path, place / name)
            with suppress(OSError):  # a directory is left once it is empty
                if path.parent not in {self.folder.come, self.folder.sent, self.folder.refused}:
                    path.parent.rmdir()
        for place in (self.folder.sent, self.folder.refused):
            for path in place.glob("*.edxml"):
                if _OURS.fullmatch(path.name):
                    path.unlink()  # its row has it

    async def _put(self, connection: "Connection", path: Path) -> None:
        await connection.copy_to_table(
            "incoming",
            schema_name="docaxis_queue",
            columns=["name", "kind", "outgoing_id", "kept_at", "data"],
            source=_binary(path),
            format="binary",
        )

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[Connection]":
        try:
            async with self.pool.acquire() as connection:
                yield connection
        except _AWAY as error:
            raise UnavailableQueue(f"{type(error).__name__}: {error}") from error


async def _make_tables(connection: "Connection") -> None:
    if await connection.fetchval("SELECT to_regclass('docaxis_queue.incoming')") is None:
        await connection.execute(TABLES)


def _what_came(come: Path) -> Iterator[tuple[str, Path, str]]:
    """Give what lies in ``in/`` as kind, file and name; facts of a delivery are written last, and given last."""
    for path in sorted(come.iterdir()):
        if path.is_dir():
            if (come / f"{path.name}.json").exists():  # all of it is there
                whole = (file for file in sorted(path.iterdir()) if not file.name.startswith("."))
                yield from (("file", file, f"{path.name}.{file.name}") for file in whole)
        elif path.name.startswith("."):
            continue  # being written
        elif path.suffix == ".edxml":
            yield "packet", path, path.name
        else:
            yield "news" if path.name.endswith(".news.json") else "delivery", path, path.name


def _what_became(folder: Folder) -> Iterator[tuple[str, Path, str]]:
    """Give what lies beside packets of the table; evidence by what it says, since its place in the list may change."""
    for place, kind in ((folder.sent, "receipt"), (folder.refused, "refusal")):
        for path in place.glob(f"[0-9]*.{kind}.json"):
            if ours := _OURS.match(path.name):
                yield kind, path, f"{ours['id']}.{kind}.json"
    for path in sorted(folder.sent.glob("[0-9]*.edxml.news/[!.]*.json")):
        if ours := _OURS.match(path.parent.name):
            if path.name.startswith("evidence-"):
                yield "evidence", path, f"{ours['id']}.{sha256(path.read_bytes()).hexdigest()}.evidence.json"
            else:
                yield "news", path, f"{ours['id']}.{path.stem}.news.json"


async def _binary(path: Path) -> AsyncIterator[bytes]:
    """Give one row in PostgreSQL's binary form of COPY, which lets a value of any length pass piece by piece."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        fits = size <= MAX_DATA
        row = re.match(r"(\d+)\.", path.name) if path.parent.name not in {"packet", "delivery", "file"} else None
        values = (
            path.name.encode(),
            path.parent.name.encode(),
            None if row is None else struct.pack("!q", int(row[1])),
            None if fits else str(path).encode(),
        )
        yield b"PGCOPY\n\xff\r\n\0" + struct.pack("!iih", 0, 0, len(values) + 1)
        for value in values:
            yield struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
        yield struct.pack("!i", size if fits else -1)
        while fits and (data := await asyncio.to_thread(file.read, PIECE)):
            yield data
        yield struct.pack("!h", -1)


def _age(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name
