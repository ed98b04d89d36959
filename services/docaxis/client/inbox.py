"""Reading the inbox by HTTP: pages from a cursor that moves only over what is finished."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from docaxis.client.connection import ENDLESS, Connection, Patience, json_object
from docaxis.client.delivery import Delivery, Desk
from docaxis.client.errors import RejectedAnswer
from docaxis.client.items import DELIVERY, NEWS, Entry, News
from docaxis.client.prefix import FinishedPrefix
from docaxis.client.remembering import InboxMemory

LONG_POLL_SECONDS: Final = 25
"""Below the 30 s after which some proxies give a silent connection up."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries with their cursors, and the cursor to go on from."""

    entries: tuple[tuple[str, Entry], ...]
    cursor: str | None


async def fetch_page(
    connection: Connection, cursor: str | None, *, limit: int, wait: int, patience: Patience | None = None
) -> Page:
    """Fetch one page behind a cursor, waiting up to ``wait`` seconds for its first entry.

    Raises:
        RejectedByAxis: The cursor is none of this axis.
        UnavailableAxis: Patience ended.
    """
    params: dict[str, Any] = (
        {"limit": limit} | ({"wait": wait} if wait else {}) | ({"cursor": cursor} if cursor else {})
    )
    answer = json_object(await connection.ask("GET", "/v1/inbox", params=params, wait=wait, patience=patience))
    items = answer.get("items")
    if not isinstance(items, list):
        raise RejectedAnswer("an inbox page without items")
    entries = tuple((_cursor(item), Entry.from_json(item)) for item in items)
    following = answer.get("cursor")
    return Page(entries, str(following) if following else cursor)


def _cursor(item: object) -> str:
    if isinstance(item, Mapping) and isinstance(item.get("cursor"), str):
        return str(item["cursor"])
    raise RejectedAnswer("an inbox item without its cursor")


class InboxReader:
    """One subscriber's way through its inbox. ``stream`` names what it reads for: others keep their own place."""

    def __init__(self, desk: Desk, memory: InboxMemory, stream: str, *, limit: int, follow: bool) -> None:
        self._desk, self._memory, self._stream = desk, memory, stream
        self._limit, self._follow = limit, follow
        self._prefix: FinishedPrefix[str] = FinishedPrefix()
        self._in_hand: set[UUID] = set()
        self._end: str | None = None
        self._moving = asyncio.Lock()

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Give deliveries; each is finished by its own ``async with``."""
        async for cursor, entry in self._entries(DELIVERY):
            yield Delivery(entry, self._desk, partial(self._finish, cursor, entry.event_id))

    async def news(self) -> AsyncIterator[News]:
        """Give news; a piece is finished when the next one is asked for."""
        async for cursor, entry in self._entries(NEWS):
            yield News.from_entry(entry)
            await self._finish(cursor, entry.event_id)

    async def _entries(self, kind: str) -> AsyncIterator[tuple[str, Entry]]:
        cursor = await self._memory.cursor(self._stream)
        while True:
            wait, patience = (LONG_POLL_SECONDS, ENDLESS) if self._follow else (0, None)
            page = await fetch_page(self._desk.connection, cursor, limit=self._limit, wait=wait, patience=patience)
            for position, entry in page.entries:
                self._prefix.take(position)
                wanted = entry.kind == kind and entry.event_id not in self._in_hand
                if not wanted or await self._memory.is_finished(self._stream, entry.event_id):
                    self._pass(position)
                    continue
                self._in_hand.add(entry.event_id)
                yield position, entry
            await self._move()
            if not page.entries and not self._follow:
                return
            cursor = page.cursor

    async def _finish(self, cursor: str, event_id: UUID) -> None:
        await self._memory.finish(self._stream, event_id)
        self._in_hand.discard(event_id)
        self._pass(cursor)
        await self._move()

    def _pass(self, cursor: str) -> None:
        self._end = self._prefix.finish(cursor) or self._end

    async def _move(self) -> None:
        """Keep how far this reader has come, for all that were passed until now."""
        async with self._moving:  # never backwards; who waited here was moved along with an earlier one
            end, self._end = self._end, None
            if end is not None:
                await self._memory.move(self._stream, end)
