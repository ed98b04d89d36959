"""The auditor's desk over HTTP: search with proofs, openings of leaves, and who looked."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime
from starlette.responses import JSONResponse

from docaxis.auditor import indexing
from docaxis.auditor.proving import prove_all
from docaxis.gateway.limits import MAX_PAGE
from docaxis.gateway.multipart import malformed
from docaxis.gateway.parts import AUDITORS, Parts
from docaxis.storage.audit_index import Criteria, OpenedLeaf
from docaxis_schemas.canonical import MAX_INTEGER
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import to_text
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.verdict import Indication

MAX_FOUND: Final = 100
"""Rows of one page of a search: each comes with its proof."""
MAX_TERM: Final = 200
"""Characters of one criterion."""
EVERYTHING: Final = MAX_INTEGER

Term = Annotated[str | None, Query(max_length=MAX_TERM)]
Moment = Annotated[AwareDatetime | None, Query()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for, as it is asked."""

    certificate: Term = None
    serial: Term = None
    issuer: Term = None
    organisation: Term = None
    signer: Term = None
    since: Moment = None
    until: Moment = None
    verdict: Annotated[Indication | None, Query()] = None
    algorithm: Term = None
    number: Term = None
    content: Term = None
    submission: Annotated[UUID | None, Query()] = None
    type: Annotated[EvidenceType | None, Query()] = None

    def asked(self) -> dict[str, Any]:
        """Give what was asked as JSON values."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: _plain(value) for name, value in given.items() if value is not None}

    def criteria(self) -> Criteria:
        """Give what the index is asked.

        Raises:
            Refused: A criterion is empty, or holds characters that nothing can have.
        """
        terms, of_document = self._terms(), self._of_document()
        wrong = [name for name, value in self.asked().items() if not str(value).isprintable()]
        wrong += [name for name, found in (terms | of_document).items() if not found]
        if wrong:
            names = ", ".join(wrong)
            raise malformed(f"Tham số không hợp lệ: {names}.", f"Not acceptable: {names}.")
        return Criteria(
            terms=tuple(chain.from_iterable(terms.values())),
            of_document=tuple(chain.from_iterable(of_document.values())),
            submission=self.submission,
            type=None if self.type is None else self.type.value,
            indication=None if self.verdict is None else self.verdict.value,
            since=self.since,
            until=self.until,
        )

    def _terms(self) -> dict[str, list[str]]:
        return _terms_of(
            signer=(indexing.signer_terms, self.signer),
            issuer=(indexing.issuer_terms, self.issuer),
            certificate=(indexing.certificate_term, self.certificate),
            serial=(indexing.serial_term, self.serial),
            organisation=(indexing.organisation_term, self.organisation),
            algorithm=(indexing.algorithm_term, self.algorithm),
        )

    def _of_document(self) -> dict[str, list[str]]:
        return _terms_of(
            number=(indexing.number_term, self.number),
            content=(indexing.content_term, self.content),
        )


def _terms_of(**asked: tuple[Callable[[str], list[str] | str], str | None]) -> dict[str, list[str]]:
    """Give the terms of what was asked for; none for a text that says nothing."""
    found = {}
    for name, (make, text) in asked.items():
        if text is not None:
            made = make(text) if text.strip() else []
            found[name] = [made] if isinstance(made, str) else made
    return found


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return str(value)
    try:
        return to_text(value.astimezone(UTC))
    except OverflowError as error:  # the first hours of the year 1, or the last of 9999, elsewhere
        raise malformed("Thời điểm nằm ngoài lịch.", "The moment is outside of the calendar.") from error


def auditing(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"])

    @router.get("/entries", summary="Search the log; each row with what opens its leaf and with its proof")
    async def entries(
        request: Request,
        question: Annotated[Question, Depends()],
        before: Annotated[int, Query(ge=0, le=EVERYTHING)] = EVERYTHING,
        limit: Annotated[int, Query(ge=1, le=MAX_FOUND)] = 20,
    ) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        criteria = question.criteria()
        await parts.looks.note(principal, "search", before=before, limit=limit, **question.asked())
        found = await parts.audit.search(criteria, before=before, limit=limit)
        opened = {one.index: one for one in await parts.audit.opened(found)}
        proofs = await _proofs(parts, {index: one.leaf for index, one in opened.items()})
        rows = [_found(row, opened.get(index), proofs.get(index)) for index, row in found.items()]
        more = min(found) if len(found) == limit else None
        return JSONResponse({"indexed": await parts.audit.next(), "entries": rows, "next": more})

    @router.get("/disclosures", summary="Leaves in their order with what opens them, to derive the index anew")
    async def disclosures(
        request: Request,
        first: Annotated[int, Query(ge=0, le=EVERYTHING - MAX_PAGE)],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "openings", first=first, limit=limit)
        opened = await parts.audit.opened(range(first, first + limit))
        rows = await parts.audit.rows(first, first + limit)
        return JSONResponse({"disclosures": [_disclosed(one, rows.get(one.index)) for one in opened]})

    @router.get("/looks", summary="What auditors and operators looked at, the latest first")
    async def looks(
        request: Request, before: Moment = None, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100
    ) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        until = None if before is None else _plain(before)
        await parts.looks.note(principal, "looks", before=until, limit=limit)
        found = [
            {
                "look_id": str(one.look_id),
                "at": to_text(one.at),
                "credential_id": str(one.credential_id),
                "holder": one.holder,
                "what": one.what,
                "query": json.loads(one.query),
            }
            for one in await parts.audit.looks(before, limit)
        ]
        return JSONResponse({"looks": found})

    return router


async def _proofs(parts: Parts, leaves: Mapping[int, bytes]) -> dict[int, LogProof]:
    log = parts.log
    return {} if log is None else await asyncio.to_thread(prove_all, log, leaves)


def _found(row: bytes, opened: OpenedLeaf | None, proof: LogProof | None) -> dict[str, Any]:
    return {
        "row": json.loads(row),
        "statement": None if opened is None or opened.statement is None else opened.statement.decode(),
        "openings": None if opened is None else _salts(opened),
        "proof": None if proof is None else proof.to_bytes().decode(),
    }


def _disclosed(one: OpenedLeaf, row: bytes | None) -> dict[str, Any]:
    return {
        "leaf_index": one.index,
        "leaf": base64.b64encode(one.leaf).decode(),
        "statement": None if one.statement is None else one.statement.decode(),
        "openings": _salts(one),
        "verdict": one.verdict,
        "manifest": None if one.manifest is None else one.manifest.decode(),
        "row": None if row is None else row.decode(),
        "source": None if one.source is None else list(one.source),
    }


def _salts(one: OpenedLeaf) -> dict[str, str] | None:
    return None if one.salts is None else {field: salt.hex() for field, salt in one.salts.items()}
