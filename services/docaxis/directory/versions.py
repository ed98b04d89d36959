"""The directory's version: every change takes the next one, in the order in which changes commit."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.storage.driver import Database, Statement
from docaxis.storage.tables.directory import directory_versions

_LOCK: Final = 0x646178_01
"""Advisory lock of directory changes: without it version 6 could be seen before version 5."""


async def lock_changes(connection: AsyncConnection) -> None:
    """Let no other transaction change the directory until this one ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def take_version(
    connection: AsyncConnection, *, what: str, subject: str, by: str, at: datetime, **details: Any
) -> int:
    """Take the next version for the change that this transaction makes."""
    await lock_changes(connection)
    version = await read_version(connection) + 1
    await connection.execute(
        insert(directory_versions).values(version=version, at=at, what=what, subject=subject, by=by, **details)
    )
    return version


_NEWEST: Final = Statement("SELECT coalesce(max(version), 0) AS version FROM directory_versions")
"""Asked by every process once a second: it goes the short way, without a transaction around it."""


async def newest_version(database: Database) -> int:
    """Give the newest version on its own; 0 before the first.

    Raises:
        UnavailableStorage: The database is away.
    """
    row = await database.row(_NEWEST)
    assert row is not None, "an aggregate always has a row"
    return int(row["version"])


async def read_version(connection: AsyncConnection, *, what: str | None = None) -> int:
    """Give the newest version (of one kind of change); 0 before the first."""
    newest = select(func.coalesce(func.max(directory_versions.c.version), 0))
    if what is not None:
        newest = newest.where(directory_versions.c.what == what)
    return int((await connection.execute(newest)).scalar_one())
