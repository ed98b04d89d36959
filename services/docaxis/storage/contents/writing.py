"""One content on its way in: hashed, encrypted and made durable segment by segment, never held whole."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, Self

from docaxis.storage.contents.port import ContentMismatch, DamagedContent, SealedStore, SealedUpload
from docaxis.storage.contents.sealing import SEGMENT, SegmentCipher, segments_of

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class SealedWriter:
    """The blocking half: what a thread does for one content. Used by one thread at a time."""

    def __init__(self, store: SealedStore, location: str, cipher: SegmentCipher, *, sha256: str, size: int) -> None:
        self._store = store
        self._location = location
        self._cipher = cipher
        self._sha256 = sha256
        self._size = size
        self._stack = ExitStack()
        self._upload: SealedUpload | None = None
        self._hash = hashlib.sha256()
        self._number = 0

    def look(self, *, keep: int | None = None) -> int:
        """Give the offset at which the upload goes on, and remain its writer only if it is ``keep``.

        Raises:
            WrongOffset: It has a writer.
        """
        there = None
        try:
            there = self._read_again()
            return there
        finally:
            if there is None or there != keep:
                self.close()

    def add(self, text: bytes | bytearray) -> None:
        """Hash, seal and store one segment."""
        self._hash.update(text)
        last = self._number == segments_of(self._size) - 1
        self._begin().append(self._cipher.seal(memoryview(text), self._number, last=last))
        self._number += 1

    def finish(self, rest: bytes | bytearray) -> None:
        """Store what is left and make the content readable, if it is the one that was announced.

        Raises:
            ContentMismatch: Another hash; nothing of it is kept.
        """
        if self._number < segments_of(self._size):
            self.add(rest)
        if self._hash.hexdigest() != self._sha256:
            self.drop()
            raise ContentMismatch("the bytes have another SHA-256 than announced")
        self._begin().finish()

    def drop(self) -> None:
        """Remove everything of this content."""
        self._store.delete(self._location)

    def close(self) -> None:
        """Let another writer go on."""
        self._stack.close()
        self._upload = None

    def _begin(self) -> SealedUpload:
        if self._upload is None:
            self._upload = self._stack.enter_context(self._store.upload(self._location))
        return self._upload

    def _read_again(self) -> int:
        """Hash what is there and drop what a crash tore: the segments themselves say how far the upload came."""
        upload, last, received = self._begin(), segments_of(self._size) - 1, 0
        for number in range(upload.count()):
            try:
                text = self._cipher.open(upload.read(number), number, last=number == last)
            except DamagedContent:
                upload.truncate(number)
                break
            self._hash.update(text)
            received += len(text)
            self._number = number + 1
        return received


class ContentWriter:
    """Takes a content in any portions; holds at most one segment.

    Use as an async context manager: leaving it before the bytes are durable keeps a resumable upload and drops any
    other; leaving it after that removes what is left over. ``record`` puts the content on record and gives that
    removal, which is for a thread.
    """

    def __init__(
        self,
        sealed: SealedWriter,
        in_thread: InThread,
        *,
        size: int,
        keep: bool,
        record: Callable[[], Awaitable[Callable[[], None]]],
        received: int = 0,
    ) -> None:
        self._sealed = sealed
        self._in_thread = in_thread
        self._size = size
        self._received = received
        self._keep = keep
        self._record = record
        self._buffer = bytearray()
        self._finished = False
        self._tidy: Callable[[], None] | None = None

    @property
    def received(self) -> int:
        """Bytes taken so far, those of earlier requests included."""
        return self._received

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._in_thread(self._leave)

    async def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ContentMismatch: More than announced.
            StoreFull: No room.
            UnavailableStorage: The store is away.
        """
        if self._received + len(data) > self._size:
            raise ContentMismatch("there are more bytes than announced")
        self._received += len(data)
        view = memoryview(data)
        while len(self._buffer) + len(view) > SEGMENT:
            room = SEGMENT - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            await self._flush()
        self._buffer += view

    async def finish(self) -> None:
        """Make the content durable and put it on record, leased.

        Raises:
            ContentMismatch: Fewer bytes than announced, or another hash.
            StoreFull: No room.
            UnavailableStorage: Store or database are away.
        """
        if self._received != self._size:
            raise ContentMismatch("there are fewer bytes than announced")
        rest, self._buffer = self._buffer, bytearray()
        await self._in_thread(lambda: self._sealed.finish(rest))
        # From here on the bytes stay: a database that goes away now may have committed the row that leads to them, and
        # the repeat would be answered with that row. Bytes without a row are swept.
        self._finished = True
        self._tidy = await self._record()

    async def _flush(self) -> None:
        segment, self._buffer = self._buffer, bytearray()
        await self._in_thread(lambda: self._sealed.add(segment))

    def _leave(self) -> None:
        try:
            if self._tidy is not None:
                self._tidy()
            elif not self._finished and not self._keep:
                self._sealed.drop()
        finally:
            self._sealed.close()
