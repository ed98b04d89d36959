"""HTTP/1.1 on a connection: h11, with head and body of an answer in one write."""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

HELD: Final = 64 * 1024
"""Bytes that are written at once instead of at the next turn of the loop: the transport's own limits must see them."""


class _Gathering:
    """A transport that joins what is written within one turn of the loop.

    A head and a small body written one by one are two system calls and wake the client twice, which costs more than
    making the answer. Nothing waits for longer than the handlers of this turn take.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size >= HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held, unless the connection is gone."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GatheringProtocol(H11Protocol):
    """h11 refuses requests that are framed twice or are not quite HTTP, where faster parsers guess."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", _Gathering(transport, self.loop)))
