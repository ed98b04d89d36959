"""Contents uploaded before they are submitted."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import Body
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.storage.contents import Progress


def contents(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/contents", tags=["contents"])

    @router.head("/{sha256}", summary="How far this member's own upload came")
    async def progress(request: Request, sha256: str) -> Response:
        member = member_of(await parts.doorkeeper.require(request, PARTIES))
        return Response(headers=_headers(await parts.uploads.progress(member, sha256)))

    @router.put(
        "/{sha256}",
        summary="Upload a content, or go on at Upload-Offset",
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
    )
    async def upload(request: Request, sha256: str) -> JSONResponse:
        member = member_of(await parts.doorkeeper.require(request, PARTIES))
        body = Body(request, parts.limits)
        try:
            done = await parts.uploads.put(member, sha256, request.headers, body)
        except Exception:
            await body.drain()
            raise
        complete = done.offset == done.declared
        value = {"sha256": sha256, "offset": done.offset, "complete": complete}
        return JSONResponse(value, 201 if complete else 200, headers=_headers(done))

    return router


def _headers(progress: Progress) -> dict[str, str]:
    return {
        "Upload-Offset": str(progress.offset),
        "Upload-Length": str(progress.declared),
        "Cache-Control": "no-store",
    }
