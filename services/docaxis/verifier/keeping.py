"""Keeps what verdicts are drawn from, each thing once by content, before the verdict that rests on it is stored.

Nearly all of it is shared: policy, trust store and lists are the same for all verdicts until a list changes, and are
written once for all of them. A verdict's own part has the names of its files, the register's entries and the times.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from docaxis.storage.decisions import Decision
from docaxis.storage.evidence_objects import EvidenceObjects, KeptInputs
from docaxis.storage.rejudgements import RejudgementStore, Watch
from docaxis.verifier.judging import Drawn
from docaxis.verifier.pool import Knowledge
from docaxis_schemas.moments import Clock
from docaxis_signing.policy import Policy
from docaxis_signing.rerun import Grounds, Objects, divide

KNOWN: Final = 100_000
"""Names of objects that are remembered as kept: those of a year of lists and answers; more are asked for again."""


class Keeping:
    """Stores verdicts together with what they were drawn from."""

    def __init__(self, decisions: RejudgementStore, objects: EvidenceObjects, clock: Clock) -> None:
        self._decisions = decisions
        self._objects = objects
        self._clock = clock
        self._grounds: Grounds | None = None
        self._known: set[str] = set()
        self._writing = asyncio.Lock()

    def grounds(self, policy: Policy, knowledge: Knowledge) -> Grounds:
        """Give what verdicts by this knowledge have in common; put together once while it is in force."""
        held = self._grounds
        if (
            held is None
            or held.policy is not policy
            or held.trust is not knowledge.trust
            or held.revocation is not knowledge.revocation
        ):
            held = self._grounds = Grounds.of(policy, knowledge.trust, knowledge.revocation, self._clock())
        return held

    async def decide(self, proposed: Decision, watches: Sequence[Watch], drawn: Drawn) -> Decision:
        """Store a verdict with what it waits for and what it was drawn from, and give the one that stands.

        Raises:
            UnavailableStorage: The database is away.
        """
        return await self._decisions.decide(proposed, watches, drawn.received, await self._kept(drawn))

    async def _kept(self, drawn: Drawn) -> KeptInputs:
        shared, own = divide(drawn.inputs())
        more = Objects()
        name = more.put(shared)
        for answer in drawn.answers:
            more.put(answer.der)
        if not self._known.issuperset(drawn.grounds.objects) or not self._known.issuperset(more):
            async with self._writing:
                await self._keep(drawn.grounds.objects | more)
        return KeptInputs(name, own)

    async def _keep(self, objects: dict[str, bytes]) -> None:
        missing = {name: content for name, content in objects.items() if name not in self._known}
        if missing:
            await self._objects.keep(missing)
        if len(self._known) > KNOWN:
            self._known.clear()
        self._known.update(objects)
