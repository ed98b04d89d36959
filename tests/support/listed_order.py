"""The order of the log as a list, for tests of what is around it."""

from collections.abc import Sequence
from datetime import datetime

from docaxis.storage.log_order import Head, LostHead, Waiting


class ListedOrder:
    """The order as a list."""

    def __init__(self) -> None:
        self.queue: list[Waiting] = []
        self.log: list[bytes] = []
        self.the_head: Head | None = None
        self.away: OSError | None = None

    def add(self, count: int) -> None:
        start = len(self.log) + len(self.queue)
        self.queue += [Waiting(n, b"entry %d" % n) for n in range(start, start + count)]

    async def begin(self, root: bytes, note: bytes, at: datetime) -> None:
        self.the_head = Head(0, root, 0, note)

    async def head(self) -> Head | None:
        return self.the_head

    async def waiting(self, limit: int) -> Sequence[Waiting]:
        if self.away:
            raise self.away
        return self.queue[:limit]

    async def append(self, head: Head, size: int, root: bytes, entries: Sequence[Waiting], at: datetime) -> None:
        assert self.the_head is not None
        if self.the_head.size != head.size:
            raise LostHead("moved")
        self.log += [one.leaf for one in entries]
        self.queue = self.queue[len(entries) :]
        self.the_head = Head(size, root, self.the_head.signed_size, self.the_head.signed_note)

    async def leaves(self, first: int, end: int) -> Sequence[bytes]:
        return self.log[first:end]

    async def signed(self, before: int, size: int, note: bytes) -> None:
        assert self.the_head is not None
        self.the_head = Head(size, self.the_head.root, size, note)
