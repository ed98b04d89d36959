"""What was sent: the list, and one submission with each recipient's line, its history and its receipts."""

from http import HTTPStatus
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.linking import linked_with
from docaxis.clerk.naming import names_of
from docaxis.clerk.places import place_after, place_of
from docaxis.clerk.rendering import page
from docaxis.clerk.sent import clerk_of, sent_by
from docaxis.clerk.visitors import Visitor
from docaxis.directory.sharing import sent_for
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_lists import PAGE


async def sent(request: Request, visitor: Visitor) -> Response:
    clerk, snapshot = clerk_of(visitor), request.app.state.directory()
    found = await request.app.state.lists.sent(visitor.account.member, place_of(request))
    rows = [row for row, manifest in found if sent_for(manifest, clerk, snapshot)]
    older = place_after(found[-1][0].at, found[-1][0].submission_id) if len(found) == PAGE else None
    return page(request, "outbox.html", visitor, rows=rows, older=older)


async def submission(request: Request, visitor: Visitor) -> Response:
    message = next((name for name in ("sent", "recalled") if request.query_params.get(name) == "1"), None)
    return await _show(request, visitor, message=message)


async def recall(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor)
    reason, recipient = str(form.get("reason", "")).strip(), str(form.get("recipient", "")).strip()
    if not reason:
        return await _show(request, visitor, HTTPStatus.UNPROCESSABLE_ENTITY, faults=("say-why",))
    submission_id: UUID = request.path_params["submission_id"]
    await visitor.axis.recall(submission_id, reason, recipients=(recipient,) if recipient else ())
    return RedirectResponse(f"/outbox/{submission_id}?recalled=1", 303)


async def _show(
    request: Request,
    visitor: Visitor,
    status: int = HTTPStatus.OK,
    *,
    message: str | None = None,
    faults: tuple[str, ...] = (),
) -> Response:
    submission_id: UUID = request.path_params["submission_id"]
    state = await visitor.axis.submission(submission_id)
    return page(
        request,
        "submission.html",
        visitor,
        status,
        state=state,
        links=state.links,
        sent=await sent_by(request, visitor, submission_id),
        linked=await linked_with(request, visitor, Register.OUTGOING, submission_id),
        names=names_of(request, (line.recipient for line in state.deliveries)),
        message=message,
        faults=faults,
    )


async def receipts(request: Request, visitor: Visitor) -> Response:
    """Give the evidence files as the axis signed them; `docaxis verify-evidence` checks them anywhere."""
    submission_id: UUID = request.path_params["submission_id"]
    found = await visitor.axis.evidence(submission_id)
    headers = {"Content-Disposition": f'attachment; filename="receipts-{submission_id}.json"'}
    return JSONResponse({"evidence": [dict(item) for item in found]}, headers=headers)


ROUTES = (
    Route("/outbox", signed_in(sent)),
    Route("/outbox/{submission_id:uuid}", signed_in(submission)),
    Route("/outbox/{submission_id:uuid}/recall", signed_in(recall), methods=["POST"]),
    Route("/outbox/{submission_id:uuid}/receipts", signed_in(receipts)),
)
