"""Group commit: whoever comes while one insert is under way, or soon, goes along with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Generic, TypeVar

from docaxis.storage.decisions import UnavailableStorage

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LIMIT: Final = 500
"""Items of one batch: at a kilobyte or two each, a statement stays small."""


class GroupCommit(Generic[Item, Answer]):
    """Gathers items of concurrent callers; one of them writes for all, so that no task of its own is needed."""

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, gather: timedelta = timedelta(0)
    ) -> None:
        self._write = write
        self._gather = gather.total_seconds()
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._writing = asyncio.Lock()

    async def add(self, item: Item) -> Answer:
        """Write one item together with others and give its answer; an error of the batch is everybody's.

        Raises:
            UnavailableStorage: As raised by the writing, or because whoever wrote was interrupted.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        entry = (item, answer)
        self._waiting.append(entry)
        try:
            async with self._writing:
                while not answer.done():
                    if self._gather:
                        await asyncio.sleep(self._gather)
                    batch, self._waiting = self._waiting[:LIMIT], self._waiting[LIMIT:]
                    await self._flush(batch)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise
        return answer.result()

    async def _flush(self, batch: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        failure: Exception = UnavailableStorage("whoever wrote the batch was interrupted")
        answers: Sequence[Answer] | None = None
        try:
            answers = await self._write([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to everybody who waits, each raises it
            failure = error
        finally:
            for index, (_, future) in enumerate(batch):
                if answers is not None:
                    future.set_result(answers[index])
                else:
                    future.set_exception(failure)
                    future.exception()  # its caller may be gone: asyncio need not tell that nobody asked
