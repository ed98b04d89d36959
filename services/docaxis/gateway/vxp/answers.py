"""Answers in the form that clients of the field read: those of the SDK and those of the provincial interface at once.

The SDK looks at ``status``, ``ErrorCode``, ``ErrorDesc`` and ``DocId``; clients of the provincial interface at
``success``, ``message``, ``docId`` and ``data``. A permanent error is answered with 200, as they expect; one that is
worth trying again with 503 and Retry-After, so that no client's library takes it for final.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.responses import JSONResponse

from docaxis.gateway.refusals import Refused
from docaxis.gateway.vxp.codes import TITLES, VxpCode, VxpProblem, code_of

RETRY_SECONDS: Final = 30
"""The shortest wait that clients of the field use."""


def done(message: UUID | None = None, **more: Any) -> JSONResponse:
    """Answer that all is well."""
    return JSONResponse(good(message) | more)


def good(message: UUID | None = None) -> dict[str, Any]:
    """Give the head of an answer that all is well."""
    named = {} if message is None else {"docId": str(message), "DocId": str(message)}
    return _head(VxpCode.OK, TITLES[VxpCode.OK]) | named


def failed(
    problem: VxpProblem, faults: list[Any] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer an error."""
    value = _head(problem.code, problem.description)
    value["data"] = {
        "docId": None,
        "status": "error",
        "errorCode": problem.code.value,
        "errorDesc": problem.description,
    }
    if faults:
        value["faults"] = faults
    if not problem.is_retryable:
        return JSONResponse(value, headers=dict(headers or {}))
    return JSONResponse(value, 503, headers={"Retry-After": str(RETRY_SECONDS)} | dict(headers or {}))


def refused(error: Refused) -> JSONResponse:
    """Answer a refusal of ours."""
    left_out = error.more.get("recipients", {})
    locked = bool(left_out.get("suspended")) and not left_out.get("unknown")
    code = code_of(error.code, all_suspended=locked)
    told = error.to_json()
    words = dict.fromkeys((told["title_vi"].rstrip("."), told["detail_vi"].rstrip("."), told["action_vi"].rstrip(".")))
    description = f"{TITLES[code]}: {'. '.join(words)}."
    faults = [json.loads(json.dumps(fault)) for fault in told.get("faults", [])]
    return failed(VxpProblem(code, description), faults, {k: v for k, v in error.headers.items() if k == "Retry-After"})


def _head(code: VxpCode, description: str) -> dict[str, Any]:
    good = code is VxpCode.OK
    return {
        "success": good,
        "message": "OK" if good else description,
        "status": "OK" if good else "FAIL",
        "ErrorCode": code.value,
        "ErrorDesc": description,
        "retryable": VxpProblem(code, description).is_retryable,
    }
