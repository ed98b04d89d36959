"""What the pages list: deliveries for somebody's organisations, and what was sent for them, newest first.

Pages are found by where the one before ended, not by counting: the last page costs what the first costs.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Row, Statement

PAGE: Final = 50
"""Rows of a page."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the moment and the id of its last row."""

    at: datetime
    row_id: UUID


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """A delivery in a list; ``body`` is what its inbox entry says."""

    delivery_id: UUID
    recipient: str
    at: datetime
    state: str
    report: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission as its sender signed it, and whom the gateway resolved its recipients to."""

    submission_id: UUID
    at: datetime
    manifest: dict[str, Any]
    resolution: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SentRow:
    """A submission in a list, with how many of its deliveries have come how far."""

    submission_id: UUID
    at: datetime
    disposition: str | None
    document: dict[str, Any]
    recipients: int
    handed_over: int
    accepted: int
    returned: int


_RECEIVED: Final = Statement("""
    SELECT i.delivery_id, i.recipient, i.at, i.body, coalesce(l.state, 'consigned') AS state, l.report
    FROM inbox_items i
    LEFT JOIN delivery_lines l ON l.submission_id = i.submission_id AND l.recipient = i.recipient
    WHERE i.kind = 'delivery' AND i.member = CAST(:member AS text)
      AND i.recipient = ANY(CAST(:organisations AS text[]))
      AND (CAST(:at AS timestamptz) IS NULL
        OR (i.at, i.delivery_id) < (CAST(:at AS timestamptz), CAST(:row AS uuid)))
      AND (NOT CAST(:waiting AS boolean) OR coalesce(l.report, '01') = '01')
    ORDER BY i.at DESC, i.delivery_id DESC LIMIT :limit
""")
_SENT: Final = Statement("""
    SELECT c.submission_id, c.received_at AS at, c.manifest, d.disposition,
      count(l.recipient) AS recipients, count(l.handed_over_at) AS handed_over, count(l.accepted_at) AS accepted,
      count(l.returned_at) AS returned
    FROM (
      SELECT submission_id, received_at, manifest FROM claims
      WHERE member = CAST(:member AS text)
        AND (CAST(:at AS timestamptz) IS NULL
          OR (received_at, submission_id) < (CAST(:at AS timestamptz), CAST(:row AS uuid)))
      ORDER BY received_at DESC, submission_id DESC LIMIT :limit
    ) c
    LEFT JOIN LATERAL (
      SELECT convert_from(v.body, 'UTF8')::jsonb ->> 'disposition' AS disposition FROM decisions v
      WHERE v.submission_id = c.submission_id AND v.kind IN ('verdict', 'verdict-revised')
      ORDER BY v.decided_at DESC LIMIT 1
    ) d ON true
    LEFT JOIN delivery_lines l ON l.submission_id = c.submission_id
    GROUP BY c.submission_id, c.received_at, c.manifest, d.disposition
    ORDER BY c.received_at DESC, c.submission_id DESC
""")


_ONE_SENT: Final = Statement("""
    SELECT submission_id, received_at AS at, manifest, resolution FROM claims
    WHERE submission_id = CAST(:submission AS uuid) AND member = CAST(:member AS text)
""")


_LATE: Final = Statement("""
    SELECT 1 AS late FROM claims c
    WHERE c.decided_at IS NULL AND c.received_at < CAST(:before AS timestamptz)
      AND c.received_at > CAST(:before AS timestamptz) - interval '1 day'
      AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.submission_id = c.submission_id AND a.attempt > 1)
      AND NOT EXISTS (SELECT 1 FROM dead_letters l WHERE l.submission_id = c.submission_id)
    LIMIT 1
""")


class ClerkLists:
    """Answers for a member's organisations."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def received(
        self, member: str, organisations: tuple[str, ...], after: Place | None, *, waiting: bool, limit: int = PAGE
    ) -> list[ReceivedRow]:
        """Give deliveries behind a place, newest first; ``waiting``: only those that nobody has answered yet.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _RECEIVED,
            member=member,
            organisations=list(organisations),
            waiting=waiting,
            limit=limit,
            **_where(after),
        )
        return [_received(row) for row in rows]

    async def sent(
        self, member: str, after: Place | None, *, limit: int = PAGE
    ) -> list[tuple[SentRow, dict[str, Any]]]:
        """Give submissions behind a place, newest first, each with its manifest: the caller judges who may see it.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_SENT, member=member, limit=limit, **_where(after))
        return [_sent(row) for row in rows]

    async def is_late(self, before: datetime) -> bool:
        """Say whether a document handed in before a moment was not examined once; what waits for data was.

        Raises:
            UnavailableStorage: The database is away.
        """
        return await self._database.row(_LATE, before=before) is not None

    async def sent_one(self, member: str, submission_id: UUID) -> Sent | None:
        """Give one submission of a member's: the caller judges who may see it.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_ONE_SENT, member=member, submission=submission_id)
        if row is None:
            return None
        return Sent(row["submission_id"], row["at"], json.loads(row["manifest"]), json.loads(row["resolution"]))


def _where(after: Place | None) -> dict[str, Any]:
    return {"at": after.at if after else None, "row": after.row_id if after else None}


def _received(row: Row) -> ReceivedRow:
    return ReceivedRow(
        row["delivery_id"], row["recipient"], row["at"], row["state"], row["report"], json.loads(row["body"])
    )


def _sent(row: Row) -> tuple[SentRow, dict[str, Any]]:
    manifest = json.loads(row["manifest"])
    counts = (row["recipients"], row["handed_over"], row["accepted"], row["returned"])
    found = SentRow(row["submission_id"], row["at"], row["disposition"], manifest["document"], *counts)
    return found, manifest
