"""Submissions: handing in, and what became of it."""

import json
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from docaxis.directory.entries import Principal
from docaxis.failpoints import Point, reach
from docaxis.gateway.bodies import Body
from docaxis.gateway.downloading import download
from docaxis.gateway.limits import MAX_PARTS
from docaxis.gateway.linking import links_for
from docaxis.gateway.multipart import MultipartReader, malformed
from docaxis.gateway.parts import EVERYBODY, PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.sharing import evidence_for, require_party, require_sender, share_of
from docaxis.gateway.submitting import Accepted, received_json
from docaxis.gateway.transparency import proved
from docaxis.gateway.waiting import preferred_wait
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import IDEMPOTENCY_KEY_LENGTH

_log = structlog.get_logger("docaxis.gateway")


def submissions(parts: Parts) -> APIRouter:  # noqa: C901 - one function a route, none with a branch worth counting
    """Give the routes."""
    router = APIRouter(prefix="/v1/submissions", tags=["submissions"])

    @router.post("", status_code=202, summary="Hand in a document", openapi_extra=_MULTIPART)
    async def hand_in(request: Request) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        own_id = idempotency_key(request)
        body = Body(request, parts.limits)
        try:
            content_type = request.headers.get("content-type", "")
            reader = MultipartReader(content_type, body.chunks(), max_parts=MAX_PARTS)
            accepted = await parts.intake.accept(principal, own_id, reader)
        except Exception as error:
            parts.measures.submissions.labels("refused" if isinstance(error, Refused) else "unavailable").inc()
            await body.drain()
            raise
        await body.drain()
        parts.measures.submissions.labels("repeated" if accepted.repeated else "accepted").inc()
        _log.info(
            "submission accepted",
            submission_id=str(accepted.claim.submission_id),
            member=accepted.claim.member,
            lane=accepted.claim.lane,
            repeated=accepted.repeated,
        )
        reach(Point.GATEWAY_BEFORE_RESPONSE)
        return JSONResponse(await _answer(request, accepted), 202)

    async def _answer(request: Request, accepted: Accepted) -> dict[str, Any]:
        answer = received_json(accepted.claim, json.loads(accepted.claim.resolution))
        if wait := preferred_wait(request.headers):
            verdict = await parts.decisions.wait(accepted.claim.submission_id, wait)
            if verdict is not None:
                answer |= {"disposition": verdict.get("disposition"), "verdict": verdict}
        return answer

    @router.get("/{submission_id}", summary="State, deliveries and timeline, as far as the asking party may know")
    async def state(request: Request, submission_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, EVERYBODY)
        await parts.looks.note(principal, "submission", submission=str(submission_id))
        return JSONResponse(await seen(parts, principal, submission_id))

    @router.get("/{submission_id}/verdict", summary="The signature verdict whole, with those it revised")
    async def verdict(request: Request, submission_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, EVERYBODY)
        await require_party(parts, principal, submission_id)
        await parts.looks.note(principal, "verdict", submission=str(submission_id))
        verdicts = await parts.verdicts.of(submission_id)
        if not verdicts:
            raise Refused(Code.NOT_FOUND, "Chưa có kết quả kiểm tra.", "There is no verdict yet.")
        return JSONResponse(verdicts[-1] | {"earlier": verdicts[:-1]})

    @router.get("/{submission_id}/evidence", summary="The evidence files that the asking party may have")
    async def evidence(request: Request, submission_id: UUID) -> JSONResponse:
        return JSONResponse({"evidence": await proved(parts.log, await evidence_for(parts, request, submission_id))})

    @router.get("/{submission_id}/contents/{sha256}", summary="What the sender itself handed in")
    async def content(request: Request, submission_id: UUID, sha256: str) -> Response:
        principal = await parts.doorkeeper.require(request, PARTIES)
        claim = await require_sender(parts, principal, submission_id)
        entry = entry_of(json.loads(claim.manifest)["contents"], sha256)
        return await download(parts.contents, claim.member, entry, request.headers.get("range"))

    return router


async def seen(parts: Parts, principal: Principal, submission_id: UUID) -> dict[str, Any]:
    """Give all that a party may know of a submission.

    Raises:
        Refused: It is no party of it.
    """
    share = await share_of(parts, principal, submission_id)
    view = await parts.models.submission_view(principal.member, submission_id, share)
    timeline = await parts.models.timeline(principal.member, submission_id, share)
    if view is None or timeline is None:
        raise Refused(Code.NOT_FOUND)
    verdicts = await parts.verdicts.of(submission_id)
    value = {"state": "delivered", "verdict": summary(verdicts[-1]) if verdicts else None}
    return value | view.to_json() | {"timeline": timeline, "links": await links_for(parts, principal, submission_id)}


def idempotency_key(request: Request) -> str:
    """Read the Idempotency-Key.

    Raises:
        Refused: It is missing, too long or not printable.
    """
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_LENGTH or not key.isprintable():
        raise malformed("Thiếu Idempotency-Key, hoặc quá dài.", "The Idempotency-Key is missing or too long.")
    return key


def entry_of(contents: list[dict[str, Any]], sha256: str) -> dict[str, Any]:
    """Give the entry of a content among those of a manifest.

    Raises:
        Refused: It is not among them.
    """
    for entry in contents:
        if entry["sha256"] == sha256:
            return entry
    raise Refused(Code.NOT_FOUND)


def summary(verdict: dict[str, Any]) -> dict[str, Any]:
    """Give what a list shows of a verdict."""
    names = ("indication", "sub_indication", "cause", "disposition", "sentence", "decided_at")
    return {name: verdict.get(name) for name in names}


_MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["manifest"],
                    "properties": {
                        "manifest": {
                            "type": "string",
                            "description": "First part: the manifest as compact JWS (application/jose), "
                            "or as JSON from a clerk's credential.",
                        }
                    },
                    "additionalProperties": {
                        "type": "string",
                        "format": "binary",
                        "description": "One part for each content not uploaded before, named by its SHA-256.",
                    },
                }
            }
        },
    },
    "parameters": [
        {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 128}},
        {"name": "Prefer", "in": "header", "required": False, "schema": {"type": "string", "example": "wait=20"}},
    ],
}
