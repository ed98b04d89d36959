"""Values as existing software spells them: dates, moments, numbers and flags in every form that has been met."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from docaxis_schemas.moments import VIETNAM

_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", re.ASCII)
_BARE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE
)
_NOT_GIVEN: Final = frozenset({"n/a", "null", "none"})
"""Fillings that vendors write where there is no date or number. In text they are kept: they may be meant."""

_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


def is_filling(text: str) -> bool:
    """Say whether a date, number or flag is only filled in."""
    return text.casefold() in _NOT_GIVEN


def read_date(text: str) -> date:
    """Read a day: ``2015/09/30``, ``2015-09-30``, ``30/09/2015``, ``20150930``, each with or without a time.

    Raises:
        ValueError: No day in any of these forms.
    """
    day, time = _split(text)
    if time and (match := _TIME.fullmatch(time)) and match[5]:
        return read_moment(text).astimezone(VIETNAM).date()
    return _day(day)


def read_moment(text: str) -> datetime:
    """Read a moment: a day as above and a time; without a zone it is Vietnam time, without a time its midnight.

    Raises:
        ValueError: No moment in any of these forms.
    """
    day, time = _split(text)
    if not time:
        return _at(_day(day), 0, 0, 0, 0, None)
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError(f"no time: {text!r}")
    hour, minute, second, fraction, zone = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return _at(_day(day), int(hour), int(minute), int(second or 0), micro, zone)


def _split(text: str) -> tuple[str, str]:
    day, _, time = text.strip().replace("T", " ", 1).partition(" ")
    return day, time.strip()


def _day(text: str) -> date:
    if match := _YEAR_FIRST.fullmatch(text) or _BARE.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, match.groups())
    else:
        raise ValueError(f"no date: {text!r}")
    return date(year, month, day)


def _at(day: date, hour: int, minute: int, second: int, micro: int, zone: str | None) -> datetime:  # noqa: PLR0917
    offset: timezone = VIETNAM
    if zone:
        sign = -1 if zone[0] == "-" else 1
        digits = zone[1:].replace(":", "") or "0000"
        offset = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    found = datetime(day.year, day.month, day.day, hour, minute, second, micro, tzinfo=offset)
    return found.astimezone(UTC)


def read_number(text: str) -> int:
    """Read a whole number, zero or more.

    Raises:
        ValueError: It is none.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"no number: {text!r}")
    return int(text[:20])


def read_flag(text: str) -> bool:
    """Read ``true``, ``false``, ``1`` or ``0``.

    Raises:
        ValueError: It is neither.
    """
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"neither true nor false: {text!r}")


def write_date(day: date) -> str:
    """Write a day as the standard does."""
    return f"{day.year:04}/{day:%m/%d}"


def write_moment(moment: datetime) -> str:
    """Write a moment as the standard does: Vietnam time, to the second, without a zone."""
    local = moment.astimezone(VIETNAM)
    return f"{local.year:04}/{local:%m/%d %H:%M:%S}"
