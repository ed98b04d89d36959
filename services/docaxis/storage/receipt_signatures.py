"""SQL of the organisation's signatures on receipts: asked for by who downloads, made once by the registrar, kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement

MOST_WAITING: Final = 10_000
"""Statements that may wait at once: some minutes of the registrar's work, and no more of anybody's wishes."""
_ASK: Final = Statement("""
    INSERT INTO receipt_signatures (event_id, asked_at)
    SELECT one, CAST(:at AS timestamptz) FROM unnest(CAST(:ids AS uuid[])) AS one
    WHERE (SELECT count(*) FROM receipt_signatures WHERE signature IS NULL) < :most
    ON CONFLICT (event_id) DO NOTHING
""")
_FIND: Final = Statement("""
    SELECT event_id, signature, trouble FROM receipt_signatures WHERE event_id = ANY(CAST(:ids AS uuid[]))
""")
_WAITING: Final = Statement("""
    SELECT s.event_id, r.statement FROM receipt_signatures s JOIN receipts r USING (event_id)
    WHERE s.signature IS NULL ORDER BY s.number LIMIT :most
""")
_KEEP: Final = Statement("""
    UPDATE receipt_signatures s SET signature = one.signature, signed_at = CAST(:at AS timestamptz), trouble = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:signatures AS bytea[])) AS one (event_id, signature)
    WHERE s.event_id = one.event_id AND s.signature IS NULL
""")
_NOTE_TROUBLE: Final = Statement("UPDATE receipt_signatures SET trouble = :trouble WHERE signature IS NULL")


@dataclass(frozen=True, slots=True)
class KeptSignature:
    """What there is of a signature that was asked for: its bytes, or why there are none yet, where a try failed."""

    signature: bytes | None
    trouble: str | None


class ReceiptSignatureStore:
    """Signatures by event id; each call is one autocommit statement, or two."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def ask(self, events: Collection[UUID], at: datetime) -> dict[UUID, KeptSignature]:
        """Ask for the signatures of receipts, and give what there is of them; the queue is bounded.

        Raises:
            UnavailableStorage: The database is away.
        """
        ids = sorted(events)
        async with self._database.connection() as connection:
            rows = await connection.rows(_FIND, ids=ids)
            known = {row["event_id"]: KeptSignature(row["signature"], row["trouble"]) for row in rows}
            if missing := [one for one in ids if one not in known]:
                await connection.run(_ASK, ids=missing, at=at, most=MOST_WAITING)
        return known

    async def made(self, events: Collection[UUID]) -> dict[UUID, bytes]:
        """Give the signatures that there are; nothing is asked for.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_FIND, ids=sorted(events))
        return {row["event_id"]: row["signature"] for row in rows if row["signature"] is not None}

    async def waiting(self, most: int) -> dict[UUID, bytes]:
        """Give statements that wait for their signature, those asked for first.

        Raises:
            UnavailableStorage: The database is away.
        """
        return {row["event_id"]: row["statement"] for row in await self._database.rows(_WAITING, most=most)}

    async def keep(self, signatures: Mapping[UUID, bytes], at: datetime) -> None:
        """Keep signatures; one that is there already stays.

        Raises:
            UnavailableStorage: The database is away.
        """
        made: Sequence[bytes] = list(signatures.values())
        await self._database.run(_KEEP, ids=list(signatures), signatures=made, at=at)

    async def note_trouble(self, code: str) -> None:
        """Say why nothing that waits was signed when it was tried.

        Raises:
            UnavailableStorage: The database is away.
        """
        await self._database.run(_NOTE_TROUBLE, trouble=code)
