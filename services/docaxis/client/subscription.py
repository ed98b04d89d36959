"""Reading the inbox by Kafka: the same deliveries and news from the member's own topic.

The group's offsets are the cursor. They move only over what is finished, so a crash repeats what was in hand, and the
memory of finished entries drops the repeats.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from docaxis.cancellation import stop_client
from docaxis.client.axis import AxisClient
from docaxis.client.delivery import Delivery
from docaxis.client.errors import RejectedAnswer, UnavailableAxis
from docaxis.client.items import DELIVERY, Entry, News
from docaxis.client.prefix import FinishedPrefix
from docaxis.client.remembering import InboxMemory, TransientMemory
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode
from docaxis_schemas.events import InboxItem
from docaxis_schemas.topics import inbox_topic

POLL_MS: Final = 1000
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where the brokers are and as whom to read. ``name`` tells subscribers of one member apart."""

    bootstrap: str
    member: str
    password: str
    name: str
    security_protocol: Literal["SASL_SSL", "SASL_PLAINTEXT"] = "SASL_SSL"
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"Subscription({self.member!r} as {self.group!r} at {self.bootstrap!r})"  # never the password

    @property
    def username(self) -> str:
        """The member's principal."""
        return f"m.{self.member}"

    @property
    def group(self) -> str:
        """The consumer group: members have rights on groups of their own prefix only."""
        return f"m.{self.member}.{self.name}"


class KafkaInbox:
    """A member's inbox as a subscription. Contents, hand-overs and reports still go through the axis's interface.

    Use it as an asynchronous context manager, then iterate over `items`.
    """

    def __init__(self, subscription: Subscription, axis: AxisClient, *, memory: InboxMemory | None = None) -> None:
        self._subscription = subscription
        self._axis = axis
        self._memory: InboxMemory = memory if memory is not None else TransientMemory()
        self._partition = TopicPartition(inbox_topic(subscription.member), 0)
        self._prefix: FinishedPrefix[int] = FinishedPrefix()
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        wanted = self._subscription
        tls = None
        if wanted.security_protocol == "SASL_SSL":
            tls = create_ssl_context(cafile=str(wanted.ca_file) if wanted.ca_file else None)
        self._consumer = AIOKafkaConsumer(
            self._partition.topic,
            bootstrap_servers=wanted.bootstrap,
            group_id=wanted.group,
            client_id=wanted.group,
            security_protocol=wanted.security_protocol,
            ssl_context=tls,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=wanted.username,
            sasl_plain_password=wanted.password,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await self._consumer.start()
        except KafkaError as error:
            await stop_client(self._consumer)
            raise UnavailableAxis(f"the brokers of the inbox: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await stop_client(self._consumer)

    async def items(self, *, follow: bool = True) -> AsyncIterator[Delivery | News]:
        """Give deliveries and news in the order of the topic.

        A delivery is finished by its ``async with``, a piece of news when the next item is asked for.

        Raises:
            UnavailableAxis: The brokers are away, or a record is of a schema that is newer than this SDK.
            RejectedAnswer: A record that is none of the axis.
        """
        stream = self._subscription.group
        while True:
            records = await self._poll()
            for record in records:
                self._prefix.take(record.offset)
                item = _read(record.value)
                entry = Entry.from_record(item)
                if await self._memory.is_finished(stream, entry.event_id):
                    await self._move(record.offset)
                elif entry.kind == DELIVERY:
                    finished = partial(self._finish, record.offset, entry)
                    yield Delivery(entry, self._axis.desk, finished)
                else:
                    yield News.from_entry(entry)
                    await self._finish(record.offset, entry)
            if not records and not follow and await self._is_at_end():
                return

    async def _poll(self) -> list[Any]:
        try:
            found = await self._consumer.getmany(self._partition, timeout_ms=POLL_MS, max_records=PAGE)
        except KafkaError as error:
            raise UnavailableAxis(f"the brokers of the inbox: {error}") from error
        return list(found.get(self._partition, ()))

    async def _is_at_end(self) -> bool:
        """Whether the position has reached the last stable offset: markers of transactions count as offsets too."""
        if self._partition not in self._consumer.assignment():
            return False
        end = self._consumer.last_stable_offset(self._partition)
        return end is not None and await self._consumer.position(self._partition) >= end

    async def _finish(self, offset: int, entry: Entry) -> None:
        await self._memory.finish(self._subscription.group, entry.event_id)
        await self._move(offset)

    async def _move(self, offset: int) -> None:
        end = self._prefix.finish(offset)
        if end is None:
            return
        try:
            await self._consumer.commit({self._partition: end + 1})
        except KafkaError as error:
            raise UnavailableAxis(f"the brokers of the inbox: {error}", outcome_unknown=True) from error


def _read(value: bytes | None) -> InboxItem:
    try:
        event = decode(value)
    except UnknownSchema as error:
        raise UnavailableAxis(f"{error}: upgrade this SDK, nothing is lost meanwhile") from error
    except RejectedRecordBytes as error:
        raise RejectedAnswer(f"a record in the inbox that is none of the axis: {error}") from error
    if not isinstance(event, InboxItem):
        raise RejectedAnswer("a record in the inbox that belongs elsewhere")
    return event
