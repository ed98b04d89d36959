"""What is cut off an input, and all that holds it back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from docaxis.bus.port import Partition, Received, UnavailableBus
from docaxis.bus.trimming import LETTERS, Trimmer, TrimMetrics
from docaxis_schemas.codec import encode
from docaxis_schemas.events import DeadLetter

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TERM = timedelta(days=7)
FIRST, SECOND = Partition("judged", 0), Partition("judged", 1)


@dataclass
class Brokers:
    ends: dict[Partition, int] = field(default_factory=lambda: {FIRST: 80, SECOND: 60})
    recent: dict[Partition, int | None] = field(default_factory=lambda: {FIRST: None, SECOND: None})
    begins: dict[Partition, int] = field(default_factory=lambda: {FIRST: 0, SECOND: 0})
    sent: list[Received] = field(default_factory=list)
    asked: dict[Partition, datetime] = field(default_factory=dict)

    async def committed(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        return {part: self.ends[part] for part in partitions if part in self.ends}

    async def first_since(self, moments: Mapping[Partition, datetime]) -> Mapping[Partition, int | None]:
        self.asked.update(moments)
        return {part: self.recent[part] for part in moments}

    async def beginnings(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        return {part: self.begins[part] for part in partitions}

    async def delete_before(self, limits: Mapping[Partition, int]) -> None:
        self.begins.update(limits)

    async def letters(self, position: int) -> Iterable[Received]:
        return [record for record in self.sent if record.offset >= position]


@dataclass
class Database:
    first: dict[Partition, int] = field(default_factory=dict)
    position: int = 0

    async def needed(self, topics: Iterable[str]) -> Mapping[Partition, int]:
        return {part: offset for part, offset in self.first.items() if part.topic in set(topics)}

    async def letters_read(self) -> int:
        return self.position


@pytest.fixture
def brokers() -> Brokers:
    return Brokers()


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def trimmer(brokers: Brokers, database: Database, registry: CollectorRegistry) -> Trimmer:
    return Trimmer(
        brokers,
        database,
        terms={"judged": TERM},
        slots=(0, 1),
        every=timedelta(hours=1),
        metrics=TrimMetrics("router", registry),
        clock=lambda: NOW,
    )


def letter(offset: int, of: Partition, at: int) -> Received:
    event = DeadLetter(UUID(int=offset), "router", of.topic, of.number, at, "0" * 64, None, None, "a test's", NOW)
    return Received(LETTERS, offset, b"k", encode(event), (), 0)


async def test_the_first_round_only_looks(trimmer: Trimmer, brokers: Brokers) -> None:
    assert await trimmer.round() == {}
    assert brokers.begins == {FIRST: 0, SECOND: 0}


async def test_what_was_finished_a_round_ago_goes(
    trimmer: Trimmer, brokers: Brokers, registry: CollectorRegistry
) -> None:
    await trimmer.round()
    brokers.ends |= {FIRST: 100}
    assert await trimmer.round() == {FIRST: 80, SECOND: 60}, "not what was finished since: its letters may not show"
    assert await trimmer.round() == {FIRST: 100}
    assert brokers.asked == dict.fromkeys((FIRST, SECOND), NOW - TERM)
    assert registry.get_sample_value("docaxis_router_trimmed_records_total", {"topic": "judged"}) == 160
    begins = registry.get_sample_value("docaxis_router_input_begins", {"topic": "judged", "slot": "0"})
    assert begins == 100
    assert registry.get_sample_value("docaxis_router_trim_last_success_timestamp_seconds") == NOW.timestamp()


async def test_offsets_that_were_put_back_are_not_passed(trimmer: Trimmer, brokers: Brokers) -> None:
    await trimmer.round()
    brokers.ends |= {FIRST: 30}
    assert (await trimmer.round())[FIRST] == 30


async def test_a_partition_without_an_offset_is_left_alone(trimmer: Trimmer, brokers: Brokers) -> None:
    del brokers.ends[SECOND]
    await trimmer.round()
    assert await trimmer.round() == {FIRST: 80}


async def test_the_term_is_kept(trimmer: Trimmer, brokers: Brokers) -> None:
    brokers.recent |= {FIRST: 25, SECOND: 0}
    await trimmer.round()
    assert await trimmer.round() == {FIRST: 25}


async def test_what_the_database_needs_is_kept(trimmer: Trimmer, database: Database) -> None:
    database.first = {FIRST: 12, SECOND: 0, Partition("actions", 0): 3}
    await trimmer.round()
    assert await trimmer.round() == {FIRST: 12}


async def test_a_letter_on_its_way_to_the_database_keeps_its_record(
    trimmer: Trimmer, brokers: Brokers, database: Database
) -> None:
    database.position = 5
    brokers.sent = [letter(4, FIRST, 1), letter(5, FIRST, 40), letter(6, FIRST, 33)]
    brokers.sent.append(Received(LETTERS, 7, b"k", b"garbage", (), 0))
    await trimmer.round()
    assert await trimmer.round() == {FIRST: 33, SECOND: 60}


async def test_a_letter_that_cannot_be_read_yet_stops_the_round(trimmer: Trimmer, brokers: Brokers) -> None:
    brokers.sent = [Received(LETTERS, 0, b"k", b"\xc3\x01" + b"\x07" * 8 + b"later", (), 0)]
    await trimmer.round()
    with pytest.raises(UnavailableBus, match="later version"):
        await trimmer.round()
    assert brokers.begins == {FIRST: 0, SECOND: 0}
