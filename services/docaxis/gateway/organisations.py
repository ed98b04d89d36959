"""The directory as members see it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from docaxis.directory import DirectorySnapshot
from docaxis.directory.snapshot import day_of
from docaxis.gateway.multipart import malformed
from docaxis.gateway.parts import EVERYBODY, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.searching import SearchIndex, organisation_json
from docaxis_schemas.moments import from_text
from docaxis_schemas.problems import Code


class Searcher:
    """Keeps the search index of the list that is loaded."""

    def __init__(self) -> None:
        self._index: SearchIndex | None = None
        self._lock = asyncio.Lock()

    async def index(self, snapshot: DirectorySnapshot) -> SearchIndex:
        """Give the index, built once for each list."""
        async with self._lock:
            if self._index is None or self._index.of is not snapshot.organisations:
                self._index = await asyncio.to_thread(SearchIndex.build, snapshot.organisations)
            return self._index


def organisations(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/organisations", tags=["directory"])
    searcher = Searcher()

    @router.get("", summary="Search by words of the name or by code, with or without diacritics")
    async def search(
        request: Request,
        q: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> JSONResponse:
        await parts.doorkeeper.require(request, EVERYBODY)
        snapshot, now = await parts.directory.snapshot(), parts.clock()
        index = await searcher.index(snapshot)
        found = await asyncio.to_thread(index.find, q, day_of(now), limit)
        return JSONResponse({"organisations": [organisation_json(entry, snapshot, now) for entry in found]})

    @router.get("/{code}", summary="An organisation by any of its codes, as of a moment")
    async def one(request: Request, code: str, at: str | None = None) -> JSONResponse:
        await parts.doorkeeper.require(request, EVERYBODY)
        snapshot = await parts.directory.snapshot()
        try:
            moment = parts.clock() if at is None else from_text(at)
            day_of(moment)  # the last hours of the year 9999 are on no day of Vietnam's
        except (ValueError, OverflowError) as error:
            raise malformed("'at' là thời điểm RFC 3339.", "'at' is an RFC 3339 moment.") from error
        entry = snapshot.organisation(code, moment)
        if entry is None and (canonical := snapshot.canonical(code)) is not None:
            entry = snapshot.organisations.periods[canonical][-1]
        if entry is None:
            raise Refused(Code.NOT_FOUND)
        return JSONResponse(organisation_json(entry, snapshot, moment))

    return router
