"""Write the next migration from the tables in the code; read it before it is committed.

``python tools/make_migration.py NUMBER TITLE`` writes ``versions/NUMBER_TITLE.py`` with whatever the migrations so far
do not make. Before the first release the only one may be written anew: delete ``0001_tables.py`` and call this with
``0001 tables``.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.migrate import alembic_config, upgrade


def write(connection: Connection, number: str, title: str) -> None:
    """Compare and write."""
    command.revision(alembic_config(connection), message=title, rev_id=number, autogenerate=True)


async def main(number: str, title: str) -> None:
    """Start a database, bring it to the last migration, compare."""
    with tempfile.TemporaryDirectory() as directory:
        async with EmbeddedDatabase(Path(directory)) as database:
            await upgrade(database.url)
            engine = create_async_engine(database.url)
            async with engine.connect() as connection:
                await connection.run_sync(write, number, title)
            await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], "_".join(sys.argv[2:]) or "tables"))
