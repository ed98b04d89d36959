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
    stack = AsyncExitStack()
    opened = await stack.enter_async_context(visitor.axis.desk.connection.open("GET", f"{path}/{sha256}"))

    async def chunks() -> AsyncIterator[bytes]:
        async with stack:
            async for chunk in opened.aiter_bytes():
                yield chunk

    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(safe_name(content), safe='')}",
        "Content-Length": str(content.size),
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(chunks(), media_type="application/octet-stream", headers=headers)
