"""Updating and replacing what was sent: a draft that names the earlier documents, sent in the same three steps."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from docaxis.clerk import drafting, relating
from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.pages.sending import MAX_LISTED, MAX_QUERY, find_draft
from docaxis.clerk.relating import About, Earlier
from docaxis.clerk.rendering import page
from docaxis.clerk.sent import issued_by
from docaxis.clerk.visitors import Visitor
from docaxis.storage.clerk_documents import ClerkDocuments, FoundDocument, Question, Register
from docaxis.storage.clerk_drafts import Draft
from docaxis.storage.clerk_lists import Sent
from docaxis_schemas.folding import folded

Canonical = Callable[[str], str | None]
"""Gives the canonical code of an organisation, as the list to choose from has it."""
FOUND: Final = 10
"""Documents that a search for those to replace shows."""
NOT_KEPT: Final = frozenset({*drafting.FIELDS, "recipients", "business", "response_for", "document_id", "trace"})
"""What an update says anew; everything else of the metadata stays as it was."""


async def update(request: Request, visitor: Visitor) -> Response:
    return await _begin(request, visitor, About.UPDATE)


async def replace(request: Request, visitor: Visitor) -> Response:
    return await _begin(request, visitor, About.REPLACE)


async def _begin(request: Request, visitor: Visitor, kind: About) -> Response:
    await read_form(request, visitor)
    sent = await issued_by(request, visitor, request.path_params["submission_id"])
    state = request.app.state
    if len(sent.manifest["recipients"]) > MAX_LISTED:
        given = {"title": "too-many-recipients", "text": "change-by-software"}
        return page(request, "told.html", visitor, HTTPStatus.UNPROCESSABLE_ENTITY, **given)
    draft = _draft(sent, kind, uuid4(), state.directory().canonical, state.clock())
    await state.drafts.begin(visitor.account.account_id, draft)
    return RedirectResponse(f"/send/{draft.draft_id}/document", 303)


def _draft(sent: Sent, kind: About, draft_id: UUID, canonical: Canonical, now: datetime) -> Draft:
    """Write the draft: an update begins as what was sent, a replacement with its kind, subject and recipients."""
    document: dict[str, Any] = sent.manifest["document"]
    typed = {name: str(document[name]) for name in drafting.FIELDS if document.get(name)}
    issuer = str(document["issuer"]["code"])
    typed |= {"issuer": canonical(issuer) or issuer, "reason": ""}
    form: dict[str, Any] = typed | {"recipients": sent.manifest["recipients"]}
    if kind is About.REPLACE:
        form |= {"number": "", "promulgated_on": "", "about": relating.about(kind, [earlier(sent)])}
        return Draft(draft_id, form, (), now)
    files = tuple(sent.manifest["contents"])
    before = relating.written(form, files)
    kept = {name: value for name, value in document.items() if name not in NOT_KEPT}
    return Draft(
        draft_id, form | {"kept": kept, "about": relating.about(kind, [earlier(sent)], before=before)}, files, now
    )


def earlier(sent: Sent) -> Earlier:
    """Name a document that was sent, with whom it went to."""
    reached = {one["organisation"]: str(one["via"] or one["asked"]) for one in sent.resolution["recipients"]}
    return Earlier.of(sent.manifest["document"], sent.submission_id, f"/outbox/{sent.submission_id}", reached)


async def replaced(request: Request, visitor: Visitor) -> Response:
    return await _replaced_page(request, visitor, await find_draft(request, visitor))


async def keep_replaced(request: Request, visitor: Visitor) -> Response:
    form, draft = await read_form(request, visitor), await find_draft(request, visitor)
    if relating.kind_of(draft.form) is About.REPLACE:
        kept = draft.form
        if added := _uuid(str(form.get("add", ""))):
            kept = relating.with_earlier(kept, earlier(await issued_by(request, visitor, added)))
        if removed := str(form.get("remove", "")):
            kept = relating.without_earlier(kept, removed)
        draft = Draft(draft.draft_id, kept, draft.files, request.app.state.clock())
        await request.app.state.drafts.keep(visitor.account.account_id, draft)
    return await _replaced_page(request, visitor, draft)


async def _replaced_page(request: Request, visitor: Visitor, draft: Draft) -> Response:
    asked = request.query_params.get("q", "")[:MAX_QUERY]
    named = relating.earlier_of(draft.form)
    places = {one.place for one in named}
    found = [one for one in await _own(request, visitor, asked) if f"/outbox/{one.document.document_id}" not in places]
    return page(request, "send_replaced.html", visitor, draft=draft, earlier=named, query=asked, found=found)


async def _own(request: Request, visitor: Visitor, asked: str) -> list[FoundDocument]:
    words = tuple(folded(asked).split())
    if not words:
        return []
    account, documents = visitor.account, request.app.state.documents
    assert isinstance(documents, ClerkDocuments)
    await request.app.state.ledger.catch_up(account.member)
    question = Question(account.member, account.organisations, (Register.OUTGOING,), words)
    return await documents.find(question, None, limit=FOUND)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


ROUTES = (
    Route("/outbox/{submission_id:uuid}/update", signed_in(update), methods=["POST"]),
    Route("/outbox/{submission_id:uuid}/replace", signed_in(replace), methods=["POST"]),
    Route("/send/{draft_id:uuid}/replaced", signed_in(replaced), methods=["GET"]),
    Route("/send/{draft_id:uuid}/replaced", signed_in(keep_replaced), methods=["POST"]),
)
