"""A web application on a port: strict about framing, stopped without dropping what is in hand."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from docaxis.protocol import GatheringProtocol

STOP_SECONDS: Final = 20
"""How long requests in hand may take to end when the service stops; a longer upload is resumed elsewhere."""
KEEP_ALIVE_SECONDS: Final = 75
"""An idle connection is kept longer than clients (5 s in httpx) and proxies (60 s in nginx) keep theirs: were it closed
at the moment they use it again, a request would be lost without an answer."""


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever composed the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves one application. ``port`` 0 takes a free one."""

    def __init__(self, app: ASGIApp, host: str, port: int, *, name: str) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._name = name
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> str:
        """Listen and give the address.

        Raises:
            OSError: The port is taken.
        """
        listening = socket.create_server((self._host, self._port), backlog=512)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            http=GatheringProtocol,
            ws="none",
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([listening]), name=self._name)
        while not self._server.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.01)
        return self.url

    async def stop(self) -> None:
        """Take no more connections and finish what is in hand."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
