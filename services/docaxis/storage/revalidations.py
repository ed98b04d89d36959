"""SQL of judging again after a compromise: how far it has come, so that it goes on after any crash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement

_READ: Final = Statement("""
    SELECT leaf_index, CAST(counts AS text) AS counts FROM revalidations
    WHERE trust_sha256 = :trust AND authority = :authority
""")
_NOTE: Final = Statement("""
    INSERT INTO revalidations (trust_sha256, authority, leaf_index, counts, noted_at)
    VALUES (:trust, :authority, :leaf_index, CAST(:counts AS jsonb), CAST(:at AS timestamptz))
    ON CONFLICT (trust_sha256, authority) DO UPDATE
    SET leaf_index = excluded.leaf_index, counts = excluded.counts, noted_at = excluded.noted_at
""")
_FORGET: Final = Statement("DELETE FROM revalidations WHERE trust_sha256 = :trust AND authority = :authority")


@dataclass(frozen=True, slots=True)
class Progress:
    """The leaf of the last verdict that was judged again, and what became of all of them until there."""

    leaf_index: int
    counts: Mapping[str, int]


class RevalidationStore:
    """Progress by trust store and authority; each call is one autocommit statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def read(self, trust_sha256: str, authority: str) -> Progress | None:
        """Give how far it has come; None before its first batch.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_READ, trust=trust_sha256, authority=authority)
        return None if row is None else Progress(row["leaf_index"], json.loads(row["counts"]))

    async def note(self, trust_sha256: str, authority: str, progress: Progress, at: datetime) -> None:
        """Keep how far it has come.

        Raises:
            UnavailableStorage: The database is away; what was judged since is judged again, to the same end.
        """
        values = {"leaf_index": progress.leaf_index, "counts": json.dumps(dict(progress.counts)), "at": at}
        await self._database.run(_NOTE, trust=trust_sha256, authority=authority, **values)

    async def forget(self, trust_sha256: str, authority: str) -> None:
        """Begin from the first leaf the next time.

        Raises:
            UnavailableStorage: The database is away.
        """
        await self._database.run(_FORGET, trust=trust_sha256, authority=authority)
