"""Search over what came and went: by number, words of the subject, agency and days, with or without diacritics."""

from datetime import date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.clerk.guarding import signed_in
from docaxis.clerk.naming import names_of
from docaxis.clerk.places import place_after, place_of
from docaxis.clerk.rendering import page, read_day
from docaxis.clerk.visitors import Visitor
from docaxis.storage.clerk_documents import ClerkDocuments, FoundDocument, Question, Register
from docaxis.storage.clerk_lists import PAGE
from docaxis_schemas.folding import folded
from docaxis_schemas.moments import VIETNAM

MAX_QUERY: Final = 200
MAX_WORDS: Final = 12
AGENCIES: Final = 100
"""Organisations of the directory that an agency's name may mean."""
MAX_DIGITS: Final = 9


async def search(request: Request, visitor: Visitor) -> Response:
    typed = {name: request.query_params.get(name, "")[:MAX_QUERY] for name in ("q", "agency", "from", "to", "in")}
    asked = any(value for name, value in typed.items() if name != "in")
    rows: list[FoundDocument] = []
    if asked:
        await request.app.state.ledger.catch_up(visitor.account.member)
        documents: ClerkDocuments = request.app.state.documents
        rows = await documents.find(await _question(visitor, typed), place_of(request))
    last = rows[-1].document if len(rows) == PAGE else None
    return page(
        request,
        "search.html",
        visitor,
        typed=typed,
        asked=asked,
        rows=rows,
        names=names_of(request, {row.document.issuer for row in rows}),
        older=place_after(last.at, last.document_id) if last else None,
    )


async def _question(visitor: Visitor, typed: dict[str, str]) -> Question:
    words = tuple(folded(typed["q"]).split()[:MAX_WORDS])
    number = words[0] if len(words) == 1 and words[0].isascii() and words[0].isdecimal() else ""
    agencies = None
    if typed["agency"].strip():
        found = await visitor.axis.organisations(typed["agency"], limit=AGENCIES)
        agencies = tuple(str(one["code"]) for one in found)
    first, last = read_day(typed["from"]), read_day(typed["to"])
    return Question(
        visitor.account.member,
        visitor.account.organisations,
        tuple(one for one in Register if typed["in"] in {one.value, ""}) or tuple(Register),
        words,
        int(number) if number and len(number) <= MAX_DIGITS else None,
        agencies,
        None if first is None else _begin(first),
        None if last is None else _begin(last) + timedelta(days=1),
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


ROUTES = (Route("/search", signed_in(search)),)
