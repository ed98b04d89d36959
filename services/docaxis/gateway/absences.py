"""What the log does not have: a statement of the axis for auditors, itself in the log. A proof it is not."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from docaxis.auditor.indexing import content_term
from docaxis.directory.entries import Principal
from docaxis.gateway.parts import AUDITORS, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.transparency import proved
from docaxis.storage.log_files import CHECKPOINT
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import ABSENT, Action
from docaxis_schemas.evidence import EvidenceType, stands_for
from docaxis_schemas.moments import to_text
from docaxis_schemas.problems import Code
from docaxis_signing.transparency.checkpoint import Checkpoint

SHA256: Final = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class Absence:
    """What is stated: of the first ``log_size`` leaves, under this root, none is about a content.

    ``unopened`` of them received a submission that nothing opens any more: of what those held nothing is said.
    """

    content_sha256: str
    log_size: int
    root_sha256: str
    unopened: int

    def facts(self) -> dict[str, Any]:
        """Give it as the facts of the statement."""
        return {name: getattr(self, name) for name in self.__slots__}


def absences(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/audit/absences", tags=["audit"])

    @router.post("", summary="Have the axis state that the log, as far as its checkpoint, has nothing about a content")
    async def state(request: Request, content: Annotated[str, Query(pattern=SHA256)]) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "absence", content=content)
        return JSONResponse(await _state(parts, principal, await _find_absent(parts, content)))

    @router.get("/{absence_id}/evidence", summary="The statement as evidence, once the log has it with its proof")
    async def evidence(request: Request, absence_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "absence-evidence", absence=str(absence_id))
        asked_by = stands_for(principal.role.value)
        pieces = await parts.receipts.of_answer(absence_id, asked_by, EvidenceType.CONTENT_ABSENT)
        if not pieces:
            raise Refused(Code.NOT_FOUND)
        return JSONResponse({"evidence": await proved(parts.log, pieces)})

    return router


async def _find_absent(parts: Parts, content: str) -> Absence:
    """Look through every leaf below the published checkpoint, whose size is read first: no later leaf counts.

    Raises:
        Refused: A leaf is about the content, or the index does not know every leaf, so that nothing can be said yet.
        UnavailableStorage: The database is away.
    """
    data = None if parts.log is None else await asyncio.to_thread(parts.log.read, CHECKPOINT)
    if data is None:
        raise Refused(Code.UNAVAILABLE, "Sổ chưa có đầu sổ nào.", "The log has no checkpoint yet.")
    head = Checkpoint.stated(data)
    found = await parts.audit.presence(content_term(content), head.size)
    if found.known:
        raise Refused(Code.CONTENT_LOGGED)
    if found.indexed != head.size:
        raise Refused(
            Code.UNAVAILABLE,
            f"Chỉ mục mới có {found.indexed} trong {head.size} mục của sổ.",
            f"The index knows {found.indexed} of the log's {head.size} leaves.",
        )
    return Absence(content, head.size, head.root.hex(), found.unopened)


async def _state(parts: Parts, principal: Principal, absence: Absence) -> dict[str, Any]:
    """Put it on its way into the evidence, and give the answer.

    Raises:
        UnavailableBus: Perhaps it is on its way.
    """
    identity, now = uuid4(), parts.clock()
    await parts.outbox.tell(
        Action(identity, identity, ABSENT, stands_for(principal.role.value), None, now, canonical(absence.facts()))
    )
    return absence.facts() | {"absence_id": str(identity), "stated_at": to_text(now)}
