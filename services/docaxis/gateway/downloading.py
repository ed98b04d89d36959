"""Contents on their way out: whole or one range (RFC 9110, 14), always as a download, never shown by a browser."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from docaxis.gateway.refusals import Refused
from docaxis.storage.contents import SEGMENT, ContentStore
from docaxis_schemas.problems import Code

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_NOT_IN_HEADERS: Final = re.compile(r'[^\x20-\x7e]|["\\]')


async def download(contents: ContentStore, member: str, entry: Mapping[str, Any], range_header: str | None) -> Response:
    """Answer with a content of a member's space; who asks was authorised before.

    Raises:
        Refused: The range cannot be satisfied.
        MissingContent: It is gone.
        UnavailableStorage: Store or database are away.
    """
    content = await contents.open(member, entry["sha256"])
    start, stop = read_range(range_header, content.size)
    partial = (start, stop) != (0, content.size)
    headers = {
        "Content-Length": str(stop - start),
        "Accept-Ranges": "bytes",
        "ETag": f'"{entry["sha256"]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        **as_download(entry["name"]),
    }
    if partial:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    status, media_type = 206 if partial else 200, entry["media_type"]
    if stop - start <= SEGMENT:  # held whole in any case: a stream would only cost its machinery
        data = b"".join([part async for part in content.stream(start, stop)])
        return Response(data, status_code=status, media_type=media_type, headers=headers)
    return StreamingResponse(content.stream(start, stop), status_code=status, media_type=media_type, headers=headers)


def read_range(header: str | None, size: int) -> tuple[int, int]:
    """Read one range; a form that is not understood is ignored, as RFC 9110 (14.2) wants.

    Raises:
        Refused: It lies behind the end.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
    if start >= stop:
        raise Refused(
            Code.MALFORMED_REQUEST,
            "Đoạn yêu cầu nằm ngoài tệp.",
            "The range lies outside the file.",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop


def as_download(name: str) -> dict[str, str]:
    """Give the headers of a file that is kept by who asked for it, and by no cache on the way."""
    return {
        "Content-Disposition": disposition(name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def disposition(name: str) -> str:
    """Give Content-Disposition (RFC 6266): an ASCII name for old clients, the real one in UTF-8."""
    return f"attachment; filename=\"{_NOT_IN_HEADERS.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"
