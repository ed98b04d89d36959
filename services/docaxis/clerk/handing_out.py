"""Files on their way to a person: streamed from the gateway, always as a download, never shown inside our pages."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from docaxis.clerk.visitors import Visitor
from docaxis.client.downloading import safe_name
from docaxis_schemas.submission import ContentEntry


async def hand_out(visitor: Visitor, path: str, contents: Iterable[ContentEntry], sha256: str) -> Response:
    """Stream one of the contents.

    Raises:
        HTTPException: It is not among them (404).
        ClientError: The gateway refused or is away.
    """
    content = next((one for one in contents if one.sha256 == sha256), None)
    if content is None:
        raise HTTPException(404)
    return await relay(visitor, f"{path}/{sha256}", safe_name(content), size=content.size)


async def relay(visitor: Visitor, path: str, name: str, *, size: int | None = None) -> Response:
    """Stream what the gateway gives at a path as a download of this name; ``size`` in bytes where it is known.

    Raises:
        ClientError: The gateway refused or is away.
    """
    stack = AsyncExitStack()
    opened = await stack.enter_async_context(visitor.axis.desk.connection.open("GET", path))

    async def chunks() -> AsyncIterator[bytes]:
        async with stack:
            async for chunk in opened.aiter_bytes():
                yield chunk

    length = {} if size is None else {"Content-Length": str(size)}
    return StreamingResponse(chunks(), media_type="application/octet-stream", headers=as_download(name) | length)


def as_download(name: str) -> dict[str, str]:
    """Give the headers with which a browser keeps a file and shows nothing of it."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox",
    }
