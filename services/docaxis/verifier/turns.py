"""Whose document is examined next: lanes by weight, members by need, and always room for what is urgent."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Waiter:
    lane: str
    member: str
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turns:
    """Grants the places of a pool.

    - ``reserved`` lanes find a place kept free for them; all others share the rest.
    - Among lanes with waiters places go by weight (the lane that had least for its weight is next).
    - Within a lane the member that holds fewest places is next; ties go to who came first. A member above its share
      waits as long as another one does.
    """

    def __init__(self, places: int, weights: Mapping[str, int], *, share: float, reserved: Iterable[str] = ()) -> None:
        self._places = places
        self._weights = weights
        self._cap = max(1, int(places * share))
        self._reserved = frozenset(reserved)
        self._held: defaultdict[str, int] = defaultdict(int)
        self._used = 0
        self._passes = dict.fromkeys(weights, 0.0)
        self._waiting: dict[str, dict[str, deque[_Waiter]]] = {lane: {} for lane in weights}

    @asynccontextmanager
    async def turn(self, lane: str, member: str) -> AsyncIterator[None]:
        """Hold a place."""
        waiter = _Waiter(lane, member)
        queues = self._waiting[lane]
        if not queues:
            # A lane that was idle has saved nothing up.
            self._passes[lane] = max(self._passes[lane], self._present())
        queues.setdefault(member, deque()).append(waiter)
        self._grant()
        try:
            await waiter.granted
        except BaseException:
            self._withdraw(waiter)
            raise
        try:
            yield
        finally:
            self._release(member)

    @property
    def waiting(self) -> int:
        """Count who waits."""
        return sum(len(queue) for queues in self._waiting.values() for queue in queues.values())

    def _present(self) -> float:
        return min((self._passes[lane] for lane, queues in self._waiting.items() if queues), default=0.0)

    def _grant(self) -> None:
        while (waiter := self._next()) is not None:
            self._remove(waiter)
            if waiter.granted.cancelled():
                continue  # its task was cancelled together with others and has not come to withdraw it yet
            self._used += 1
            self._held[waiter.member] += 1
            self._passes[waiter.lane] += 1 / self._weights[waiter.lane]
            waiter.granted.set_result(None)

    def _next(self) -> _Waiter | None:
        """Choose among the first of every member in every lane."""
        heads = [
            queue[0]
            for lane, queues in self._waiting.items()
            if self._used < self._room(lane)
            for queue in queues.values()
        ]
        if len({waiter.member for waiter in heads}) > 1:
            heads = [waiter for waiter in heads if self._held[waiter.member] < self._cap] or heads
        return min(heads, key=lambda waiter: (self._passes[waiter.lane], self._held[waiter.member]), default=None)

    def _room(self, lane: str) -> int:
        return self._places if lane in self._reserved or self._places == 1 else self._places - 1

    def _remove(self, waiter: _Waiter) -> None:
        queue = self._waiting[waiter.lane][waiter.member]
        queue.remove(waiter)
        # Put at the end of its lane: of members that hold equally many, who waits longest is next.
        del self._waiting[waiter.lane][waiter.member]
        if queue:
            self._waiting[waiter.lane][waiter.member] = queue

    def _withdraw(self, waiter: _Waiter) -> None:
        if waiter.granted.done() and not waiter.granted.cancelled():
            self._release(waiter.member)
        elif waiter in self._waiting[waiter.lane].get(waiter.member, ()):
            self._remove(waiter)

    def _release(self, member: str) -> None:
        self._used -= 1
        self._held[member] -= 1
        if not self._held[member]:
            del self._held[member]
        self._grant()
