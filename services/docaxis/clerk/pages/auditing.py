"""The auditor's desk: search over the log, one document's full story, the state of the log, and who looked.

Everything comes over the gateway with the auditor's own credential, so every look is evidence before it is shown.
"""

import asyncio
import re
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from docaxis.clerk.auditing import (
    CHOICES,
    DAYS,
    MAX_TERM,
    TERMS,
    RejectedForm,
    check_row,
    read_criteria,
    read_head,
    stated_keys,
    stated_policy,
)
from docaxis.clerk.guarding import AUDITORS, signed_in
from docaxis.clerk.handing_out import as_download, relay
from docaxis.clerk.naming import names_of
from docaxis.clerk.rendering import page
from docaxis.clerk.stories import layers_of, lines_of, missing_of
from docaxis.clerk.visitors import Visitor
from docaxis.client.auditing import SUBMISSIONS, SearchPage
from docaxis.client.submissions import SubmissionStatus
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.anchor_files import ANCHORS, CHECKPOINT, TOKEN, anchor_path
from docaxis_signing.transparency.proof import PROOF

ROWS: Final = 25
SHOWN: Final = 200
"""Statements of a story on one page."""
LATEST: Final = 10
"""Time-stamps and alerts that the page of the log shows."""
LOOKS: Final = 100
_DIGITS: Final = re.compile(r"\d{1,15}", re.ASCII)
_PACKED: Final = re.compile(r"(?:reports|objects|verdicts)/[0-9a-f]{64}(?:-\d{1,4}\.xml|\.json)?", re.ASCII)
_OF_THE_LOG: Final = re.compile(
    rf"checkpoint|vkey|{ANCHORS}/\d{{19}}(?:{re.escape(CHECKPOINT)}|{re.escape(TOKEN)})", re.ASCII
)
"""What of package and log the pages lead to."""


async def search(request: Request, visitor: Visitor) -> Response:
    """Show the form, and with ``ask`` what was found; the form alone is no look."""
    typed = {name: request.query_params.get(name, "")[:MAX_TERM] for name in (*TERMS, *CHOICES, *DAYS)}
    show = partial(page, request, "audit_search.html", visitor, typed=typed, terms=TERMS, choices=CHOICES)
    if "ask" not in request.query_params:
        return show(found=None, rows=())
    try:
        asked = read_criteria(typed)
    except RejectedForm as error:
        return show(HTTPStatus.UNPROCESSABLE_ENTITY, found=None, rows=(), faults=(error.fault,))
    found = await visitor.axis.audit.search(before=_number(request.query_params.get("before", "")), limit=ROWS, **asked)
    return show(found=found, rows=await _checked(visitor, found))


async def _checked(visitor: Visitor, found: SearchPage) -> list[Any]:
    if not found.found:
        return []
    policy = await stated_policy(visitor.axis)
    return await asyncio.to_thread(lambda: [check_row(one, policy) for one in found.found])


def _number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


async def proof(request: Request, visitor: Visitor) -> Response:
    """Give a leaf's proof as a file that anybody can check."""
    index = _number(request.path_params["index"])
    if index is None:
        raise HTTPException(404)
    found = await visitor.axis.audit.search(before=index + 1, limit=1)
    one = found.found[0] if found.found else None
    if one is None or one.proof is None or one.proof.index != index:
        raise HTTPException(404)
    return Response(one.proof.to_bytes(), headers=as_download(f"{index}{PROOF}"), media_type="text/plain")


async def story(request: Request, visitor: Visitor) -> Response:
    submission_id: UUID = request.path_params["submission_id"]
    told = await visitor.axis.audit.story(submission_id)
    pinned = await stated_keys(visitor.axis)
    lines = await asyncio.to_thread(lines_of, told, pinned, request.app.state.clock())
    first = min(_number(request.query_params.get("first", "")) or 0, len(lines))
    state = SubmissionStatus.from_json(told["submission"])
    codes = {line.recipient for line in state.deliveries} | {str(told["manifest"]["document"]["issuer"]["code"])}
    return page(
        request,
        "audit_story.html",
        visitor,
        told=told,
        state=state,
        document=told["manifest"]["document"],
        lines=lines[first : first + SHOWN],
        first=first,
        more=first + SHOWN if len(lines) > first + SHOWN else None,
        missing=missing_of(told, lines),
        verdicts=await asyncio.to_thread(layers_of, told),
        names=names_of(request, codes),
    )


async def receipts(request: Request, visitor: Visitor) -> Response:
    """Give the evidence files as the axis signed them; `docaxis verify-evidence` checks them anywhere."""
    submission_id: UUID = request.path_params["submission_id"]
    found = await visitor.axis.evidence(submission_id)
    headers = as_download(f"receipts-{submission_id}.json")
    return JSONResponse({"evidence": [dict(item) for item in found]}, headers=headers)


async def package(request: Request, visitor: Visitor) -> Response:
    submission_id: UUID = request.path_params["submission_id"]
    return await relay(visitor, f"{SUBMISSIONS}/{submission_id}/package", f"{submission_id}.zip")


async def packed(request: Request, visitor: Visitor) -> Response:
    """Give one file of the package: an ETSI report, an object that a verdict rests on, what it was drawn from."""
    submission_id: UUID = request.path_params["submission_id"]
    name: str = request.path_params["name"]
    if not _PACKED.fullmatch(name):
        raise HTTPException(404)
    return await relay(visitor, f"{SUBMISSIONS}/{submission_id}/package/{name}", name.replace("/", "-"))


async def log(request: Request, visitor: Visitor) -> Response:
    axis = visitor.axis
    data, policy = await axis.audit.log_file("checkpoint"), await stated_policy(axis)
    alerts = await axis.audit.search(type=EvidenceType.ALERT_RAISED.value, limit=LATEST)
    anchors = (await axis.audit.anchors())[: -LATEST - 1 : -1]
    return page(
        request,
        "audit_log.html",
        visitor,
        head=None if data is None else read_head(data, policy, request.app.state.witnesses),
        indexed=alerts.indexed,
        anchors={size: (anchor_path(size, CHECKPOINT), anchor_path(size, TOKEN)) for size in anchors},
        rows=await _checked(visitor, alerts),
    )


async def log_file(request: Request, visitor: Visitor) -> Response:
    """Give the checkpoint, the log's key, or a time-stamped checkpoint with its token, as files."""
    path: str = request.path_params["path"]
    data = await visitor.axis.audit.log_file(path) if _OF_THE_LOG.fullmatch(path) else None
    if data is None:
        raise HTTPException(404)
    return Response(data, headers=as_download(path.replace("/", "-")), media_type="application/octet-stream")


async def looks(request: Request, visitor: Visitor) -> Response:
    return page(request, "audit_looks.html", visitor, looks=await visitor.axis.audit.looks(LOOKS))


_only = partial(signed_in, only=AUDITORS)
_ONE: Final = "/audit/submissions/{submission_id:uuid}"
ROUTES = (
    Route("/audit", _only(search)),
    Route("/audit/leaves/{index}/proof", _only(proof)),
    Route(_ONE, _only(story)),
    Route(f"{_ONE}/receipts", _only(receipts)),
    Route(f"{_ONE}/package", _only(package)),
    Route(f"{_ONE}/package/{{name:path}}", _only(packed)),
    Route("/audit/log", _only(log)),
    Route("/audit/log/files/{path:path}", _only(log_file)),
    Route("/audit/looks", _only(looks)),
)
