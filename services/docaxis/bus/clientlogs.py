"""Calms aiokafka's logs: while a broker is down it writes one error a fetch attempt and slot, hundreds a second."""

import logging
import time
from collections.abc import Callable
from typing import Final

SECONDS: Final = 10.0
"""One line of a kind in this time."""
NOISY: Final = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.consumer.subscription_state",
    "aiokafka.producer.message_accumulator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
    "aiokafka.producer.transaction_manager",
)
"""A filter holds for its own logger only, never for those below it."""


class OncePerWhile(logging.Filter):
    """Lets one record of each message template pass in a while; the next one says how many were left out."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._passed: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one record."""
        kind, now = str(record.msg), self._clock()
        if now - self._passed.get(kind, -self._seconds) < self._seconds:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        self._passed[kind] = now
        if count := self._left_out.pop(kind, 0):
            record.msg = f"{record.msg} ({count} more like it left out)"
        return True


def calm_client_logs() -> None:
    """Install the filter once on each of the client's loggers."""
    for name in NOISY:
        logger = logging.getLogger(name)
        if not any(isinstance(known, OncePerWhile) for known in logger.filters):
            logger.addFilter(OncePerWhile())
