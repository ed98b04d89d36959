"""The migrations make the tables that the code describes, however many processes start at once."""

import asyncio
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.migrate import all_tables, upgrade


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, all_tables()))


async def test_migrations_make_exactly_the_tables_of_the_code(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_the_comparison_notices_a_missing_column(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("ALTER TABLE deliveries DROP COLUMN due_at"))
        assert await connection.run_sync(_differences) != []
        await connection.rollback()


async def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    async with EmbeddedDatabase(tmp_path / "database") as database:
        await asyncio.gather(*(upgrade(database.url) for _ in range(4)))
        engine = create_async_engine(database.url)
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
            versions = (await connection.execute(text("SELECT count(*) FROM alembic_version"))).scalar_one()
        await engine.dispose()
    assert set(all_tables().tables) <= names
    assert versions == 1
