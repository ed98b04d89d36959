"""The scene: a running local axis, its members as clients, a desk that makes papers, and the witnesses."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from docaxis.client.axis import AxisClient
from docaxis.client.delivery import Delivery
from docaxis.client.files import OutgoingFile
from docaxis.client.items import NewsKind
from docaxis.embedded.axis import AXIS, ENVIRONMENT, LocalAxis
from docaxis.embedded.papers import Paper, PaperDesk
from docaxis.embedded.population import member_of
from docaxis.embedded.story.outcome import Outcome, Promise, Seen
from docaxis.embedded.story.witness import DatabaseWitness, KafkaWitness
from docaxis.storage.database import open_database
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.moments import Clock

PATIENCE_SECONDS: Final = 120.0
"""How long an outcome is waited for before it counts as missing."""
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A document that was handed in by a member."""

    submission_id: UUID
    member: str


class World:
    """Everything a case needs. Use as an async context manager."""

    def __init__(self, axis: LocalAxis, url: str, directory: Path, clock: Clock) -> None:
        self.axis = axis
        self.papers = PaperDesk(axis.authorities, clock)
        self.clients: dict[str, AxisClient] = {}
        self.clock = clock
        self._url = url
        self._directory = directory
        self._stack = AsyncExitStack()
        self._engine = open_database(axis.database.url, application="witness", pool=2)
        self.database = DatabaseWitness(self._engine)
        self.kafka = KafkaWitness(axis.cluster.access, axis.members.values())

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._engine.dispose)
            await stack.enter_async_context(self.kafka)
            for member, identity in self.axis.members.items():
                client = AxisClient(
                    self._url, identity.credential, identity.signer, member=member, axis=AXIS, environment=ENVIRONMENT
                )
                self.clients[member] = await stack.enter_async_context(client)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def client_of(self, code: str) -> AxisClient:
        """Give the client of the member that serves an organisation."""
        return self.clients[member_of(code)]

    async def hand_in(
        self,
        case: str,
        paper: Paper,
        recipients: Sequence[str],
        *,
        member: str,
        more: Sequence[OutgoingFile] = (),
        forwarded: bool = False,
        changes: Mapping[str, Any] | None = None,
    ) -> HandedIn:
        """Hand a paper in as a member would."""
        folder = self._directory / case
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / paper.name
        path.write_bytes(paper.data)
        metadata = paper.metadata.to_json() | dict(changes or {})
        files = [OutgoingFile(path), *more]
        submission = await self.clients[member].send(metadata, files, recipients, own_id=case, forwarded=forwarded)
        return HandedIn(submission.submission_id, member)

    def file(self, case: str, name: str, data: bytes) -> Path:
        """Put a further file where the case keeps its papers."""
        folder = self._directory / case
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(data)
        return path

    async def until_decided(self, *handed: HandedIn) -> None:
        """Wait until the routes of these submissions are decided.

        Raises:
            TimeoutError: One is not, in the time an outcome has.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            for one in handed:
                await self._decided(one.submission_id)

    async def _decided(self, submission_id: UUID) -> None:
        while True:
            if await self.database.decided(submission_id):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def seen(self, submission_id: UUID) -> tuple[Seen, ...]:
        """Look at every recipient of a submission from outside, once all views have caught up."""
        states = await self.database.states(submission_id)
        wanted = [
            (organisation, member) for organisation, (member, state) in states.items() if _in_inbox(member, state)
        ]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not all(self.kafka.deliveries[submission_id, organisation] for organisation, _ in wanted):
                self.kafka.changed.clear()
                await asyncio.wait_for(self.kafka.changed.wait(), PATIENCE_SECONDS)
            views = await self._views(submission_id, {member for _, member in wanted if member}, len(wanted))
        return tuple(
            Seen(
                organisation,
                member if _in_inbox(member, state) else None,
                state,
                views.count(organisation),
                self.kafka.deliveries[submission_id, organisation],
            )
            for organisation, (member, state) in sorted(states.items())
        )

    async def _views(self, submission_id: UUID, members: set[str], wanted: int) -> list[str]:
        while True:
            found = [
                delivery.recipient
                for member in members
                for delivery in await self.deliveries(member)
                if delivery.submission_id == submission_id
            ]
            if len(found) >= wanted:
                return found
            await asyncio.sleep(LOOK_SECONDS)

    async def deliveries(self, member: str) -> list[Delivery]:
        """Give all deliveries in a member's inbox, as the member sees them, finishing none."""
        found: list[Delivery] = []
        cursor = None
        while True:
            page = await self.clients[member].inbox_page(cursor, limit=200)
            found += [
                Delivery(entry, self.clients[member].desk) for _, entry in page.entries if entry.kind == "delivery"
            ]
            if not page.entries:
                return found
            cursor = page.cursor

    async def delivery(self, submission_id: UUID, organisation: str) -> Delivery:
        """Give one delivery as its recipient sees it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for delivery in await self.deliveries(member_of(organisation)):
                    if (delivery.submission_id, delivery.recipient) == (submission_id, organisation):
                        return delivery
                await asyncio.sleep(LOOK_SECONDS)

    async def heard(self, organisation: str, submission_id: UUID, kind: NewsKind, report: Report | None = None) -> bool:
        """Wait for a piece of news about a submission in the inbox of an organisation's own member."""
        stream = f"story-{submission_id}-{kind}-{report}"
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    async for news in self.client_of(organisation).news(follow=False, stream=stream):
                        if (news.submission_id, news.kind) == (submission_id, kind) and report in {None, news.report}:
                            return True
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return False

    async def on_kafka(self, submission_id: UUID, organisation: str, news: str) -> int:
        """Count a piece of news as a plain Kafka reader saw it, once it has seen one."""
        place = (submission_id, organisation, news)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not self.kafka.news[place]:
                    self.kafka.changed.clear()
                    await self.kafka.changed.wait()
        return self.kafka.news[place]

    async def stated(self, handed: HandedIn, types: AbstractSet[str]) -> bool:
        """Wait until evidence of these types is in the timeline of a submission."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    timeline = await self.clients[handed.member].timeline(handed.submission_id)
                    if types <= {entry.type for entry in timeline}:
                        return True
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return False

    async def outcome(
        self, case: str, title: str, handed: HandedIn, promise: Promise, facts: Sequence[tuple[str, bool]] = ()
    ) -> Outcome:
        """Wait for what became of a submission and look at it from outside."""
        await self.until_decided(handed)
        stored = await self.database.verdict(handed.submission_id)
        assert stored is not None, "a decided route has a verdict"
        verdict = json.loads(stored)
        return Outcome(
            case,
            title,
            handed.submission_id,
            verdict["indication"],
            verdict.get("sub_indication"),
            verdict.get("cause"),
            verdict["disposition"],
            await self.seen(handed.submission_id),
            promise,
            tuple(facts),
        )


def _in_inbox(member: str | None, state: str) -> bool:
    return member is not None and state in {"consigned", "handed_over"}
