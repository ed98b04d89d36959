"""HTTP/1.1 as lean as a load generator wants it: what it spends is taken from the axis, which shares its cores.

Only for an axis on loopback that answers well-formed messages. Members use `docaxis.client`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

MAX_HEAD: Final = 64 * 1024
ATTEMPTS: Final = 2
"""Idle connections may have been closed meanwhile; every request of a member is safe to repeat."""


class WireError(Exception):
    """The axis answered something else than was asked for, or not at all."""


class Wire:
    """Connections of one member; as many as it has requests under way."""

    def __init__(self, host: str, port: int, credential: str) -> None:
        self._host, self._port = host, port
        self._fixed = f"Host: {host}:{port}\r\nAuthorization: Bearer {credential}\r\n"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(
        self, method: str, path: str, *, wanted: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        """Send one request and give the body of its answer.

        Raises:
            WireError: The status is not the one that was wanted.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"{method} {path} HTTP/1.1\r\n{self._fixed}{lines}Content-Length: {len(body)}\r\n\r\n".encode("ascii")
        for attempt in range(ATTEMPTS):
            try:
                status, answer = await self._exchange((head, body))
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if attempt == ATTEMPTS - 1:
                    raise WireError(f"{method} {path}: {error!r}") from error
                await self.close()
                continue
            if status != wanted:
                raise WireError(f"{method} {path}: {status} {answer[:400].decode('utf-8', 'replace')}")
            return answer
        raise AssertionError

    async def close(self) -> None:
        """Close what is idle."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _exchange(self, message: Sequence[bytes]) -> tuple[int, bytes]:
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        try:
            writer.writelines(message)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head[9:12])
            body = await _body(reader, head)
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, body

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port, limit=MAX_HEAD)


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name == "content-length":
            return await reader.readexactly(int(value))
        if name == "transfer-encoding":
            return await _chunks(reader)
    return b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        found.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(found)
