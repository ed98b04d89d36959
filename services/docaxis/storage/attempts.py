"""Attempts: each is bound to one source record, and counts the worker processes it has cost."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Received
from docaxis.storage.decisions import Decision
from docaxis.storage.driver import Database, Row, Statement

# A row that a statement inserts is not seen by the rest of that statement, so one of the two halves gives the source.
# Two records of one attempt at the very same moment: neither half may see the other's row, and the answer is empty.
_BIND: Final = Statement("""
    WITH made AS (
        INSERT INTO attempts (submission_id, attempt, topic, partition, "offset")
        VALUES (CAST(:submission AS uuid), :attempt, :topic, :partition, :offset)
        ON CONFLICT (submission_id, attempt) DO NOTHING
        RETURNING topic, partition, "offset"
    ), source AS (
        SELECT * FROM made
        UNION ALL
        SELECT topic, partition, "offset" FROM attempts
        WHERE submission_id = CAST(:submission AS uuid) AND attempt = :attempt
    )
    SELECT source.topic, source.partition, source."offset", c.member, c.manifest_digest, c.manifest, c.record_key,
           c.acted_by_gateway, c.acknowledgement, c.directory_version, c.received_at, c.deadline,
           d.event_id, d.submission_id, d.kind, d.version, d.decided_at, d.body
    FROM source
    JOIN claims c ON c.submission_id = CAST(:submission AS uuid)
    LEFT JOIN decisions d ON d.event_id = CAST(:decision AS uuid)
""")
_COUNT: Final = Statement("""
    UPDATE attempts SET begun = begun + 1
    WHERE submission_id = CAST(:submission AS uuid) AND attempt = :attempt
    RETURNING begun
""")


@dataclass(frozen=True, slots=True)
class ClaimedSubmission:
    """What the claim of a submission says to who judges it."""

    submission_id: UUID
    member: str
    manifest_digest: str
    manifest: bytes
    record_key: bytes
    acted_by_gateway: bool
    acknowledgement: str
    directory_version: int
    received_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """An attempt: whether it belongs to the record that asked, its claim, and the verdict if there is one."""

    ours: bool
    claim: ClaimedSubmission
    decided: Decision | None


@dataclass(frozen=True, slots=True)
class StandingVerdict:
    """A submission with the verdict that stands: the first, or the last that revised it."""

    claim: ClaimedSubmission
    decision: Decision
    latest_version: int

    @property
    def disposition(self) -> str:
        """What followed from it."""
        return str(json.loads(self.decision.body).get("disposition"))


_STANDING: Final = Statement("""
    SELECT c.member, c.manifest_digest, c.manifest, c.record_key, c.acted_by_gateway, c.acknowledgement,
           c.directory_version, c.received_at, c.deadline,
           d.event_id, d.submission_id, d.kind, d.version, d.decided_at, d.body,
           (SELECT max(version) FROM decisions WHERE submission_id = CAST(:submission AS uuid)) AS latest
    FROM claims c JOIN decisions d ON d.submission_id = c.submission_id
    WHERE c.submission_id = CAST(:submission AS uuid) AND d.kind IN ('verdict', 'verdict-revised')
    ORDER BY d.decided_at DESC, d.version DESC LIMIT 1
""")


class AttemptStore:
    """Binds attempts to their sources, each in one autocommit statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)

    async def bind(self, submission_id: UUID, attempt: int, record: Received, *, decision: UUID) -> Bound:
        """Bind an attempt to this record, unless it is bound already, and say to which.

        Raises:
            RefusedStatement: There is no claim of this submission.
            UnavailableStorage: The database is away.
        """
        values = {
            "submission": submission_id,
            "attempt": attempt,
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "offset": record.offset,
            "decision": decision,
        }
        while (row := await self._database.row(_BIND, **values)) is None:
            pass
        source = (row["topic"], row["partition"], row["offset"])
        ours = source == (record.partition.topic, record.partition.number, record.offset)
        return Bound(ours, _claim(submission_id, row), _decision(row))

    async def standing(self, submission_id: UUID) -> StandingVerdict | None:
        """Give a submission with the verdict that stands; None while it is undecided.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_STANDING, submission=submission_id)
        if row is None:
            return None
        decision = _decision(row)
        assert decision is not None
        return StandingVerdict(_claim(submission_id, row), decision, row["latest"])

    async def count_loss(self, submission_id: UUID, attempt: int) -> int:
        """Count a worker process that took this attempt and did not come back; gives how many there were.

        A service that is restarted counts nothing: only what a worker died of is held against a document.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_COUNT, submission=submission_id, attempt=attempt)
        assert row is not None, "an attempt is bound before it is examined"
        return int(row["begun"])


def _claim(submission_id: UUID, row: Row) -> ClaimedSubmission:
    names = [name for name in ClaimedSubmission.__slots__ if name != "submission_id"]
    return ClaimedSubmission(submission_id, **{name: row[name] for name in names})


def _decision(row: Row) -> Decision | None:
    return None if row["event_id"] is None else Decision(**{name: row[name] for name in Decision.__slots__})
