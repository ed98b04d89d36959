"""What is wrong with the axis just now, as far as a person at the pages should know before beginning something.

Looked at every few seconds by the pages' process, so that no page waits for it. Drafts lie in the database: while
nothing can be handed in, they are written on and kept.
"""

import asyncio
from datetime import timedelta
from enum import StrEnum, unique
from typing import Any, Final

import httpx
import structlog

from docaxis.pausing import stopped_within
from docaxis.storage.clerk_lists import ClerkLists
from docaxis.storage.decisions import UnavailableStorage
from docaxis_schemas.moments import Clock

PAUSE: Final = timedelta(seconds=5)
ASK_SECONDS: Final = 4.0
"""The gateway gives each of its own checks three."""
LATE: Final = timedelta(minutes=3)
"""A document that waits so long for its first examination: ordinarily that takes a second."""


@unique
class Trouble(StrEnum):
    """What people are told; the word on the page has the same name."""

    AXIS_AWAY = "trouble-axis"
    BUS_AWAY = "trouble-bus"
    LATE = "trouble-late"


READ_ONLY: Final = frozenset({Trouble.AXIS_AWAY, Trouble.BUS_AWAY})
"""While these last nothing is handed in."""


class Conditions:
    """Keeps what was found last; ``gateway`` is the address that everything is handed in at."""

    def __init__(self, gateway: str, lists: ClerkLists, clock: Clock) -> None:
        self._gateway = gateway
        self._lists = lists
        self._clock = clock
        self._log = structlog.get_logger("docaxis.clerk.conditions")
        self.troubles: tuple[Trouble, ...] = ()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be handed in just now."""
        return not READ_ONLY.isdisjoint(self.troubles)

    async def look(self, client: httpx.AsyncClient) -> None:
        """Find out how it stands."""
        found = [*await self._of_gateway(client), *await self._of_verification()]
        if tuple(found) != self.troubles:
            self._log.info("conditions changed", troubles=[one.value for one in found])
        self.troubles = tuple(found)

    async def _of_gateway(self, client: httpx.AsyncClient) -> list[Trouble]:
        try:
            answer = await client.get(f"{self._gateway}/readyz")
            checks: dict[str, Any] = dict(answer.json()["checks"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return [Trouble.AXIS_AWAY]
        failed = {name for name, told in checks.items() if told != "ok"}
        if failed - {"bus"}:
            return [Trouble.AXIS_AWAY]
        return [Trouble.BUS_AWAY] if failed else []

    async def _of_verification(self) -> list[Trouble]:
        try:
            late = await self._lists.is_late(self._clock() - LATE)
        except UnavailableStorage:
            return []  # the page that is asked for says so itself
        return [Trouble.LATE] if late else []

    async def serve(self, stopping: asyncio.Event, pause: timedelta = PAUSE) -> None:
        """Look until told to stop."""
        async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as client:
            while not stopping.is_set():
                await self.look(client)
                await stopped_within(stopping, pause)
