"""Deliveries: what a recipient gets, and what it says about it."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from docaxis.directory.entries import Principal
from docaxis.gateway.acting import taken_json
from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import SIGNED_RECORD, signed_record
from docaxis.gateway.downloading import download
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.submissions import entry_of
from docaxis.storage.readmodels import DeliveryView
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import Kind


def deliveries(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

    @router.get("/{delivery_id}", summary="A delivery with its metadata whole")
    async def delivery(request: Request, delivery_id: UUID) -> JSONResponse:
        view = await _own(await parts.doorkeeper.require(request, PARTIES), delivery_id)
        return JSONResponse(view.to_json())

    @router.get("/{delivery_id}/contents/{sha256}", summary="Fetch a content; ranges are served")
    async def content(request: Request, delivery_id: UUID, sha256: str) -> Response:
        view = await _own(await parts.doorkeeper.require(request, PARTIES), delivery_id)
        if view.has_ended:
            raise Refused(Code.DELIVERY_ENDED)
        entry = entry_of(list(view.contents), sha256)
        return await download(parts.contents, view.sender, entry, request.headers.get("range"))

    @router.post(
        "/{delivery_id}/handover", status_code=202, summary="Sign for the contents", openapi_extra=SIGNED_RECORD
    )
    async def hand_over(request: Request, delivery_id: UUID) -> JSONResponse:
        return await _take(request, Kind.HANDOVER, delivery_id)

    @router.post(
        "/{delivery_id}/reports", status_code=202, summary="Report a business status", openapi_extra=SIGNED_RECORD
    )
    async def report(request: Request, delivery_id: UUID) -> JSONResponse:
        return await _take(request, Kind.REPORT, delivery_id)

    async def _take(request: Request, kind: Kind, delivery_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        data, media_type = await signed_record(request, parts.limits)
        own_id = request.headers.get("idempotency-key")
        record = await parts.desk.take(principal, kind, delivery_id, data, media_type=media_type, own_id=own_id)
        return JSONResponse(taken_json(record), 202)

    async def _own(principal: Principal, delivery_id: UUID) -> DeliveryView:
        view = await parts.models.delivery(member_of(principal), delivery_id)
        if view is None or not may_see(principal, view.entry.recipient):
            raise Refused(Code.NOT_FOUND)
        return view

    return router


def may_see(principal: Principal, recipient: str) -> bool:
    """Say whether a delivery is the asking party's: a credential speaks for the organisations it names, no others."""
    return recipient in principal.organisations
