"""The outbox: what a crash left is published, and nothing that cannot be keeps the rest back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from docaxis.bus.port import Outgoing, UnavailableBus
from docaxis.gateway.marking import PublishedMarks
from docaxis.gateway.publishing import Outbox
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.member_records import MemberRecord

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def record(number: int, size: int = 10) -> MemberRecord:
    return MemberRecord(
        member="bo-mau",
        own_id=str(number),
        kind="handover",
        action_id=UUID(int=number),
        submission_id=UUID(int=1),
        delivery_id=UUID(int=2),
        recipient="G99",
        record_digest="",
        record_sha256="",
        body=b"x" * size,
        record="",
        record_key=b"",
        acted_by_gateway=False,
        received_at=NOW,
    )


class Rows:
    """Claims and records as the tables hold them."""

    def __init__(self, *rows: MemberRecord) -> None:
        self.rows = {row.own_id: row for row in rows}
        self.away = False

    async def unpublished(self, before: datetime, limit: int) -> list[MemberRecord]:
        assert before < NOW
        return list(self.rows.values())[:limit]

    async def mark_published(self, published: Mapping[tuple[str, str], datetime]) -> None:
        if self.away:
            raise UnavailableStorage("away")
        for (member, own_id), at in published.items():
            assert (member, at) == ("bo-mau", NOW)
            del self.rows[own_id]


class Bus:
    """Takes what is published."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.away = False

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        if self.away:
            raise UnavailableBus("away")
        self.sent += outgoing


def outbox(bus: Bus, rows: Rows) -> Outbox:
    claims: Any = Rows()
    kept: Any = rows
    return Outbox(bus, claims, kept, PublishedMarks(claims, kept, lambda: NOW), 4, lambda: NOW)


async def test_a_record_that_no_bus_would_take_keeps_no_other_back() -> None:
    bus, rows = Bus(), Rows(record(1), record(2, size=100_000), record(3))
    assert await outbox(bus, rows).sweep() == 2
    assert list(rows.rows) == ["2"]
    assert len(bus.sent) == 2


async def test_a_bus_that_is_away_ends_the_sweep() -> None:
    bus, rows = Bus(), Rows(record(1), record(2))
    bus.away = True
    with pytest.raises(UnavailableBus):
        await outbox(bus, rows).sweep()
    bus.away = False
    assert await outbox(bus, rows).sweep() == 2


async def test_what_is_published_is_not_published_again_before_the_database_knows() -> None:
    bus, rows = Bus(), Rows(record(1))
    box = outbox(bus, rows)
    await box.act(record(1))
    await box.act(record(1))
    assert len(bus.sent) == 1
    assert list(rows.rows) == ["1"]
    await box.marks.flush()
    assert rows.rows == {}
    await box.act(record(1))
    assert len(bus.sent) == 2


async def test_marks_outlast_a_database_that_is_away() -> None:
    bus, rows = Bus(), Rows(record(1))
    box = outbox(bus, rows)
    await box.act(record(1))
    rows.away = True
    with pytest.raises(UnavailableStorage):
        await box.marks.flush()
    rows.away = False
    await box.marks.flush()
    assert rows.rows == {}


async def test_what_recipients_say_of_one_submission_is_ordered_by_delivery_in_one_partition() -> None:
    bus, rows = Bus(), Rows()
    box = outbox(bus, rows)
    first, other = record(1), replace(record(2), delivery_id=UUID(int=3))
    recall = replace(record(4), kind="recall", delivery_id=None)
    for said in (first, other, record(3), recall):
        await box.act(said)
    assert [sent.key for sent in bus.sent] == [UUID(int=number).bytes for number in (2, 3, 2, 1)]
    assert len({sent.partition for sent in bus.sent}) == 1
