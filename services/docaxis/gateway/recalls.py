"""Recalls over HTTP: a sender asks to have a submission back."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from docaxis.gateway.acting import taken_json
from docaxis.gateway.bodies import SIGNED_RECORD, signed_record
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.sharing import require_sender


def recalls(parts: Parts) -> APIRouter:
    """Give the route."""
    router = APIRouter(prefix="/v1/submissions", tags=["submissions"])

    @router.post("/{submission_id}/recalls", status_code=202, summary="Ask for it back", openapi_extra=SIGNED_RECORD)
    async def recall(request: Request, submission_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        claim = await require_sender(parts, principal, submission_id)
        data, media_type = await signed_record(request, parts.limits)
        own_id = request.headers.get("idempotency-key")
        record = await parts.recalls.take(principal, claim, data, media_type=media_type, own_id=own_id)
        return JSONResponse(taken_json(record), 202)

    return router
