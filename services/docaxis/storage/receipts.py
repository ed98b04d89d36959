"""SQL of receipts: insert what the registrar signed, and hand evidence to the parties it concerns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Connection, Database, Row, Statement
from docaxis.storage.sharing import Share
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.receipts import evidence_file
from docaxis_signing.transparency.leaves import SECRET_BYTES, Openings, openings
from docaxis_signing.transparency.proof import LogProof


@dataclass(frozen=True, slots=True)
class Receipt:
    """A statement as the registrar signed it, and the record it came in."""

    event_id: UUID
    type: str
    submission_id: UUID
    member: str
    recipient: str | None
    at: datetime
    statement: bytes
    receipt: str
    kid: str
    signed_at: datetime
    topic_partition: int
    topic_offset: int


_TYPES: Final[Mapping[str, str]] = {
    "event_id": "uuid",
    "type": "text",
    "submission_id": "uuid",
    "member": "text",
    "recipient": "text",
    "at": "timestamptz",
    "statement": "bytea",
    "receipt": "text",
    "kid": "text",
    "signed_at": "timestamptz",
    "topic_partition": "integer",
    "topic_offset": "bigint",
}
_INSERT: Final = Statement(
    f"WITH done AS (INSERT INTO receipts ({', '.join(_TYPES)}) SELECT * FROM unnest("  # noqa: S608 - names from above
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
    + ") ON CONFLICT (event_id) DO NOTHING RETURNING event_id)"
    " INSERT INTO log_queue (event_id, leaf) SELECT event_id, leaf FROM done"
    " JOIN unnest(CAST(:event_id AS uuid[]), CAST(:leaf AS bytea[])) AS one (event_id, leaf) USING (event_id)"
    " RETURNING event_id"
)
"""A receipt and its entry for the log are kept together, so none is there without the other, and none twice."""
_MAKE_SECRETS: Final = Statement("""
    INSERT INTO submission_secrets (submission_id, secret)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:secrets AS bytea[])) ON CONFLICT (submission_id) DO NOTHING
""")
_SECRETS: Final = Statement("""
    SELECT submission_id, secret FROM submission_secrets WHERE submission_id = ANY(CAST(:ids AS uuid[]))
""")
_STATEMENTS: Final = Statement("""
    SELECT event_id, statement FROM receipts WHERE event_id = ANY(CAST(:ids AS uuid[]))
""")
_TO_EVERY_PARTY: Final = (
    EvidenceType.SUBMISSION_RECEIVED,
    EvidenceType.VERDICT_GIVEN,
    EvidenceType.VERDICT_REVISED,
)
"""What a recipient may see besides its own line: who handed in, and what was found. Never another one's status."""
_EVIDENCE: Final = Statement("""
    SELECT r.type, r.receipt, r.statement, c.record, c.record_key, m.record AS own_record,
      m.record_key AS own_record_key, o.leaf_index, o.leaf, s.secret
    FROM receipts r
    JOIN claims c ON c.submission_id = r.submission_id
    LEFT JOIN log_leaves o ON o.event_id = r.event_id
    LEFT JOIN submission_secrets s ON s.submission_id = r.submission_id
    LEFT JOIN member_records m ON m.submission_id = r.submission_id
      AND r.type IN ('ContentHandover', 'status.reported', 'recall.received', 'change.asked', 'change.answered')
      AND m.action_id = CAST(convert_from(r.statement, 'UTF8')::jsonb -> 'facts' ->> 'action_id' AS uuid)
    WHERE r.submission_id = CAST(:submission AS uuid)
      AND (CAST(:everything AS boolean) OR c.member = :party AND CAST(:sent AS boolean) OR EXISTS (
        SELECT 1 FROM deliveries l WHERE l.submission_id = r.submission_id AND l.member = :party
          AND (CAST(:own AS text[]) IS NULL OR l.recipient = ANY(CAST(:own AS text[])))
          AND (r.recipient = l.recipient OR r.recipient IS NULL AND r.type = ANY(CAST(:shared AS text[])))))
    ORDER BY r.at, r.topic_offset
""")
_OF_NO_SUBMISSION: Final = """
    SELECT r.type, r.receipt, r.statement, NULL AS record, NULL AS record_key, NULL AS own_record,
      NULL AS own_record_key, o.leaf_index, o.leaf, s.secret
    FROM receipts r
    LEFT JOIN log_leaves o ON o.event_id = r.event_id
    LEFT JOIN submission_secrets s ON s.submission_id = r.submission_id
"""
"""Pieces of evidence that belong to no submission, so that no record of a member's comes with them."""
_KEY_HISTORY: Final = Statement(f"""
    {_OF_NO_SUBMISSION}
    WHERE r.submission_id = CAST(:history AS uuid)
    ORDER BY r.at
""")
_ANSWER: Final = Statement(f"""
    {_OF_NO_SUBMISSION}
    WHERE r.submission_id = CAST(:answer AS uuid) AND r.member = :asker AND r.type = :type
""")


class ReceiptStore:
    """Receipts in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def secrets(self, submissions: Iterable[UUID]) -> dict[UUID, bytes]:
        """Give the secrets of submissions; one that has none is given one now.

        Raises:
            UnavailableStorage: The database is away.
        """
        ids = sorted(set(submissions))
        async with self._database.connection() as connection:
            found = await _secrets(connection, ids)
            if missing := [one for one in ids if one not in found]:
                made = [token_bytes(SECRET_BYTES) for _ in missing]
                await connection.run(_MAKE_SECRETS, ids=missing, secrets=made)
                found |= await _secrets(connection, missing)  # what another one made meanwhile stays
        return found

    async def insert(self, receipts: Sequence[Receipt], leaves: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        """Store receipts with their entries for the log; give the statements that were there before and stay.

        Both maps are by event id.

        Raises:
            UnavailableStorage: The database is away.
        """
        once = {receipt.event_id: receipt for receipt in reversed(receipts)}
        rows = [once[key] for key in sorted(once)]
        columns = {name: [getattr(row, name) for row in rows] for name in _TYPES}
        columns["leaf"] = [leaves[row.event_id] for row in rows]
        async with self._database.connection() as connection:
            done = {row["event_id"] for row in await connection.rows(_INSERT, **columns)}
            if len(done) == len(rows):
                return {}
            missing = [row.event_id for row in rows if row.event_id not in done]
            found = await connection.rows(_STATEMENTS, ids=missing)
        return {row["event_id"]: row["statement"] for row in found}

    async def evidence_for(
        self, submission_id: UUID, party: str | None, share: Share | None = None
    ) -> tuple["Piece", ...]:
        """Give the evidence of a submission that a member may see; None is an auditor, who sees all.

        The sender sees everything; a recipient what was handed in, the verdicts, and its own line.

        Raises:
            UnavailableStorage: The database is away.
        """
        values = {
            "submission": submission_id,
            "party": party or "",
            "everything": party is None,
            "sent": share is None or share.sent,
            "own": None if share is None else list(share.organisations),
            "shared": [kind.value for kind in _TO_EVERY_PARTY],
        }
        return tuple(_piece(row) for row in await self._database.rows(_EVIDENCE, **values))

    async def key_history(self, history: UUID) -> tuple["Piece", ...]:
        """Give the changes of evidence keys, the earliest first; everybody may see them.

        Raises:
            UnavailableStorage: The database is away.
        """
        return tuple(_piece(row) for row in await self._database.rows(_KEY_HISTORY, history=history))

    async def of_answer(self, answer: UUID, asker: str, kind: EvidenceType) -> tuple["Piece", ...]:
        """Give the evidence of what a desk answered, as that kind, to who asked for it.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_ANSWER, answer=answer, asker=asker, type=kind.value)
        return tuple(map(_piece, rows))


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: the receipt, the member's record, and where the log has it, as far as it has.

    ``salts`` open this statement's entry and no other; they are None once the submission's secret was destroyed.
    """

    receipt: str
    statement: bytes
    record: str | None
    record_key: Mapping[str, Any] | None
    leaf_index: int | None
    leaf: bytes | None
    salts: Openings | None

    def file(self, proof: LogProof | None) -> dict[str, Any]:
        """Give the form in which evidence is handed out, with the proof that was made for it."""
        shown = proof if self.salts is not None else None
        salts = self.salts if shown is not None else None
        return evidence_file(self.receipt, record=self.record, record_key=self.record_key, proof=shown, salts=salts)


async def _secrets(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    return {row["submission_id"]: row["secret"] for row in await connection.rows(_SECRETS, ids=ids)}


def _piece(row: Row) -> Piece:
    record, key = row["own_record"], row["own_record_key"]
    if row["type"] == EvidenceType.SUBMISSION_RECEIVED:
        record, key = row["record"], row["record_key"]
    salts = None if row["secret"] is None else openings(row["secret"], row["statement"])
    read_key = None if key is None else json.loads(key)
    return Piece(row["receipt"], row["statement"], record, read_key, row["leaf_index"], row["leaf"], salts)
