"""Byte rates and processor shares for principals, so that one client cannot use up the brokers.

Neither confluent-kafka nor aiokafka offers AlterClientQuotas, and Kafka's own tool needs a JVM and 2 to 6 s a call. So
the request (key 49, version 0: KIP-546) is spoken here through aiokafka's protocol types.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from docaxis.bus.access import BrokerAccess
from docaxis.bus.connection import access_options
from docaxis.bus.port import BusError, UnavailableBus

MEBIBYTE: Final = 1024 * 1024
TIMEOUT_SECONDS: Final = 15.0
_ENTITY: Final = ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8"))))


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes a second a principal may write and read at each broker, and per cent of one thread's time."""

    write_bytes: int
    read_bytes: int
    request_percentage: int


MEMBER_QUOTA: Final = Quota(write_bytes=64 * 1024, read_bytes=10 * MEBIBYTE, request_percentage=25)
"""A member only reads; 10 MiB/s are some 2,000 deliveries a second."""
SERVICE_QUOTA: Final = Quota(write_bytes=100 * MEBIBYTE, read_bytes=100 * MEBIBYTE, request_percentage=400)
"""Above what a service reaches (20,000 records of 4 KiB a second), below what would starve the others for long."""


class _Response(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")), _ENTITY)),
    )


class _Struct(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        ("entries", Array(_ENTITY, ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class _AlterClientQuotas(Request[_Struct]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, quotas: Mapping[str, Quota]) -> None:
        self._quotas = quotas

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        return request_struct_class(
            [([("user", user)], _operations(quota)) for user, quota in self._quotas.items()], False
        )


def _operations(quota: Quota) -> list[tuple[str, float, bool]]:
    return [
        ("producer_byte_rate", float(quota.write_bytes), False),
        ("consumer_byte_rate", float(quota.read_bytes), False),
        ("request_percentage", float(quota.request_percentage), False),
    ]


async def set_quotas(access: BrokerAccess, quotas: Mapping[str, Quota]) -> None:
    """Set the quotas of users; ``access`` needs ALTER_CONFIGS on the cluster.

    Raises:
        UnavailableBus: The brokers are away.
        BusError: They refused.
    """
    client = AIOKafkaClient(**access_options(access))
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await client.bootstrap()
            response = await client.send(client.get_random_node(), _AlterClientQuotas(quotas))
    except (KafkaError, TimeoutError) as error:
        raise UnavailableBus(f"quotas could not be set: {error!r}") from error
    finally:
        await client.close()
    for code, message, entity in response.entries:
        if code:
            raise BusError(f"the quota of {entity} was refused: {message} ({code})")
