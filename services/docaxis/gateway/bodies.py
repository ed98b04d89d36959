"""Request bodies as they come: never held whole, never slower than the minimum rate, as long as was declared."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.requests import Request

from docaxis.gateway.limits import MAX_DRAINED, MAX_SIGNED_RECORD, Limits
from docaxis.gateway.refusals import Refused
from docaxis_schemas.problems import Code


class Body:
    """The body of one request. Only the time spent waiting for the client counts against it."""

    def __init__(self, request: Request, limits: Limits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = aiter(request.stream())
        self._limits = limits
        self._monotonic = monotonic
        self._waited = 0.0
        self._ended = False
        self.received = 0
        self.declared = declared_length(request)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body piece by piece.

        Raises:
            Refused: Too slow, or another length than declared.
        """
        while not self._ended:
            chunk = await self._next()
            self.received += len(chunk)
            if self.declared is not None and self.received > self.declared:
                raise _wrong_length()
            if chunk:
                yield chunk
        if self.declared is not None and self.received != self.declared:
            raise _wrong_length()

    async def whole(self, limit: int) -> bytes:
        """Read a small body.

        Raises:
            Refused: Larger than ``limit`` bytes, too slow, or of another length than declared.
        """
        out = bytearray()
        async for chunk in self.chunks():
            out += chunk
            if len(out) > limit:
                raise too_large(limit)
        return bytes(out)

    async def drain(self) -> None:
        """Read and drop the rest of a small body, so that the answer to it arrives."""
        if self.declared is not None and self.declared - self.received > MAX_DRAINED:
            return
        start = self.received
        try:
            async for _ in self.chunks():
                if self.received - start > MAX_DRAINED:
                    return
        except Refused:
            return

    async def _next(self) -> bytes:
        begun = self._monotonic()
        allowed = self._limits.grace + self.received / self._limits.minimum_rate - self._waited
        try:
            async with asyncio.timeout(max(allowed, 0.001)):
                return await anext(self._stream)
        except StopAsyncIteration:
            self._ended = True
            return b""
        except TimeoutError as error:
            self._ended = True
            raise Refused(
                Code.UPLOAD_TOO_SLOW,
                f"Tốc độ tải lên thấp hơn {self._limits.minimum_rate} byte/giây.",
                f"The upload is slower than {self._limits.minimum_rate} bytes a second.",
                headers={"Connection": "close"},
            ) from error
        finally:
            self._waited += self._monotonic() - begun


async def signed_record(request: Request, limits: Limits, *, largest: int = MAX_SIGNED_RECORD) -> tuple[bytes, str]:
    """Read a signed record, a clerk's unsigned one too, and its media type.

    Raises:
        Refused: Too large, too slow, or of another length than declared.
    """
    data = await Body(request, limits).whole(largest)
    return data, request.headers.get("content-type", "").partition(";")[0].strip().lower()


SIGNED_RECORD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/jose": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}
"""How the description of the interface says that a signed record is wanted."""


def declared_length(request: Request) -> int | None:
    """Read Content-Length.

    Raises:
        Refused: It is no number, or the body is framed twice (request smuggling).
    """
    length = request.headers.get("content-length")
    if length is None:
        return None
    if not length.isdecimal() or "transfer-encoding" in request.headers:
        raise _wrong_length()
    return int(length)


def too_large(limit: int) -> Refused:
    """Say that something is larger than it may be."""
    return Refused(
        Code.CONTENT_TOO_LARGE, f"Lớn quá {limit} byte.", f"Larger than {limit} bytes.", headers={"Connection": "close"}
    )


def _wrong_length() -> Refused:
    return Refused(
        Code.CONTENT_LENGTH_WRONG,
        "Nội dung nhận được không đúng độ dài đã khai báo.",
        "The body is not as long as was declared.",
        headers={"Connection": "close"},
    )
