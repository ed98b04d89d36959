"""Deadlines counted in working days: Tết, swapped days, nights, and the properties that hold for all of them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.calendar import Holiday, RejectedCalendar, WorkingCalendar, vietnam
from docaxis_schemas.moments import VIETNAM

CALENDAR = vietnam()
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone is set behind
days = st.dates(date(2025, 1, 1), date(2027, 12, 1))


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2025, 1, 24), True),
        (date(2025, 1, 27), False),
        (date(2025, 1, 31), False),
        (date(2025, 2, 3), True),
        (date(2025, 4, 7), False),
        (date(2025, 4, 26), True),
        (date(2025, 5, 2), False),
        (date(2026, 2, 13), True),
        (date(2026, 2, 17), False),
        (date(2026, 2, 23), True),
        (date(2026, 3, 7), False),
        (date(2026, 8, 22), True),
        (date(2027, 2, 6), False),
        (date(2029, 9, 2), False),
        (date(2029, 5, 1), False),
        (date(2029, 5, 2), True),
    ],
)
def test_days_off_and_swapped_days(day: date, *, works: bool) -> None:
    assert CALENDAR.is_working_day(day) is works


def test_the_next_working_morning_skips_tet() -> None:
    assert CALENDAR.next_working_morning(local(2026, 2, 13, 16)) == local(2026, 2, 23, 12)
    assert CALENDAR.due_to_send(local(2026, 3, 2, 8)) == local(2026, 3, 3, 12)


def test_days_are_those_of_vietnam() -> None:
    friday_in_utc = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)  # Saturday 00:30 in Vietnam
    assert CALENDAR.end_of_same_working_day(friday_in_utc) == local(2026, 3, 9, 17)


def test_an_urgent_document_is_sent_at_once() -> None:
    at = local(2026, 3, 7, 22)
    assert CALENDAR.due_to_send(at, urgent=True) == at


def test_receipt_is_acknowledged_the_same_day_or_if_it_came_after_hours_the_next() -> None:
    assert CALENDAR.due_to_acknowledge(local(2026, 3, 2, 16, 59)) == local(2026, 3, 2, 17)
    assert CALENDAR.due_to_acknowledge(local(2026, 3, 2, 17)) == local(2026, 3, 3, 17)
    assert CALENDAR.due_to_acknowledge(local(2026, 3, 7, 9)) == local(2026, 3, 9, 17)


def test_one_working_day_from_friday_is_monday_at_the_same_hour() -> None:
    assert CALENDAR.overdue_since(local(2026, 3, 6, 9, 30), working_days=1) == local(2026, 3, 9, 9, 30)


def test_what_the_data_do_not_cover_is_said() -> None:
    assert CALENDAR.covers(date(2027, 6, 1))
    assert not CALENDAR.covers(date(2028, 6, 1))


def test_dates_without_an_announcement_are_marked() -> None:
    assert not CALENDAR.holidays[date(2027, 2, 6)].checked
    assert CALENDAR.holidays[date(2026, 2, 17)].checked


@pytest.mark.parametrize(
    "text",
    [
        "[[holiday]\n",
        "[[holiday]]\nname='a'\nfrom=2026-01-01",
        "[[holiday]]\nname='a'\nfrom=2026-01-02\nto=2026-01-01",
        "[[holiday]]\nname='a'\nfrom=2026-01-01\nto=2027-01-01",
        "[[holiday]]\nname='a'\nfrom='x'\nto='y'",
        "[[working_day]]\nname='a'\non=2026-03-02",
        "[[holiday]]\nname='a'\nfrom=2026-03-07\nto=2026-03-07\n[[working_day]]\nname='b'\non=2026-03-07",
    ],
)
def test_data_that_contradict_themselves_are_refused(text: str) -> None:
    with pytest.raises(RejectedCalendar):
        WorkingCalendar.from_toml([text])


def test_a_moment_without_a_zone_falls_on_no_day() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        CALENDAR.next_working_morning(datetime(2026, 3, 2, 8))  # noqa: DTZ001 - the subject


@given(moments)
def test_deadlines_lie_ahead_on_working_days(at: datetime) -> None:
    for due in (CALENDAR.next_working_morning(at), CALENDAR.end_of_same_working_day(at)):
        assert due > at
        assert CALENDAR.is_working_day(due.astimezone(VIETNAM).date())
    assert CALENDAR.next_working_morning(at).astimezone(VIETNAM).date() > at.astimezone(VIETNAM).date()


@given(moments, moments)
def test_a_later_start_never_has_an_earlier_deadline(one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert CALENDAR.next_working_morning(first) <= CALENDAR.next_working_morning(second)
    assert CALENDAR.end_of_same_working_day(first) <= CALENDAR.end_of_same_working_day(second)


@given(days, days, days)
def test_counting_days_adds_up(one: date, other: date, third: date) -> None:
    first, second, last = sorted((one, other, third))
    whole = CALENDAR.working_days_between(first, last)
    assert whole == CALENDAR.working_days_between(first, second) + CALENDAR.working_days_between(second, last)
    assert CALENDAR.working_days_between(last, first) == -whole
    assert 0 <= whole <= (last - first).days


@given(days)
def test_no_working_day_lies_before_the_next_one(day: date) -> None:
    after = CALENDAR.next_working_day(day)
    assert CALENDAR.working_days_between(day, after) == 1
    assert CALENDAR.is_working_day(after)
    assert after - day < timedelta(days=12)


HERE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST, LAST = date(2024, 12, 20), date(2028, 2, 1)
named = st.just(Holiday("TEST", checked=False))
offices = st.builds(
    lambda off, worked, years: WorkingCalendar(
        off, {day: name for day, name in worked.items() if day not in off and day.weekday() > 4}, years
    ),
    st.dictionaries(st.dates(FIRST, LAST), named, max_size=20),
    st.dictionaries(st.dates(FIRST, LAST), named, max_size=20),
    st.frozensets(st.integers(2025, 2027)),
)
anywhere = st.builds(lambda at, hours: at.astimezone(timezone(timedelta(hours=hours))), moments, st.integers(-12, 14))


def walked(calendar: WorkingCalendar, day: date, step: int) -> date:
    """Look for the nearest working day one by one, as the rules say it."""
    day += timedelta(days=step)
    return day if calendar.is_working_day(day) else walked(calendar, day, step)


@given(offices, st.lists(anywhere, min_size=1, max_size=20))
def test_deadlines_are_those_of_the_zone_database_and_a_walk_through_the_days(
    calendar: WorkingCalendar, arrived: list[datetime]
) -> None:
    for at in (*arrived, *arrived):
        there = at.astimezone(HERE)
        day, clock = there.date(), there.time()
        after, before = walked(calendar, day, 1), walked(calendar, day, -1)
        closing = day if calendar.is_working_day(day) and clock < time(17) else after
        found = [
            calendar.end_of_same_working_day(at),
            calendar.next_working_morning(at),
            calendar.a_working_day_before(at),
            calendar.overdue_since(at, working_days=1),
        ]
        wanted = [(closing, time(17)), (after, time(12)), (before, clock), (after, clock)]
        assert found == [datetime.combine(day, hour, HERE) for day, hour in wanted]
        assert {one.tzinfo for one in found} == {UTC}
