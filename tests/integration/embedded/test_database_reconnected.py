"""Connections whose server is gone are never handed out: the first statement after a restart works."""

import asyncio
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.database import open_database


async def backend(engine: AsyncEngine, *, seconds: float = 0) -> int:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT pg_backend_pid() FROM pg_sleep(:seconds)"), {"seconds": seconds})
        return int(found.scalar_one())


async def test_statements_after_a_crash_of_the_server_get_new_connections(tmp_path: Path) -> None:
    async with EmbeddedDatabase(tmp_path / "database") as database:
        engine = open_database(database.url, application="test")
        try:
            before = set(await asyncio.gather(*(backend(engine, seconds=0.2) for _ in range(3))))
            assert await backend(engine) in before
            await database.kill()
            await database.start()
            after = set(await asyncio.gather(*(backend(engine) for _ in range(3))))
            assert before.isdisjoint(after)
        finally:
            await engine.dispose()
