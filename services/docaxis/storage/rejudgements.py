"""Passed submissions that wait for the first revocation list after their reception."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.decisions import Decision
from docaxis.storage.driver import Database, Statement
from docaxis.storage.evidence_objects import KeptInputs

_DECIDE: Final = Statement("""
    WITH made AS (
        INSERT INTO decisions (event_id, submission_id, kind, version, decided_at, body)
        VALUES (CAST(:event_id AS uuid), CAST(:submission_id AS uuid), :kind, :version, :decided_at, :body)
        ON CONFLICT (event_id) DO NOTHING RETURNING event_id
    ), watched AS (
        INSERT INTO rejudgements (submission_id, authority, received_at, serials)
        SELECT CAST(:submission_id AS uuid), w.authority, :received_at, string_to_array(w.serials, ' ')
        FROM made, unnest(CAST(:authorities AS text[]), CAST(:serials AS text[])) AS w(authority, serials)
        ON CONFLICT (submission_id, authority) DO NOTHING
    ), drawn AS (
        INSERT INTO verdict_inputs (event_id, submission_id, shared, own)
        SELECT event_id, CAST(:submission_id AS uuid), CAST(:shared AS text), CAST(:own AS bytea)
        FROM made WHERE CAST(:shared AS text) IS NOT NULL
    )
    SELECT event_id FROM made
""")
_READ: Final = Statement("""
    SELECT event_id, submission_id, kind, version, decided_at, body FROM decisions
    WHERE event_id = CAST(:event_id AS uuid)
""")
_DUE: Final = Statement("""
    SELECT submission_id, received_at, serials FROM rejudgements
    WHERE authority = :authority AND received_at < :issued
      AND (received_at, submission_id) > (:after, CAST(:id AS uuid))
    ORDER BY received_at, submission_id LIMIT :limit
""")
_DONE: Final = Statement("""
    DELETE FROM rejudgements WHERE authority = :authority AND submission_id = ANY(CAST(:submissions AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class Watch:
    """An authority whose next list matters to a submission, and the serials (lower-case hex) it issued."""

    authority: str
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A submission that is due to be judged once more."""

    submission_id: UUID
    received_at: datetime
    serials: frozenset[str]


class RejudgementStore:
    """Keeps what is to be judged once more; each call is one autocommit statement, or two on a conflict."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)

    async def decide(
        self, proposed: Decision, watches: Sequence[Watch], received_at: datetime, inputs: KeptInputs | None
    ) -> Decision:
        """Store a verdict together with what it waits for, and what it was drawn from, and give the one that stands.

        ``inputs`` name objects that are kept already; None of a verdict that nobody is to draw again.

        Raises:
            UnavailableStorage: The database is away.
        """
        values = {name: getattr(proposed, name) for name in Decision.__slots__} | {
            "received_at": received_at,
            "authorities": [watch.authority for watch in watches],
            "serials": [" ".join(watch.serials) for watch in watches],
            "shared": None if inputs is None else inputs.shared,
            "own": None if inputs is None else inputs.own,
        }
        async with self._database.connection() as connection:
            if await connection.row(_DECIDE, **values) is not None:
                return proposed
            (row,) = await connection.rows(_READ, event_id=proposed.event_id)
        return Decision(**row)

    async def decided(self, event_id: UUID) -> Decision | None:
        """Give what was decided under an id; None while nothing was.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_READ, event_id=event_id)
        return None if row is None else Decision(**row)

    async def due(self, authority: str, issued: datetime, *, after: tuple[datetime, UUID], limit: int) -> list[Pending]:
        """Give submissions received before this list of the authority was issued, in order, beyond ``after``.

        Raises:
            UnavailableStorage: The database is away.
        """
        values = {"authority": authority, "issued": issued, "after": after[0], "id": after[1], "limit": limit}
        rows = await self._database.rows(_DUE, **values)
        return [Pending(row["submission_id"], row["received_at"], frozenset(row["serials"])) for row in rows]

    async def settle(self, authority: str, submissions: Sequence[UUID]) -> None:
        """Remove what was judged once more.

        Raises:
            UnavailableStorage: The database is away; they are judged yet again, with the same answer.
        """
        if not submissions:
            return
        await self._database.run(_DONE, authority=authority, submissions=list(submissions))
