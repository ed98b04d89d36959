"""The organisation's signatures on receipts, as they are handed out: those that are there, and why others are not."""

import asyncio
import base64
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from docaxis.gateway.parts import Parts
from docaxis.gateway.sharing import evidence_for
from docaxis.storage.receipt_signatures import KeptSignature, ReceiptSignatureStore
from docaxis.storage.receipts import Piece
from docaxis_schemas.moments import Clock

PAUSE_SECONDS: Final = 0.2
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
        yield _told(one, None if found is None else found.signature, why_missing(found))


def why_missing(found: KeptSignature | None) -> dict[str, str] | None:
    """Say why there is no signature of a statement; None if there is."""
    if found is None or (found.signature is None and found.trouble is None):
        return WAITING
    return None if found.signature is not None else _troubled(str(found.trouble))


async def signed_within(
    store: ReceiptSignatureStore, events: Collection[UUID], clock: Clock, seconds: float
) -> dict[UUID, KeptSignature]:
    """Ask for the signatures of statements, wait for the registrar so long, and give what there is by then.

    Raises:
        UnavailableStorage: The database is away.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        kept = await store.ask(events, clock())
        if all(why_missing(kept.get(one)) is not WAITING for one in events):
            return kept
        if asyncio.get_running_loop().time() > deadline:
            return kept
        await asyncio.sleep(PAUSE_SECONDS)


def _troubled(code: str) -> dict[str, str]:
    if code.startswith("timestamp"):
        vi, en = "Dịch vụ cấp dấu thời gian không trả lời.", "The time-stamping authority does not answer."
    else:
        vi, en = "Khóa của tổ chức chưa dùng được.", "The organisation's key cannot be used at present."
    return {"code": code, "vi": f"{vi} Trục sẽ tự thử lại.", "en": f"{en} The axis tries again by itself."}


def _told(event: UUID, signature: bytes | None, missing: dict[str, str] | None) -> dict[str, Any]:
    encoded = None if signature is None else base64.b64encode(signature).decode()
    return {"event_id": str(event), "p7s": encoded, "missing": missing}
