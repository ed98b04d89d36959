"""``/v1/edxml``: packets in, and deliveries as packets."""

import json
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, StreamingResponse

from docaxis.gateway.acting import taken_json
from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import Body
from docaxis.gateway.deliveries import may_see
from docaxis.gateway.edxml.receiving import received_packet_json
from docaxis.gateway.edxml.writing import delivery_packet
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.submissions import idempotency_key
from docaxis.gateway.submitting import received_json
from docaxis_schemas.edxml import PacketKind
from docaxis_schemas.problems import Code

MEDIA_TYPE: Final = "application/xml"


def edxml(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1", tags=["edxml"])

    @router.post("/edxml", status_code=202, summary="Hand in a packet: a document, or a status", openapi_extra=_PACKET)
    async def take(request: Request) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        own_id = idempotency_key(request) if "idempotency-key" in request.headers else None
        body = Body(request, parts.limits)
        try:
            with parts.packet_room.spools(member_of(principal)) as spools:
                packet = await parts.packet_room.read(body.chunks(), spools, parts.clock())
                if packet.examination.kind is PacketKind.STATUS:
                    record = await parts.packets.take_status(principal, packet, own_id)
                    return JSONResponse(received_packet_json("status", taken_json(record)), 202)
                accepted = await parts.packets.take_document(principal, packet, own_id)
        except Exception as error:
            parts.measures.submissions.labels("refused" if isinstance(error, Refused) else "unavailable").inc()
            await body.drain()
            raise
        parts.measures.submissions.labels("repeated" if accepted.repeated else "accepted").inc()
        answer = received_json(accepted.claim, json.loads(accepted.claim.resolution))
        return JSONResponse(received_packet_json("document", answer), 202)

    @router.get("/deliveries/{delivery_id}/edxml", summary="A delivery as a packet; `packed` zips each file first")
    async def packet_of(request: Request, delivery_id: UUID, *, packed: bool = False) -> StreamingResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        view = await parts.models.delivery(member_of(principal), delivery_id)
        if view is None or not may_see(principal, view.entry.recipient):
            raise Refused(Code.NOT_FOUND)
        pieces = await delivery_packet(view, parts.contents, parts.clock(), packed=packed)
        return StreamingResponse(pieces, media_type=MEDIA_TYPE, headers=download_headers(delivery_id))

    return router


def download_headers(name: UUID) -> dict[str, str]:
    """Give what keeps a browser from showing a packet."""
    return {
        "Content-Disposition": f'attachment; filename="{name}.edxml"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


_PACKET: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "description": "A packet of QCVN 102."}}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "By default made of the packet's bytes: the same packet is the same submission.",
            "schema": {"type": "string", "maxLength": 128},
        }
    ],
}
