"""The content store: encrypted bytes in their sender's space, leased while uploaded, pinned by the claim.

PostgreSQL says what is a content; the sealed store holds the bytes. A content is found only as (member, SHA-256): what
another member stored cannot be named, and an upload answers alike whether the bytes were there before or not.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.contents.port import UNCLAIMED_QUOTA, ContentMismatch, SealedStore, Unclaimed, WrongOffset
from docaxis.storage.contents.reading import OpenContent
from docaxis.storage.contents.records import ContentRecords
from docaxis.storage.contents.sealing import SegmentCipher, StoreKey
from docaxis.storage.contents.writing import ContentWriter, SealedWriter
from docaxis_schemas.moments import Clock

THREADS: Final = 8
"""Threads that hash, encrypt and wait for the disk; all three release the interpreter lock."""
ORPHANED_AFTER: Final = timedelta(hours=1)
"""How much longer than a lease bytes without a record are kept: longer than any request lasts."""
_LOCATION: Final = re.compile("[0-9a-f]{32}")
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload came: bytes received of bytes declared."""

    offset: int
    declared: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: contents whose lease ran out, uploads nobody went on with, bytes without a record."""

    contents: int
    uploads: int
    orphans: int


class ContentStore:
    """Stores and gives contents. One a process; close it at the end."""

    def __init__(
        self,
        engine: AsyncEngine,
        sealed: SealedStore,
        key: StoreKey,
        *,
        clock: Clock,
        lease: timedelta,
        quota: Unclaimed = UNCLAIMED_QUOTA,
        new_location: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._records = ContentRecords(engine, clock=clock, lease=lease, quota=quota)
        self._sealed = sealed
        self._key = key
        self._clock = clock
        self._lease = lease
        self._new_location = new_location
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="contents")

    def close(self) -> None:
        """End the threads, after the work in hand."""
        self._threads.shutdown()

    async def probe(self) -> None:
        """Find out whether contents can be stored now.

        Raises:
            UnavailableStorage: They cannot.
        """
        await self._run(self._sealed.probe)

    def receive(self, member: str, sha256: str, size: int) -> ContentWriter:
        """Take a content that comes in one piece, as part of a request."""
        location, key = self._new_location(), os.urandom(_KEY_BYTES)
        sealed = self._writer(location, key, sha256, size)
        record = self._recording(member, sha256, size, location, self._key.wrap(key, location), uploaded=False)
        return ContentWriter(sealed, self._run, size=size, keep=False, record=record)

    async def resume(self, member: str, sha256: str, size: int, offset: int) -> ContentWriter:
        """Take a content from ``offset`` on; 0 begins anew, within the member's quota.

        Raises:
            QuotaExceeded: The member has too much stored that no submission names.
            WrongOffset: The upload stands elsewhere, or another request is writing it.
            ContentMismatch: Another size than the upload began with.
            UnavailableStorage: Store or database are away.
        """
        row = await (self._begin(member, sha256, size) if offset == 0 else self._records.upload(member, sha256))
        if row is None:
            raise WrongOffset((await self._records.sizes(member, [sha256])).get(sha256, 0))
        if row["declared"] != size:
            raise ContentMismatch("the upload began with another size")
        sealed = self._writer(row["location"], self._key.unwrap(row["wrapped_key"], row["location"]), sha256, size)
        there = await self._run(lambda: sealed.look(keep=offset))
        if there != offset:
            if offset:
                raise WrongOffset(there)
            row, sealed = await self._elsewhere(row, size)
        record = self._recording(member, sha256, size, row["location"], row["wrapped_key"], uploaded=True)
        return ContentWriter(sealed, self._run, size=size, received=offset, keep=True, record=record)

    async def progress(self, member: str, sha256: str) -> Progress | None:
        """Say how far this member's own upload of this content came; None if there is none.

        Raises:
            WrongOffset: A request is writing it now.
            UnavailableStorage: Store or database are away.
        """
        row = await self._records.upload(member, sha256)
        if row is None:
            size = (await self._records.sizes(member, [sha256])).get(sha256)
            return None if size is None else Progress(size, size)
        sealed = self._writer(
            row["location"], self._key.unwrap(row["wrapped_key"], row["location"]), sha256, row["declared"]
        )
        return Progress(await self._run(sealed.look), row["declared"])

    async def find(self, member: str, hashes: Collection[str]) -> dict[str, int]:
        """Give the sizes of those contents that this member has, by hash.

        Raises:
            UnavailableStorage: The database is away.
        """
        return await self._records.sizes(member, hashes)

    async def open(self, member: str, sha256: str) -> OpenContent:
        """Open a content of this member's space for reading.

        Raises:
            MissingContent: This member has none of that hash.
            DamagedContent: Its key does not unwrap.
            UnavailableStorage: The database is away.
        """
        row = await self._records.content(member, sha256)
        cipher = SegmentCipher(self._key.unwrap(row["wrapped_key"], row["location"]), row["location"])
        return OpenContent(sha256, row["size"], row["location"], self._sealed, cipher, self._run)

    async def sweep(self, *, orphans: bool = False) -> Swept:
        """Remove what nobody claimed in time. ``orphans`` also walks through all stored bytes: do it rarely.

        Raises:
            UnavailableStorage: Store or database are away; sweeping again goes on, orphans included.
        """
        old, left = await self._records.expire()
        await self._each(self._sealed.delete, (*old, *left))
        return Swept(len(old), len(left), await self._sweep_orphans() if orphans else 0)

    async def _sweep_orphans(self) -> int:
        before = self._clock() - self._lease - ORPHANED_AFTER
        names = await self._run(lambda: [name for name in self._sealed.older_than(before) if _LOCATION.fullmatch(name)])
        removed = 0
        for start in range(0, len(names), 500):
            some = set(names[start : start + 500])
            finished, begun = await self._records.known(some)
            await self._each(self._sealed.settle, finished)
            await self._each(self._sealed.delete, some - finished - begun)
            removed += len(some - finished - begun)
        return removed

    async def _each(self, work: Callable[[str], None], locations: Collection[str]) -> None:
        def every() -> None:
            for location in locations:
                work(location)

        await self._run(every)

    async def _begin(self, member: str, sha256: str, size: int) -> Any:
        location = self._new_location()
        wrapped_key = self._key.wrap(os.urandom(_KEY_BYTES), location)
        return await self._records.begin_upload(member, sha256, size, location, wrapped_key)

    async def _elsewhere(self, begun: Any, size: int) -> tuple[Any, SealedWriter]:
        """Begin anew beside what lies there: another request may be about to finish it, or has just done so.

        What is left behind is swept as bytes without a record.
        """
        location, key = self._new_location(), os.urandom(_KEY_BYTES)
        row = await self._records.move_upload(begun, location, self._key.wrap(key, location))
        if row is None:
            raise WrongOffset((await self._records.sizes(begun["member"], [begun["sha256"]])).get(begun["sha256"], 0))
        return row, self._writer(location, key, begun["sha256"], size)

    def _writer(self, location: str, key: bytes, sha256: str, size: int) -> SealedWriter:
        return SealedWriter(self._sealed, location, SegmentCipher(key, location), sha256=sha256, size=size)

    def _recording(
        self, member: str, sha256: str, size: int, location: str, wrapped_key: bytes, *, uploaded: bool
    ) -> Callable[[], Awaitable[Callable[[], None]]]:
        async def record() -> Callable[[], None]:
            kept = await self._records.store(member, sha256, size, location, wrapped_key, uploaded=uploaded)
            return partial(self._sealed.settle if kept == location else self._sealed.delete, location)

        return record

    async def _run(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
