"""The load: members that hand documents in, and members that take them, both with the patience of the SDK."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Final, Self
from uuid import UUID

from axisfaults.documents import RECIPIENTS, Document
from docaxis.client.axis import AxisClient
from docaxis.client.connection import Patience
from docaxis.client.delivery import Delivery
from docaxis.client.errors import UnavailableAxis
from docaxis.embedded.axis import AXIS, ENVIRONMENT
from docaxis.embedded.identities import MemberIdentity
from docaxis.embedded.population import member_of
from docaxis_schemas.identifiers import submission_id

AT_ONCE: Final = 60
"""Submissions on their way at the same time."""
PATIENCE: Final = Patience(seconds=240.0, longest_pause=2.0)
REPORT_EVERY: Final = 4
"""One delivery in so many is accepted by a report (03) after its hand-over."""


class Load:
    """All members as clients. Use as an async context manager: while open, recipients take what comes."""

    def __init__(self, url: str, members: Mapping[str, MemberIdentity]) -> None:
        self._url = url
        self._members = members
        self._room = asyncio.Semaphore(AT_ONCE)
        self._takers: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self.clients: dict[str, AxisClient] = {}
        self.begun: dict[UUID, Document] = {}
        self.acknowledged: dict[UUID, Document] = {}
        self.given: Counter[tuple[UUID, str]] = Counter()
        """How often the SDK gave a delivery to its recipient's program."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for member, identity in self._members.items():
                client = AxisClient(
                    self._url,
                    identity.credential,
                    identity.signer,
                    member=member,
                    axis=AXIS,
                    environment=ENVIRONMENT,
                    patience=PATIENCE,
                )
                self.clients[member] = await stack.enter_async_context(client)
            self._stack = stack.pop_all()
        self._takers = [
            asyncio.create_task(self._take(member)) for member in sorted({member_of(code) for code in RECIPIENTS})
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for taker in self._takers:
            taker.cancel()
        await asyncio.gather(*self._takers, return_exceptions=True)
        await self._stack.aclose()

    @property
    def outstanding(self) -> set[UUID]:
        """Name the submissions that were begun and are not acknowledged."""
        return set(self.begun) - set(self.acknowledged)

    async def hand_in(self, documents: Iterable[Document]) -> None:
        """Hand documents in, many at a time, and return when all are acknowledged."""
        async with asyncio.TaskGroup() as group:
            for document in documents:
                group.create_task(self._hand_in(document))

    async def _hand_in(self, document: Document) -> None:
        async with self._room:
            name = submission_id(document.member, document.own_id)
            self.begun[name] = document
            client = self.clients[document.member]
            sent = await client.send(document.metadata, [document.path], document.recipients, own_id=document.own_id)
            assert sent.submission_id == name, "the axis named the submission otherwise than its rule says"
            self.acknowledged[name] = document

    def require_takers(self) -> None:
        """Raise what ended a recipient's program, if any did."""
        for taker in self._takers:
            if taker.done():
                taker.result()

    async def _take(self, member: str) -> None:
        async for delivery in self.clients[member].inbox():
            self.given[delivery.submission_id, delivery.recipient] += 1
            await self._finish(delivery)

    async def _finish(self, delivery: Delivery) -> None:
        while True:
            try:
                async with delivery:
                    pass
                if delivery.delivery_id.int % REPORT_EVERY == 0:
                    await delivery.accept(register_number=str(delivery.delivery_id.int % 10_000))
            except UnavailableAxis:
                continue
            return
