"""Who may use the evidence key: registrars sign with it side by side, and nobody does while it is being changed."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Connection, Database, Statement

_NAME: Final = "hashtextextended('docaxis.evidence-key.' || :axis || '.' || :environment, 0)"
_SHARE: Final = Statement(f"SELECT pg_try_advisory_lock_shared({_NAME}) AS taken")
_LEAVE: Final = Statement(f"SELECT pg_advisory_unlock_shared({_NAME})")
_TAKE: Final = Statement(f"SELECT pg_try_advisory_lock({_NAME}) AS taken")
_RELEASE: Final = Statement(f"SELECT pg_advisory_unlock({_NAME})")
_ALIVE: Final = Statement("SELECT 1")


class KeyUse:
    """Locks of one axis's evidence key; each holds a connection of the pool, and ends with it."""

    def __init__(self, engine: AsyncEngine, *, axis: str, environment: str) -> None:
        self._database = Database(engine)
        self._key = {"axis": axis, "environment": environment}

    @asynccontextmanager
    async def signing(self) -> AsyncIterator["Using | None"]:
        """Sign with the key for as long as this lasts; None while somebody changes it.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._held(_SHARE, _LEAVE) as connection:
            yield None if connection is None else Using(connection)

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[bool]:
        """Change the key; False while anybody signs with it.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._held(_TAKE, _RELEASE) as connection:
            yield connection is not None

    @asynccontextmanager
    async def _held(self, take: Statement, release: Statement) -> AsyncIterator[Connection | None]:
        async with self._database.connection() as connection:
            row = await connection.row(take, **self._key)
            if row is None or not row["taken"]:
                yield None
                return
            try:
                yield connection
            finally:
                with contextlib.suppress(Exception):  # a connection that is gone holds no lock
                    await connection.run(release, **self._key)


class Using:
    """A lock that is held."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def confirm(self) -> None:
        """Ask whether the connection still stands, and with it the lock.

        Raises:
            Exception: It does not.
        """
        await self._connection.run(_ALIVE)
