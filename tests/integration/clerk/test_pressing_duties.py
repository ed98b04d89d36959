"""The database counts and orders duties as the calendar does, delivery by delivery."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.duties import duties_of, pressing
from docaxis.storage.clerk_deadlines import ClerkDeadlines
from docaxis.storage.clerk_documents import Register
from docaxis.storage.tables.clerk import clerk_documents
from docaxis.storage.tables.readmodels import delivery_lines, timeline
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.deadlines import Duty, Standing, overdue, standing

NOW = datetime(2026, 3, 6, 10, 30, tzinfo=UTC)  # Friday, 17:30 in Vietnam
SINCE = NOW - timedelta(days=30)
OWN, FOREIGN = "H96.14", "H96.15"
STATES = ("consigned", "handed_over", "handed_over", "recalled")


async def fill(engine: AsyncEngine, member: str, register: Register, rng: random.Random) -> None:
    """Write documents of every kind: urgent or not, with and without a due date, reported, finished, returned."""
    documents, lines, reports = [], [], []
    for number in range(120):
        at = NOW - timedelta(minutes=rng.randrange(60 * 24 * 12))
        submission = uuid4()
        documents.append(
            {
                "register": register.value,
                "document_id": uuid4(),
                "submission_id": submission,
                "member": member,
                "organisation": rng.choice((OWN, OWN, OWN, FOREIGN)),
                "at": at,
                "issuer": "G98",
                "number": str(number),
                "type_name": "Công văn",
                "subject": "Về việc thử nghiệm",
                "signer": "",
                "urgency": rng.choice(("normal", "normal", "khan")),
                "due_at": rng.choice((None, NOW + timedelta(hours=rng.randrange(-300, 300)))),
                "folded": "",
            }
        )
        came_to = documents[-1]["organisation"] if register is Register.INCOMING else "A98"
        for recipient in (came_to,) if register is Register.INCOMING else (came_to, "B98"):
            report = rng.choice((None, None, "01", "06", "02"))
            done = at + timedelta(hours=1)
            lines.append(
                {
                    "submission_id": submission,
                    "recipient": recipient,
                    "state": rng.choice(STATES),
                    "report": report,
                    "version": 1,
                    "consigned_at": at + timedelta(seconds=1),
                    "finished_at": done if report == "06" else None,
                    "returned_at": done if report == "02" else None,
                    "changed_at": at,
                }
            )
            if report is not None:
                told = {"event_id": uuid4(), "member": "m", "type": "status.reported", "at": done, "facts": b"{}"}
                reports.append(told | {"submission_id": submission, "recipient": recipient})
    if register is Register.INCOMING:
        del lines[:5]  # the pages know a document before its line is there
    async with engine.begin() as connection:
        for table, rows in ((clerk_documents, documents), (delivery_lines, lines), (timeline, reports)):
            await connection.execute(insert(table), rows)


@pytest.mark.parametrize("register", Register)
@pytest.mark.parametrize("only_overdue", [True, False])
async def test_the_database_finds_what_the_calendar_says(
    engine: AsyncEngine, register: Register, *, only_overdue: bool
) -> None:
    member, store = f"so-{uuid4().hex[:8]}", ClerkDeadlines(engine)
    await fill(engine, member, register, random.Random(7))
    wanted = {Standing.OVERDUE} if only_overdue else {Standing.OVERDUE, Standing.SOON, Standing.OPEN}
    expected = sorted(
        (deadline.due_at, deadline.duty, dated.document_id, dated.recipient, dated.arrived_at)
        for dated in await store.open(register, member, [OWN], since=SINCE)
        for deadline, done_at in duties_of(dated, vietnam())
        if standing(deadline, done_at, NOW) in wanted
    )
    assert {duty for _, duty, *_ in expected} == {Duty.ACKNOWLEDGE, Duty.ANSWER}
    among = overdue(NOW, vietnam()) if only_overdue else None
    found, count = await store.undone(register, member, [OWN], since=SINCE, most=1_000, among=among)
    rows = pressing(found, NOW, vietnam(), most=1_000)
    told = [
        (row.deadline.due_at, row.deadline.duty, row.undone.document_id, row.undone.recipient, row.undone.arrived_at)
        for row in rows
    ]
    assert (sorted(told), count) == (expected, len(expected))
    assert {row.standing for row in rows} <= wanted
    few, same = await store.undone(register, member, [OWN], since=SINCE, most=5, among=among)
    first = [row.deadline.due_at for row in pressing(few, NOW, vietnam(), most=5)]
    assert (first, same) == ([due_at for due_at, *_ in expected[:5]], count)
    assert await store.undone(register, "another", [OWN], since=SINCE, most=5) == ([], 0)


async def test_one_delivery_is_found_among_all_and_nobody_elses(engine: AsyncEngine) -> None:
    member, store = f"so-{uuid4().hex[:8]}", ClerkDeadlines(engine)
    await fill(engine, member, Register.INCOMING, random.Random(8))
    some = (await store.open(Register.INCOMING, member, None, since=SINCE))[3]
    assert await store.one(member, some.document_id, since=SINCE) == some
    assert await store.one("another", some.document_id, since=SINCE) is None
