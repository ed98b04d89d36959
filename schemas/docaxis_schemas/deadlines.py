"""Deadlines of documents between agencies: what is due when, how it stands, and how often it was met. Pure.

Three duties. To send: the day of signing, at the latest the next working morning (QĐ 28/2018, NĐ 30/2020 art. 4). To
acknowledge: notice of receipt within the working day of arrival (NĐ 30/2020 art. 21), urgent ones at once. To answer:
what the document itself says (``due_on``), until offices close on that day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum, unique
from typing import Final

from docaxis_schemas.calendar import WorkingCalendar
from docaxis_schemas.moments import VIETNAM

AT_ONCE: Final = timedelta(hours=1)
"""Our reading of "at once": the decree gives no figure."""
BEFORE_CLOSING: Final = timedelta(hours=1)
"""How long before offices close the reminder to acknowledge comes."""


@unique
class Duty(StrEnum):
    """What somebody has to do in time."""

    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"


@unique
class Standing(StrEnum):
    """How a duty stands at a moment."""

    OPEN = "open"
    SOON = "soon"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when, and from when on it is reminded of."""

    duty: Duty
    remind_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is overdue at a moment: what arrived, or was to be answered, before these."""

    arrived: datetime
    arrived_urgent: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of those that are judged were in time; what is still open and not due is in neither."""

    on_time: int
    judged: int
    still_open: int

    @property
    def per_cent(self) -> float | None:
        """Give the rate in per cent with one decimal; None where there is nothing to judge."""
        return round(100 * self.on_time / self.judged, 1) if self.judged else None


def to_send(signed_on: date, calendar: WorkingCalendar, *, urgent: bool) -> Deadline:
    """Say until when a document signed on a day is sent; the hour of signing is not known, so the day counts whole."""
    end_of_day = datetime.combine(signed_on, time(23, 59), VIETNAM)
    due = end_of_day if urgent else calendar.due_to_send(end_of_day)
    return Deadline(Duty.SEND, due - BEFORE_CLOSING, due)


def to_acknowledge(arrived_at: datetime, calendar: WorkingCalendar, *, urgent: bool) -> Deadline:
    """Say until when the receiver gives notice of receipt."""
    if urgent:
        return Deadline(Duty.ACKNOWLEDGE, arrived_at + AT_ONCE / 2, arrived_at + AT_ONCE)
    due = calendar.due_to_acknowledge(arrived_at)
    return Deadline(Duty.ACKNOWLEDGE, due - BEFORE_CLOSING, due)


def to_answer(due_at: datetime, calendar: WorkingCalendar) -> Deadline:
    """Say until when a document is dealt with; the reminder comes a working day before."""
    return Deadline(Duty.ANSWER, calendar.a_working_day_before(due_at), due_at)


def overdue(now: datetime, calendar: WorkingCalendar) -> Overdue:
    """Say before which moments what arrived is overdue, so that a database can count it without a calendar."""
    return Overdue(calendar.last_close_before(now), now - AT_ONCE, now)


def standing(deadline: Deadline, done_at: datetime | None, now: datetime) -> Standing:
    """Say how a duty stands; what is done at the very moment it is due is in time."""
    if done_at is not None:
        return Standing.MET if done_at <= deadline.due_at else Standing.LATE
    if now > deadline.due_at:
        return Standing.OVERDUE
    return Standing.SOON if now >= deadline.remind_at else Standing.OPEN


def rate(duties: Iterable[tuple[Deadline, datetime | None]], now: datetime) -> Rate:
    """Count what was in time among what was done or is overdue."""
    counts = dict.fromkeys(Standing, 0)
    for deadline, done_at in duties:
        counts[standing(deadline, done_at, now)] += 1
    judged = counts[Standing.MET] + counts[Standing.LATE] + counts[Standing.OVERDUE]
    return Rate(counts[Standing.MET], judged, counts[Standing.OPEN] + counts[Standing.SOON])
