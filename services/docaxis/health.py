"""A process's own health and metrics over HTTP, for those that serve no interface otherwise."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Final, Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

HOST: Final = "127.0.0.1"
REQUEST_LIMIT: Final = 8192
"""Bytes of a request line and headers; a scraper's has a few hundred."""
REQUEST_SECONDS: Final = 5.0


class HealthServer:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics`` on loopback. Use as an async context manager.

    A dozen lines of HTTP/1.0 instead of a second web server in every process: three fixed answers, GET only.
    """

    def __init__(self, port: int, registry: CollectorRegistry, causes: Callable[[], tuple[str, ...]]) -> None:
        self._port = port
        self._registry = registry
        self._causes = causes
        self._server: Any = None

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, HOST, self._port, limit=REQUEST_LIMIT)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._reply(head.split(b" ", 2)[1] if head.startswith(b"GET ") else b"")
                writer.write(
                    f"HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                )
                await writer.drain()
        writer.close()

    def _reply(self, path: bytes) -> tuple[str, str, bytes]:
        if path == b"/healthz":
            return "200 OK", "application/json", b'{"alive":true}'
        if path == b"/readyz":
            causes = self._causes()
            status = "503 Service Unavailable" if causes else "200 OK"
            return status, "application/json", json.dumps({"ready": not causes, "causes": causes}).encode()
        if path == b"/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
        return "404 Not Found", "text/plain", b"not found\n"
