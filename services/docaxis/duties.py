"""What is to be done about a delivery, and how an organisation has kept its deadlines. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Pressing:
    """A delivery with the duty that presses most."""

    dated: Dated
    deadline: Deadline
    standing: Standing


def is_urgent(dated: Dated) -> bool:
    """Say whether it carries a level of urgency."""
    return dated.urgency != "normal"


def duties_of(dated: Dated, calendar: WorkingCalendar) -> Iterator[tuple[Deadline, datetime | None]]:
    """Give what the recipient has to do, each with when it was done."""
    yield to_acknowledge(dated.arrived_at, calendar, urgent=is_urgent(dated)), dated.acknowledged_at or dated.ended_at
    if dated.due_at is not None:
        yield to_answer(dated.due_at, calendar), dated.ended_at


def pressing(found: Iterable[Dated], now: datetime, calendar: WorkingCalendar) -> list[Pressing]:
    """Give what is open, the most overdue first."""
    rows = [
        Pressing(dated, deadline, how)
        for dated in found
        for deadline, done_at in duties_of(dated, calendar)
        if (how := standing(deadline, done_at, now)) in {Standing.OPEN, Standing.SOON, Standing.OVERDUE}
    ]
    return sorted(rows, key=lambda row: row.deadline.due_at)


def rates(
    incoming: Iterable[Dated], outgoing: Iterable[Dated], now: datetime, calendar: WorkingCalendar
) -> dict[Duty, Rate]:
    """Count what one organisation did in time: acknowledged and answered what came, sent what it had signed."""
    own = [duty for dated in incoming for duty in duties_of(dated, calendar)]
    sent = {
        dated.submission_id: (to_send(dated.promulgated_on, calendar, urgent=is_urgent(dated)), dated.sent_or_came_at)
        for dated in outgoing
        if dated.promulgated_on is not None
    }
    return {
        Duty.ACKNOWLEDGE: rate((one for one in own if one[0].duty is Duty.ACKNOWLEDGE), now),
        Duty.ANSWER: rate((one for one in own if one[0].duty is Duty.ANSWER), now),
        Duty.SEND: rate(sent.values(), now),
    }
