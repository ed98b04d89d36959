"""What is to be done about a delivery, and how an organisation has kept its deadlines. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from docaxis.storage.clerk_deadlines import Dated, Undone
from docaxis_schemas.calendar import WorkingCalendar
from docaxis_schemas.deadlines import (
    Deadline,
    Duty,
    Rate,
    Standing,
    rate,
    standing,
    to_acknowledge,
    to_answer,
    to_send,
)

LOOKED_AT: Final = timedelta(days=400)
"""How old a document may be whose deadline is still watched; due dates lie within a year."""


@dataclass(frozen=True, slots=True)
class Pressing:
    """A duty that nobody has done, with its deadline."""

    undone: Undone
    deadline: Deadline
    standing: Standing


def is_urgent(dated: Dated | Undone) -> bool:
    """Say whether it carries a level of urgency."""
    return dated.urgency != "normal"


def _receipt_of(dated: Dated, calendar: WorkingCalendar) -> tuple[Deadline, datetime | None]:
    due = to_acknowledge(dated.arrived_at, calendar, urgent=is_urgent(dated))
    return due, dated.acknowledged_at or dated.ended_at


def duties_of(dated: Dated, calendar: WorkingCalendar) -> Iterator[tuple[Deadline, datetime | None]]:
    """Give what the recipient has to do, each with when it was done."""
    yield _receipt_of(dated, calendar)
    if dated.due_at is not None:
        yield to_answer(dated.due_at, calendar), dated.ended_at


def pressing(found: Iterable[Undone], now: datetime, calendar: WorkingCalendar, *, most: int) -> list[Pressing]:
    """Give at most so many of the duties, the most overdue first."""
    rows = [
        Pressing(one, deadline, standing(deadline, None, now))
        for one in found
        for deadline in [_deadline_of(one, calendar)]
    ]
    return sorted(rows, key=lambda row: row.deadline.due_at)[:most]


def _deadline_of(undone: Undone, calendar: WorkingCalendar) -> Deadline:
    if undone.duty is Duty.ANSWER and undone.due_at is not None:
        return to_answer(undone.due_at, calendar)
    return to_acknowledge(undone.arrived_at, calendar, urgent=is_urgent(undone))


def rates(
    incoming: Sequence[Dated], outgoing: Iterable[Dated], now: datetime, calendar: WorkingCalendar
) -> dict[Duty, Rate]:
    """Count what one organisation did in time: acknowledged and answered what came, sent what it had signed."""
    sent = {
        dated.submission_id: (to_send(dated.promulgated_on, calendar, urgent=is_urgent(dated)), dated.sent_or_came_at)
        for dated in outgoing
        if dated.promulgated_on is not None
    }
    return {
        Duty.ACKNOWLEDGE: rate((_receipt_of(dated, calendar) for dated in incoming), now),
        Duty.ANSWER: rate(
            ((to_answer(dated.due_at, calendar), dated.ended_at) for dated in incoming if dated.due_at is not None), now
        ),
        Duty.SEND: rate(sent.values(), now),
    }
