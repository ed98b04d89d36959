"""Makes what members and services need on the brokers: topics, users, rights, quotas, first offsets. All idempotent.

A member is active only when all of its parts exist. Services get their rights last and the stages' first offsets before
that, so a run that was cut off is simply repeated.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from docaxis.bus.access import (
    SERVICES,
    AclRule,
    BrokerAccess,
    librdkafka_settings,
    member_rules,
    member_user,
    service_rules,
    service_user,
)
from docaxis.bus.connection import access_options, client_errors, topic_partition
from docaxis.bus.port import BusError, LostOffsets, Partition, UnavailableBus
from docaxis.bus.quotas import MEMBER_QUOTA, SERVICE_QUOTA, set_quotas
from docaxis.cancellation import stop_client
from docaxis_schemas.topics import DEAD_LETTERS, SLOTTED, STAGE_INPUTS, inbox_topic, stage_group

CALL_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.05
"""An ACL listing right after 24 were made was empty: what was made is polled until it shows."""
SCRAM_ITERATIONS: Final = 4096
DAY_MS: Final = 86_400_000
INBOX_RETENTION_MS: Final = 30 * DAY_MS
DEAD_LETTER_RETENTION_MS: Final = 90 * DAY_MS
FOR_EVER: Final = -1
"""Stage inputs and evidence: trimmed by their stages, below what is finished (see `trimming`)."""
PASSING: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic as it must be."""

    name: str
    partitions: int
    retention_ms: int


def axis_topics(slots: int) -> tuple[TopicPlan, ...]:
    """Give the topics of the axis itself; the inboxes come with their members."""
    slotted = (TopicPlan(name, slots, FOR_EVER) for name in SLOTTED)
    return (*slotted, TopicPlan(DEAD_LETTERS, 1, DEAD_LETTER_RETENTION_MS))


class Provisioner:
    """Acts as the administrator whose access it is given. ``replication``: 1, or 3 copies with 2 acknowledging."""

    def __init__(self, access: BrokerAccess, *, replication: int) -> None:
        self._access = access
        self._replication = replication
        self._admin = AdminClient({**librdkafka_settings(access), "log_level": 0})

    def access_of(self, user: str, password: str) -> BrokerAccess:
        """Give another user's access to the same brokers."""
        return replace(self._access, username=user, password=password)

    async def provision_services(self, slots: int, passwords: Mapping[str, str]) -> dict[str, BrokerAccess]:
        """Make the axis's topics, and user, rights, quota and first offsets of every service with a password here.

        Raises:
            LostOffsets: A topic has records and its stage no offset.
            UnavailableBus: The brokers are away.
            BusError: They refused, or a topic has another number of partitions.
        """
        await self.create_topics(axis_topics(slots))
        for stage, topics in STAGE_INPUTS.items():
            for topic in topics:
                await self.commit_first_offsets(stage_group(stage), topic, slots)
        users = {service_user(service): passwords[service] for service in SERVICES if service in passwords}
        await self.put_users(users)
        await set_quotas(self._access, dict.fromkeys(users, SERVICE_QUOTA))
        for service in passwords:
            await self.allow_exactly(f"User:{service_user(service)}", service_rules(service))
        return {service: self.access_of(service_user(service), word) for service, word in passwords.items()}

    async def provision_member(self, member: str, password: str) -> BrokerAccess:
        """Make a member's inbox, user, rights and quota.

        The inbox may have records already: of deliveries that waited for it, or because an earlier run was cut off.
        Nobody needs an offset in it: the projector keeps its positions in the database, members commit their own.

        Raises:
            ValueError: The id is none.
            UnavailableBus: The brokers are away.
            BusError: They refused.
        """
        rules, user, inbox = member_rules(member), member_user(member), inbox_topic(member)
        await self.create_topics([TopicPlan(inbox, 1, INBOX_RETENTION_MS)])
        await self.put_users({user: password})
        await set_quotas(self._access, {user: MEMBER_QUOTA})
        await self.allow_exactly(f"User:{user}", rules)
        return self.access_of(user, password)

    async def create_topics(self, plans: Sequence[TopicPlan]) -> None:
        """Create what is missing and wait until every partition has a leader.

        Raises:
            BusError: One exists with another number of partitions: work in flight would change its owner.
        """
        futures = self._admin.create_topics([self._new_topic(plan) for plan in plans], operation_timeout=CALL_SECONDS)
        for future in futures.values():
            await _done(future, besides=KafkaError.TOPIC_ALREADY_EXISTS)
        wanted = {plan.name: plan.partitions for plan in plans}
        await _until(lambda: self._all_led(wanted))

    def _new_topic(self, plan: TopicPlan) -> NewTopic:
        config = {
            "cleanup.policy": "delete",
            "compression.type": "producer",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(plan.retention_ms),
            "min.insync.replicas": "2" if self._replication > 2 else "1",
            "unclean.leader.election.enable": "false",
        }
        return NewTopic(plan.name, plan.partitions, self._replication, config=config)

    def _all_led(self, wanted: Mapping[str, int]) -> bool:
        topics = self._admin.list_topics(timeout=CALL_SECONDS).topics
        for name, partitions in wanted.items():
            if name not in topics or topics[name].error or not topics[name].partitions:
                return False  # the broker that was asked has not heard of it yet
            if any(part.leader < 0 for part in topics[name].partitions.values()):
                return False
            if len(topics[name].partitions) != partitions:
                raise BusError(
                    f"topic {name} has {len(topics[name].partitions)} partitions, not {partitions}: "
                    "the number of slots is fixed at the first start"
                )
        return True

    async def put_users(self, passwords: Mapping[str, str]) -> None:
        """Create SCRAM users or give them these passwords."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
        upsertions = [UserScramCredentialUpsertion(user, info, word.encode()) for user, word in passwords.items()]
        if upsertions:
            for future in self._admin.alter_user_scram_credentials(list(upsertions)).values():
                await _done(future)

    async def allow_exactly(self, principal: str, rules: Iterable[AclRule]) -> None:
        """Give a principal these rights, take all others from it, and wait until both show."""
        wanted = {_binding(rule): rule for rule in rules}
        before = set(await _done(self._admin.describe_acls(_all_of(principal))))
        if missing := [binding for binding in wanted if binding not in before]:
            for future in self._admin.create_acls(missing).values():
                await _done(future)
        if surplus := [_as_filter(binding) for binding in before if binding not in wanted]:
            for future in self._admin.delete_acls(surplus).values():
                await _done(future)
        await _until(lambda: set(self._admin.describe_acls(_all_of(principal)).result(CALL_SECONDS)) == set(wanted))

    async def commit_first_offsets(self, group: str, topic: str, partitions: int) -> None:
        """Commit offset 0 where nothing was ever written or committed.

        The group must have no members that subscribe; slots assign their partitions, so theirs never has.

        Raises:
            LostOffsets: A partition has records and no committed offset: that is a loss, not a beginning.
        """
        parts = [TopicPartition(topic, number) for number in range(partitions)]
        asked = [ConsumerGroupTopicPartitions(group, parts)]
        listed = await _patiently(lambda: self._admin.list_consumer_group_offsets(asked)[group])
        missing = [part.partition for part in listed.topic_partitions if part.offset < 0]
        if missing:
            for number, end in (await self._ends(topic, missing)).items():
                if end:
                    raise LostOffsets(f"group {group} has no offset in {topic}-{number}, which has had records")
            first = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, number, 0) for number in missing])]
            await _patiently(lambda: self._admin.alter_consumer_group_offsets(first)[group])

    async def _ends(self, topic: str, numbers: Iterable[int]) -> dict[int, int]:
        """Give the end of each partition.

        By aiokafka, which waits for a leader: librdkafka that once saw a partition without one answers "no leaders
        found" from memory for minutes.
        """
        parts = [topic_partition(Partition(topic, number)) for number in numbers]
        consumer = AIOKafkaConsumer(**access_options(self._access))
        try:
            with client_errors(f"asking where {topic} ends"):
                async with asyncio.timeout(CALL_SECONDS):
                    await consumer.start()
                    return {part.partition: end for part, end in (await consumer.end_offsets(parts)).items()}
        finally:
            await stop_client(consumer)


def _binding(rule: AclRule) -> AclBinding:
    return AclBinding(
        ResourceType[rule.resource],
        rule.name,
        ResourcePatternType[rule.pattern],
        rule.principal,
        "*",
        AclOperation[rule.operation],
        AclPermissionType.ALLOW,
    )


def _all_of(principal: str) -> AclBindingFilter:
    anything: Any = None  # the stubs want a name where the filter takes any
    return AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        principal,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _as_filter(found: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        found.restype,
        found.name,
        found.resource_pattern_type,
        found.principal,
        found.host,
        found.operation,
        found.permission_type,
    )


async def _done(future: "Future[Any]", *, besides: int | None = None) -> Any:
    """Wait for one of the client's futures off the loop; an error code ``besides`` is no error."""
    return await asyncio.to_thread(_result, future, besides)


async def _patiently(ask: "Callable[[], Future[Any]]") -> Any:
    """Ask again while a coordinator is still on its way to the broker that was asked."""
    return await asyncio.to_thread(_ask_again, ask)


def _ask_again(ask: "Callable[[], Future[Any]]") -> Any:
    deadline = time.monotonic() + CALL_SECONDS
    while True:
        try:
            return _result(ask())
        except PassingError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


class PassingError(UnavailableBus):
    """What was made has not reached the broker that was asked."""


def _result(future: "Future[Any]", besides: int | None = None) -> Any:
    try:
        return future.result(CALL_SECONDS)
    except KafkaException as error:
        if besides is not None and error.args[0].code() == besides:
            return None
        raise _meaning(error) from error
    except TimeoutError as error:
        raise UnavailableBus("the brokers did not answer") from error


def _meaning(error: KafkaException) -> BusError:
    cause = error.args[0]
    if cause.code() in PASSING:
        return PassingError(cause.str())
    # Negative codes are the client's own: no connection, no answer in time.
    if cause.retriable() or cause.code() < 0:
        return UnavailableBus(cause.str())
    return BusError(cause.str())


async def _until(shown: Callable[[], bool]) -> None:
    """Poll off the loop: a listing follows what was made, by a moment."""
    await asyncio.to_thread(_poll, shown)


def _poll(shown: Callable[[], bool]) -> None:
    deadline = time.monotonic() + CALL_SECONDS
    try:
        while not shown():
            if time.monotonic() > deadline:
                raise UnavailableBus("what was made does not show")
            time.sleep(POLL_SECONDS)
    except KafkaException as error:
        raise UnavailableBus(error.args[0].str()) from error
