"""A content on its way out: opened only inside its member's space, checked against its hash."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from docaxis.storage.contents.port import DamagedContent, SealedStore
from docaxis.storage.contents.sealing import SEGMENT, SegmentCipher, segments_of


class InThread(Protocol):
    """Runs blocking work in a thread of the store."""

    def __call__(self, work: Callable[[], Any], /) -> Awaitable[Any]: ...


@dataclass(frozen=True, slots=True)
class OpenContent:
    """A stored content that can be read. ``size`` in bytes."""

    sha256: str
    size: int
    location: str
    store: SealedStore
    cipher: SegmentCipher
    in_thread: InThread

    async def copy_to(self, write: Callable[[bytes], object]) -> None:
        """Hand every byte to ``write`` (called in a thread), a segment at a time, and check the hash at the end.

        What was written must not be used when this raises.

        Raises:
            DamagedContent: A segment does not authenticate or the hash differs.
            UnavailableStorage: The store is away.
        """

        def work() -> None:
            seen = hashlib.sha256()
            for number in range(segments_of(self.size)):
                text = self._segment(number)
                seen.update(text)
                write(text)
            self._check(seen.hexdigest())

        await self.in_thread(work)

    async def read(self) -> bytes:
        """Read the whole content into memory.

        Raises:
            DamagedContent: A segment does not authenticate or the hash differs.
            UnavailableStorage: The store is away.
        """
        out = bytearray()
        await self.copy_to(out.extend)
        return bytes(out)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Give the bytes of a range, a segment at a time, each authenticated; the whole is also checked by its hash.

        Raises:
            DamagedContent: Found before the last portion is given out.
            UnavailableStorage: The store is away.
        """
        stop = self.size if stop is None else min(stop, self.size)
        whole = start == 0 and stop == self.size
        seen = hashlib.sha256()
        for number in range(start // SEGMENT, max(1, -(-stop // SEGMENT))):

            def work(number: int = number) -> bytes:
                text = self._segment(number)
                if whole:
                    seen.update(text)
                    if number == segments_of(self.size) - 1:
                        self._check(seen.hexdigest())
                return text

            text = await self.in_thread(work)
            yield text[max(0, start - number * SEGMENT) : stop - number * SEGMENT]

    def _segment(self, number: int) -> bytes:
        last = segments_of(self.size) - 1
        text = self.cipher.open(self.store.read(self.location, number), number, last=number == last)
        if len(text) != (SEGMENT if number < last else self.size - last * SEGMENT):
            raise DamagedContent(f"segment {number} has another length than recorded")
        return text

    def _check(self, found: str) -> None:
        if found != self.sha256:
            raise DamagedContent("a stored content has another hash than its name")
