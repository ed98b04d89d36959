"""Routes of the interface for existing software. Each is reached by GET and POST: clients of the field differ."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from docaxis.bus.port import BusError
from docaxis.directory.errors import UnavailableDirectory
from docaxis.gateway.authentication import member_of
from docaxis.gateway.bodies import Body
from docaxis.gateway.edxml.routes import MEDIA_TYPE, download_headers
from docaxis.gateway.edxml.spooling import SpooledPacket
from docaxis.gateway.multipart import MultipartReader, malformed
from docaxis.gateway.parts import Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.vxp import agencies, messages
from docaxis.gateway.vxp.answers import done, failed, good, refused
from docaxis.gateway.vxp.asking import MAX_BODY, Asked, ask
from docaxis.gateway.vxp.codes import TITLES, VxpCode, VxpProblem
from docaxis.storage.decisions import StorageError
from docaxis_schemas.edxml import Spools

MAX_FORM_PARTS: Final = 8
"""The file, its kind, and what libraries add."""
FILE: Final = "edocfile"
_log = structlog.get_logger("docaxis.gateway.vxp")

Handler = Callable[[Request], Awaitable[Response]]


def telling(handler: Handler) -> Handler:
    """Answer every error in the form of this interface."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as error:
            return refused(error)
        except (StorageError, UnavailableDirectory, BusError) as error:
            _log.warning("unavailable", reason=f"{type(error).__name__}: {error}")
            return failed(VxpProblem(VxpCode.AXIS_ERROR, TITLES[VxpCode.AXIS_ERROR]))

    return answer


BOTH: Final = ["GET", "POST"]


def vxp(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1", tags=["vxp"])
    for make in (_messages_in, _messages_out, _directory):
        router.include_router(make(parts))
    return router


def _messages_out(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/sendEdoc", summary="Hand in a packet (existing software)", openapi_extra=_FORM)
    @telling
    async def send_edoc(request: Request) -> Response:
        asked = await ask(parts, request, with_body=False)
        body = Body(request, parts.limits)
        try:
            with parts.packet_room.spools(member_of(asked.principal)) as spools:
                packet, kind = await _packet(request, body, spools, asked)
                name = await messages.send(parts, asked, packet, kind)
        except Exception as error:
            parts.measures.submissions.labels("refused" if isinstance(error, Refused) else "unavailable").inc()
            await body.drain()
            raise
        return done(name)

    async def _packet(request: Request, body: Body, spools: Spools, asked: Asked) -> tuple[SpooledPacket, str]:
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/"):
            return await parts.packet_room.read(body.chunks(), spools, parts.clock()), asked.kind()
        values, packet = dict(asked.values), None
        async for part in MultipartReader(content_type, body.chunks(), max_parts=MAX_FORM_PARTS).parts():
            if part.name.lower() == FILE and packet is None:
                packet = await parts.packet_room.read(part.chunks(), spools, parts.clock())
            else:
                values[part.name.lower()] = (await part.whole(MAX_BODY) or b"").decode("utf-8", "replace")
        if packet is None:
            raise malformed("Thiếu phần edocFile.", "The part edocFile is missing.")
        return packet, Asked(asked.principal, asked.organisation, values).kind()

    @router.get("/getSentEdocList", summary="List what was sent, a line for each receiver")
    @router.post("/getSentEdocList", include_in_schema=False)
    @telling
    async def get_sent(request: Request) -> Response:
        return done(**await messages.sent(parts, await ask(parts, request)))

    return router


def _messages_in(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.get("/getReceivedEdocList", summary="List messages that came in")
    @router.post("/getReceivedEdocList", include_in_schema=False)
    @router.api_route("/syncReceivedEdocList", methods=BOTH, include_in_schema=False)
    @telling
    async def get_received(request: Request) -> Response:
        return done(**await messages.received(parts, await ask(parts, request)))

    @router.get("/getEdoc", summary="Fetch a message as a packet")
    @router.post("/getEdoc", include_in_schema=False)
    @router.api_route("/downloadEdoc", methods=BOTH, include_in_schema=False)
    @telling
    async def get_edoc(request: Request) -> Response:
        asked = await ask(parts, request)
        packed = asked.values.get("packed", "").lower() in {"1", "true"}
        message, packet = await messages.packet_of(parts, asked, packed=packed)
        headers = download_headers(asked.message())
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return StreamingResponse(packet, media_type=MEDIA_TYPE, headers=headers)
        head = good(asked.message())
        return StreamingResponse(
            messages.edoc_json(message, packet, head), media_type="application/json", headers=headers
        )

    @router.post("/updateStatus", summary="Say that a message is being fetched, is stored, or failed")
    @telling
    async def update_status(request: Request) -> Response:
        asked = await ask(parts, request)
        state = await messages.mark(parts, asked)
        return done(asked.message(), state=state.word)

    return router


def _directory(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.get("/getAgenciesList", summary="The directory: who can be sent to")
    @router.post("/getAgenciesList", include_in_schema=False)
    @telling
    async def get_agencies(request: Request) -> Response:
        await ask(parts, request)
        snapshot = await parts.directory.snapshot()
        return await asyncio.to_thread(lambda: done(data=agencies.agencies(snapshot, parts.clock())))

    @router.get("/getSynchronizeUnit", summary="The directory with what has ended")
    @router.post("/getSynchronizeUnit", include_in_schema=False)
    @telling
    async def get_units(request: Request) -> Response:
        await ask(parts, request)
        snapshot = await parts.directory.snapshot()
        return await asyncio.to_thread(lambda: done(data=agencies.units(snapshot, parts.clock())))

    @router.post("/registerAgency", summary="Answered only: the directory is a signed list")
    @telling
    async def register(request: Request) -> Response:
        asked = await ask(parts, request)
        agencies.require_registered(await parts.directory.snapshot(), asked.principal, asked.text("code"))
        return done()

    @router.post("/deleteAgency", summary="Answered only: the directory is a signed list")
    @telling
    async def delete(request: Request) -> Response:
        asked = await ask(parts, request)
        code = asked.values.get("agencycode") or asked.text("code")
        agencies.require_removed(await parts.directory.snapshot(), code, parts.clock())
        return done()

    return router


_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["edocFile"],
                    "properties": {
                        "edocFile": {"type": "string", "format": "binary", "description": "A packet of QCVN 102."},
                        "messageType": {"type": "string", "enum": ["edoc", "status"]},
                    },
                }
            },
            MEDIA_TYPE: {"schema": {"type": "string"}},
        },
    }
}
