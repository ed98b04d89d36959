"""What the database says is still needed of the brokers' records."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition
from docaxis.storage.needed import HELD_FOR, REPLAYING, NeededRecords
from docaxis_schemas.topics import ACTIONS, DEAD_LETTERS, EVIDENCE, JUDGED


async def run(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def needed(engine: AsyncEngine, *topics: str) -> Mapping[Partition, int]:
    return await NeededRecords(engine).needed(topics)


async def read_up_to(engine: AsyncEngine, topic: str, partition: int, offset: int) -> None:
    await run(
        engine,
        'INSERT INTO projector_positions (topic, partition, epoch, "offset") VALUES (:topic, :partition, 0, :offset)'
        ' ON CONFLICT (topic, partition) DO UPDATE SET "offset" = excluded."offset"',
        topic=topic,
        partition=partition,
        offset=offset,
    )


async def letter(
    engine: AsyncEngine, offset: int, *, at: datetime | None = None, replayed_at: datetime | None = None
) -> None:
    await run(
        engine,
        'INSERT INTO dead_letters (dead_letter_id, stage, topic, partition, "offset", record_sha256, cause, at,'
        " replayed_at) VALUES (:id, 'router', 'judged', 1, :offset, '', 'a test', :at, :replayed_at)",
        id=uuid.uuid4(),
        offset=offset,
        at=at or datetime.now(UTC),
        replayed_at=replayed_at,
    )


async def statement(engine: AsyncEngine, partition: int, offset: int) -> uuid.UUID:
    event = uuid.uuid4()
    await run(
        engine,
        "INSERT INTO receipts (event_id, type, submission_id, member, at, statement, receipt, kid, signed_at,"
        " topic_partition, topic_offset) VALUES (:event, 't', :event, 'm', now(), '', '', 'k', now(), :part, :offset)",
        event=event,
        part=partition,
        offset=offset,
    )
    return event


async def test_records_of_letters_that_nobody_replayed_are_needed_while_the_letters_are_kept(
    engine: AsyncEngine,
) -> None:
    await run(engine, "DELETE FROM dead_letters")
    assert await needed(engine, JUDGED, ACTIONS) == {}
    now = datetime.now(UTC)
    await letter(engine, 3, replayed_at=now - REPLAYING - timedelta(minutes=1))
    await letter(engine, 5, at=now - HELD_FOR - timedelta(minutes=1))
    await letter(engine, 9)
    await letter(engine, 7)
    assert await needed(engine, JUDGED, ACTIONS) == {Partition(JUDGED, 1): 7}
    assert await needed(engine, ACTIONS) == {}
    await letter(engine, 4, replayed_at=now)
    assert await needed(engine, JUDGED) == {Partition(JUDGED, 1): 4}, "its record may be on its way to be done again"
    await run(engine, "DELETE FROM dead_letters")


async def test_evidence_is_needed_until_it_is_read_and_covered_by_a_signed_checkpoint(engine: AsyncEngine) -> None:
    for table in ("receipts", "log_queue", "log_leaves", "log_head", "slots", "projector_positions"):
        await run(engine, f"DELETE FROM {table}")
    await run(
        engine, "INSERT INTO slots (stage, count, partition_function) VALUES ('registrar', 2, 'f'), ('router', 3, 'f')"
    )
    first, second = Partition(EVIDENCE, 0), Partition(EVIDENCE, 1)
    assert await needed(engine, EVIDENCE) == {first: 0, second: 0}, "the projector has read nothing"
    await read_up_to(engine, EVIDENCE, 0, 50)
    await read_up_to(engine, EVIDENCE, 1, 60)
    assert await needed(engine, EVIDENCE) == {first: 50, second: 60}

    events = [await statement(engine, 0, offset) for offset in (10, 20, 30)]
    assert await needed(engine, EVIDENCE) == {first: 50, second: 60}
    await run(
        engine,
        "INSERT INTO log_leaves (leaf_index, event_id, leaf) VALUES (0, :zero, ''), (1, :one, '')",
        zero=events[0],
        one=events[1],
    )
    assert (await needed(engine, EVIDENCE))[first] == 10, "no checkpoint was signed"
    await run(
        engine,
        "INSERT INTO log_head (origin, size, root, signed_size, signed_note, moved_at)"
        " VALUES ('o', 2, '', 1, '', now())",
    )
    assert (await needed(engine, EVIDENCE))[first] == 20
    await run(engine, "UPDATE log_head SET signed_size = 2")
    await run(engine, "INSERT INTO log_queue (event_id, leaf) VALUES (:event, '')", event=events[2])
    assert await needed(engine, EVIDENCE) == {first: 30, second: 60}
    await run(engine, "DELETE FROM log_queue")
    assert await needed(engine, EVIDENCE) == {first: 50, second: 60}
    for table in ("receipts", "log_leaves", "log_head", "slots", "projector_positions"):
        await run(engine, f"DELETE FROM {table}")


async def test_the_place_up_to_which_letters_were_read(engine: AsyncEngine) -> None:
    await run(engine, "DELETE FROM projector_positions")
    assert await NeededRecords(engine).letters_read() == -1
    await read_up_to(engine, DEAD_LETTERS, 0, 12)
    assert await NeededRecords(engine).letters_read() == 12
    await run(engine, "DELETE FROM projector_positions")
