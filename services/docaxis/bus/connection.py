"""How the Kafka client is opened and closed, and what its errors mean to us."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
    ProducerFenced,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from docaxis.bus.access import BrokerAccess
from docaxis.bus.port import (
    BusError,
    FencedSlot,
    LostOffsets,
    MissingTopic,
    Outgoing,
    Partition,
    Received,
    RefusedRecord,
    UnavailableBus,
)
from docaxis.cancellation import being_cancelled
from docaxis.settings import BusSettings
from docaxis_schemas.events import MAX_RECORD

METADATA_SECONDS: Final = 2.0
"""How long a topic may take to show before it counts as missing; a new one shows at the first refresh."""
REQUEST_MS: Final = 10_000
BACKOFF_MS: Final = 20
"""The client's default of 100 ms would be paid at every start of a slot and every change of leader."""
HEADERS_LIMIT: Final = 8 * 1024
"""Bytes of key and headers beside a value of at most `MAX_RECORD`."""


def client_options(settings: BusSettings) -> dict[str, Any]:
    """Give what every aiokafka client needs to reach the brokers."""
    password = settings.password.get_secret_value()
    return access_options(
        BrokerAccess(settings.bootstrap, settings.username, password, settings.security_protocol, settings.ca_file)
    )


def access_options(access: BrokerAccess) -> dict[str, Any]:
    """Give the same for a principal's access."""
    options: dict[str, Any] = {
        "bootstrap_servers": access.bootstrap,
        "security_protocol": access.security_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": access.username,
        "sasl_plain_password": access.password,
        "request_timeout_ms": REQUEST_MS,
        "retry_backoff_ms": BACKOFF_MS,
    }
    if access.security_protocol == "SASL_SSL":
        options["ssl_context"] = ssl.create_default_context(cafile=access.ca_file)
    return options


@contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Translate the client's errors into the bus's."""
    try:
        yield
    except BusError:
        raise
    except asyncio.CancelledError as error:
        if being_cancelled():
            raise
        raise UnavailableBus(f"{doing}: the client gave up") from error
    except (ProducerFenced, InvalidProducerEpoch) as error:
        raise FencedSlot(f"{doing}: another process has taken the slot") from error
    except AssertionError as error:
        # A producer that learnt of its fence in the background asserts on its own state when it commits.
        raise FencedSlot(f"{doing}: the producer is in no state to go on") from error
    except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
        raise RefusedRecord(f"{doing}: a record is too large for the broker") from error
    except OffsetOutOfRangeError as error:
        raise LostOffsets(f"{doing}: the position was trimmed away") from error
    except TopicAuthorizationFailedError as error:
        raise MissingTopic(str(error.args[0] if error.args else doing)) from error
    except (KafkaError, IllegalOperation, ConsumerStoppedError, OSError, TimeoutError) as error:
        raise UnavailableBus(f"{doing}: {type(error).__name__}") from error


def topic_partition(partition: Partition) -> TopicPartition:
    """Name a partition as the client does."""
    return TopicPartition(partition.topic, partition.number)


def received(record: Any) -> Received:
    """Read one of the client's records."""
    return Received(
        Partition(record.topic, record.partition),
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


def check_size(record: Outgoing) -> None:
    """Refuse a record that is too large before anything is sent: inside a transaction it would spoil the others.

    Raises:
        RefusedRecord: It is larger than a record may be.
    """
    beside = len(record.key) + sum(len(name) + len(value) for name, value in record.headers)
    if len(record.value) > MAX_RECORD or beside > HEADERS_LIMIT:
        raise RefusedRecord(f"a record of {len(record.value)} + {beside} bytes for {record.partition.topic}")


async def require_partitions(client: Any, targets: frozenset[Partition]) -> None:
    """Return if the client knows every one of these partitions.

    ``client`` is a consumer's or producer's inner client: the only place that asks without waiting ten seconds.

    Raises:
        MissingTopic: One is not there, or may not be seen.
        UnavailableBus: The broker is away.
    """
    for target in sorted(targets):
        if target.number in (client.cluster.partitions_for_topic(target.topic) or ()):
            continue
        with client_errors(f"looking for topic {target.topic}"):
            try:
                async with asyncio.timeout(METADATA_SECONDS):
                    found = await client._wait_on_metadata(target.topic)  # noqa: SLF001 - partitions_for() is this
            except (TimeoutError, UnknownTopicOrPartitionError) as error:
                raise MissingTopic(target.topic) from error
        if target.number not in found:
            raise MissingTopic(target.topic)
