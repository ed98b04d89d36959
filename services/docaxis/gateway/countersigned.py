"""The organisation's signatures on receipts, as they are handed out: those that are there, and why others are not."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from docaxis.gateway.parts import Parts
from docaxis.gateway.sharing import evidence_for
from docaxis.storage.receipt_signatures import KeptSignature
from docaxis.storage.receipts import Piece

NO_CERTIFICATE: Final = {
    "code": "no-certificate",
    "vi": "Trục này chưa có chứng thư số tổ chức để ký biên nhận.",
    "en": "This axis has no certificate of its organisation to sign receipts with.",
}
WAITING: Final = {
    "code": "waiting",
    "vi": "Đang ký; hãy hỏi lại sau vài giây.",
    "en": "It is being signed; ask again in some seconds.",
}


def signatures(parts: Parts) -> APIRouter:
    """Give the route."""
    router = APIRouter(prefix="/v1/submissions", tags=["submissions"])

    @router.get("/{submission_id}/evidence/signatures", summary="The same statements, as CAdES of the organisation")
    async def signed(request: Request, submission_id: UUID) -> JSONResponse:
        pieces = await evidence_for(parts, request, submission_id)
        return JSONResponse({"signatures": await _countersigned(parts, pieces)})

    return router


async def _countersigned(parts: Parts, pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """Give the signature of each statement, or the reason why there is none; what was never signed is asked for.

    Raises:
        UnavailableStorage: The database is away.
    """
    by_event = {UUID(json.loads(piece.statement)["event_id"]): piece for piece in pieces}
    if not parts.public_keys["certificates"]:
        return [_told(one, None, NO_CERTIFICATE) for one in by_event]
    return list(_answers(by_event, await parts.signatures.ask(by_event, parts.clock())))


def _answers(events: Iterable[UUID], kept: dict[UUID, KeptSignature]) -> Iterator[dict[str, Any]]:
    for one in events:
        found = kept.get(one)
        if found is None or (found.signature is None and found.trouble is None):
            yield _told(one, None, WAITING)
        elif found.signature is None:
            yield _told(one, None, _troubled(str(found.trouble)))
        else:
            yield _told(one, found.signature, None)


def _troubled(code: str) -> dict[str, str]:
    if code.startswith("timestamp"):
        vi, en = "Dịch vụ cấp dấu thời gian không trả lời.", "The time-stamping authority does not answer."
    else:
        vi, en = "Khóa của tổ chức chưa dùng được.", "The organisation's key cannot be used at present."
    return {"code": code, "vi": f"{vi} Trục sẽ tự thử lại.", "en": f"{en} The axis tries again by itself."}


def _told(event: UUID, signature: bytes | None, missing: dict[str, str] | None) -> dict[str, Any]:
    encoded = None if signature is None else base64.b64encode(signature).decode()
    return {"event_id": str(event), "p7s": encoded, "missing": missing}
