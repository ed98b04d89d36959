"""The inbox by HTTP: pages behind a cursor, held open until something comes, or a stream of server-sent events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from docaxis.directory.entries import Principal
from docaxis.gateway.authentication import member_of
from docaxis.gateway.deliveries import may_see
from docaxis.gateway.limits import MAX_PAGE, MAX_WAIT
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.inbox import InboxEntry, InboxPage
from docaxis.storage.notifications import LOOK_SECONDS

HEARTBEAT_SECONDS: Final = 15.0
"""A comment on a silent stream this often: proxies give silent connections up after 30 s or more."""
DELIVERY: Final = "delivery"


class InboxReader:
    """Reads inboxes as their parties may see them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def next_page(self, principal: Principal, cursor: str | None, limit: int, seconds: float) -> InboxPage:
        async with self._parts.notifications.waiting(member_of(principal)) as told:
            deadline = asyncio.get_running_loop().time() + seconds
            while True:
                told.clear()
                found = await self.look(principal, cursor, limit)
                left = deadline - asyncio.get_running_loop().time()
                if found.entries or left <= 0 or self._parts.notifications.stopping:
                    return found
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_SECONDS)):
                        await told.wait()

    async def look(self, principal: Principal, cursor: str | None, limit: int) -> InboxPage:
        """Give a page with the entries this party may see; passes over pages that hold none of them."""
        while True:
            found = await self._parts.models.inbox_page(member_of(principal), cursor, limit)
            entries = tuple(entry for entry in found.entries if _is_for(principal, entry))
            if entries or not found.entries:
                return InboxPage(entries, found.cursor)
            cursor = found.cursor

    async def stream(self, request: Request, principal: Principal, found: InboxPage) -> AsyncIterator[str]:
        """Give events until the gateway stops or the credential no longer holds: a stream may last for days."""
        yield "retry: 2000\n\n"
        while not self._parts.notifications.stopping:
            for entry in found.entries:
                data = json.dumps(entry.to_json(), ensure_ascii=False, separators=(",", ":"))
                yield f"id: {entry.cursor}\nevent: {entry.kind}\ndata: {data}\n\n"
            if not found.entries:
                yield ": still here\n\n"
            found = await self.next_page(principal, found.cursor, MAX_PAGE, HEARTBEAT_SECONDS)
            try:
                principal = await self._parts.doorkeeper.require(request, PARTIES)
            except Refused:
                return


def inbox(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/inbox", tags=["inbox"])

    reader = InboxReader(parts)

    @router.get("", summary="A page behind a cursor; waits up to `wait` seconds for its first entry")
    async def page(
        request: Request,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        wait: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        principal = await parts.doorkeeper.require(request, PARTIES)
        found = await reader.next_page(principal, cursor, limit, min(wait, MAX_WAIT))
        items = ", ".join([entry.to_text() for entry in found.entries])
        return Response(f'{{"items": [{items}], "cursor": {json.dumps(found.cursor)}}}', media_type="application/json")

    @router.get("/events", summary="Server-sent events; the id of each is the cursor behind it")
    async def events(request: Request, cursor: str | None = None) -> StreamingResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        begin = request.headers.get("last-event-id") or cursor
        first = await reader.look(principal, begin, MAX_PAGE)  # a wrong cursor is answered before the stream begins
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            reader.stream(request, principal, first), media_type="text/event-stream", headers=headers
        )

    return router


def _is_for(principal: Principal, entry: InboxEntry) -> bool:
    return entry.kind != DELIVERY or may_see(principal, entry.recipient)
