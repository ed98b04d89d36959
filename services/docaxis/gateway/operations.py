"""Running the axis: public keys, dead letters, health and metrics."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from docaxis.directory.entries import Role
from docaxis.gateway.limits import MAX_PAGE
from docaxis.gateway.parts import OVERSEERS, Check, Parts
from docaxis.gateway.refusals import Refused
from docaxis_schemas.problems import Code

CHECK_SECONDS: Final = 3.0
"""A dependency that takes longer to say that it works does not."""
VERIFIER: Final = "verifier"
"""The stage of which a further attempt is made; a record of another is done again where it lies."""
OPERATOR: Final = frozenset({Role.OPERATOR})


def operations(parts: Parts) -> APIRouter:
    """Give the routes."""
    router = APIRouter(tags=["operations"])

    @router.get("/v1/keys", summary="The axis's public keys as it states them; pin them from a trusted copy")
    async def keys() -> JSONResponse:
        return JSONResponse(dict(parts.public_keys))

    @router.get("/v1/dead-letters", summary="What waits for an operator")
    async def dead_letters(
        request: Request, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100, *, replayed: bool = False
    ) -> JSONResponse:
        await parts.doorkeeper.require(request, OVERSEERS)
        return JSONResponse({"dead_letters": await parts.models.dead_letters(limit, replayed=replayed)})

    @router.post("/v1/dead-letters/{dead_letter_id}/replay", status_code=202, summary="Do once more what was given up")
    async def replay(request: Request, dead_letter_id: UUID) -> JSONResponse:
        await parts.doorkeeper.require(request, OPERATOR)
        letter = await parts.models.dead_letter(dead_letter_id)
        if letter is None:
            raise Refused(Code.NOT_FOUND)
        return JSONResponse(await _replayed(parts, letter), 202)

    @router.get("/healthz", summary="Whether the process runs")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.get("/readyz", summary="Whether work can be taken, with causes")
    async def readyz() -> JSONResponse:
        causes = await readiness(parts.checks)
        ready = all(cause is None for cause in causes.values())
        value: dict[str, Any] = {
            "status": "ready" if ready else "unavailable",
            "checks": {name: cause or "ok" for name, cause in causes.items()},
            "scanner": parts.intake.scanner.name,
        }
        return JSONResponse(value, 200 if ready else 503, headers={"Cache-Control": "no-store"})

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(parts.measures.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def readiness(checks: dict[str, Check] | Any) -> dict[str, str | None]:
    """Ask every dependency at once and give its complaint, None where it works."""

    async def ask(check: Check) -> str | None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except TimeoutError:
            return f"no answer within {CHECK_SECONDS:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises is the cause that is shown
            return str(error) or type(error).__name__
        return None

    found = await asyncio.gather(*(ask(check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _replayed(parts: Parts, letter: Mapping[str, Any]) -> dict[str, Any]:
    """Have done once more what a dead letter names, unless that was ordered before.

    Raises:
        Refused: There is nothing to be done again.
        UnavailableBus: Perhaps it was ordered: order it again.
    """
    claim = None if letter["submission_id"] is None else await parts.claims.find(UUID(letter["submission_id"]))
    attempt = None if letter["attempt"] is None else int(letter["attempt"]) + 1
    if claim is None or (letter["stage"] == VERIFIER and attempt is None):
        raise Refused(
            Code.NOT_REPLAYABLE,
            "Bản ghi này không đọc được đúng loại, hoặc không thuộc lượt gửi nào; không có gì để làm lại.",
            "This record cannot be read as what it should be, or is of no submission: there is nothing to do again.",
        )
    if letter["replayed_at"] is None:
        if attempt is not None:
            await parts.outbox.resubmit(claim, attempt)
        await parts.outbox.replay(claim, letter)
        await parts.models.mark_replayed(UUID(letter["dead_letter_id"]), parts.clock())
    answer = {"submission_id": letter["submission_id"], "stage": letter["stage"]}
    return answer | ({} if attempt is None else {"attempt": attempt})
