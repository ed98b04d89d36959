"""Waiting for what the database tells: one listening connection a process wakes everybody who waits for a name."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

INBOX_CHANNEL: Final = "docaxis_inbox"
"""The projector tells the member whose inbox grew, in the transaction that made it grow."""
RETRY_SECONDS: Final = 1.0
"""Between attempts to listen again; whoever waits looks for itself meanwhile."""
LOOK_SECONDS: Final = 5.0
"""A waiter looks for itself this often even when nothing is told, so that a lost message costs little."""


class Notifications:
    """Listens on one channel. `run` it as a task; without it waiters still look every few seconds."""

    def __init__(self, url: str, channel: str = INBOX_CHANNEL) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.stopping = False

    @asynccontextmanager
    async def waiting(self, name: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever ``name`` is told; clear it before looking, wait after."""
        event = asyncio.Event()
        self._waiting[name].add(event)
        try:
            yield event
        finally:
            self._waiting[name].discard(event)
            if not self._waiting[name]:
                del self._waiting[name]

    def wake_all(self) -> None:
        """Have everybody look: something may have been missed, or the process stops."""
        for events in self._waiting.values():
            for event in events:
                event.set()

    def stop(self) -> None:
        """Have everybody come to an end: the process stops."""
        self.stopping = True
        self.wake_all()

    async def run(self) -> None:
        """Listen for ever, again after every loss of the connection."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._channel, self._told)
            self.wake_all()
            await lost.wait()
        finally:
            connection.terminate()

    def _told(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for event in self._waiting.get(str(payload), ()):
            event.set()
