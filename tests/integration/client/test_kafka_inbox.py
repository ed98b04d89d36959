"""The inbox as a subscription to a real broker: own rights, committed records only, what was in hand comes again."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from docaxis.bus.provisioning import Provisioner
from docaxis.client import (
    Delivery,
    FileMemory,
    InboxMemory,
    KafkaInbox,
    News,
    NewsKind,
    Subscription,
    TransientMemory,
    UnavailableAxis,
)
from docaxis.embedded import BrokerAccess, EmbeddedCluster
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import encode
from docaxis_schemas.events import InboxItem
from docaxis_schemas.moments import system_clock
from docaxis_schemas.topics import inbox_topic

PASSWORD = "a-password-of-a-member"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrokerAccess]:
    async with EmbeddedCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.access


class Mailbox:
    """One member's inbox topic, written as the router writes it: in transactions."""

    def __init__(self, access: BrokerAccess, member: str) -> None:
        self.access, self.member = access, member

    def subscription(self, name: str = "erp", *, password: str = PASSWORD, member: str | None = None) -> Subscription:
        return Subscription(self.access.bootstrap, member or self.member, password, name, "SASL_PLAINTEXT")

    async def write(self, *items: InboxItem, commit: bool = True) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.access.bootstrap,
            security_protocol=self.access.security_protocol,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=self.access.username,
            sasl_plain_password=self.access.password,
            transactional_id=f"test-{self.member}",
            enable_idempotence=True,
            transaction_timeout_ms=5000,
        )
        await producer.start()
        try:
            await producer.begin_transaction()
            for item in items:
                await producer.send_and_wait(inbox_topic(self.member), encode(item), partition=0)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
        finally:
            await producer.stop()

    def news(self, **body: Any) -> InboxItem:
        return self._item("news", None, body)

    def delivery(self, fake: Any, data: bytes) -> InboxItem:
        identity = fake.deliver(data)
        return self._item("delivery", identity, fake.inbox[-1]["body"])

    def _item(self, kind: str, identity: UUID | None, body: dict[str, Any]) -> InboxItem:
        return InboxItem(uuid4(), kind, self.member, uuid4(), "H37.02", identity, 1, system_clock(), canonical(body))


@pytest_asyncio.fixture(loop_scope="session")
async def mailbox(broker: BrokerAccess) -> Mailbox:
    member = f"m-{uuid4().hex[:8]}"
    await Provisioner(broker, replication=1).provision_member(member, PASSWORD)
    return Mailbox(broker, member)


async def read(mailbox: Mailbox, axis: Any, memory: InboxMemory, *, fail_at: int | None = None) -> list[Any]:
    """Read everything there is; the delivery of that number raises in its block."""
    found: list[Any] = []
    async with KafkaInbox(mailbox.subscription(), axis, memory=memory) as inbox:
        async for item in inbox.items(follow=False):
            found.append(item)
            if isinstance(item, Delivery):
                if len(found) - 1 == fail_at:
                    break
                async with item:
                    pass
    return found


async def test_deliveries_and_news_come_in_order_and_aborted_ones_never(
    fake: Any, connect: Any, mailbox: Mailbox
) -> None:
    await mailbox.write(mailbox.news(news="held"), mailbox.delivery(fake, b"one"))
    await mailbox.write(mailbox.news(news="dead_letter"), commit=False)
    await mailbox.write(mailbox.news(news="accepted"))
    async with connect() as axis:
        found = await read(mailbox, axis, TransientMemory())
    kinds = [item.kind if isinstance(item, News) else "delivery" for item in found]
    assert kinds == [NewsKind.HELD, "delivery", NewsKind.ACCEPTED]
    assert fake.handovers[0]["contents"] == [hashlib.sha256(b"one").hexdigest()]


async def test_what_was_in_hand_comes_again_and_what_was_finished_does_not(
    fake: Any, connect: Any, mailbox: Mailbox, tmp_path: Path
) -> None:
    items = [mailbox.delivery(fake, b"%d" % number) for number in range(3)]
    await mailbox.write(*items)
    memory = FileMemory(tmp_path / "memory.sqlite")
    async with connect() as axis:
        first = await read(mailbox, axis, memory, fail_at=1)
        second = await read(mailbox, axis, memory)
        third = await read(mailbox, axis, memory)
    assert [item.delivery_id for item in first] == [items[0].delivery_id, items[1].delivery_id]
    assert [item.delivery_id for item in second] == [items[1].delivery_id, items[2].delivery_id]
    assert third == []
    assert len(fake.handovers) == 3


async def test_the_same_event_written_twice_is_given_once(fake: Any, connect: Any, mailbox: Mailbox) -> None:
    item = mailbox.delivery(fake, b"one")
    await mailbox.write(item, item)
    async with connect() as axis:
        assert len(await read(mailbox, axis, TransientMemory())) == 1
    assert len(fake.handovers) == 1


async def test_a_wrong_password_is_unavailable_not_silence(connect: Any, mailbox: Mailbox) -> None:
    async with connect() as axis:
        with pytest.raises(UnavailableAxis):
            await KafkaInbox(mailbox.subscription(password="wrong"), axis).__aenter__()
