"""What the log does not have: a statement of the axis for auditors, itself in the log. A proof it is not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from docaxis.auditor.indexing import LACKS_MANIFEST, content_term, number_term, organisation_term
from docaxis.directory.entries import Principal
from docaxis.gateway.multipart import malformed
from docaxis.gateway.parts import AUDITORS, Parts
from docaxis.gateway.refusals import Refused
from docaxis.gateway.transparency import proved
from docaxis.storage.log_files import CHECKPOINT
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import ABSENT, SUBMISSION_ABSENT, Action
from docaxis_schemas.evidence import EvidenceType, stands_for
from docaxis_schemas.moments import to_text
from docaxis_schemas.problems import Code
from docaxis_signing.transparency.checkpoint import Checkpoint

SHA256: Final = r"^[0-9a-f]{64}$"
MAX_TEXT: Final = 200
"""Characters of an issuer's code or a number that are looked for."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What the log is to have nothing about: facts that name it, and by what the index would find it."""

    action: str
    facts: Mapping[str, str]
    by: tuple[str, ...] | UUID
    logged: Code
    """Said if the log has it."""
    lacks: str = ""
    """Term of opened leaves that cannot be told to be about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A content, a submission, or an issuer with a number: exactly one of these."""

    content: Annotated[str | None, Query(pattern=SHA256)] = None
    submission: Annotated[UUID | None, Query()] = None
    issuer: Annotated[str | None, Query(max_length=MAX_TEXT)] = None
    number: Annotated[str | None, Query(max_length=MAX_TEXT)] = None

    def sought(self) -> Sought:
        """Give what is sought.

        Raises:
            Refused: Nothing is, or several things at once, or a text says nothing.
        """
        given = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        if given.keys() == {"content"}:
            facts = {"content_sha256": given["content"]}
            return Sought(ABSENT, facts, (content_term(given["content"]),), Code.CONTENT_LOGGED)
        if given.keys() == {"submission"}:
            facts = {"sought_submission": str(given["submission"])}
            return Sought(SUBMISSION_ABSENT, facts, given["submission"], Code.SUBMISSION_LOGGED)
        if given.keys() == {"issuer", "number"} and all(map(_says_something, given.values())):
            facts = {"sought_issuer": given["issuer"], "sought_number": given["number"]}
            by = (organisation_term(given["issuer"]), number_term(given["number"]))
            return Sought(SUBMISSION_ABSENT, facts, by, Code.SUBMISSION_LOGGED, LACKS_MANIFEST)
        raise malformed(
            "Cần đúng một trong: content, submission, hoặc issuer cùng number.",
            "Exactly one of content, submission, or issuer with number is wanted.",
        )


def _says_something(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


@dataclass(frozen=True, slots=True)
class Absence:
    """What is stated: of the first ``log_size`` leaves, under this root, none is about what is sought.

    ``unopened`` of them received a submission of which it cannot be told: of those nothing is said.
    """

    sought: Sought
    log_size: int
    root_sha256: str
    unopened: int

    def facts(self) -> dict[str, Any]:
        """Give it as the facts of the statement."""
        found = {"log_size": self.log_size, "root_sha256": self.root_sha256, "unopened": self.unopened}
        return {**self.sought.facts, **found}


def absences(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(prefix="/v1/audit/absences", tags=["audit"])

    @router.post("", summary="Have the axis state that the log, as far as its checkpoint, has nothing about something")
    async def state(request: Request, question: Annotated[Question, Depends()]) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        sought = question.sought()
        await parts.looks.note(principal, "absence", **sought.facts)
        return JSONResponse(await _state(parts, principal, await _find_absent(parts, sought)))

    @router.get("/{absence_id}/evidence", summary="The statement as evidence, once the log has it with its proof")
    async def evidence(request: Request, absence_id: UUID) -> JSONResponse:
        principal = await parts.doorkeeper.require(request, AUDITORS)
        await parts.looks.note(principal, "absence-evidence", absence=str(absence_id))
        asked_by = stands_for(principal.role.value)
        for kind in (EvidenceType.CONTENT_ABSENT, EvidenceType.SUBMISSION_ABSENT):
            if pieces := await parts.receipts.of_answer(absence_id, asked_by, kind):
                break
        else:
            raise Refused(Code.NOT_FOUND)
        return JSONResponse({"evidence": await proved(parts.log, pieces)})

    return router


async def _find_absent(parts: Parts, sought: Sought) -> Absence:
    """Look through every leaf below the published checkpoint, whose size is read first: no later leaf counts.

    Raises:
        Refused: A leaf is about it, or the index does not know every leaf, so that nothing can be said yet.
        UnavailableStorage: The database is away.
    """
    data = None if parts.log is None else await asyncio.to_thread(parts.log.read, CHECKPOINT)
    if data is None:
        raise Refused(Code.UNAVAILABLE, "Sổ chưa có đầu sổ nào.", "The log has no checkpoint yet.")
    head = Checkpoint.stated(data)
    found = await parts.audit.presence(sought.by, head.size, lacks=sought.lacks)
    if found.known:
        raise Refused(sought.logged)
    if found.indexed != head.size:
        raise Refused(
            Code.UNAVAILABLE,
            f"Chỉ mục mới có {found.indexed} trong {head.size} mục của sổ.",
            f"The index knows {found.indexed} of the log's {head.size} leaves.",
        )
    return Absence(sought, head.size, head.root.hex(), found.unopened)


async def _state(parts: Parts, principal: Principal, absence: Absence) -> dict[str, Any]:
    """Put it on its way into the evidence, and give the answer.

    Raises:
        UnavailableBus: Perhaps it is on its way.
    """
    identity, now = uuid4(), parts.clock()
    await parts.outbox.tell(
        Action(
            identity,
            identity,
            absence.sought.action,
            stands_for(principal.role.value),
            None,
            now,
            canonical(absence.facts()),
        )
    )
    return absence.facts() | {"absence_id": str(identity), "stated_at": to_text(now)}
