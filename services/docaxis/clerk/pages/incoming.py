"""What came in: the list, one delivery with what its signatures are worth, and what is said about it."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import UUID, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk.dealing import Dealing
from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.handing_out import hand_out
from docaxis.clerk.linking import linked_with
from docaxis.clerk.naming import names_of
from docaxis.clerk.places import place_after, place_of
from docaxis.clerk.rendering import page, read_day
from docaxis.clerk.visitors import Visitor
from docaxis.client import Delivery, DeliveryStatus, SubmissionStatus
from docaxis.storage.clerk_accounts import READERS
from docaxis.storage.clerk_assignments import Assignment
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_lists import PAGE
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.deadlines import Standing, standing, to_answer
from docaxis_schemas.lifecycle import ChangeState, Report, TransportState
from docaxis_schemas.moments import from_text
from docaxis_schemas.submission import MAX_REASON

MAX_ASSIGNEE: Final = 200
"""Characters of who deals with a document: a person, a unit, or both."""


async def received(request: Request, visitor: Visitor) -> Response:
    waiting = request.query_params.get("waiting") == "1"
    account = visitor.account
    rows = await request.app.state.lists.received(
        account.member, account.organisations, place_of(request), waiting=waiting
    )
    older = place_after(rows[-1].at, rows[-1].delivery_id) if len(rows) == PAGE else None
    names = names_of(request, {str(row.body.get("issuer", "")) for row in rows})
    now = request.app.state.clock()
    return page(
        request,
        "inbox.html",
        visitor,
        rows=rows,
        names=names,
        waiting=waiting,
        older=older,
        due_words=partial(_due_words, now=now),
    )


def _due_words(due_at: str | None, ended: bool, *, now: datetime) -> str | None:  # noqa: FBT001 - from a template
    if due_at is None or ended:
        return None
    how = standing(to_answer(from_text(due_at), vietnam()), None, now)
    return None if how is Standing.OPEN else f"standing-{how.value}"


async def delivery(request: Request, visitor: Visitor) -> Response:
    return await _show(request, visitor, message=_message(request))


async def hand_over(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    found = await _find(request, visitor)
    await found.hand_over()
    return _done(request)


async def report(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor)
    code, reason = str(form.get("code", "")), str(form.get("reason", "")).strip()
    if code in {Report.REJECTED, Report.CHANGE_REFUSED} and not reason:
        return await _show(request, visitor, HTTPStatus.UNPROCESSABLE_ENTITY, faults=("give-reason",))
    found = await _find(request, visitor)
    number = await _number(request, visitor, found) if code == Report.ACCEPTED else None
    note = str(form.get("note", "")).strip() or None
    await found.report(code, reason=reason or None, note=note, register_number=number)
    return _done(request)


async def assign(request: Request, visitor: Visitor) -> Response:
    """Write down who deals with it and what is decided; the sender is told to whom it was given, and no more."""
    form = await read_form(request, visitor, only=READERS)
    assignee = " ".join(str(form.get("assignee", "")).split())[:MAX_ASSIGNEE]
    instruction = str(form.get("instruction", "")).strip()[:MAX_REASON]
    if not assignee and not instruction:
        return await _show(request, visitor, HTTPStatus.UNPROCESSABLE_ENTITY, faults=("assign-needs",))
    found, state = await _find(request, visitor), request.app.state
    dealing = _dealing(await _line(visitor, found))
    if not dealing.is_accepted:
        return await _show(request, visitor, HTTPStatus.CONFLICT, faults=("assign-when",))
    given = Assignment(
        assignee, instruction, read_day(str(form.get("due_on", ""))), visitor.account.name, state.clock()
    )
    # The form's own id: pressing the button twice, or again after an error, decides once.
    await state.assignments.add(
        uuid5(found.delivery_id, str(form.get("once", ""))), visitor.account.member, found.delivery_id, given
    )
    if assignee and dealing.reports_assignment():
        await found.report(Report.ASSIGNED, note=assignee)
    return _done(request)


async def file(request: Request, visitor: Visitor) -> Response:
    found = await _find(request, visitor)
    await found.complete()
    path = f"/v1/deliveries/{found.delivery_id}/contents"
    return await hand_out(visitor, path, found.contents, request.path_params["sha256"])


async def _find(request: Request, visitor: Visitor) -> Delivery:
    delivery_id: UUID = request.path_params["delivery_id"]
    return await visitor.axis.delivery(delivery_id)


async def _number(request: Request, visitor: Visitor, found: Delivery) -> str:
    """Enter the document in the register before its acceptance is told; told again, it keeps its number."""
    return str(await request.app.state.ledger.accept(found, visitor.account.member, visitor.account.name))


async def _show(
    request: Request,
    visitor: Visitor,
    status: int = HTTPStatus.OK,
    *,
    message: str | None = None,
    faults: tuple[str, ...] = (),
) -> Response:
    found = await _find(request, visitor)
    await found.complete()
    state = await visitor.axis.submission(found.submission_id)
    own = _own_line(state, found)
    account, assignments = visitor.account, request.app.state.assignments
    verdict = await visitor.axis.verdict(found.submission_id)
    return page(
        request,
        "delivery.html",
        visitor,
        status,
        delivery=found,
        state=own.state if own else "consigned",
        report=own.report if own else None,
        dealing=_dealing(own),
        assignments=await assignments.of(account.member, found.delivery_id),
        colleagues=await assignments.colleagues(account.member, found.recipient) if visitor.may_read else [],
        once=uuid4(),
        asked=own.detail if own else {},
        timeline=state.timeline,
        links=state.links,
        verdict=verdict,
        names=names_of(request, (str(found.entry.body.get("issuer", "")), found.recipient)),
        linked=await linked_with(request, visitor, Register.INCOMING, found.delivery_id),
        message=message,
        faults=faults,
    )


async def _line(visitor: Visitor, found: Delivery) -> DeliveryStatus | None:
    return _own_line(await visitor.axis.submission(found.submission_id), found)


def _own_line(state: SubmissionStatus, found: Delivery) -> DeliveryStatus | None:
    return next((line for line in state.deliveries if line.recipient == found.recipient), None)


def _dealing(line: DeliveryStatus | None) -> Dealing:
    if line is None:
        return Dealing(TransportState.CONSIGNED, None, None)
    change = line.detail.get("change_state")
    return Dealing(
        TransportState(line.state),
        None if line.report is None else Report(line.report),
        None if change is None else ChangeState(change),
    )


def _done(request: Request) -> Response:
    return RedirectResponse(f"/inbox/{request.path_params['delivery_id']}?done=1", 303)


def _message(request: Request) -> str | None:
    return "done" if request.query_params.get("done") == "1" else None


ROUTES = (
    Route("/inbox", signed_in(received)),
    Route("/inbox/{delivery_id:uuid}", signed_in(delivery)),
    Route("/inbox/{delivery_id:uuid}/hand-over", signed_in(hand_over), methods=["POST"]),
    Route("/inbox/{delivery_id:uuid}/report", signed_in(report), methods=["POST"]),
    Route("/inbox/{delivery_id:uuid}/assign", signed_in(assign), methods=["POST"]),
    Route("/inbox/{delivery_id:uuid}/files/{sha256}", signed_in(file)),
)
