"""The working calendar: which days state agencies work, and the deadlines that rules count in such days.

Holidays and swapped days are data (``holidays/*.toml``), because the government announces them year by year. All
questions are answered in Asia/Ho_Chi_Minh; moments given and returned are aware. A year without data knows weekends and
the holidays of fixed date only; `WorkingCalendar.covers` says so.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from docaxis_schemas.moments import VIETNAM

MORNING_ENDS: Final = time(12, 0)
"""A rule that says "the morning" is met until noon."""

OFFICE_CLOSES: Final = time(17, 0)
"""What arrives later has arrived, for deadlines, on the next working day."""

LONGEST_BREAK: Final = 31
"""Days without work in a row; Tết takes nine. More is wrong data, and a search would not end."""

_SATURDAY: Final = 5
_FIXED: Final = {
    (1, 1): "Tết Dương lịch",
    (4, 30): "Ngày Chiến thắng",
    (5, 1): "Quốc tế Lao động",
    (9, 2): "Quốc khánh",
}
_DAY: Final = timedelta(days=1)
_AHEAD: Final = VIETNAM.utcoffset(None)
"""How far Vietnam's clocks are ahead of UTC; adding it costs a twentieth of what changing zones does."""


class RejectedCalendar(ValueError):
    """The calendar's data contradict themselves."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off, or a weekend day that is worked; ``checked`` says whether against its announcement."""

    name: str
    checked: bool


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Days off and swapped working days of some years."""

    holidays: Mapping[date, Holiday]
    swapped: Mapping[date, Holiday]
    years: frozenset[int]
    _after: dict[date, date] = field(default_factory=dict, init=False, repr=False, compare=False)
    _before: dict[date, date] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Next and previous working days that were looked for, so that a day's deliveries look once."""

    @classmethod
    def from_toml(cls, texts: Iterable[str]) -> "WorkingCalendar":
        """Read calendar files, each with ``[[holiday]]`` (name, from, to) and ``[[working_day]]`` (name, on).

        Raises:
            RejectedCalendar: A file is not of that form, or a day is both off and worked.
        """
        holidays: dict[date, Holiday] = {}
        swapped: dict[date, Holiday] = {}
        try:
            for text in texts:
                data = tomllib.loads(text)
                for entry in data.get("holiday", ()):
                    holidays |= dict.fromkeys(_period(entry["from"], entry["to"]), _named(entry))
                for entry in data.get("working_day", ()):
                    swapped |= {entry["on"]: _named(entry)}
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise RejectedCalendar(f"not a calendar file: {error!r}") from error
        if both := holidays.keys() & swapped.keys():
            raise RejectedCalendar(f"both off and worked: {min(both)}")
        if wrong := [day for day in swapped if day.weekday() < _SATURDAY]:
            raise RejectedCalendar(f"a swapped working day that is no weekend: {min(wrong)}")
        return cls(holidays, swapped, frozenset(day.year for day in holidays))

    def covers(self, day: date) -> bool:
        """Say whether the holidays of this day's year are known."""
        return day.year in self.years

    def is_working_day(self, day: date) -> bool:
        """Say whether state agencies work on this day."""
        if day in self.swapped:
            return True
        if day.weekday() >= _SATURDAY or day in self.holidays:
            return False
        return self.covers(day) or (day.month, day.day) not in _FIXED

    def next_working_day(self, day: date) -> date:
        """Give the first working day after this one."""
        if (found := self._after.get(day)) is None:
            found = self._after[day] = self._nearest(day, _DAY)
        return found

    def previous_working_day(self, day: date) -> date:
        """Give the last working day before this one."""
        if (found := self._before.get(day)) is None:
            found = self._before[day] = self._nearest(day, -_DAY)
        return found

    def _nearest(self, day: date, step: timedelta) -> date:
        for distance in range(1, LONGEST_BREAK + 1):
            if self.is_working_day(found := day + distance * step):
                return found
        raise RejectedCalendar(f"no working day within {LONGEST_BREAK} days of {day}")

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after ``start`` up to and including ``end``; negative if ``end`` comes first."""
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working_day(day) for day in _days(start + _DAY, end))

    def next_working_morning(self, at: datetime) -> datetime:
        """Give the end of the morning of the next working day."""
        return _at(self.next_working_day(_local(at).date()), MORNING_ENDS)

    def end_of_same_working_day(self, at: datetime) -> datetime:
        """Give the close of the working day that ``at`` falls on; after hours or on a day off, of the next one."""
        local = _local(at)
        if self.is_working_day(local.date()) and local.time() < OFFICE_CLOSES:
            return _at(local.date(), OFFICE_CLOSES)
        return _at(self.next_working_day(local.date()), OFFICE_CLOSES)

    def last_close_before(self, at: datetime) -> datetime:
        """Give the latest close of a working day that lies before ``at``."""
        local = _local(at)
        day = local.date()
        closed = self.is_working_day(day) and local.time() > OFFICE_CLOSES
        return _at(day if closed else self.previous_working_day(day), OFFICE_CLOSES)

    def due_to_send(self, signed_at: datetime, *, urgent: bool = False) -> datetime:
        """Give the latest moment to send: the next working morning; urgent ones at once (QĐ 28/2018, NĐ 30 Art. 4)."""
        return signed_at.astimezone(UTC) if urgent else self.next_working_morning(signed_at)

    def due_to_acknowledge(self, arrived_at: datetime) -> datetime:
        """Give the latest moment to notify receipt: the same working day (NĐ 30/2020 Art. 21)."""
        return self.end_of_same_working_day(arrived_at)

    def a_working_day_before(self, due_at: datetime) -> datetime:
        """Give the same time of day on the working day before."""
        local = _local(due_at)
        return _at(self.previous_working_day(local.date()), local.time())

    def overdue_since(self, since: datetime, *, working_days: int) -> datetime:
        """Give the moment when so many working days have passed since ``since``, at the same time of day."""
        local = _local(since)
        day = local.date()
        for _ in range(working_days):
            day = self.next_working_day(day)
        return _at(day, local.time())


@cache
def vietnam() -> WorkingCalendar:
    """Give the calendar that ships with the package."""
    folder = files("docaxis_schemas") / "holidays"
    return WorkingCalendar.from_toml(
        entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def _named(entry: Mapping[str, Any]) -> Holiday:
    return Holiday(str(entry["name"]), bool(entry.get("checked", False)))


def _period(start: date, end: date) -> Iterator[date]:
    if not 0 <= (end - start).days < LONGEST_BREAK:
        raise RejectedCalendar(f"a holiday from {start} to {end}")
    return _days(start, end)


def _days(start: date, end: date) -> Iterator[date]:
    for ahead in range((end - start).days + 1):
        yield start + ahead * _DAY


def _local(at: datetime) -> datetime:
    """Give day and hour as Vietnam's clocks show them; the zone of what is given says nothing."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone falls on no day")
    return at.astimezone(UTC) + _AHEAD


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, UTC) - _AHEAD
