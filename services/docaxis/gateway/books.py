"""Registers and deadlines of a member's organisations, as the clerk's pages keep them, for software and the command.

Reading numbers nothing and catches nothing up: what came within the last quarter of a minute may not stand there yet.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from docaxis.directory.entries import Principal
from docaxis.duties import LOOKED_AT, Pressing, pressing
from docaxis.gateway.authentication import member_of
from docaxis.gateway.parts import PARTIES, Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.clerk_documents import FoundDocument, Register
from docaxis.storage.clerk_registers import Book, Gap, RegisterEntry, year_of
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.moments import to_text
from docaxis_schemas.problems import Code

MOST: Final = 500
"""Entries of one page."""
MAX_NUMBER: Final = 999_999_999


def books(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1", tags=["registers"])

    @router.get("/registers/{register}", summary="Entries of a register of one organisation and year, by number")
    async def entries(
        request: Request,
        register: Register,
        *,
        organisation: Annotated[str, Query(max_length=40)] = "",
        year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
        after: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        book = Book(member_of(principal), _own(principal, organisation), register, year or year_of(parts.clock()))
        found = await parts.registers.entries(book, above=after, rising=True, limit=limit)
        return JSONResponse(
            {
                "register": register.value,
                "organisation": book.organisation,
                "year": book.year,
                "entries": [_entry(one) for one in found],
                "gaps": [_gap(gap) for gap in await parts.registers.gaps(book)],
                "next": found[-1].found.register_number if len(found) == limit else None,
            }
        )

    @router.get("/deadlines", summary="Open duties of both directions, the most overdue first")
    async def deadlines(request: Request, limit: Annotated[int, Query(ge=1, le=MOST)] = 100) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, PARTIES)
        now, told, counts = parts.clock(), [], {}
        for register in Register:
            undone, counts[register.value] = await parts.deadlines.undone(
                register, member_of(principal), list(principal.organisations), since=now - LOOKED_AT, most=limit
            )
            told += [_duty(register, row) for row in pressing(undone, now, vietnam(), most=limit)]
        told.sort(key=lambda row: str(row["due_at"]))
        return JSONResponse({"as_of": to_text(now), "counts": counts, "deadlines": told})

    return router


def _own(principal: Principal, organisation: str) -> str:
    """Say whose register; another's does not exist."""
    code = organisation or next(iter(principal.organisations), "")
    if code not in principal.organisations:
        raise Refused(Code.NOT_FOUND)
    return code


def _entry(entry: RegisterEntry) -> dict[str, Any]:
    return {
        **_document(entry.found),
        "disposition": entry.disposition,
        "recipients": list(entry.recipients),
        "recipient_count": entry.recipient_count,
    }


def _document(found: FoundDocument) -> dict[str, Any]:
    document = found.document
    return {
        "register_number": found.register_number,
        "registered_at": None if found.registered_at is None else to_text(found.registered_at),
        "registered_by": found.registered_by,
        "document_id": str(document.document_id),
        "submission_id": str(document.submission_id),
        "at": to_text(document.at),
        "issuer": document.issuer,
        "number": document.number,
        "promulgated_on": None if document.promulgated_on is None else document.promulgated_on.isoformat(),
        "type": document.type_name,
        "subject": document.subject,
        "signer": document.signer,
        "due_at": None if document.due_at is None else to_text(document.due_at),
        "urgency": document.urgency,
        "state": found.state,
        "report": found.report,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"first": gap.first, "last": gap.last, "reason": gap.reason, "by": gap.explained_by, "at": to_text(gap.at)}


def _duty(register: Register, row: Pressing) -> dict[str, Any]:
    undone = row.undone
    return {
        "register": register.value,
        "duty": row.deadline.duty.value,
        "standing": row.standing.value,
        "due_at": to_text(row.deadline.due_at),
        "document_id": str(undone.document_id),
        "submission_id": str(undone.submission_id),
        "organisation": undone.organisation,
        "recipient": undone.recipient,
        "issuer": undone.issuer,
        "number": undone.number,
        "subject": undone.subject,
        "urgency": undone.urgency,
    }
