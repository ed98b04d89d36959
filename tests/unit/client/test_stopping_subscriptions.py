"""A subscription ends as its program wants it to, whatever state the Kafka client is in."""

import asyncio
from typing import Any

import pytest

from docaxis.client import subscription
from docaxis.client.subscription import KafkaInbox, Subscription


class Interrupted:
    """Ends as aiokafka's consumer does whose broker was away: the cancellation of a task of its own gets out."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take what a consumer takes."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Let the cancellation out."""
        raise asyncio.CancelledError


async def test_a_program_does_not_end_by_the_cancellation_of_a_task_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscription, "AIOKafkaConsumer", Interrupted)
    axis: Any = None
    async with KafkaInbox(Subscription("127.0.0.1:9", "abc", "mật khẩu", "thử"), axis):
        pass
