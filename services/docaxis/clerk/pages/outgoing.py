"""What was sent: the list, and one submission with each recipient's line, its history and its receipts."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from docaxis.clerk.guarding import signed_in
from docaxis.clerk.naming import names_of
from docaxis.clerk.places import place_after, place_of
from docaxis.clerk.rendering import page
from docaxis.clerk.visitors import Visitor
from docaxis.directory.entries import Principal, Role
from docaxis.directory.sharing import sent_for
from docaxis.storage.clerk_lists import PAGE


async def sent(request: Request, visitor: Visitor) -> Response:
    account, snapshot = visitor.account, request.app.state.directory()
    found = await request.app.state.lists.sent(account.member, place_of(request))
    clerk = Principal("", account.member, account.organisations, Role.CLERK, account.name)
    rows = [row for row, manifest in found if sent_for(manifest, clerk, snapshot)]
    older = place_after(found[-1][0].at, found[-1][0].submission_id) if len(found) == PAGE else None
    return page(request, "outbox.html", visitor, rows=rows, older=older)


async def submission(request: Request, visitor: Visitor) -> Response:
    submission_id: UUID = request.path_params["submission_id"]
    state = await visitor.axis.submission(submission_id)
    message = "sent" if request.query_params.get("sent") == "1" else None
    names = names_of(request, (line.recipient for line in state.deliveries))
    return page(request, "submission.html", visitor, state=state, names=names, message=message)


async def receipts(request: Request, visitor: Visitor) -> Response:
    """Give the evidence files as the axis signed them; `docaxis verify-evidence` checks them anywhere."""
    submission_id: UUID = request.path_params["submission_id"]
    found = await visitor.axis.evidence(submission_id)
    headers = {"Content-Disposition": f'attachment; filename="receipts-{submission_id}.json"'}
    return JSONResponse({"evidence": [dict(item) for item in found]}, headers=headers)


ROUTES = (
    Route("/outbox", signed_in(sent)),
    Route("/outbox/{submission_id:uuid}", signed_in(submission)),
    Route("/outbox/{submission_id:uuid}/receipts", signed_in(receipts)),
)
