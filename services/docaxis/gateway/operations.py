"""Running the axis: public keys, dead letters, health and metrics."""

import asyncio
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

    @router.post("/v1/dead-letters/{dead_letter_id}/replay", status_code=202, summary="Put a submission back")
    async def replay(request: Request, dead_letter_id: UUID) -> JSONResponse:
        await parts.doorkeeper.require(request, OPERATOR)
        letter = await parts.models.dead_letter(dead_letter_id)
        if letter is None:
            raise Refused(Code.NOT_FOUND)
        claim = None if letter["submission_id"] is None else await parts.claims.find(UUID(letter["submission_id"]))
        if claim is None or letter["stage"] != "verifier" or letter["attempt"] is None:
            raise Refused(
                Code.MALFORMED_REQUEST,
                "Chỉ lượt gửi chưa được kiểm tra mới đưa lại được; bản ghi khác xem hướng dẫn vận hành.",
                "Only a submission that was not judged can be put back; see the operator's guide for other records.",
            )
        attempt = int(letter["attempt"]) + 1
        if letter["replayed_at"] is None:
            await parts.outbox.resubmit(claim, attempt)
            await parts.models.mark_replayed(dead_letter_id, parts.clock())
        return JSONResponse({"submission_id": letter["submission_id"], "attempt": attempt}, 202)

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
