"""The last revocation list in force of each authority, kept over restarts.

Without it a process that starts anew would take whatever fresh list it is served first: one from before a revocation,
replayed by whoever stands on the line, would be in force until the true one comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.reaching import reaching_database

_READ: Final = text("SELECT authority_sha256, part, this_update, sha256, list FROM revocation_lists")
_KEEP: Final = text("""
    INSERT INTO revocation_lists (authority_sha256, part, this_update, sha256, list)
    VALUES (:authority_sha256, :part, :this_update, :sha256, :list)
    ON CONFLICT (authority_sha256, part) DO UPDATE
    SET this_update = excluded.this_update, sha256 = excluded.sha256, list = excluded.list
    WHERE revocation_lists.this_update <= excluded.this_update
""")


@dataclass(frozen=True, slots=True)
class KeptList:
    """One list as it is kept; the bytes are verified again by whoever reads them."""

    authority_sha256: str
    part: str
    this_update: datetime
    sha256: str
    list: bytes


class RevocationListStore:
    """Keeps lists; processes that share the database keep the latest of theirs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self) -> list[KeptList]:
        """Give every list that was in force.

        Raises:
            UnavailableStorage: The database is away.
        """
        with reaching_database():
            async with self._engine.connect() as connection:
                return [KeptList(**row) for row in (await connection.execute(_READ)).mappings()]

    async def keep(self, lists: Sequence[KeptList]) -> None:
        """Keep lists that are in force now; an earlier one replaces nothing.

        Raises:
            UnavailableStorage: The database is away.
        """
        with reaching_database():
            async with self._engine.connect() as connection:
                for item in lists:
                    await connection.execute(_KEEP, {name: getattr(item, name) for name in KeptList.__slots__})
