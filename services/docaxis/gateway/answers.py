"""Answers: JSON, problems in both languages, and what every failure inside is told as; never how it failed."""

from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from docaxis.bus.port import BusError
from docaxis.directory.errors import UnavailableDirectory
from docaxis.gateway.measures import Measures
from docaxis.gateway.refusals import Refused
from docaxis.storage.contents import DamagedContent, MissingContent, StoreFull
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.evidence_objects import DamagedObject
from docaxis.storage.readmodels import RejectedCursor
from docaxis_schemas.problems import Code

PROBLEM: Final = "application/problem+json"
_AGAIN: Final = {"Retry-After": "5"}
_log = structlog.get_logger("docaxis.gateway")


def problem_response(refused: Refused) -> Response:
    """Give the answer for a refusal."""
    return JSONResponse(refused.to_json(), refused.status, headers=refused.headers, media_type=PROBLEM)


def refusal_of(request: Request, error: Exception) -> Refused:
    """Say what an error means to who asked. What changes something may have happened: the outcome is unknown."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, RejectedCursor):
        return Refused(Code.CURSOR_INVALID)
    if isinstance(error, MissingContent):
        return Refused(Code.NOT_FOUND)
    if isinstance(error, StoreFull | DamagedObject):
        return _of_stores(error)
    if isinstance(error, HTTPException):
        return _of_framework(error)
    changes = request.method == "POST"
    return Refused(Code.OUTCOME_UNKNOWN if changes else Code.UNAVAILABLE, headers=_AGAIN)


def _of_stores(error: StoreFull | DamagedObject) -> Refused:
    if isinstance(error, StoreFull):
        return Refused(
            Code.UNAVAILABLE,
            "Kho nội dung đã đầy; chưa có gì được nhận.",
            "The content store is full; nothing was taken.",
            headers=_AGAIN,
        )
    return Refused(
        Code.UNAVAILABLE,
        f"Dữ liệu bằng chứng {error.name} đã hỏng; đơn vị vận hành phải khôi phục.",
        f"What was kept as evidence is damaged, and operators have to restore it: {error.name}.",
    )


def _of_framework(error: HTTPException) -> Refused:
    if error.status_code == 404:
        return Refused(Code.NOT_FOUND)
    return Refused(Code.MALFORMED_REQUEST, status=error.status_code, headers=error.headers)


EXPECTED: Final = (
    Refused,
    RejectedCursor,
    MissingContent,
    HTTPException,
    UnavailableStorage,
    UnavailableDirectory,
    BusError,
)
"""What requests meet in ordinary life; anything else is a mistake of ours and is logged whole."""


class Answering:
    """Turns whatever a handler raises into an answer, counts it, and logs what people must look at."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Answer for an error."""
        if isinstance(error, ClientDisconnect):
            return Response(status_code=400)  # nobody is there to read it
        return problem_response(self.told(request, error))

    def told(self, request: Request, error: Exception) -> Refused:
        """Say what who asked is told of an error, count it, and log it if people must look at it."""
        refused = refusal_of(request, error)
        self._measures.refusals.labels(refused.code.value).inc()
        facts: dict[str, Any] = {"method": request.method, "path": request.url.path, "code": refused.code.value}
        if isinstance(error, DamagedContent) or not isinstance(error, EXPECTED):
            _log.error("request failed", **facts, exc_info=error)
        elif not isinstance(error, Refused | HTTPException | RejectedCursor | MissingContent):
            _log.warning("dependency unavailable", **facts, reason=f"{type(error).__name__}: {error}")
        return refused
