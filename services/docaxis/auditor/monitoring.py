"""Follows a log for as long as it is told to: every checkpoint must continue the last one that was seen.

What was seen is kept in a file, so that a log that was set back while nobody watched is noticed too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from docaxis.auditor.consistency import require_continuation
from docaxis.auditor.walking import CHECKPOINT, LogSource
from docaxis.pausing import stopped_within
from docaxis_signing.durable import write_whole
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedNote, RejectedPolicy, RejectedProof, RejectedTile

SILENCE_SECONDS: Final = 60.0
"""So long the log may be away, or without the witnesses that are wanted, before it is an alarm."""


class Teller(Protocol):
    """Whoever is told. ``kind`` is ``seen``, ``alarm`` or ``over`` (an alarm that has passed)."""

    def __call__(self, kind: str, detail: str, opened: SignedCheckpoint | None) -> None:
        """Take the news."""


@dataclass
class Monitor:
    """One look after the other. ``away`` are the errors that mean that the log cannot be reached."""

    source: LogSource
    policy: Policy
    state: Path
    tell: Teller
    away: tuple[type[Exception], ...]
    now: Callable[[], float]
    _since: float | None = field(default=None, init=False)
    _alarmed: bool = field(default=False, init=False)

    def last(self) -> SignedCheckpoint | None:
        """Give the checkpoint that was seen last; None before the first.

        Raises:
            RejectedNote: The file holds something else, or of another log.
        """
        try:
            return self.policy.open(self.state.read_bytes())
        except FileNotFoundError:
            return None

    async def look(self) -> SignedCheckpoint | None:
        """Look once; None if the log could not be reached.

        Raises:
            RejectedProof: The log does not continue what was seen: page someone.
            RejectedTile: Its tiles are malformed.
            RejectedNote: Its checkpoint is not signed by it.
        """
        try:
            data = await self.source.log_file(CHECKPOINT)
            if data is None:
                raise RejectedProof("the log has no checkpoint")
            opened, seen = self.policy.open(data), self.last()
            if seen is None or opened.checkpoint != seen.checkpoint:
                if seen is not None:
                    await require_continuation(self.source, seen, opened)
                self._keep(data)
                added = opened.checkpoint.size - (seen.checkpoint.size if seen else 0)
                self.tell("seen", f"{opened.checkpoint.size} (+{added})", opened)
            self.policy.require(data)
        except self.away as error:
            self._trouble(f"the log cannot be reached: {error}")
            return None
        except RejectedPolicy as error:
            self._trouble(str(error))
            return opened
        self._well()
        return opened

    async def watch(self, every: float, stopping: asyncio.Event) -> None:
        """Look again and again until told to stop.

        Raises:
            RejectedProof: As `look`.
            RejectedTile: As `look`.
            RejectedNote: As `look`.
        """
        while not stopping.is_set():
            await self.look()
            await stopped_within(stopping, every)

    def _keep(self, data: bytes) -> None:
        write_whole(self.state, data)

    def _trouble(self, why: str) -> None:
        if self._since is None:
            self._since = self.now()
        if not self._alarmed and self.now() - self._since >= SILENCE_SECONDS:
            self._alarmed = True
            self.tell("alarm", why, None)

    def _well(self) -> None:
        if self._alarmed:
            self.tell("over", "", None)
        self._since, self._alarmed = None, False


FALSE: Final = (RejectedProof, RejectedTile, RejectedNote)
"""What means that the log is not what it was."""
