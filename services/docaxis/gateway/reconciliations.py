"""Reconciling over HTTP: statements of holdings in, lacks and evidence out."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import SIGNED_RECORD, signed_record
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.transparency import proved
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.holdings import MAX_HOLDINGS
from docaxis_schemas.problems import Code


def reconciliations(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliations"])

    @router.post("", summary="State what is held, and learn what either side lacks", openapi_extra=SIGNED_RECORD)
    async def reconcile(request: Request) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        data, media_type = await signed_record(request, parts.limits, largest=MAX_HOLDINGS)
        own_id = request.headers.get("idempotency-key")
        return JSONResponse(await parts.reconciling.take(principal, data, media_type=media_type, own_id=own_id))

    @router.get("/{comparison_id}/evidence", summary="The evidence that a comparison was made, for who asked for it")
    async def evidence(request: Request, comparison_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        pieces = await parts.receipts.of_answer(comparison_id, member_of(principal), EvidenceType.HOLDINGS_COMPARED)
        if not pieces:
            raise Refused(Code.NOT_FOUND)
        return JSONResponse({"evidence": await proved(parts.log, pieces)})

    return router
