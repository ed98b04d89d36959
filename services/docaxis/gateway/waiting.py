"""Waiting for a disposition (``Prefer: wait=N``): one look at the database serves everybody who waits."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from docaxis.gateway.limits import MAX_WAIT
from docaxis.storage.claims import ClaimStore
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.verdicts import Verdicts

PAUSE_SECONDS: Final = 0.1
"""Between two looks while somebody waits: short beside a verdict's hundred milliseconds of computing."""


class Decisions:
    """Knows when a submission was decided. `run` it as a task."""

    def __init__(self, claims: ClaimStore, verdicts: Verdicts) -> None:
        self._claims = claims
        self._verdicts = verdicts
        self._waiting: Counter[UUID] = Counter()
        self._somebody = asyncio.Event()
        self._looked = asyncio.Condition()
        self._decided: set[UUID] = set()
        self._stopping = False

    async def wait(self, submission: UUID, seconds: float) -> dict[str, Any] | None:
        """Give the verdict once it is decided, None if that takes longer."""
        self._waiting[submission] += 1
        self._somebody.set()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, MAX_WAIT)), self._looked:
                    await self._looked.wait_for(lambda: self._stopping or submission in self._decided)
        finally:
            self._waiting[submission] -= 1
            if not self._waiting[submission]:
                del self._waiting[submission]
        found = await self._verdicts.of(submission)
        return found[-1] if found else None

    async def stop(self) -> None:
        """Answer everybody who waits with what there is: the process stops."""
        self._stopping = True
        async with self._looked:
            self._looked.notify_all()

    async def run(self) -> None:
        """Look for decisions while anybody waits for one."""
        while True:
            await self._somebody.wait()
            with contextlib.suppress(UnavailableStorage):
                found = await self._claims.decided(list(self._waiting))
                async with self._looked:
                    self._decided = found
                    self._looked.notify_all()
            if not self._waiting:
                self._somebody.clear()
            await asyncio.sleep(PAUSE_SECONDS)


def preferred_wait(headers: Mapping[str, str]) -> int:
    """Read ``Prefer: wait=N`` (RFC 7240); anything else is no wish."""
    for wish in headers.get("prefer", "").split(","):
        name, _, value = wish.strip().partition("=")
        if name.strip().lower() == "wait" and value.strip().isdecimal():
            return min(int(value), MAX_WAIT)
    return 0
