"""Statements on the driver itself: what is lent comes back clean, and errors say what to do without quoting values."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.database import TRANSACTION_TIMEOUT, open_database
from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.driver import Connection, Database, Statement
from docaxis.storage.tables.intake import contents

BACKEND = Statement("SELECT pg_backend_pid() AS pid")
TRANSACTION = Statement("SELECT pg_current_xact_id_if_assigned() AS number")
TAKE_A_NUMBER = Statement("SELECT pg_current_xact_id() AS number")
KEEP = Statement("""
    INSERT INTO contents (member, sha256, size, location, wrapped_key, stored_at)
    VALUES (:member, :sha256, CAST(:size AS bigint), 'somewhere', CAST('' AS bytea), now()) RETURNING size
""")
SIZE = Statement(select(contents.c.size).where(contents.c.sha256 == bindparam("sha256")))


async def pid_of(connection: Connection) -> int:
    (row,) = await connection.rows(BACKEND)
    return int(row["pid"])


async def test_a_transaction_is_kept_whole_or_not_at_all(engine: AsyncEngine) -> None:
    database, kept, dropped = Database(engine), uuid4().hex, uuid4().hex
    async with database.transaction() as connection:
        await connection.run(KEEP, member="one", sha256=kept, size=7)

    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.run(KEEP, member="one", sha256=dropped, size=7)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert [row["size"] for row in await database.rows(SIZE, sha256=kept)] == [7]
    assert await database.row(SIZE, sha256=dropped) is None


async def test_a_statement_keeps_the_constants_it_was_written_with() -> None:
    statement = Statement(update(contents).where(contents.c.sha256 == bindparam("sha256")).values(pinned=True, size=3))
    assert sorted(map(str, statement.arguments({"sha256": "x"}))) == ["3", "True", "x"]
    with pytest.raises(KeyError):
        statement.arguments({})


async def test_what_the_database_refuses_for_ever_is_told_without_its_values(engine: AsyncEngine) -> None:
    database, sha256 = Database(engine), uuid4().hex
    await database.run(KEEP, member="whose-secret", sha256=sha256, size=7)
    with pytest.raises(RefusedStatement, match=r"^UniqueViolationError \(23505\) at contents \S+$") as twice:
        await database.run(KEEP, member="whose-secret", sha256=sha256, size=7)
    with pytest.raises(RefusedStatement, match=r"^DataError \(22000\)$") as wrong:
        await database.run(KEEP, member="whose-secret", sha256=uuid4().hex, size="seven-secret")
    with pytest.raises(RefusedStatement, match="CharacterNotInRepertoireError") as strange:
        await database.run(KEEP, member="\x00-secret", sha256=uuid4().hex, size=7)
    for error in (twice.value, wrong.value, strange.value):
        assert "secret" not in str(error)
        assert error.__suppress_context__


async def test_a_lock_that_is_not_to_be_had_is_tried_again(engine: AsyncEngine) -> None:
    database = Database(engine)
    held = Statement("SELECT pg_advisory_xact_lock(4711)")
    impatient = Statement("SELECT set_config('lock_timeout', '10ms', true)")

    async def ask_in_vain() -> None:
        async with database.transaction() as second:
            await second.rows(impatient)
            await second.run(held)

    async with database.transaction() as first:
        await first.run(held)
        with pytest.raises(UnavailableStorage):
            await ask_in_vain()


@pytest.fixture(params=["opened", "resting"])
async def single(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Database]:
    """A pool of one connection, which is opened for whoever comes first, or was and rests in the pool."""
    engine = open_database(database_url, application="tests", pool=1)
    database = Database(engine)
    if request.param == "resting":
        await database.rows(BACKEND)
    yield database
    await engine.dispose()


async def test_whoever_is_cancelled_leaves_no_transaction_to_the_next(single: Database) -> None:
    database, inside = single, asyncio.Event()

    async def dawdle() -> None:
        async with database.transaction() as connection:
            await connection.rows(TAKE_A_NUMBER)
            inside.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(dawdle())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = await database.rows(TRANSACTION)
    assert row["number"] is None


async def test_a_connection_whose_statement_was_cancelled_is_thrown_away(single: Database) -> None:
    database, lent = single, asyncio.get_running_loop().create_future()

    async def wait_long() -> None:
        async with database.connection() as connection:
            lent.set_result(await pid_of(connection))
            await connection.run(Statement("SELECT pg_sleep(60)"))

    task = asyncio.create_task(wait_long())
    before = await lent
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30), database.connection() as connection:
        assert await pid_of(connection) != before


async def test_a_connection_left_inside_a_transaction_is_thrown_away(single: Database) -> None:
    async with single.connection() as connection:
        before = await pid_of(connection)
        await connection.run(Statement("BEGIN"))
    async with single.connection() as connection:
        assert await pid_of(connection) != before


async def test_more_borrowers_than_the_pool_has_connections_wait_their_turn_and_none_is_opened_for_them(
    database_url: str,
) -> None:
    engine = open_database(database_url, application="tests", pool=2)
    database, barrier = Database(engine), asyncio.Barrier(2)

    async def borrow() -> int:
        async with database.connection() as connection:
            await barrier.wait()
            return await pid_of(connection)

    try:
        first = set(await asyncio.gather(*(borrow() for _ in range(6))))
        assert len(first) == 2
        assert set(await asyncio.gather(*(borrow() for _ in range(2)))) == first
    finally:
        await engine.dispose()


async def test_statements_after_a_crash_of_the_server_get_new_connections(tmp_path: Path) -> None:
    async with EmbeddedDatabase(tmp_path / "database") as server:
        engine = open_database(server.url, application="tests")
        database = Database(engine)

        async def kill_while_lent() -> None:
            async with database.connection() as connection:
                await server.kill()
                await pid_of(connection)

        try:
            async with database.connection() as connection, database.connection() as another:
                before = {await pid_of(connection), await pid_of(another)}
            with pytest.raises(UnavailableStorage):
                await kill_while_lent()
            await server.start()
            async with database.connection() as connection, database.connection() as another:
                assert before.isdisjoint({await pid_of(connection), await pid_of(another)})
        finally:
            await engine.dispose()


async def test_a_client_that_stands_still_within_a_statement_lets_go_of_its_rows(engine: AsyncEngine) -> None:
    """Described and not run, a statement leaves its client neither idle nor running: only the transaction is timed."""
    database, held = Database(engine), Statement("SELECT pg_advisory_xact_lock(4713)")

    async def stand_still() -> None:
        async with database.transaction() as first:
            limit = await first.row(Statement("SELECT current_setting('transaction_timeout') AS longest"))
            assert limit is not None
            assert limit["longest"] == TRANSACTION_TIMEOUT
            await first.run(held)
            await first.rows(Statement("SELECT set_config('transaction_timeout', '300ms', true)"))
            await first._driver.prepare("SELECT 1")
            async with database.transaction() as second:
                await second.run(held)
            await first.rows(Statement("SELECT 1"))

    with pytest.raises(UnavailableStorage):
        await stand_still()


PLANNING = """
    SELECT current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan') || ' '
      || current_setting('enable_hashjoin') || ' ' || current_setting('enable_mergejoin') AS planning
"""
KEPT, AS_SET = "force_generic_plan off off off", "auto on on on"


async def test_a_connection_plans_by_key_for_whom_it_was_promised_and_as_it_was_set_for_all_others(
    database_url: str,
) -> None:
    engine = open_database(database_url, application="tests", pool=1)
    by_key, other, statement = Database(engine, by_key=True), Database(engine), Statement(PLANNING)

    async def planning(database: Database) -> str:
        (row,) = await database.rows(statement)
        return str(row["planning"])

    async def through_sqlalchemy() -> str:
        async with engine.connect() as connection:
            return str((await connection.execute(text(PLANNING))).scalar_one())

    try:
        assert [await planning(by_key), await planning(by_key), await planning(other)] == [KEPT, KEPT, AS_SET]
        assert [await planning(by_key), await through_sqlalchemy(), await planning(other)] == [KEPT, AS_SET, AS_SET]
        async with by_key.connection() as connection:
            await connection.run(Statement("BEGIN"))  # it is thrown away, and the next one knows nothing of it
        assert [await planning(by_key), await planning(other)] == [KEPT, AS_SET]
    finally:
        await engine.dispose()


async def test_a_plan_by_key_from_when_a_table_was_empty_does_not_read_it_whole(database_url: str) -> None:
    engine = open_database(database_url, application="tests", pool=1)
    asked = Statement("SELECT t.key FROM unnest(CAST(:keys AS text[])) AS k(key) JOIN grown t USING (key)")
    scans = Statement("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'grown'")
    try:
        async with Database(engine, by_key=True).transaction() as connection:  # counts are kept until it ends
            await connection.run(Statement("CREATE TEMPORARY TABLE grown (key text PRIMARY KEY) ON COMMIT DROP"))
            assert await connection.rows(asked, keys=["7"]) == []
            await connection.run(Statement("INSERT INTO grown SELECT g FROM generate_series(1, 99) AS g"))
            before = await connection.rows(scans)
            assert [row["key"] for row in await connection.rows(asked, keys=["7"])] == ["7"]
            assert await connection.rows(scans) == before
    finally:
        await engine.dispose()
