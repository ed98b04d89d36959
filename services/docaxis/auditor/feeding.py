"""Events in the order of the log, for whoever collects them: from a time or a leaf on, and on as the log grows.

Every look of an auditor is itself a leaf. A feed that looked again for the leaf of its own last look would never end:
so many leaves as its looks made are not worth a look, until `QUIET` has passed.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from docaxis.auditor.indexing import Disclosure, derive
from docaxis.auditor.rebuilding import Discloser
from docaxis.auditor.walking import fetch_tile, open_checkpoint
from docaxis_schemas.moments import from_text
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, decode_bundle, width_at

PAGE: Final = 500
"""Leaves of one look; as many as a page of disclosures has."""
QUIET: Final = timedelta(minutes=5)


async def first_since(axis: Discloser, policy: Policy, since: datetime) -> int:
    """Give a leaf before which nothing is as young as a time, found in some twenty bundles of entries.

    Entries come nearly in the order of their times: the bundle before the one that is found is given too.

    Raises:
        RejectedProof: The log has no checkpoint, or lacks a bundle.
        RejectedTile: A bundle is malformed.
        RejectedNote: No log of the policy signed the checkpoint.
        RejectedPolicy: Too few witnesses.
    """
    size = (await open_checkpoint(axis, policy)).checkpoint.size
    low, high = 0, (size + WIDTH - 1) // WIDTH
    while low < high:
        middle = (low + high) // 2
        tile = Tile(ENTRIES, middle, width_at(0, middle, size))
        last = decode_bundle(tile, await fetch_tile(axis, tile))[-1]
        low, high = (middle + 1, high) if from_text(json.loads(last)["time"]) < since else (low, middle)
    return max(0, low - 1) * WIDTH


@dataclass(slots=True)
class Feed:
    """Gives rows of leaves that the log has signed, each derived anew from its leaf and what opens it."""

    axis: Discloser
    policy: Policy
    now: Callable[[], datetime]
    next: int = 0
    _mine: int = field(default=0, init=False)
    _looked: datetime | None = field(default=None, init=False)

    async def turn(self) -> AsyncIterator[Mapping[str, Any]]:
        """Give what is new, as far as it is worth a look; a row that was given is behind us once the next is asked for.

        Raises:
            RejectedDisclosure: What is disclosed is not what its leaf commits to.
            RejectedProof: The log has no checkpoint.
            RejectedNote: No log of the policy signed it.
            RejectedPolicy: Too few witnesses.
        """
        size = (await open_checkpoint(self.axis, self.policy)).checkpoint.size
        if size <= self.next or (size - self.next <= self._mine and not self._quiet_for_long()):
            return
        self._looked, self._mine = self.now(), 0
        while self.next < size:
            end = min(size, self.next + PAGE)
            self._mine += 1
            begun = self.next
            async for one in self.axis.disclosures(self.next, end):
                disclosed = None
                if one.statement is not None and one.salts is not None:
                    disclosed = Disclosure(one.statement, one.salts, one.verdict, one.manifest)
                yield derive(one.index, one.leaf, disclosed)
                self.next = one.index + 1
            if self.next == begun:
                return  # the axis does not disclose them yet

    def _quiet_for_long(self) -> bool:
        return self._looked is None or self.now() - self._looked >= QUIET
