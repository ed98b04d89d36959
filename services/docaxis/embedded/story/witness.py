"""Outside eyes: a plain Kafka reader for each member, and the database. Neither uses the axis's own code to read."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.access import BrokerAccess
from docaxis.cancellation import stop_client
from docaxis.embedded.identities import MemberIdentity
from docaxis_schemas.codec import decode
from docaxis_schemas.events import InboxItem

POLL_MS: Final = 200


class KafkaWitness:
    """Subscribes to members' inboxes with their own rights and counts every entry it is given."""

    def __init__(self, access: BrokerAccess, members: Iterable[MemberIdentity]) -> None:
        self._access = access
        self._members = tuple(members)
        self._consumers: list[AIOKafkaConsumer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.entries: Counter[UUID] = Counter()
        self.deliveries: Counter[tuple[UUID, str]] = Counter()
        self.news: Counter[tuple[UUID, str, str]] = Counter()
        self.order: list[tuple[str, UUID, str]] = []
        self.changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        for member in self._members:
            consumer = AIOKafkaConsumer(
                f"inbox.{member.member}",
                bootstrap_servers=self._access.bootstrap,
                security_protocol=self._access.security_protocol,
                sasl_mechanism="SCRAM-SHA-512",
                sasl_plain_username=f"m.{member.member}",
                sasl_plain_password=member.kafka_password,
                group_id=f"m.{member.member}.witness",
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            await consumer.start()
            self._consumers.append(consumer)
            self._tasks.append(asyncio.create_task(self._read(consumer)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for consumer in self._consumers:
            await stop_client(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self._note(decode(record.value))

    def _note(self, item: Any) -> None:
        assert isinstance(item, InboxItem)
        self.entries[item.event_id] += 1
        if item.kind == "delivery":
            self.deliveries[item.submission_id, item.recipient] += 1
            self.order.append((item.member, item.submission_id, item.recipient))
        else:
            self.news[item.submission_id, item.recipient, str(json.loads(item.body)["news"])] += 1
        self.changed.set()


class DatabaseWitness:
    """Reads what the axis recorded, by plain SQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def states(self, submission_id: UUID) -> dict[str, tuple[str | None, str]]:
        """Give member and transport state of each recipient of a submission."""
        rows = await self._rows(
            "SELECT recipient, member, state FROM deliveries WHERE submission_id = :id", id=submission_id
        )
        return {row.recipient: (row.member, row.state) for row in rows}

    async def changes(self, submission_id: UUID) -> dict[str, tuple[str | None, str | None]]:
        """Give what each recipient of a submission was asked last, and where that is."""
        rows = await self._rows(
            "SELECT recipient, change, change_state FROM deliveries WHERE submission_id = :id", id=submission_id
        )
        return {row.recipient: (row.change, row.change_state) for row in rows}

    async def decided(self, submission_id: UUID) -> bool:
        """Say whether the submission's route is decided."""
        found = await self._rows(
            "SELECT 1 FROM decisions WHERE submission_id = :id AND kind = 'route'", id=submission_id
        )
        return bool(found)

    async def verdict(self, submission_id: UUID) -> bytes | None:
        """Give the stored verdict."""
        rows = await self._rows(
            "SELECT body FROM decisions WHERE submission_id = :id AND kind = 'verdict'", id=submission_id
        )
        return bytes(rows[0].body) if rows else None

    async def _rows(self, statement: str, **values: object) -> Any:
        async with self._engine.connect() as connection:
            return (await connection.execute(text(statement), values)).all()
