"""Contents of a delivery on their way in: hashed while they arrive, resumed, kept only when right."""

import asyncio
import hashlib
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from docaxis.client.connection import Connection
from docaxis.client.errors import RejectedContent, UnavailableAxis
from docaxis.client.files import CHUNK, Progress
from docaxis_schemas.submission import ContentEntry
from docaxis_signing.durable import sync_file

MAX_NAME: Final = 200
"""Bytes of a file name that is written; leaves room for the suffix of an unfinished download."""
_UNSAFE: Final = re.compile('[/\\\\:*?"<>|\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')
"""What some file system forbids or a person would misread. The name comes from a stranger."""
_AS_IT_IS: Final = {"Accept-Encoding": "identity"}
"""Ranges are of the bytes themselves, never of a compressed form."""


def local_names(contents: Sequence[ContentEntry]) -> dict[str, ContentEntry]:
    """Give each content a name that is safe on disk and unique in its directory."""
    names: dict[str, ContentEntry] = {}
    taken: set[str] = set()
    for content in contents:
        name = safe_name(content)
        if name.casefold() in taken:
            name = f"{content.sha256[:8]}-{name}"
        taken.add(name.casefold())
        names[name] = content
    return names


def safe_name(content: ContentEntry) -> str:
    """Give a name that stays in its directory whatever the sender called the file."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", content.name)).strip().lstrip(".")
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not yet a path
    stem = stem.encode()[: MAX_NAME - len(suffix.encode()[:20])].decode("utf-8", "ignore")
    return (stem + suffix[:10]) or content.sha256


async def save_content(
    connection: Connection,
    delivery_id: UUID,
    content: ContentEntry,
    target: Path,
    progress: Progress | None = None,
) -> Path:
    """Fetch one content to a file, unless it is there already.

    Raises:
        RejectedContent: The bytes are not those the delivery names; nothing is kept.
        UnavailableAxis: Patience ended; what arrived is kept for the next time.
    """
    if await asyncio.to_thread(_is_there, target, content):
        return target
    partial = target.with_name(f"{target.name}.{content.sha256[:8]}.part")

    async def attempt() -> None:
        await _fetch(connection, delivery_id, content, partial, progress)

    await connection.persist(attempt)
    await asyncio.to_thread(partial.replace, target)
    return target


async def check_content(connection: Connection, delivery_id: UUID, content: ContentEntry) -> None:
    """Fetch one content and compare its hash without keeping it.

    Raises:
        RejectedContent: The bytes are not those the delivery names.
        UnavailableAxis: Patience ended.
    """

    async def attempt() -> None:
        found, size = hashlib.sha256(), 0
        async with connection.open("GET", _path(delivery_id, content), headers=_AS_IT_IS) as response:
            async for chunk in response.aiter_bytes(CHUNK):
                found.update(chunk)
                size += len(chunk)
        _compare(content, size, found.hexdigest())

    await connection.persist(attempt)


def _path(delivery_id: UUID, content: ContentEntry) -> str:
    return f"/v1/deliveries/{delivery_id}/contents/{content.sha256}"


def _is_there(target: Path, content: ContentEntry) -> bool:
    if not target.is_file() or target.stat().st_size != content.size:
        return False
    with target.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest() == content.sha256


async def _fetch(
    connection: Connection, delivery_id: UUID, content: ContentEntry, partial: Path, progress: Progress | None
) -> None:
    found, begun = await asyncio.to_thread(_resume, partial, content.size)
    size = begun
    if size < content.size:
        headers = _AS_IT_IS | ({"Range": f"bytes={size}-"} if size else {})
        async with connection.open("GET", _path(delivery_id, content), headers=headers) as response:
            if size and not _continues(response, size):
                found, size, begun = hashlib.sha256(), 0, 0
            with partial.open("r+b") as out:
                out.seek(size)
                out.truncate()
                async for chunk in response.aiter_bytes(CHUNK):
                    size += len(chunk)
                    if size > content.size:
                        break
                    found.update(chunk)
                    await asyncio.to_thread(out.write, chunk)
                    if progress is not None:
                        progress(content.name, size, content.size)
                await asyncio.to_thread(sync_file, out)
    try:
        _compare(content, size, found.hexdigest())
    except RejectedContent:
        await asyncio.to_thread(partial.unlink)  # wrong bytes must not be resumed
        if begun:
            raise UnavailableAxis(f"{content.name}: what an earlier attempt left was damaged") from None
        raise


def _resume(partial: Path, size: int) -> tuple["hashlib._Hash", int]:
    partial.touch(mode=0o600)
    found = hashlib.sha256()
    done = 0
    if partial.stat().st_size <= size:
        with partial.open("rb") as source:
            while chunk := source.read(CHUNK):
                found.update(chunk)
                done += len(chunk)
    return found, done


def _continues(response: httpx.Response, offset: int) -> bool:
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")


def _compare(content: ContentEntry, size: int, sha256: str) -> None:
    if size < content.size:
        raise UnavailableAxis(f"{content.name}: {size} of {content.size} bytes arrived")
    if size != content.size or sha256 != content.sha256:
        raise RejectedContent(f"{content.name}: the bytes are not those the delivery names")
