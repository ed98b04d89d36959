"""The broker's door: what a member's principal is denied, and what becomes of records that nobody can work on."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from badinputs.checking import nothing_else, once, parametrised, played
from badinputs.house import RECIPIENT, SENDER, Draft, House
from badinputs.table import BROKER, RECORDS, Case, Denied
from docaxis.bus.access import BrokerAccess, librdkafka_settings
from docaxis.embedded.axis import SLOTS
from docaxis_schemas.codec import MARKER, decode, encode
from docaxis_schemas.events import Judged, Submitted
from docaxis_schemas.moments import system_clock
from docaxis_schemas.topics import (
    ACTIONS,
    DEAD_LETTERS,
    EVIDENCE,
    JUDGED,
    SLOTTED,
    SUBMITTED,
    inbox_topic,
    partition_of,
    stage_group,
)

STRUCK, SPARED = range(SLOTS)
"""The slot whose partitions get bad records, and the one beside it."""
READERS = {SUBMITTED: "verifier", JUDGED: "router", ACTIONS: "router", EVIDENCE: "registrar"}
WRITERS = {SUBMITTED: "gateway", ACTIONS: "gateway", JUDGED: "verifier", EVIDENCE: "verifier"}


def _client(access: BrokerAccess) -> dict[str, Any]:
    return {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": access.username,
        "sasl_plain_password": access.password,
    }


# --- members ---------------------------------------------------------------------------------------------------------


async def _write(house: House) -> set[int]:
    """Write to every topic there is as a member; give the answers."""
    inboxes = [inbox_topic(member) for member in house.axis.members]
    return await asyncio.to_thread(_produce, house.member(SENDER), [*SLOTTED, DEAD_LETTERS, *inboxes])


def _produce(access: BrokerAccess, topics: list[str]) -> set[int]:
    answers: list[int] = []
    producer = Producer({**librdkafka_settings(access), "log_level": 0, "message.timeout.ms": 10_000})
    for topic in topics:
        producer.produce(topic, b"forged", partition=0, on_delivery=lambda error, _: answers.append(_code(error)))
    assert producer.flush(20) == 0
    assert len(answers) == len(topics)
    return set(answers)


def _code(error: KafkaError | None) -> int:
    return 0 if error is None else int(error.code())


async def _fetch(access: BrokerAccess, topics: list[str]) -> set[int]:
    """Ask for records without asking for anything else before, as no client library would; give the answers."""
    raw = AIOKafkaClient(**_client(access))
    try:
        await raw.bootstrap()
        wanted = [(topic, [(0, 0, 65536)]) for topic in topics]
        answer = await raw.send(raw.get_random_node(), FetchRequest(0, 0, 65536, 0, wanted))
    finally:
        await raw.close()
    return {int(partition[1]) for _, partitions in answer.topics for partition in partitions}


async def _read_anothers(house: House) -> set[int]:
    assert await _fetch(house.member(SENDER), [inbox_topic(SENDER)]) == {0}
    others = [inbox_topic(member) for member in house.axis.members if member != SENDER]
    return await _fetch(house.member(SENDER), others)


async def _read_the_axis(house: House) -> set[int]:
    return await _fetch(house.member(SENDER), [*SLOTTED, DEAD_LETTERS, "__consumer_offsets", "__transaction_state"])


async def _join(house: House) -> set[int]:
    others = [f"m.{member}.reader" for member in house.axis.members if member != SENDER]
    groups = [*others[:3], f"m.{SENDER}", "s.router", "s.projector"]
    access = house.member(SENDER)
    return set(await asyncio.gather(*(asyncio.to_thread(_subscribe, access, group) for group in groups)))


def _subscribe(access: BrokerAccess, group: str) -> int:
    consumer = Consumer({**librdkafka_settings(access), "group.id": group, "log_level": 0})
    try:
        consumer.subscribe([inbox_topic(SENDER)])
        message = consumer.poll(20)
        assert message is not None
        error = message.error()
        return 0 if error is None else error.code()
    except KafkaException as error:
        return int(error.args[0].code())
    finally:
        consumer.close()


BROKER_ACTS: dict[str, Callable[[House], Awaitable[set[int]]]] = {
    "write-a-topic": _write,
    "read-anothers-inbox": _read_anothers,
    "join-anothers-group": _join,
    "read-the-axis": _read_the_axis,
}


@parametrised(BROKER)
async def test_a_member_is_denied(house: House, case: Case) -> None:
    assert isinstance(case.told, Denied)
    assert await BROKER_ACTS[case.name](house) == {getattr(KafkaError, case.told.error)}
    await nothing_else(house)


# --- records ---------------------------------------------------------------------------------------------------------


async def _put(house: House, topic: str, value: bytes | None, key: bytes | None = None, partition: int = STRUCK) -> int:
    """Write a record with the rights of the service that may; give its offset."""
    producer = AIOKafkaProducer(**_client(house.service(WRITERS[topic])))
    await producer.start()
    try:
        sent = await producer.send_and_wait(topic, value, key=key, partition=partition)
    finally:
        await producer.stop()
    return int(sent.offset)


async def _dead_letter(house: House, topic: str, partition: int, offset: int) -> dict[str, Any] | None:
    answer = await house.http.get("/v1/dead-letters?limit=500", headers=house.operator)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["dead_letters"]
    return next(
        (one for one in found if (one["topic"], one["partition"], one["offset"]) == (topic, partition, offset)), None
    )


async def _committed(house: House, topic: str, partition: int) -> int:
    consumer = AIOKafkaConsumer(
        **_client(house.axis.cluster.access), group_id=stage_group(READERS[topic]), enable_auto_commit=False
    )
    await consumer.start()
    try:
        return await consumer.committed(TopicPartition(topic, partition)) or 0
    finally:
        await consumer.stop()


async def _passed(house: House, topic: str, offset: int) -> bool:
    return await _committed(house, topic, STRUCK) > offset


async def _draft_of_partition(house: House, partition: int) -> Draft:
    draft = house.draft(await house.paper())
    while partition_of(draft.submission, SLOTS) != partition:
        draft = draft.renamed()
    return draft


async def _becomes_a_dead_letter(house: House, topic: str, value: bytes | None, cause: str) -> None:
    offset = await _put(house, topic, value, uuid4().bytes)

    async def told() -> bool:
        return await _dead_letter(house, topic, STRUCK, offset) is not None

    await house.until(told)
    letter = await _dead_letter(house, topic, STRUCK, offset)
    assert letter is not None
    assert letter["record_sha256"] == hashlib.sha256(value or b"").hexdigest()
    assert cause in letter["cause"]
    assert letter["stage"] == READERS[topic]
    await house.delivered(await _draft_of_partition(house, STRUCK))
    await house.until(lambda: _passed(house, topic, offset))


def _dead(topic: str, value: bytes | None, cause: str = "undecodable") -> Callable[[House], Awaitable[None]]:
    return lambda house: _becomes_a_dead_letter(house, topic, value, cause)


def _judged_nothing() -> bytes:
    at = system_clock()
    return encode(Judged(uuid4(), 1, SENDER, uuid4(), "0" * 64, "TOTAL-PASSED", None, None, "deliver", at))


def _submitted(submission: UUID) -> bytes:
    at = system_clock()
    return encode(Submitted(submission, 1, SENDER, 0, SUBMITTED, at, at, "0" * 64, 1, "0" * 64))


async def _copied(house: House) -> None:
    draft = await _draft_of_partition(house, STRUCK)
    await house.delivered(draft)
    decided = "SELECT count(*) AS n FROM decisions WHERE submission_id = :id"
    before = (await house.rows(decided, id=draft.submission))[0].n
    record = await _true_record(house, draft)
    assert record.value is not None
    offset = await _put(house, SUBMITTED, record.value, record.key)
    await house.until(lambda: _passed(house, SUBMITTED, offset))
    await house.delivered(await _draft_of_partition(house, STRUCK))
    assert (await house.rows(decided, id=draft.submission))[0].n == before
    assert await _dead_letter(house, SUBMITTED, STRUCK, offset) is None
    await once(house, draft.submission, RECIPIENT)
    assert house.kafka.deliveries[draft.submission, RECIPIENT] == 1


async def _true_record(house: House, draft: Draft) -> Any:
    consumer = AIOKafkaConsumer(**_client(house.axis.cluster.access), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(SUBMITTED, STRUCK)])
        await consumer.seek_to_beginning()
        async with asyncio.timeout(20):
            async for record in consumer:
                if record.key == draft.submission.bytes and isinstance(decode(record.value), Submitted):
                    return record
    finally:
        await consumer.stop()


async def _unknown_schema(house: House) -> None:
    """Let one wait on every input; every reader sees it, says so, and takes what comes behind it."""
    registry = house.runtime.registry
    waits = {stage: (f"docaxis_{stage}_waits_total", {"slot": str(STRUCK)}) for stage in READERS.values()}
    before = {stage: registry.get_sample_value(*name) or 0 for stage, name in waits.items()}
    offsets = {topic: await _put(house, topic, MARKER + b"tomorrow" + bytes(40)) for topic in READERS}
    for _ in range(3):
        await house.delivered(await _draft_of_partition(house, STRUCK))
    for topic, offset in offsets.items():
        assert (registry.get_sample_value(*waits[READERS[topic]]) or 0) > before[READERS[topic]], topic
        assert await _dead_letter(house, topic, STRUCK, offset) is None, topic
        assert await _committed(house, topic, STRUCK) <= offset, f"{topic}: it is not passed over"
    draft = await _draft_of_partition(house, SPARED)
    await house.delivered(draft)

    async def shown() -> bool:
        return bool(await house.rows("SELECT 1 FROM timeline WHERE submission_id = :id", id=draft.submission))

    await house.until(shown)  # what the projector makes of evidence waits in the other partition alone
    assert f"{EVIDENCE}-{STRUCK} waits" in "; ".join(house.runtime.causes())


RECORD_ACTS: dict[str, Callable[[House], Awaitable[None]]] = {
    "garbage-submitted": _dead(SUBMITTED, "rác \U0001f5d1".encode() * 100),
    "null-submitted": _dead(SUBMITTED, None),
    "garbage-actions": _dead(ACTIONS, b"\x00" * 100),
    "garbage-judged": _dead(JUDGED, b'{"disposition":"deliver"}'),
    "garbage-evidence": _dead(EVIDENCE, b"\xff" * 5000),
    "broken-submitted": lambda house: _becomes_a_dead_letter(
        house, SUBMITTED, _submitted(uuid4())[:-20], "broken vn.docaxis.submitted.v1"
    ),
    "wrong-kind-submitted": lambda house: _becomes_a_dead_letter(
        house, SUBMITTED, _judged_nothing(), "does not take a Judged"
    ),
    "no-such-submission": lambda house: _becomes_a_dead_letter(house, SUBMITTED, _submitted(uuid4()), ""),
    "copied-record": _copied,
    "unknown-schema": _unknown_schema,
}


def test_every_case_of_the_table_is_played() -> None:
    played(BROKER_ACTS, BROKER)
    played(RECORD_ACTS, RECORDS)


@parametrised(RECORDS)
async def test_a_bad_record(house: House, case: Case) -> None:
    await RECORD_ACTS[case.name](house)
    await nothing_else(house)
