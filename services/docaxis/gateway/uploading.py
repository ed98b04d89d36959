"""Uploading a content beforehand: ``PUT /v1/contents/{sha256}``, resumed at ``Upload-Offset`` after any break."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

from docaxis.gateway.bodies import Body, too_large
from docaxis.gateway.limits import Limits
from docaxis.gateway.multipart import malformed
from docaxis.gateway.refusals import Refused
from docaxis.storage.contents import ContentMismatch, ContentStore, Progress, QuotaExceeded, WrongOffset
from docaxis_schemas.problems import Code

_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Uploads:
    """Takes contents before they are submitted. Answers alike whether a content was there before."""

    contents: ContentStore
    limits: Limits

    async def progress(self, member: str, sha256: str) -> Progress:
        """Say how far an upload came.

        Raises:
            Refused: This member has begun none, or a request is writing it now.
        """
        try:
            found = await self.contents.progress(member, checked_name(sha256))
        except WrongOffset as error:
            raise _elsewhere(error) from error
        if found is None:
            raise Refused(Code.NOT_FOUND)
        return found

    async def put(self, member: str, sha256: str, headers: Headers, body: Body) -> Progress:
        """Take the bytes of one request.

        Raises:
            Refused: Wrong offset, wrong length, wrong hash, too large, too slow, too much that no submission names.
            UnavailableStorage: Store or database are away.
        """
        name = checked_name(sha256)
        offset, size = _number(headers, "upload-offset", 0), _number(headers, "upload-length", body.declared)
        if size == 0:
            raise Refused(Code.CONTENT_EMPTY)
        if size > self.limits.file:
            raise too_large(self.limits.file)
        if offset + (body.declared or 0) > size:
            raise Refused(Code.CONTENT_LENGTH_WRONG)
        try:
            return await self._write(member, name, offset, size, body)
        except WrongOffset as error:
            if error.offset == offset == size:  # complete already, and nothing more was sent
                return Progress(size, size)
            raise _elsewhere(error) from error
        except ContentMismatch as error:
            raise Refused(Code.CONTENT_MISMATCH) from error
        except QuotaExceeded as error:
            raise _over_quota(error) from error

    async def _write(self, member: str, name: str, offset: int, size: int, body: Body) -> Progress:
        async with await self.contents.resume(member, name, size, offset) as writer:
            async for chunk in body.chunks():
                await writer.write(chunk)
            if writer.received == size:
                await writer.finish()
                return Progress(size, size)
        found = await self.contents.progress(member, name)
        return Progress(0, size) if found is None else found


def checked_name(sha256: str) -> str:
    """Check that a path names a content.

    Raises:
        Refused: It does not.
    """
    if not _SHA256.fullmatch(sha256):
        raise malformed("Tên nội dung là SHA-256 dạng thập lục phân thường.", "A content is named by its SHA-256.")
    return sha256


def _number(headers: Headers, name: str, otherwise: int | None) -> int:
    text = headers.get(name)
    if text is None and otherwise is not None:
        return otherwise
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise malformed(f"Thiếu hoặc sai {name}.", f"{name} is missing or no number.")
    return int(text)


def _elsewhere(error: WrongOffset) -> Refused:
    if error.offset is None:
        return Refused(
            Code.OFFSET_MISMATCH,
            "Một yêu cầu khác đang ghi tệp này.",
            "Another request is writing this content.",
            headers={"Retry-After": "1"},
        )
    return Refused(
        Code.OFFSET_MISMATCH,
        f"Đã nhận {error.offset} byte.",
        f"{error.offset} bytes were received.",
        headers={"Upload-Offset": str(error.offset)},
    )


def _over_quota(error: QuotaExceeded) -> Refused:
    held, quota = error.held, error.quota
    return Refused(
        Code.UPLOAD_QUOTA,
        f"Đang giữ {held.contents} tệp ({held.bytes} byte) chưa thuộc lượt gửi nào;"
        f" tối đa {quota.contents} tệp, {quota.bytes} byte.",
        f"{held.contents} contents of {held.bytes} bytes are stored that no submission names;"
        f" at most {quota.contents}, of {quota.bytes} bytes.",
    )
