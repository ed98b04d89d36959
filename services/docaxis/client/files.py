"""Files on their way out: measured once from disk, never held in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docaxis.client.errors import RejectedFile
from docaxis_schemas.files import MEDIA_TYPES
from docaxis_schemas.submission import ContentEntry, FileRole

CHUNK: Final = 256 * 1024
"""Bytes read at once: large enough to keep the disk busy, small enough for a few dozen transfers at a time."""

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes done and the bytes in all."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: where it lies, what it is to the document, and under which name it travels."""

    path: Path
    role: FileRole = FileRole.MAIN
    name: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """A file and what the manifest says of it."""

    path: Path
    entry: ContentEntry


async def measure(file: OutgoingFile) -> MeasuredFile:
    """Hash a file.

    Raises:
        RejectedFile: It cannot be read.
    """
    try:
        size, sha256 = await asyncio.to_thread(_digest, file.path)
    except OSError as error:
        raise RejectedFile(f"{file.path}: {error.strerror or error}") from error
    media_type = file.media_type or MEDIA_TYPES.get(file.path.suffix.lower(), "application/octet-stream")
    return MeasuredFile(file.path, ContentEntry(file.role, file.name or file.path.name, media_type, size, sha256))


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as source:
        found = hashlib.file_digest(source, "sha256")
        return source.tell(), found.hexdigest()


async def stream(file: MeasuredFile, offset: int, progress: Progress | None) -> AsyncIterator[bytes]:
    """Give the bytes from an offset on, exactly as many as were measured.

    Raises:
        RejectedFile: The file became shorter meanwhile.
    """
    left = file.entry.size - offset
    with file.path.open("rb") as source:
        await asyncio.to_thread(source.seek, offset)
        while left:
            chunk = await asyncio.to_thread(source.read, min(CHUNK, left))
            if not chunk:
                raise RejectedFile(f"{file.path}: it changed while it was sent")
            left -= len(chunk)
            yield chunk
            if progress is not None:
                progress(file.entry.name, file.entry.size - left, file.entry.size)
