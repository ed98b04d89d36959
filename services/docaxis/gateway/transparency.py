"""The transparency log over HTTP (c2sp.org/tlog-tiles): tiles and checkpoint for everybody, entries for auditors.

A proxy may serve the same files straight from the log's directory, as long as it keeps ``tile/entries/`` to auditors.
"""

import asyncio
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from docaxis.gateway.parts import AUDITORS, Parts
from docaxis.gateway.refusals import Refused
from docaxis.storage.log_files import CHECKPOINT, VKEY, LogFiles
from docaxis.storage.receipts import Piece
from docaxis_schemas.problems import Code
from docaxis_signing.anchor_files import ANCHORS, TOKEN
from docaxis_signing.anchor_files import CHECKPOINT as ANCHORED
from docaxis_signing.key_history import history_id
from docaxis_signing.transparency.problems import TransparencyError

_INDEX: Final = r"(?:x\d{3}/){0,6}\d{3}(?:\.p/[1-9]\d{0,2})?"
"""Seven groups hold every index of 64 bits; a longer path is no name that a file system takes."""
_TILE: Final = re.compile(rf"(?:[0-9]|[1-5]\d|6[0-3])/{_INDEX}", re.ASCII)
_BUNDLE: Final = re.compile(rf"entries/{_INDEX}", re.ASCII)
_ANCHOR: Final = re.compile(rf"\d{{19}}(?:{re.escape(ANCHORED)}|{re.escape(TOKEN)})", re.ASCII)
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_A_MOMENT: Final = {"Cache-Control": "no-cache"}
_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_CHECK: Final = files("docaxis.gateway").joinpath("check.html").read_bytes()
_log = structlog.get_logger("docaxis.gateway")


def transparency(parts: Parts) -> APIRouter:  # noqa: C901 - one function a route, none with a branch worth counting
    """Give the routes."""
    router = APIRouter(tags=["transparency"])

    @router.get("/v1/keys/history", summary="Each change of evidence keys, signed by the key that ended, and logged")
    async def key_history() -> JSONResponse:
        axis, environment = str(parts.public_keys["axis"]), str(parts.public_keys["environment"])
        pieces = await parts.receipts.key_history(history_id(axis, environment))
        return JSONResponse({"evidence": await proved(parts.log, pieces)})

    @router.get("/log/checkpoint", summary="The signed head of the log, with the cosignatures of its witnesses")
    async def checkpoint() -> Response:
        return Response(await _read(parts.log, CHECKPOINT), media_type=_TEXT, headers=_A_MOMENT)

    @router.get("/log/vkey", summary="The log's public key as the axis states it; pin it from a trusted copy")
    async def vkey() -> Response:
        return Response(await _read(parts.log, VKEY), media_type=_TEXT, headers=_A_MOMENT)

    @router.get("/log/check", summary="A page that checks receipts in the reader's own browser; it may be saved")
    async def check() -> Response:
        return Response(_CHECK, media_type="text/html; charset=utf-8", headers=_A_MOMENT)

    @router.get("/log/anchors", summary="At which sizes the log was time-stamped, the smallest first")
    async def anchors() -> JSONResponse:
        found = [] if parts.log is None else await asyncio.to_thread(parts.log.anchors)
        return JSONResponse({"anchors": found}, headers=_A_MOMENT)

    @router.get("/log/anchors/{name}", summary="A checkpoint that was time-stamped, or the RFC 3161 token over it")
    async def anchor(name: str) -> Response:
        if not _ANCHOR.fullmatch(name):
            raise Refused(Code.NOT_FOUND)
        return Response(await _read(parts.log, f"{ANCHORS}/{name}"), media_type=_BYTES, headers=_FOR_EVER)

    @router.get("/log/tile/{path:path}", summary="A tile of hashes, or, for auditors, a bundle of entries")
    async def tile(request: Request, path: str) -> Response:
        if _BUNDLE.fullmatch(path):
            await parts.doorkeeper.require(request, AUDITORS)
            headers = {"Cache-Control": "private, max-age=31536000, immutable"}
            return Response(await _read(parts.log, f"tile/{path}"), media_type=_BYTES, headers=headers)
        if not _TILE.fullmatch(path):
            raise Refused(Code.NOT_FOUND)
        return Response(await _read(parts.log, f"tile/{path}"), media_type=_BYTES, headers=_FOR_EVER)

    return router


async def _read(log: LogFiles | None, path: str) -> bytes:
    found = None if log is None else await asyncio.to_thread(log.read, path)
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found


async def proved(log: LogFiles | None, pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """Give evidence files with their proofs, as far as the log has published what they state."""
    return await asyncio.to_thread(lambda: [_proved(log, piece) for piece in pieces])


def _proved(log: LogFiles | None, piece: Piece) -> dict[str, Any]:
    if log is None or piece.leaf_index is None or piece.leaf is None:
        return piece.file(None)
    try:
        return piece.file(log.prove(piece.leaf_index, piece.leaf))
    except (TransparencyError, OSError) as error:
        _log.error("no proof could be made", leaf=piece.leaf_index, cause=str(error))
        return piece.file(None)
