"""Notices on a real database: given once through restarts, to those whom they concern."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.clerk.reminding import Reminding
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_deadlines import ClerkDeadlines
from docaxis.storage.clerk_documents import ClerkDocuments, DocumentRow, Register
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.tables.directory import members
from docaxis.storage.tables.readmodels import delivery_lines, timeline
from docaxis_schemas.organisation import Organisation

ARRIVED = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
CLOSES = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
CODE, PARENT = "H97.14", "H97"


class World:
    """Two members with accounts, a clock that is set by hand, and pages that start anew."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.now = engine, ARRIVED
        self.member, self.above = f"so-{uuid4().hex[:8]}", f"tinh-{uuid4().hex[:8]}"
        since = date(2020, 1, 1)
        bodies = [
            Organisation(PARENT, "Tỉnh Thử Nghiệm", 1, since, member=self.above),
            Organisation(CODE, "Sở Thử Nghiệm", 2, since, parent=PARENT, member=self.member),
        ]
        self.snapshot = DirectorySnapshot(1, OrganisationIndex.of(bodies))

    async def enrol(self, member: str, code: str) -> None:
        async with self.engine.begin() as connection:
            row = {"member": member, "name": member, "state": "active", "registered_at": ARRIVED}
            await connection.execute(insert(members).values(row))
        account = ClerkAccount(
            uuid4(), member, "TEST", member, (code,), frozenset({ClerkRole.CLERK}), "no hash", b"sealed"
        )
        await ClerkAccountStore(self.engine).add(account, at=ARRIVED)

    async def receive(self) -> DocumentRow:
        row = DocumentRow(
            Register.INCOMING,
            uuid4(),
            uuid4(),
            self.member,
            CODE,
            ARRIVED,
            "G98",
            "15/BTN-VP",
            "Công văn",
            "Về việc thử nghiệm",
            "",
            date(2026, 3, 3),
            None,
            "normal",
            "",
        )
        await ClerkRegisters(self.engine).accept(row, account="a", at=ARRIVED)
        return row

    async def acknowledge(self, row: DocumentRow, at: datetime) -> None:
        async with self.engine.begin() as connection:
            line = {
                "submission_id": row.submission_id,
                "recipient": CODE,
                "state": "consigned",
                "report": "01",
                "version": 2,
                "consigned_at": ARRIVED,
                "changed_at": at,
            }
            await connection.execute(insert(delivery_lines).values(line))
            told = {
                "event_id": uuid4(),
                "submission_id": row.submission_id,
                "member": "bo",
                "recipient": CODE,
                "type": "status.reported",
                "at": at,
                "facts": b"{}",
            }
            await connection.execute(insert(timeline).values(told))

    async def look(self) -> list[tuple[str, str]]:
        """Look with a process that has just begun, and give what the recipient's clerk was told in all."""
        documents, deadlines = ClerkDocuments(self.engine), ClerkDeadlines(self.engine)
        await Reminding(documents, deadlines, lambda: self.snapshot, lambda: self.now).look()
        return [(one.kind, one.number) for one in await deadlines.notices(self.member, [CODE])]


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    made = World(engine)
    await made.enrol(made.member, CODE)
    await made.enrol(made.above, PARENT)
    return made


async def test_what_came_due_while_nobody_looked_is_told_once(world: World) -> None:
    await world.receive()
    assert await world.look() == []
    world.now = CLOSES - timedelta(minutes=30)
    assert await world.look() == [("reminder", "15/BTN-VP")]
    world.now = CLOSES + timedelta(days=4)  # the process was down over a weekend
    for _ in range(3):
        assert await world.look() == [("overdue", "15/BTN-VP"), ("reminder", "15/BTN-VP")]
    above = await ClerkDeadlines(world.engine).notices(world.above, [PARENT])
    assert [(one.relation, one.recipient, one.number) for one in above] == [("parent", CODE, "")]
    assert await ClerkDeadlines(world.engine).notices(world.above, [CODE]) == []


async def test_a_clock_that_is_set_back_or_ahead_takes_nothing_back_and_tells_nothing_twice(world: World) -> None:
    await world.receive()
    world.now = CLOSES - timedelta(minutes=30)
    assert await world.look() == [("reminder", "15/BTN-VP")]
    for moved in (-timedelta(hours=1), -timedelta(days=400), timedelta(minutes=1)):
        world.now = CLOSES - timedelta(minutes=30) + moved
        assert await world.look() == [("reminder", "15/BTN-VP")]
    world.now = CLOSES + timedelta(minutes=1)
    told = await world.look()
    assert sorted(told) == [("overdue", "15/BTN-VP"), ("reminder", "15/BTN-VP")]
    world.now = CLOSES - timedelta(hours=3)
    assert await world.look() == told


async def test_notice_of_receipt_in_time_keeps_everybody_quiet(world: World) -> None:
    row = await world.receive()
    await world.acknowledge(row, CLOSES)
    world.now = CLOSES + timedelta(days=1)
    assert await world.look() == []
    period = {"since": ARRIVED - timedelta(days=1), "before": world.now}
    (dated,) = await ClerkDeadlines(world.engine).all_of(Register.INCOMING, world.member, CODE, **period)
    assert dated.acknowledged_at == CLOSES
