"""What is to be done about a delivery, and how an organisation has kept its deadlines. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Final

from docaxis.storage.clerk_deadlines import Dated
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
UNDONE: Final = (Standing.OVERDUE, Standing.SOON, Standing.OPEN)
"""How a duty stands that nobody has done."""


@dataclass(frozen=True, slots=True)
class Pressing:
    """A delivery with the duty that presses most."""

    dated: Dated
    deadline: Deadline
    standing: Standing


def is_urgent(dated: Dated) -> bool:
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


def pressing(
    found: Iterable[Dated],
    now: datetime,
    calendar: WorkingCalendar,
    *,
    most: int,
    among: Sequence[Standing] = UNDONE,
) -> tuple[list[Pressing], int]:
    """Give at most so many duties that stand so, the most overdue first, and how many there are in all.

    The rest is counted and let go: keeping 100,000 of them costs as much as working them out.
    """
    count = 0

    def rows() -> Iterator[Pressing]:
        nonlocal count
        for dated in found:
            for deadline, done_at in duties_of(dated, calendar):
                if (how := standing(deadline, done_at, now)) in among:
                    count += 1
                    yield Pressing(dated, deadline, how)

    return nsmallest(most, rows(), key=lambda row: row.deadline.due_at), count


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
