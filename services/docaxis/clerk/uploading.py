"""Files of a form on their way to the axis: counted as they come in, judged by the axis's own limits, kept nowhere."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from docaxis.clerk import drafting
from docaxis.clerk.guarding import MAX_WORDS, BoundedRequest, read_form
from docaxis.clerk.visitors import Visitor
from docaxis.client import FileRole, OutgoingFile
from docaxis.spooling import SpoolShare
from docaxis.storage.clerk_drafts import Draft
from docaxis_schemas.faults import Fault, fault
from docaxis_schemas.files import MAX_CARRIED, MEDIA_TYPES, file_faults
from docaxis_schemas.submission import MAX_FILES, ContentEntry

MAX_FORM: Final = MAX_CARRIED + MAX_WORDS
"""Bytes of a form with its files: the largest file that the axis carries, and what is typed beside it."""
COPIES: Final = 2
"""A file lies twice on disk while it is handed on: as it came, and under a name to read it by."""
PREFIX: Final = "docaxis-upload-"
_UNKNOWN: Final = "0" * 64
"""Stands for a hash that need not be known to judge the rest."""


@asynccontextmanager
async def form_with_files(request: Request, visitor: Visitor) -> AsyncIterator[FormData]:
    """Read a form with its files, which are gone at the end.

    Raises:
        ForeignForm: It has not the session's token.
        ReadOnlyRole: The person may not act.
        TooLargeForm: It is larger than one may be.
        NoRoom: Others' uploads have taken the temporary storage there is.
        TooLargeForRoom: It alone needs more of it than one member may have.
    """
    with request.app.state.room.share(visitor.account.member) as share:
        counted = _CountedRequest(request, share)
        try:
            yield await read_form(counted, visitor, max_files=MAX_FILES)
        finally:
            await counted.close()


class _CountedRequest(BoundedRequest):
    """A request whose body takes its share of the temporary storage."""

    def __init__(self, request: Request, share: SpoolShare) -> None:
        super().__init__(request, MAX_FORM)
        self._share = share

    async def stream(self) -> AsyncGenerator[bytes, None]:
        async for chunk in super().stream():
            self._share.take(COPIES * len(chunk))
            yield chunk


async def take_files(visitor: Visitor, draft: Draft, form: FormData) -> tuple[Draft, list[Fault]]:
    """Upload the files of a form; what the axis would refuse is named instead."""
    faults: list[Fault] = []
    for role in FileRole:
        for given in form.getlist(f"file-{role.value}"):
            if not isinstance(given, UploadFile) or not given.filename:
                continue
            name = Path(given.filename.replace("\\", "/")).name
            media_type = MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
            found = list(_faults(draft, ContentEntry(role, name, media_type, given.size or 0, _UNKNOWN)))
            faults += found
            if not found:
                async with _named(given.file) as path:
                    entry = await visitor.axis.upload(OutgoingFile(path, role, name, media_type))
                draft = drafting.with_file(draft, entry, draft.changed_at)
    return draft, faults


def _faults(draft: Draft, entry: ContentEntry) -> Iterator[Fault]:
    field = f"file-{entry.role.value}"
    if len(draft.files) >= MAX_FILES:
        yield fault(field, "too-many", entry.name, limit=MAX_FILES)
    yield from (Fault(field, one.rule, one.value, one.vi, one.en) for one in file_faults(entry, field))


@asynccontextmanager
async def _named(source: BinaryIO) -> AsyncIterator[Path]:
    """Give a file a name to read it by, for as long as that takes."""
    with tempfile.NamedTemporaryFile(prefix=PREFIX) as copy:
        await asyncio.to_thread(shutil.copyfileobj, source, copy)
        await asyncio.to_thread(copy.flush)
        yield Path(copy.name)
