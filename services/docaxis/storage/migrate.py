"""Bring a database to the present tables, at every start; processes that start together wait for one another."""

import asyncio
import importlib
import pkgutil
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from docaxis.storage import tables
from docaxis.storage.reaching import reaching_database

WAIT_SECONDS: Final = 300
"""For another process that is migrating; a migration that takes longer is run by hand first."""
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('docaxis.migrations', 0))")


def all_tables() -> MetaData:
    """Give the tables of every room; each module beside ``storage/tables/__init__.py`` adds its own."""
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    return tables.metadata


def alembic_config(connection: Connection) -> Config:
    """Give alembic's settings for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


async def upgrade(url: str) -> None:
    """Run what is missing, in one transaction under a lock.

    Raises:
        UnavailableStorage: The database is away, or another process has been migrating for too long.
    """
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        with reaching_database():
            async with asyncio.timeout(WAIT_SECONDS), engine.begin() as connection:
                await connection.execute(_LOCK)
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
