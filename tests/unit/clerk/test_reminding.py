"""Who is reminded and told when, by a controlled clock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from docaxis.clerk.reminding import TOLD_WITHIN, notices
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.duties import pressing, rates
from docaxis.storage.clerk_deadlines import Dated, Notice, Undone
from docaxis.storage.clerk_documents import Register
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.deadlines import Duty, Rate, Standing
from docaxis_schemas.organisation import Organisation

ARRIVED = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, 9 o'clock in Vietnam
CLOSES = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
SINCE = date(2020, 1, 1)
SNAPSHOT = DirectorySnapshot(
    1,
    OrganisationIndex.of(
        [
            Organisation("H98", "Tỉnh Thử Nghiệm", 1, SINCE, member="tinh"),
            Organisation("H98.14", "Sở Nội vụ Thử Nghiệm", 2, SINCE, parent="H98", member="so"),
        ]
    ),
)


def dated(**given: Any) -> Dated:
    values: dict[str, Any] = {
        "document_id": UUID(int=1),
        "submission_id": UUID(int=2),
        "organisation": "H98.14",
        "recipient": "H98.14",
        "issuer": "G98",
        "number": "15/BTN-VP",
        "subject": "Về việc thử nghiệm",
        "urgency": "normal",
        "promulgated_on": date(2026, 3, 3),
        "sent_or_came_at": ARRIVED,
        "arrived_at": ARRIVED,
        "due_at": None,
        "acknowledged_at": None,
        "ended_at": None,
    } | given
    return Dated(**values)


def told(one: Dated, now: datetime, register: Register = Register.INCOMING, member: str = "so") -> list[Notice]:
    return list(notices([one], register, member, snapshot=SNAPSHOT, now=now, calendar=vietnam()))


def who(found: list[Notice]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.relation, one.organisation) for one in found]


def test_the_recipient_is_reminded_before_and_everybody_told_after() -> None:
    assert told(dated(), CLOSES - timedelta(hours=2)) == []
    assert who(told(dated(), CLOSES - timedelta(minutes=30))) == [("reminder", "recipient", "H98.14")]
    after = CLOSES + timedelta(minutes=1)
    assert who(told(dated(), after)) == [("overdue", "recipient", "H98.14"), ("overdue", "parent", "H98")]
    by_sender = told(dated(organisation="G98"), after, Register.OUTGOING, "bo")
    assert who(by_sender) == [("overdue", "sender", "G98"), ("overdue", "parent", "H98")]


def test_a_notice_is_the_same_whoever_gives_it_and_whenever() -> None:
    first, later = (CLOSES + timedelta(minutes=1), CLOSES + timedelta(days=3))
    ids = [[one.notice_id for one in told(dated(), now)] for now in (first, later)]
    assert ids[0] == ids[1]
    by_sender = told(dated(organisation="G98", document_id=UUID(int=9)), later, Register.OUTGOING, "bo")
    assert by_sender[1].notice_id == ids[0][1], "the body above is told once, not by both sides"
    assert by_sender[0].notice_id not in ids[0]


def test_the_body_above_is_told_no_document() -> None:
    parent = told(dated(), CLOSES + timedelta(minutes=1))[1]
    assert (parent.member, parent.document_id, parent.number) == ("tinh", None, "")


def test_what_is_done_or_long_past_is_told_to_nobody() -> None:
    assert told(dated(acknowledged_at=CLOSES), CLOSES + timedelta(days=1)) == []
    assert told(dated(ended_at=CLOSES), CLOSES + timedelta(days=1)) == []
    assert told(dated(), CLOSES + TOLD_WITHIN + timedelta(seconds=1)) == []


def test_a_due_date_is_reminded_of_a_working_day_before() -> None:
    due = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)  # Monday 17:00
    one = dated(due_at=due, acknowledged_at=ARRIVED)
    friday = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
    assert told(one, friday - timedelta(seconds=1)) == []
    assert [(n.kind, n.duty) for n in told(one, friday)] == [("reminder", "answer")]
    assert {(n.kind, n.duty) for n in told(one, due + timedelta(seconds=1))} == {("overdue", "answer")}


def undone(number: int, duty: Duty = Duty.ACKNOWLEDGE, **given: Any) -> Undone:
    values: dict[str, Any] = {
        "submission_id": UUID(int=2),
        "organisation": "H98.14",
        "recipient": "H98.14",
        "issuer": "G98",
        "number": "15/BTN-VP",
        "subject": "Về việc thử nghiệm",
        "urgency": "normal",
        "arrived_at": ARRIVED,
        "due_at": None,
    } | given
    return Undone(duty, UUID(int=number), **values)


def test_the_most_overdue_comes_first() -> None:
    now = CLOSES + timedelta(hours=1)
    answer = undone(3, Duty.ANSWER, due_at=ARRIVED + timedelta(hours=2))
    rows = pressing([undone(1), undone(7, urgency="khan"), answer], now, vietnam(), most=2)
    assert [(row.undone.document_id.int, row.deadline.duty.value) for row in rows] == [
        (7, "acknowledge"),
        (3, "answer"),
    ]
    assert {row.standing for row in rows} == {Standing.OVERDUE}


@pytest.mark.parametrize(("sent_at", "on_time"), [("2026-03-04T05:00", 1), ("2026-03-04T05:01", 0)])
def test_sending_is_in_time_until_the_next_working_noon(sent_at: str, on_time: int) -> None:
    sent = dated(sent_or_came_at=datetime.fromisoformat(sent_at).replace(tzinfo=UTC))
    found = rates([], [sent, sent], CLOSES, vietnam())
    assert found[Duty.SEND] == Rate(on_time, 1, 0), "a document counts once, however many recipients it has"
    assert found[Duty.ACKNOWLEDGE] == Rate(0, 0, 0)
