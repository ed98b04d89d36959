"""Examine files in the verifier's own confined worker processes: a hostile file may end a worker, never the command."""

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from docaxis.logs import errors_only
from docaxis.settings import FairnessSettings, VerifierSettings
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis.verifier.process import WorkerDied
from docaxis_schemas.topics import SUBMITTED
from docaxis_signing.pdf.limits import MAX_BYTES
from docaxis_signing.verdict import Cause, DocumentFindings, Integrity, SubIndication

AHEAD: Final = 8
"""Files that are read and hashed while workers are busy with others."""
MAX_HASHED: Final = 2 * 1024 * 1024 * 1024
"""Bytes up to which a file is hashed though it is too large to be judged: what the axis carries, read in seconds."""
_CHUNK: Final = 1024 * 1024

Tell = Callable[[str, DocumentFindings], None]


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as the pool takes contents: hashed once, then copied."""

    path: Path
    sha256: str
    size: int

    async def copy_to(self, write: Callable[[bytes], object]) -> None:
        """Copy the bytes; if they changed meanwhile the worker's answer is about other bytes, and refused."""
        with self.path.open("rb") as source:
            while chunk := await asyncio.to_thread(source.read, _CHUNK):
                write(chunk)


class _Refused(Exception):
    """The file does not even reach a worker."""

    def __init__(self, findings: DocumentFindings) -> None:
        super().__init__(findings.notes)
        self.findings = findings


@asynccontextmanager
async def open_pool() -> AsyncIterator[WorkerPool]:
    """Start the workers of one call."""
    errors_only()
    async with WorkerPool(VerifierSettings(), FairnessSettings()) as pool:
        yield pool


async def examine_files(pool: WorkerPool, names: Sequence[str], knowledge: Knowledge, at: datetime, tell: Tell) -> None:
    """Examine every file and tell the findings in order, each under the name it was given by."""
    gate = asyncio.Semaphore(AHEAD)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_examine(pool, Path(name), knowledge, at, gate)) for name in names]
        for name, task in zip(names, tasks, strict=True):
            tell(name, await task)


async def _examine(
    pool: WorkerPool, path: Path, knowledge: Knowledge, at: datetime, gate: asyncio.Semaphore
) -> DocumentFindings:
    content: list[FileContent] = []

    async def opened() -> FileContent:
        content.append(await asyncio.to_thread(_open, path))
        return content[0]

    async with gate:
        try:
            return await pool.examine(opened, knowledge, at=at, lane=SUBMITTED, member="file")
        except _Refused as refused:
            return refused.findings
        except Exception as error:  # noqa: BLE001 - one file's failure, whatever it is, is that file's answer
            detail = str(error) if isinstance(error, WorkerDied) else f"{type(error).__name__}: {error}"
            return failed(Cause.VERIFIER_FAILED, detail, *content)


def _open(path: Path) -> FileContent:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
            raise _Refused(failed(Cause.UNREADABLE, "not a file"))
        if found.st_size > MAX_HASHED:
            raise _Refused(failed(Cause.RESOURCE_LIMIT, f"larger than {MAX_HASHED} bytes"))
        with path.open("rb") as source:
            content = FileContent(path, hashlib.file_digest(source, "sha256").hexdigest(), source.tell())
    except OSError as error:
        raise _Refused(failed(Cause.UNREADABLE, error.strerror or str(error))) from error
    if content.size > MAX_BYTES:
        raise _Refused(failed(Cause.RESOURCE_LIMIT, f"larger than {MAX_BYTES} bytes", content))
    return content


def failed(cause: Cause, note: str, content: FileContent | None = None) -> DocumentFindings:
    """Give findings about a file of which nothing could be found out but, at best, its hash."""
    return DocumentFindings(
        sha256=content.sha256 if content else "",
        size=content.size if content else 0,
        integrity=Integrity.UNREADABLE,
        cause=cause,
        sub_indication=SubIndication.FORMAT_FAILURE,
        notes=(note,),
    )
