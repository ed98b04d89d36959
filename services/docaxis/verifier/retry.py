"""Where an undecided submission waits, and until when."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from docaxis.settings import RetrySettings
from docaxis_schemas.events import Submitted
from docaxis_schemas.topics import RETRY_LONG, RETRY_MEDIUM, RETRY_SHORT

SHORT_ATTEMPTS: Final = 3
MEDIUM_ATTEMPTS: Final = 6
WAITING_AHEAD: Final = 256
"""Waiting records of one retry partition in hand: each is only a timer, and those behind must be able to overtake."""


def next_attempt(submitted: Submitted, settings: RetrySettings, *, now: datetime, epoch: int) -> tuple[str, Submitted]:
    """Give the topic and record of the next attempt: due after a while, with newer lists, or at the deadline."""
    topic, delay = _place(submitted.attempt, settings)
    due = min(now + delay, max(submitted.deadline, now))
    return topic, replace(submitted, attempt=submitted.attempt + 1, not_before=due, waits_for_epoch=epoch + 1)


def seconds_until_due(submitted: Submitted, *, now: datetime) -> float:
    """Give how long a record has to wait if no newer lists come; 0 for one that has not been held."""
    return 0.0 if submitted.not_before is None else max(0.0, (submitted.not_before - now).total_seconds())


def _place(attempt: int, settings: RetrySettings) -> tuple[str, timedelta]:
    if attempt <= SHORT_ATTEMPTS:
        return RETRY_SHORT, settings.short
    if attempt <= MEDIUM_ATTEMPTS:
        return RETRY_MEDIUM, settings.medium
    return RETRY_LONG, settings.long
