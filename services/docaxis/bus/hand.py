"""The records a slot has in hand: who has to wait for whom, what is finished, when to commit."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile

from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.work import Outcome, Pace


@dataclass(slots=True, eq=False)
class Item:
    """One record in hand. ``done`` is set once its outcome is known; those with its key wait for that."""

    record: Received
    since: float
    before: "Item | None"
    outcome: Outcome | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def outgoing(self) -> tuple[Outgoing, ...]:
        """What it sends."""
        return self.outcome.outgoing if self.outcome else ()


class Hand:
    """Keeps order by key, counts by partition, and collects what is finished in the order in which it was."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._last: dict[bytes, Item] = {}
        self._working: dict[Partition, dict[int, Item]] = {}
        self._finished: deque[tuple[Item, float]] = deque()
        self._committed = -math.inf
        self.changed = asyncio.Event()
        self.room = asyncio.Event()

    def take(self, record: Received, now: float) -> Item:
        """Take a record in hand."""
        key = (record.key or b"") if self._pace.ordered else b""
        item = Item(record, now, self._last.get(key) if key else None)
        if key:
            self._last[key] = item
        self._working.setdefault(record.partition, {})[record.offset] = item
        return item

    def finish(self, item: Item, outcome: Outcome, now: float) -> None:
        """Note what became of it; whoever waited for it may begin."""
        item.outcome = outcome
        item.before = None
        del self._working[item.record.partition][item.record.offset]
        if self._last.get(item.record.key or b"") is item:
            del self._last[item.record.key or b""]
        self._finished.append((item, now))
        item.done.set()
        self.changed.set()
        self.room.set()

    def working(self, partition: Partition) -> int:
        """Count the unfinished records of a partition."""
        return len(self._working.get(partition, ()))

    @property
    def count(self) -> int:
        """Count all records in hand."""
        return sum(map(len, self._working.values())) + len(self._finished)

    @property
    def finished(self) -> int:
        """Count what waits for its transaction."""
        return len(self._finished)

    def fresh(self, now: float) -> int:
        """Count the unfinished records that may be expected to finish soon."""
        since, count = now - self._pace.fresh.total_seconds(), 0
        for items in self._working.values():
            stale = takewhile(lambda item: item.since <= since, items.values())  # they were taken in order
            count += len(items) - sum(1 for _ in stale)
        return count

    def due_in(self, now: float, *, hurry: bool) -> float | None:
        """Say in how many seconds to commit: 0 for now, None while nothing is finished.

        An idle slot commits one by one; a busy one gathers. What hurries is not held.
        """
        if not self._finished:
            return None
        if hurry or len(self._finished) >= self._pace.gather:
            return 0.0
        soon, since = self.fresh(now), self._finished[0][1]
        linger = self._pace.linger.total_seconds() * min(1.0, soon / self._pace.gather)
        rested = self._committed + self._pace.spacing.total_seconds()
        return max(0.0, max(since + linger, since + self._pace.hold.total_seconds(), rested) - now)

    def committing(self, now: float) -> None:
        """Note that a transaction begins."""
        self._committed = now

    def next_batch(self, limit: int) -> list[Item]:
        """Give what to commit next, in the order in which it was finished."""
        batch: list[Item] = []
        outputs = 0
        while self._finished and len(batch) < limit:
            outputs += len(self._finished[0][0].outgoing)
            if batch and outputs > self._pace.outputs:
                break
            batch.append(self._finished.popleft()[0])
        return batch
