"""Time as a parameter: UTC inside, Asia/Ho_Chi_Minh where the law counts days."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

Clock = Callable[[], datetime]
"""Gives the present as an aware datetime in UTC."""

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam keeps UTC+7 without daylight saving since 1975, so no zone database is needed in ring 1."""


def system_clock() -> datetime:
    """Give the present."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with microseconds, the one form that is hashed and signed.

    Raises:
        ValueError: The moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be compared")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """Read an RFC 3339 moment; any offset is accepted, none is not.

    Raises:
        ValueError: Not a moment, or one without a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {text!r}")
    return moment.astimezone(UTC)
