"""Sending in three steps: the document with its files, the recipients, a last look. What is typed is a kept draft."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk import drafting, relating
from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.naming import name_of, type_name_of
from docaxis.clerk.relating import About
from docaxis.clerk.rendering import page
from docaxis.clerk.tree import Level, Tree, below
from docaxis.clerk.uploading import form_with_files, take_files
from docaxis.clerk.visitors import Visitor
from docaxis.directory.snapshot import day_of
from docaxis.storage.clerk_documents import ClerkDocuments
from docaxis.storage.clerk_drafts import Draft
from docaxis_schemas.document import ReceiverChange, Urgency
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.files import MAX_CARRIED, MAX_JUDGED
from docaxis_schemas.folding import folded
from docaxis_schemas.organisation import MAX_CODE_LENGTH

MAX_QUERY = 200
MAX_LISTED = 500
"""Lines of recipients that a draft holds; a group is one line and may name thousands."""
MAX_DIGITS = 4
"""Of a page's number in the tree."""
FOUND = 20
"""Organisations that a search shows."""


async def drafts(request: Request, visitor: Visitor) -> Response:
    found = await request.app.state.drafts.unsent(visitor.account.account_id)
    return page(request, "drafts.html", visitor, drafts=found)


async def begin(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    state = request.app.state
    draft = drafting.new_draft(uuid4(), visitor.account.organisations[0], state.clock())
    await state.drafts.begin(visitor.account.account_id, draft)
    return RedirectResponse(f"/send/{draft.draft_id}/document", 303)


async def document(request: Request, visitor: Visitor) -> Response:
    draft = await find_draft(request, visitor)
    if relating.kind_of(draft.form) is About.FORWARD:  # it is its issuer's: nobody else changes it
        return RedirectResponse(f"/send/{draft.draft_id}/recipients", 303)
    return _document_page(request, visitor, draft)


async def keep_document(request: Request, visitor: Visitor) -> Response:
    if relating.kind_of((await find_draft(request, visitor)).form) is About.FORWARD:
        raise HTTPException(404)
    async with form_with_files(request, visitor) as form:
        draft = drafting.typed(await find_draft(request, visitor), form, request.app.state.clock())
        if removed := str(form.get("remove", "")):
            draft = drafting.without_file(draft, removed, draft.changed_at)
        draft, refused = await take_files(visitor, draft, form)
    await _keep(request, visitor, draft)
    if not refused and (removed or "save" in form):
        return _document_page(request, visitor, draft)
    missing = [one for one in drafting.faults_of(draft, draft.changed_at) if not one.field.startswith("recipients")]
    if refused or missing or not any(one["role"] == "main" for one in draft.files):
        return _document_page(request, visitor, draft, [*refused, *missing])
    return RedirectResponse(f"/send/{draft.draft_id}/recipients", 303)


async def recipients(request: Request, visitor: Visitor) -> Response:
    return await _recipients_page(request, visitor, await find_draft(request, visitor))


async def keep_recipients(request: Request, visitor: Visitor) -> Response:
    form, draft, now = await read_form(request, visitor), await find_draft(request, visitor), request.app.state.clock()
    added = await _added(request, form)
    if added and not drafting.takes_more(draft):
        return await _recipients_page(request, visitor, draft, form, faults=("too-many-recipients",))
    for target in added:
        draft = drafting.with_recipient(draft, target | {"role": str(form.get("role", "action"))}, now)
    if removed := str(form.get("remove", "")):
        draft = drafting.without_recipient(draft, removed, now)
    if len(drafting.recipients_of(draft)) > MAX_LISTED:
        draft = await find_draft(request, visitor)
        return await _recipients_page(request, visitor, draft, form, faults=("too-many-recipients",))
    await _keep(request, visitor, draft)
    if "continue" not in form:
        return await _recipients_page(request, visitor, draft, form)
    if not drafting.recipients_of(draft):
        return await _recipients_page(request, visitor, draft, form, faults=("choose-recipient",))
    return RedirectResponse(f"/send/{draft.draft_id}/check", 303)


async def _added(request: Request, form: FormData) -> list[dict[str, str]]:
    """Give whom a form adds: one that was found, those marked in the tree, all below one of it, or a group."""
    codes = [str(form.get("add", ""))]
    if "add-several" in form:
        codes += [str(code) for code in form.getlist("several")]
    if above := str(form.get("add-below", "")):
        state = request.app.state
        codes += below(state.directory().organisations, above, day_of(state.clock()))
    groups = [str(form.get("group", "")).strip()]
    named = [{"organisation": code} for code in codes if code][: MAX_LISTED + 1]
    return named + [{"group": group} for group in groups if group]


async def check(request: Request, visitor: Visitor) -> Response:
    draft = await find_draft(request, visitor)
    if draft.submission_id is not None:
        return RedirectResponse(f"/outbox/{draft.submission_id}", 303)
    return await _check_page(request, visitor, draft)


async def send(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    draft = await find_draft(request, visitor)
    if _missing(request, draft):
        return await _check_page(request, visitor, draft, HTTPStatus.UNPROCESSABLE_ENTITY)
    # The draft's id is the idempotency key: pressing the button twice, or again after an error, sends once.
    submission = await visitor.axis.hand_in(
        drafting.metadata(draft),
        drafting.contents(draft),
        drafting.addressees(draft),
        own_id=f"clerk:{draft.draft_id}",
        forwarded=relating.kind_of(draft.form) is About.FORWARD,
    )
    await request.app.state.drafts.sent(visitor.account.account_id, draft.draft_id, submission.submission_id)
    return RedirectResponse(f"/outbox/{submission.submission_id}?sent=1", 303)


async def discard(request: Request, visitor: Visitor) -> Response:
    await read_form(request, visitor)
    await request.app.state.drafts.drop(visitor.account.account_id, request.path_params["draft_id"])
    return RedirectResponse("/drafts", 303)


async def find_draft(request: Request, visitor: Visitor) -> Draft:
    """Give the draft that the address names; another's does not exist.

    Raises:
        HTTPException: There is none for this person (404).
    """
    draft: Draft | None = await request.app.state.drafts.find(
        visitor.account.account_id, request.path_params["draft_id"]
    )
    if draft is None:
        raise HTTPException(404)
    return draft


async def _keep(request: Request, visitor: Visitor, draft: Draft) -> None:
    await request.app.state.drafts.keep(visitor.account.account_id, draft)


def _document_page(request: Request, visitor: Visitor, draft: Draft, missing: list[Any] | None = None) -> Response:
    faults = () if missing is None or any(one["role"] == "main" for one in draft.files) else ("choose-file",)
    return page(
        request,
        "send_document.html",
        visitor,
        HTTPStatus.OK if missing is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        draft=draft,
        about=relating.kind_of(draft.form),
        earlier=relating.earlier_of(draft.form),
        types=list(DocumentType),
        urgencies=list(Urgency),
        own={code: name_of(request, code) for code in visitor.account.organisations},
        missing=missing or [],
        faults=faults,
        largest={"pdf": MAX_JUDGED, "other": MAX_CARRIED},
    )


async def _recipients_page(
    request: Request,
    visitor: Visitor,
    draft: Draft,
    given: Mapping[str, Any] | None = None,
    faults: tuple[str, ...] = (),
) -> Response:
    asked = given if given is not None else request.query_params
    query = str(asked.get("q", ""))[:MAX_QUERY]
    found = await visitor.axis.organisations(query, limit=FOUND) if query else ()
    chosen = [one | {"name": name_of(request, one.get("organisation", ""))} for one in drafting.recipients_of(draft)]
    return page(
        request,
        "send_recipients.html",
        visitor,
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        draft=draft,
        query=query,
        found=found,
        level=await _level(request, asked) if "at" in asked else None,
        most=MAX_LISTED,
        chosen=chosen,
        roles=drafting.ROLES,
        faults=faults,
    )


async def _level(request: Request, asked: Mapping[str, Any]) -> Level:
    state, number = request.app.state, str(asked.get("page", ""))
    sheet = int(number) if number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS else 1
    index, day = state.directory().organisations, day_of(state.clock())
    tree: Tree = state.tree
    return await asyncio.to_thread(tree.level, index, str(asked["at"])[:MAX_CODE_LENGTH], day, sheet)


async def _sent_before(request: Request, visitor: Visitor, draft: Draft) -> list[tuple[UUID, datetime]]:
    """Give what was sent under the same number this year; warned of, not forbidden: the axis judges by the files."""
    if relating.kind_of(draft.form) is About.UPDATE:
        return []  # it is meant to
    number, notation, day = (str(draft.form.get(name, "")) for name in ("number", "notation", "promulgated_on"))
    issuer, year = request.app.state.directory().canonical(draft.form.get("issuer", "")), day[:4]
    if not number or issuer is None or not (year.isascii() and year.isdecimal()):
        return []
    await request.app.state.ledger.catch_up(visitor.account.member)
    written = folded("/".join(part for part in (number, notation) if part))
    documents: ClerkDocuments = request.app.state.documents
    return await documents.same_number(visitor.account.member, issuer, written, int(year))


def _missing(request: Request, draft: Draft) -> list[Any]:
    return drafting.faults_of(draft, request.app.state.clock())


async def _check_page(request: Request, visitor: Visitor, draft: Draft, status: int = HTTPStatus.OK) -> Response:
    chosen = [one | {"name": name_of(request, one.get("organisation", ""))} for one in drafting.recipients_of(draft)]
    about = relating.kind_of(draft.form)
    return page(
        request,
        "send_check.html",
        visitor,
        status,
        draft=draft,
        chosen=chosen,
        issuer_name=name_of(request, draft.form.get("issuer", "")),
        type_name=type_name_of(draft.form.get("type", "")),
        missing=_missing(request, draft),
        sent_before=await _sent_before(request, visitor, draft),
        about=about,
        earlier=relating.earlier_of(draft.form),
        receivers=_receivers(request, draft) if about is About.UPDATE else {},
    )


def _receivers(request: Request, draft: Draft) -> dict[str, list[str]]:
    """Name whom an update goes to for the first time, and who is asked to give the document back."""
    changed = relating.receivers_changed(draft.form, drafting.recipients_of(draft))
    return {one.value: [name_of(request, code) for code, how in changed if how is one] for one in ReceiverChange}


ROUTES = (
    Route("/drafts", signed_in(drafts)),
    Route("/send", signed_in(begin), methods=["POST"]),
    Route("/send/{draft_id:uuid}/document", signed_in(document), methods=["GET"]),
    Route("/send/{draft_id:uuid}/document", signed_in(keep_document), methods=["POST"]),
    Route("/send/{draft_id:uuid}/recipients", signed_in(recipients), methods=["GET"]),
    Route("/send/{draft_id:uuid}/recipients", signed_in(keep_recipients), methods=["POST"]),
    Route("/send/{draft_id:uuid}/check", signed_in(check), methods=["GET"]),
    Route("/send/{draft_id:uuid}/check", signed_in(send), methods=["POST"]),
    Route("/send/{draft_id:uuid}/discard", signed_in(discard), methods=["POST"]),
)
