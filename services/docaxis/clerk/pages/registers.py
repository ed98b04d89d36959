"""The registers of incoming and outgoing documents: a page, a print view, a table file, and gaps with their reasons."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from docaxis.clerk.guarding import read_form, signed_in
from docaxis.clerk.naming import name_of, names_of
from docaxis.clerk.rendering import language_of, page
from docaxis.clerk.tables import SUBJECT_AT, register_heading, register_line
from docaxis.clerk.visitors import Visitor
from docaxis.storage.clerk_documents import Register
from docaxis.storage.clerk_registers import (
    SHOWN,
    Book,
    ClerkRegisters,
    RegisterEntry,
    RejectedGap,
    year_of,
)
from docaxis_schemas.tables import BOM, line

PRINTED: Final = 1_000
"""Entries of one print view, some forty sheets; the next view goes on behind them."""
EXPORTED: Final = 1_000
"""Entries that a table file reads from the database at once."""
MAX_DIGITS: Final = 9
MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Which book, of those this person may see."""

    book: Book
    years: tuple[int, ...]


async def register(request: Request, visitor: Visitor) -> Response:
    return await _show(request, visitor)


async def printed(request: Request, visitor: Visitor) -> Response:
    asked = await _asked(request, visitor)
    registers: ClerkRegisters = request.app.state.registers
    entries = await registers.entries(asked.book, above=_number(request, "after"), rising=True, limit=PRINTED)
    return page(
        request,
        "register_print.html",
        visitor,
        **_shown(request, asked, entries),
        gaps=await registers.gaps(asked.book),
        following=_last_number(entries) if len(entries) == PRINTED else None,
    )


async def exported(request: Request, visitor: Visitor) -> Response:
    asked = await _asked(request, visitor)
    book, language = asked.book, language_of(request)
    registers: ClerkRegisters = request.app.state.registers

    async def lines() -> AsyncIterator[str]:
        yield BOM + line(register_heading(book.register, language))
        above = 0
        while True:
            entries = await registers.entries(book, above=above, rising=True, limit=EXPORTED)
            names = _names(request, entries)
            for entry in entries:
                yield line(register_line(entry, names, language))
            if len(entries) < EXPORTED:
                return
            above = _last_number(entries)

    name = f"register-{book.register.value}-{book.organisation}-{book.year}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def explain_gap(request: Request, visitor: Visitor) -> Response:
    form = await read_form(request, visitor)
    asked = await _asked(request, visitor, organisation=str(form.get("organisation", "")))
    through, reason = str(form.get("through", "")).strip(), str(form.get("reason", "")).strip()[:MAX_REASON]
    if not through.isdecimal() or not through.isascii() or len(through) > MAX_DIGITS or not reason:
        return await _show(request, visitor, "gap-needs-both")
    at, account = request.app.state.clock(), visitor.account.name
    book = Book(asked.book.member, asked.book.organisation, asked.book.register, year_of(at))
    try:
        await request.app.state.registers.explain_gap(book, int(through), reason=reason, account=account, at=at)
    except RejectedGap:
        return await _show(request, visitor, "gap-backwards")
    return RedirectResponse(f"/registers/{book.register.value}?organisation={book.organisation}&done=1", 303)


async def _show(request: Request, visitor: Visitor, fault: str | None = None) -> Response:
    asked = await _asked(request, visitor)
    registers: ClerkRegisters = request.app.state.registers
    await request.app.state.ledger.catch_up(visitor.account.member)
    entries = await registers.entries(asked.book, below=_number(request, "before") or None)
    return page(
        request,
        "register.html",
        visitor,
        HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        **_shown(request, asked, entries),
        own=names_of(request, visitor.account.organisations),
        years=asked.years,
        last=await registers.last(asked.book),
        gaps=await registers.gaps(asked.book),
        older=_last_number(entries) if len(entries) == SHOWN else None,
        message="done" if request.query_params.get("done") == "1" and fault is None else None,
        faults=() if fault is None else (fault,),
    )


def _shown(request: Request, asked: Asked, entries: list[RegisterEntry]) -> dict[str, Any]:
    book = asked.book
    return {
        "book": book,
        "organisation_name": name_of(request, book.organisation),
        "entries": entries,
        "names": _names(request, entries),
        "heading": register_heading,
        "cells_of": register_line,
        "subject_at": SUBJECT_AT,
    }


async def _asked(request: Request, visitor: Visitor, organisation: str = "") -> Asked:
    """Read which book the address names; another organisation's does not exist.

    Raises:
        HTTPException: There is none for this person (404).
    """
    account = visitor.account
    code = organisation or request.query_params.get("organisation", "") or account.organisations[0]
    if code not in account.organisations:
        raise HTTPException(404)
    try:
        kind = Register(request.path_params["register"])
    except ValueError:
        raise HTTPException(404) from None
    this_year = year_of(request.app.state.clock())
    year = _number(request, "year") or this_year
    years = tuple(range(this_year, this_year - 5, -1))
    return Asked(Book(account.member, code, kind, year if year in years else this_year), years)


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0


def _last_number(entries: list[RegisterEntry]) -> int:
    return entries[-1].found.register_number or 0


def _names(request: Request, entries: list[RegisterEntry]) -> dict[str, str]:
    codes = {entry.found.document.issuer for entry in entries}
    return names_of(request, codes.union(*(entry.recipients for entry in entries)))


_BOOK: Final = "/registers/{register}"
ROUTES = (
    Route(_BOOK, signed_in(register), methods=["GET"]),
    Route(f"{_BOOK}/print", signed_in(printed), methods=["GET"]),
    Route(f"{_BOOK}/table.csv", signed_in(exported), methods=["GET"]),
    Route(f"{_BOOK}/gap", signed_in(explain_gap), methods=["POST"]),
)
