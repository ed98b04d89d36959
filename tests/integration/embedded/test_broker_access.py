"""Who may do what, asked of a real broker: one for all of these tests, with three members whose ids are alike."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.fetch import FetchRequest
from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from docaxis.bus.access import (
    SERVICES,
    AclRule,
    BrokerAccess,
    Operation,
    Pattern,
    Resource,
    librdkafka_settings,
    member_rules,
)
from docaxis.bus.port import BusError, LostOffsets
from docaxis.bus.provisioning import Provisioner, TopicPlan
from docaxis.embedded import EmbeddedCluster
from docaxis_schemas.topics import STAGE_INPUTS, inbox_topic, stage_group

MEMBERS = ("abc", "abcd", "abc-1")
SLOTS = 2


@dataclass(frozen=True, slots=True)
class Axis:
    cluster: EmbeddedCluster
    provisioner: Provisioner
    services: Mapping[str, BrokerAccess]
    members: Mapping[str, BrokerAccess]


@pytest.fixture(scope="module")
async def axis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Axis]:
    async with EmbeddedCluster(tmp_path_factory.mktemp("axis") / "kafka") as cluster:
        provisioner = Provisioner(cluster.access, replication=1)
        services = await provisioner.provision_services(SLOTS, {name: secrets.token_hex(8) for name in SERVICES})
        members = {name: await provisioner.provision_member(name, secrets.token_hex(8)) for name in MEMBERS}
        yield Axis(cluster, provisioner, services, members)


def client(access: BrokerAccess) -> dict[str, Any]:
    return {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": access.username,
        "sasl_plain_password": access.password,
        "retry_backoff_ms": 20,
        "request_timeout_ms": 5000,
    }


async def send(access: BrokerAccess, topic: str, value: bytes, *, how: str = "plain") -> int:
    """Write one record, "plain", "idempotent" or in a transaction of this id; give its offset."""
    transaction = {"transactional_id": how, "transaction_timeout_ms": 5000}
    mode = {"plain": {}, "idempotent": {"enable_idempotence": True}}.get(how, transaction)
    producer = AIOKafkaProducer(**client(access), **mode)
    try:
        await producer.start()
        if mode is not transaction:
            return int((await producer.send_and_wait(topic, value, partition=0, timestamp_ms=1)).offset)
        async with producer.transaction():
            return int((await producer.send_and_wait(topic, value, partition=0)).offset)
    finally:
        await producer.stop()


def read(access: BrokerAccess, topic: str, group: str, *, join: bool = False) -> Message:
    """Read the first committed record and commit the place after it, as a member of the group or without joining."""
    settings = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer({**librdkafka_settings(access), **settings, "group.id": group})
    try:
        if join:
            consumer.subscribe([topic])
        else:
            consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(20)
        assert message is not None
        if error := message.error():
            raise KafkaException(error)
        consumer.commit(message=message, asynchronous=False)
        return message
    finally:
        consumer.close()


async def fetch_error(access: BrokerAccess, topic: str) -> int:
    """Ask for records without asking for anything else before, as no client library would; give the broker's answer."""
    raw = AIOKafkaClient(**client(access))
    try:
        await raw.bootstrap()
        answer = await raw.send(raw.get_random_node(), FetchRequest(0, 0, 65536, 0, [(topic, [(0, 0, 65536)])]))
    finally:
        await raw.close()
    return int(answer.topics[0][1][0][1])


def refused(caught: pytest.ExceptionInfo[KafkaException]) -> int:
    return int(caught.value.args[0].code())


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("join", [True, False])
async def test_a_member_reads_its_own_inbox_which_the_router_wrote(axis: Axis, member: str, join: bool) -> None:  # noqa: FBT001
    await send(axis.services["router"], inbox_topic(member), member.encode(), how="router-0")
    group = f"m.{member}.{'group' if join else 'reader'}"
    message = await asyncio.to_thread(read, axis.members[member], inbox_topic(member), group, join=join)
    assert message.value() == member.encode()


@pytest.mark.parametrize(("member", "other"), [*permutations(MEMBERS, 2)])
async def test_a_member_does_not_read_anothers_inbox(axis: Axis, member: str, other: str) -> None:
    assert await fetch_error(axis.members[member], inbox_topic(member)) == 0
    assert await fetch_error(axis.members[member], inbox_topic(other)) == KafkaError.TOPIC_AUTHORIZATION_FAILED


OTHERS_GROUPS = [(m, f"m.{o}.reader") for m, o in permutations(MEMBERS, 2)]
OTHERS_GROUPS += [("abc", group) for group in ("m.abc", "s.router", "x")]


@pytest.mark.parametrize(("member", "group"), OTHERS_GROUPS)
def test_a_member_does_not_join_anothers_group(axis: Axis, member: str, group: str) -> None:
    with pytest.raises(KafkaException) as caught:
        read(axis.members[member], inbox_topic(member), group, join=True)
    assert refused(caught) == KafkaError.GROUP_AUTHORIZATION_FAILED


@pytest.mark.parametrize(("member", "group"), OTHERS_GROUPS)
def test_a_member_does_not_move_anothers_place(axis: Axis, member: str, group: str) -> None:
    admin = AdminClient({**librdkafka_settings(axis.members[member]), "log_level": 0})
    moved = ConsumerGroupTopicPartitions(group, [TopicPartition(inbox_topic(member), 0, 5)])
    with pytest.raises(KafkaException) as caught:
        admin.alter_consumer_group_offsets([moved])[group].result(10)
    assert refused(caught) == KafkaError.GROUP_AUTHORIZATION_FAILED


@pytest.mark.parametrize("topic", ["inbox.abc", "inbox.abcd", "submitted", "actions", "evidence", "dead-letters"])
async def test_a_member_writes_nothing(axis: Axis, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await asyncio.wait_for(send(axis.members["abc"], topic, b"forged"), 20)


async def test_a_member_gets_no_producer_id_and_no_transaction(axis: Axis) -> None:
    with pytest.raises(ClusterAuthorizationFailedError):
        await send(axis.members["abc"], "inbox.abc", b"forged", how="idempotent")
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await send(axis.members["abc"], "inbox.abc", b"forged", how="m.abc.t")


@pytest.mark.parametrize("topic", ["submitted", "judged", "evidence", "__consumer_offsets", "__transaction_state"])
async def test_a_member_reads_no_topic_of_the_axis(axis: Axis, topic: str) -> None:
    assert await fetch_error(axis.members["abc"], topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


async def test_a_member_creates_no_topic_and_sees_only_its_own(axis: Axis) -> None:
    admin = AdminClient({**librdkafka_settings(axis.members["abc"]), "log_level": 0})
    with pytest.raises(KafkaException) as caught:
        await asyncio.to_thread(admin.create_topics([NewTopic("inbox.new", 1, 1)])["inbox.new"].result, 10)
    assert refused(caught) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert set((await asyncio.to_thread(admin.list_topics, timeout=10)).topics) == {"inbox.abc"}


@pytest.mark.parametrize(
    ("username", "password"), [("m.abc", "wrong"), ("m.nobody", "wrong"), ("axis-broker", "wrong"), ("m.abcd", "abc's")]
)
async def test_a_stranger_does_not_come_in(axis: Axis, username: str, password: str) -> None:
    password = axis.members["abc"].password if password == "abc's" else password
    with pytest.raises(KafkaConnectionError):
        await send(replace(axis.members["abc"], username=username, password=password), "submitted", b"")


async def test_nobody_comes_in_without_a_name(axis: Axis) -> None:
    with pytest.raises(KafkaConnectionError):
        await send(replace(axis.members["abc"], security_protocol="PLAINTEXT"), "submitted", b"")


async def test_the_gateway_writes_idempotently_and_reads_nothing(axis: Axis) -> None:
    gateway = axis.services["gateway"]
    assert await send(gateway, "submitted.urgent", b"document", how="idempotent") == 0
    assert await fetch_error(gateway, "submitted.urgent") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(TopicAuthorizationFailedError):
        await asyncio.wait_for(send(gateway, "judged", b"forged", how="idempotent"), 20)


async def test_the_time_of_a_record_is_the_brokers(axis: Axis) -> None:
    await send(axis.services["verifier"], "evidence", b"sent with time 1")
    message = await asyncio.to_thread(read, axis.services["projector"], "evidence", "s.projector")
    kind, time_ms = message.timestamp()
    assert kind == TIMESTAMP_LOG_APPEND_TIME
    assert time_ms > 1_700_000_000_000


async def test_a_stage_has_no_other_stages_transactions(axis: Axis) -> None:
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await send(axis.services["verifier"], "judged", b"", how="router-0")
    assert await send(axis.services["verifier"], "judged", b"verdict", how="verifier-0") >= 0


async def committed(axis: Axis, stage: str, topic: str) -> list[int]:
    """Ask as the administrator; -1001 is none."""
    admin = AdminClient({**librdkafka_settings(axis.cluster.access), "log_level": 0})
    asked = ConsumerGroupTopicPartitions(stage_group(stage), [TopicPartition(topic, part) for part in range(SLOTS)])
    answer = admin.list_consumer_group_offsets([asked])[stage_group(stage)]
    return [part.offset for part in (await asyncio.to_thread(answer.result, 10)).topic_partitions]


async def test_every_input_of_every_stage_has_its_first_offsets(axis: Axis) -> None:
    for stage, topics in STAGE_INPUTS.items():
        for topic in topics:
            assert await committed(axis, stage, topic) == [0] * SLOTS, (stage, topic)


async def test_first_offsets_never_overwrite_and_a_lost_one_is_no_beginning(axis: Axis) -> None:
    provisioner, operator = axis.provisioner, axis.cluster.access
    plan = TopicPlan("offsets-test", SLOTS, -1)
    await provisioner.create_topics([plan])
    await provisioner.commit_first_offsets("s.router", "offsets-test", SLOTS)
    assert await committed(axis, "router", "offsets-test") == [0, 0]
    await send(operator, "offsets-test", b"one")
    await provisioner.commit_first_offsets("s.router", "offsets-test", SLOTS)
    assert await committed(axis, "router", "offsets-test") == [0, 0]
    with pytest.raises(LostOffsets, match=r"s\.verifier has no offset in offsets-test-0"):
        await provisioner.commit_first_offsets("s.verifier", "offsets-test", SLOTS)


async def test_first_offsets_of_a_topic_that_has_no_leader_yet(axis: Axis) -> None:
    """With librdkafka asking for the end, it was seen to fail at about every second topic."""
    for number in range(12):
        name = f"young-{number}"
        axis.provisioner._admin.create_topics([NewTopic(name, SLOTS, 1)])
        await axis.provisioner.commit_first_offsets("s.router", name, SLOTS)
        assert await committed(axis, "router", name) == [0, 0]


async def test_provisioning_again_changes_nothing_and_another_slot_count_is_refused(axis: Axis) -> None:
    again = await axis.provisioner.provision_member("abc", axis.members["abc"].password)
    assert again == axis.members["abc"]
    assert await axis.provisioner.provision_services(SLOTS, {}) == {}
    with pytest.raises(BusError, match="has 2 partitions, not 3"):
        await axis.provisioner.provision_services(SLOTS + 1, {})


async def test_a_member_step_that_was_cut_off_is_repeated_though_its_inbox_has_records_since(axis: Axis) -> None:
    inbox = inbox_topic("cut-off")
    await axis.provisioner.create_topics([TopicPlan(inbox, 1, -1)])
    await send(axis.cluster.access, inbox, b"a delivery that waited")
    member = await axis.provisioner.provision_member("cut-off", secrets.token_hex(8))
    message = await asyncio.to_thread(read, member, inbox, "m.cut-off.test")
    assert message.value() == b"a delivery that waited"


async def test_a_right_too_many_is_taken_away(axis: Axis) -> None:
    member = await axis.provisioner.provision_member("extra", secrets.token_hex(8))
    extra = AclRule("User:m.extra", Resource.TOPIC, "inbox.abcd", Pattern.LITERAL, Operation.READ)
    await axis.provisioner.allow_exactly("User:m.extra", [*member_rules("extra"), extra])
    assert await fetch_error(member, "inbox.abcd") == 0
    await axis.provisioner.provision_member("extra", member.password)
    assert await fetch_error(member, "inbox.abcd") == KafkaError.TOPIC_AUTHORIZATION_FAILED


async def test_every_principal_has_a_quota(axis: Axis) -> None:
    settings = client(axis.cluster.access)
    quotas = AIOKafkaClient(**settings)
    await quotas.bootstrap()
    try:
        answer = await quotas.send(quotas.get_random_node(), DescribeClientQuotasRequest([("user", 2, None)], False))
    finally:
        await quotas.close()
    found = {entity[0][1]: dict(values) for entity, values in answer.entries}
    expected = {f"s.{name}" for name in SERVICES} | {f"m.{name}" for name in MEMBERS}
    assert expected <= found.keys()
    assert found["m.abc"]["consumer_byte_rate"] < found["s.router"]["consumer_byte_rate"]
