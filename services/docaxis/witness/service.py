"""The witness over HTTP (c2sp.org/tlog-witness): ``add-checkpoint`` for logs, the latest checkpoint for monitors.

Anybody may ask it: a request counts by the log's signature in it. It is asked rarely and answers in a millisecond, so
one request at a time is enough, and makes looking and remembering one step.
"""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from docaxis.witness.state import WitnessState
from docaxis_schemas.moments import Clock
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Signer, Verifier
from docaxis_signing.transparency.problems import RejectedNote
from docaxis_signing.transparency.witnessing import (
    ADD_CHECKPOINT,
    SIZE_TYPE,
    AddCheckpoint,
    RefusedCheckpoint,
    cosign,
    examine,
    origin_of,
)

MAX_BODY: Final = 64 * 1024
"""Bytes of a request: a checkpoint with its signatures and at most 63 hashes has a few thousand."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TEXT: Final = "text/plain; charset=utf-8"


class WitnessService:
    """Cosigns for a fixed list of logs."""

    def __init__(self, signer: Signer, logs: Sequence[Verifier], state: WitnessState, clock: Clock) -> None:
        self._signer = signer
        self._logs = {log.name: log for log in logs}
        self._state = state
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger("docaxis.witness")
        self.app = Starlette(
            routes=[
                Route(ADD_CHECKPOINT, self._add_checkpoint, methods=["POST"]),
                Route("/{origin}/checkpoint", self._latest, methods=["GET"]),
            ]
        )

    async def _add_checkpoint(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return Response("too large\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, media_type=_TEXT)
        try:
            asked = AddCheckpoint.parse(bytes(body))
            log = self._known(asked)
            async with self._one_at_a_time:
                return Response(await asyncio.to_thread(self._cosign, asked, log), media_type=_TEXT)
        except RefusedCheckpoint as refused:
            self._tell(refused)
            if refused.size is not None:
                return Response(f"{refused.size}\n", refused.status, {"Content-Type": SIZE_TYPE})
            return Response(f"{refused}\n", refused.status, media_type=_TEXT)
        except (OSError, RejectedNote) as error:
            self._log.critical("the witness cannot trust its own state", cause=str(error))
            return Response("out of order\n", HTTPStatus.SERVICE_UNAVAILABLE, media_type=_TEXT)

    def _known(self, asked: AddCheckpoint) -> Verifier:
        origin = origin_of(asked)
        if origin not in self._logs:
            raise RefusedCheckpoint(HTTPStatus.NOT_FOUND, f"unknown log: {origin}")
        return self._logs[origin]

    def _cosign(self, asked: AddCheckpoint, log: Verifier) -> str:
        latest = self._state.latest(log)
        opened = examine(asked, log, None if latest is None else latest.checkpoint)
        note = cosign(opened, self._signer, int(self._clock().timestamp()))
        self._state.remember(log, note)
        return note.signatures[-1].to_line()

    def _tell(self, refused: RefusedCheckpoint) -> None:
        """Say loudly what may be a log's misbehaviour, and quietly what happens every day."""
        if refused.status is HTTPStatus.UNPROCESSABLE_ENTITY:
            self._log.critical("a checkpoint that does not continue what was seen", cause=str(refused))
        else:
            self._log.info("not cosigned", status=int(refused.status), cause=str(refused))

    async def _latest(self, request: Request) -> Response:
        name = request.path_params["origin"]
        data = await asyncio.to_thread(self._state.cosigned, name) if _HASH.fullmatch(name) else None
        if data is None:
            return Response("no checkpoint\n", HTTPStatus.NOT_FOUND, media_type=_TEXT)
        return Response(data, media_type=_TEXT, headers={"Cache-Control": "no-cache"})


def latest_sizes(state: WitnessState, logs: Sequence[Verifier]) -> dict[str, Checkpoint | None]:
    """Give what was last seen of each log.

    Raises:
        RejectedNote: A file of the state was changed.
    """
    seen = {log.name: state.latest(log) for log in logs}
    return {name: None if one is None else one.checkpoint for name, one in seen.items()}
