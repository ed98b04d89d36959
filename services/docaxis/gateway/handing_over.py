"""Several hand-overs in one request: each is its own record, with its own key, evidence, result and problem."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from docaxis.directory.entries import Principal
from docaxis.gateway.acting import taken_json
from docaxis.gateway.answers import Answering
from docaxis.gateway.bodies import signed_record
from docaxis.gateway.limits import MAX_HANDOVERS, MAX_HANDOVERS_BODY
from docaxis.gateway.multipart import malformed
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.records import UNSIGNED
from docaxis_schemas.canonical import RejectedJson, parse_object

RECORDS: Final = "records"


def handing_over(parts: Parts) -> APIRouter:
    """Give the route."""
    router = APIRouter(prefix="/v1/handovers", tags=["deliveries"])
    answering = Answering(parts.measures)

    @router.post("", summary="Sign for the contents of several deliveries", openapi_extra=_BODY)
    async def hand_over(request: Request) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        data, media_type = await signed_record(request, parts.limits, largest=MAX_HANDOVERS_BODY)
        tokens = read_tokens(data, media_type)
        results = await asyncio.gather(*(_result(request, principal, token) for token in tokens))
        return JSONResponse({"results": results})

    async def _result(request: Request, principal: Principal, token: str) -> dict[str, Any]:
        try:
            record = await parts.desk.take_signed(principal, token)
        except Exception as error:  # noqa: BLE001 - told as it would be alone; the others are not touched by it
            refused = answering.told(request, error)
            return {"status": refused.status, "problem": refused.to_json()}
        return {"status": 202, "taken": taken_json(record)}

    return router


def read_tokens(data: bytes, media_type: str) -> list[str]:
    """Read the signed records of a request.

    Raises:
        Refused: Not of its form: no object with a list of 1 to `MAX_HANDOVERS` texts in ASCII.
    """
    try:
        value = parse_object(data, limit=MAX_HANDOVERS_BODY) if media_type == UNSIGNED else {}
    except RejectedJson as error:
        raise malformed(f"JSON: {error}.", f"JSON: {error}.") from error
    tokens = value.get(RECORDS)
    if value.keys() != {RECORDS} or not isinstance(tokens, list) or not 1 <= len(tokens) <= MAX_HANDOVERS:
        raise malformed(
            f"Cần application/json với 'records' gồm 1 đến {MAX_HANDOVERS} bản ghi đã ký.",
            f"application/json with 1 to {MAX_HANDOVERS} signed 'records' is expected.",
        )
    if not all(isinstance(token, str) and token.isascii() for token in tokens):
        raise malformed("Mỗi bản ghi là một JWS dạng gọn.", "Each record is a compact JWS.")
    return tokens


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": [RECORDS],
                    "additionalProperties": False,
                    "properties": {
                        RECORDS: {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_HANDOVERS,
                            "items": {"type": "string"},
                            "description": "Signed records of kind 'handover' as compact JWS; each names its delivery "
                            "and its own key. The results come in the same order: 'status' with 'taken' as a single "
                            "hand-over is answered, or with 'problem'.",
                        }
                    },
                }
            }
        },
    }
}
