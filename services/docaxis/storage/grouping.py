"""Going along: whoever comes while one round to the database is under way shares the next with all who came."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Generic, TypeVar

from docaxis.storage.decisions import RefusedStatement, UnavailableStorage

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LIMIT: Final = 500
"""Items of one group: at a kilobyte or two each, a statement stays small."""


class Grouped(Generic[Item, Answer]):
    """Gathers items of concurrent callers; one of them works for all, so that no task of its own is needed.

    A lone item goes at once, or waits for as long as ``gather`` says for ``enough`` of them. A round begins after each
    of its items was given, so what it reads or writes is as fresh and as durable as if every caller had gone alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        gather: timedelta = timedelta(0),
        limit: int = LIMIT,
        enough: int = LIMIT,
    ) -> None:
        self._limit = limit
        self._enough = enough
        self._work = work
        self._gather = gather.total_seconds()
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._working = asyncio.Lock()
        self._full = asyncio.Event()

    async def add(self, item: Item) -> Answer:
        """Have one item done together with others and give its answer; what is wrong with one is not the others'.

        Raises:
            RefusedStatement: The database refuses this item.
            UnavailableStorage: As raised by the work, or because whoever did it was interrupted.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        entry = (item, answer)
        self._waiting.append(entry)
        if len(self._waiting) >= self._enough:
            self._full.set()
        try:
            async with self._working:
                while not answer.done():
                    if self._gather:
                        await self._others()
                    group, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                    await self._round(group)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise
        return answer.result()

    async def _others(self) -> None:
        if len(self._waiting) < self._enough:
            self._full.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._gather):
                    await self._full.wait()

    async def _round(self, group: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        failure: Exception = UnavailableStorage("whoever worked for the group was interrupted")
        try:
            try:
                answers = await self._work([item for item, _ in group])
            except RefusedStatement:
                if len(group) == 1:
                    raise
                for one in group:  # one of them is wrong: it must fail alone
                    await self._round([one])
            else:
                for (_, future), answer in zip(group, answers, strict=True):
                    future.set_result(answer)
        except Exception as error:  # noqa: BLE001 - handed to everybody who waits, each raises it
            failure = error
        finally:
            for _, future in group:
                if not future.done():
                    future.set_exception(failure)
                    future.exception()  # its caller may be gone: asyncio need not tell that nobody asked
