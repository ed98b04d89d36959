"""Deadlines by a controlled clock: Tết, weekends, swapped days, hours, and clocks of other zones."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.calendar import WorkingCalendar, vietnam
from docaxis_schemas.deadlines import (
    Duty,
    Rate,
    Standing,
    overdue,
    rate,
    standing,
    to_acknowledge,
    to_answer,
    to_send,
)
from docaxis_schemas.moments import VIETNAM

SWAPPED = WorkingCalendar.from_toml(
    [
        """
        [[holiday]]
        name = "Tết TEST"
        from = 2026-02-16
        to = 2026-02-20
        [[holiday]]
        name = "Ngày hoán đổi"
        from = 2026-03-06
        to = 2026-03-06
        [[working_day]]
        name = "Làm bù"
        on = 2026-03-07
        """
    ]
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("arrived", "due"),
    [
        ("2026-03-04T09:00", "2026-03-04T17:00"),
        ("2026-03-04T17:00", "2026-03-05T17:00"),
        ("2026-02-13T18:00", "2026-02-23T17:00"),  # Friday evening before Tết
        ("2026-03-05T18:00", "2026-03-07T17:00"),  # Friday off, Saturday worked
    ],
)
def test_receipt_is_acknowledged_the_same_working_day(arrived: str, due: str) -> None:
    deadline = to_acknowledge(at(arrived), SWAPPED, urgent=False)
    assert deadline.due_at == at(due)
    assert standing(deadline, None, at(due)) is Standing.SOON
    assert standing(deadline, None, at(due) + timedelta(microseconds=1)) is Standing.OVERDUE
    assert standing(deadline, at(due), at(due)) is Standing.MET


def test_urgent_ones_are_due_within_the_hour_even_at_night() -> None:
    deadline = to_acknowledge(at("2026-02-16T23:30"), SWAPPED, urgent=True)
    assert deadline.due_at == at("2026-02-17T00:30")


@pytest.mark.parametrize(("signed", "due"), [("2026-03-04", "2026-03-05T12:00"), ("2026-03-05", "2026-03-07T12:00")])
def test_a_document_is_sent_by_the_next_working_morning(signed: str, due: str) -> None:
    assert to_send(date.fromisoformat(signed), SWAPPED, urgent=False).due_at == at(due)


def test_the_reminder_of_an_answer_comes_a_working_day_before() -> None:
    monday_after_tet = at("2026-02-23T17:00")
    deadline = to_answer(monday_after_tet, SWAPPED)
    assert (deadline.duty, deadline.remind_at) == (Duty.ANSWER, at("2026-02-13T17:00"))
    assert standing(deadline, None, deadline.remind_at - timedelta(seconds=1)) is Standing.OPEN
    assert standing(deadline, None, deadline.remind_at) is Standing.SOON


def test_a_rate_counts_what_is_done_or_overdue_and_nothing_else() -> None:
    now = at("2026-03-04T18:00")
    due_today, due_later = (to_acknowledge(at(f"2026-03-0{day}T09:00"), SWAPPED, urgent=False) for day in (4, 5))
    done = [at("2026-03-04T10:00"), at("2026-03-04T17:30"), None]
    found = rate([*((due_today, one) for one in done), (due_later, None)], now)
    assert found == Rate(on_time=1, judged=3, still_open=1)
    assert found.per_cent == 33.3
    assert rate([], now).per_cent is None


MOMENTS = st.datetimes(datetime(2025, 2, 1), datetime(2027, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(MOMENTS, st.integers(-12, 14), st.booleans())
def test_a_clock_in_another_zone_changes_no_deadline(arrived: datetime, hours: int, urgent: bool) -> None:  # noqa: FBT001 - drawn
    elsewhere = arrived.astimezone(timezone(timedelta(hours=hours)))
    there, here = (to_acknowledge(moment, vietnam(), urgent=urgent) for moment in (elsewhere, arrived))
    assert there == here
    assert here.due_at > arrived


@given(MOMENTS, MOMENTS, st.booleans())
def test_what_arrived_before_a_moment_is_what_is_overdue(arrived: datetime, now: datetime, urgent: bool) -> None:  # noqa: FBT001 - drawn
    for at in (now, to_acknowledge(arrived, vietnam(), urgent=urgent).due_at):
        before = overdue(at, vietnam())
        late = standing(to_acknowledge(arrived, vietnam(), urgent=urgent), None, at) is Standing.OVERDUE
        assert late is (arrived < (before.arrived_urgent if urgent else before.arrived))


@given(MOMENTS)
def test_a_reminder_never_comes_after_what_is_due(due: datetime) -> None:
    deadline = to_answer(due, vietnam())
    assert deadline.remind_at < deadline.due_at
    assert vietnam().is_working_day(deadline.remind_at.astimezone(VIETNAM).date())
