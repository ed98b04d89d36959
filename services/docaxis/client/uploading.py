"""Contents and manifests on the wire: resumable PUTs for what is large, one multipart for the rest."""

from contextlib import ExitStack
from typing import Any, Final

from docaxis.client.connection import Connection, json_object
from docaxis.client.errors import RejectedAnswer, RejectedByAxis, RejectedFile, UnavailableAxis
from docaxis.client.files import MeasuredFile, Progress, stream
from docaxis.client.records import Sealed
from docaxis_schemas.problems import Code

INLINE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of all contents that travel in the submission's own request. Above it a lost connection costs too much."""

WRITING_SECONDS: Final = 1.0
"""Pause before asking again about a content that another request is writing."""


async def put_content(connection: Connection, file: MeasuredFile, progress: Progress | None = None) -> None:
    """Upload one content, resuming where an earlier attempt of anybody of this member stopped.

    Raises:
        RejectedByAxis: Too large, of a refused type, or the bytes are not those the hash names.
        UnavailableAxis: Patience ended.
    """
    path = f"/v1/contents/{file.entry.sha256}"

    async def attempt() -> None:
        offset = await _received(connection, path, file.entry.size)
        if offset == file.entry.size and offset > 0:
            return
        headers = {
            "Upload-Offset": str(offset),
            "Upload-Length": str(file.entry.size),
            "Content-Length": str(file.entry.size - offset),
            "Content-Type": "application/octet-stream",
        }
        try:
            await connection.once("PUT", path, headers=headers, content=stream(file, offset, progress))
        except RejectedByAxis as error:
            if error.code == Code.OFFSET_MISMATCH:  # a slower twin of this upload moved on: ask again
                raise UnavailableAxis("another upload of this content moved on", problem=error.problem) from error
            raise

    await connection.persist(attempt)


async def _received(connection: Connection, path: str, size: int) -> int:
    """Ask how much the axis has; unknown content is none of it."""
    try:
        response = await connection.once("HEAD", path)
    except RejectedByAxis as error:
        if error.problem.status == 404:
            return 0
        if error.problem.status == 409:  # the axis still reads from a connection that broke: it notices soon
            raise UnavailableAxis("another request is writing this content", retry_after=WRITING_SECONDS) from error
        raise
    offset = response.headers.get("Upload-Offset", "0")
    if not offset.isdecimal() or int(offset) > size:
        raise RejectedAnswer(f"the axis holds {offset!r} bytes of a content of {size}")
    return int(offset)


async def post_submission(
    connection: Connection, own_id: str, sealed: Sealed, inline: tuple[MeasuredFile, ...], wait: int
) -> dict[str, Any]:
    """Hand a manifest in with the contents that travel beside it; one attempt.

    Raises:
        RejectedByAxis: Refused.
        UnavailableAxis: Unknown outcome: post the same again.
    """
    headers = {"Idempotency-Key": own_id} | ({"Prefer": f"wait={wait}"} if wait else {})
    with ExitStack() as opened:
        parts: list[tuple[str, Any]] = [("manifest", (None, sealed.data, sealed.media_type))]
        for file in {file.entry.sha256: file for file in inline}.values():  # two files may have the same bytes
            try:
                source = opened.enter_context(file.path.open("rb"))
            except OSError as error:
                raise RejectedFile(f"{file.path}: {error.strerror or error}") from error
            parts.append((file.entry.sha256, (file.entry.sha256, source, file.entry.media_type)))
        return json_object(await connection.once("POST", "/v1/submissions", wait=wait, headers=headers, files=parts))
