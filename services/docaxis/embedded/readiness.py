"""The proof that a cluster works: topic, transaction, committed read. An open port proves none of it."""

import logging
import threading
import time
import uuid
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from docaxis.bus.access import BrokerAccess, librdkafka_settings

TOPIC: Final = "axis-readiness"
STEP_SECONDS: Final = 5.0

_quiet = logging.getLogger("docaxis.embedded.readiness.librdkafka")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


def prove_ready(access: BrokerAccess, replication: int, deadline: float, abandoned: threading.Event) -> None:
    """Produce in a transaction and read it back, repeating until ``deadline`` (monotonic) or until nobody waits.

    It also makes both coordinators create their topics, so the first real transaction need not wait. Blocks.

    Raises:
        TimeoutError: The deadline has passed, or it was abandoned.
    """
    settings: dict[str, str | int | float | bool] = {**librdkafka_settings(access), "log_level": 0}
    last: Exception | None = None
    while time.monotonic() < deadline and not abandoned.is_set():
        try:
            _create(settings, replication)
            _round_trip(settings, deadline)
        except (KafkaException, TimeoutError) as error:
            last = error
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(str(last))


def _create(settings: dict[str, str | int | float | bool], replication: int) -> None:
    admin = AdminClient(settings, logger=_quiet)
    topic = NewTopic(TOPIC, 1, replication, config={"retention.ms": "60000"})
    try:
        admin.create_topics([topic], operation_timeout=STEP_SECONDS)[TOPIC].result(STEP_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _round_trip(settings: dict[str, str | int | float | bool], deadline: float) -> None:
    token = uuid.uuid4().bytes
    placed: list[int | None] = []
    producer = Producer(
        {**settings, "transactional.id": TOPIC, "transaction.timeout.ms": 5000, "retry.backoff.ms": 20}, logger=_quiet
    )
    producer.init_transactions(STEP_SECONDS)
    producer.begin_transaction()
    producer.produce(TOPIC, token, on_delivery=lambda _, message: placed.append(message.offset()))
    producer.commit_transaction(STEP_SECONDS)
    consumer = Consumer(
        {**settings, "group.id": TOPIC, "enable.auto.commit": False, "isolation.level": "read_committed"},
        logger=_quiet,
    )
    try:
        consumer.assign([TopicPartition(TOPIC, 0, placed[0] or 0)])
        while (message := consumer.poll(STEP_SECONDS)) is not None and time.monotonic() < deadline:
            if message.value() == token:
                consumer.commit(message=message, asynchronous=False)
                return
        raise TimeoutError("a committed record did not come back")
    finally:
        consumer.close()
