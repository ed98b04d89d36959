"""What clients of edXML ask: deliveries by the document's own id, lists of messages, their transport state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement

_NAMED: Final = Statement("""
    SELECT delivery_id FROM deliveries
    WHERE (delivery_id = CAST(:named AS uuid) OR submission_id = CAST(:named AS uuid)
        OR natural_key = ANY(CAST(:keys AS text[])))
      AND member = :member AND recipient = :recipient
    ORDER BY standing DESC, consigned_at DESC LIMIT 1
""")
_ASKED: Final = Statement("""
    SELECT delivery_id FROM deliveries
    WHERE member = :member AND recipient = :recipient AND change_state = 'asked'
      AND (delivery_id = CAST(:named AS uuid) OR submission_id = CAST(:named AS uuid)
        OR natural_key = ANY(CAST(:keys AS text[])) OR changed_by IN (
          SELECT submission_id FROM deliveries
          WHERE (delivery_id = CAST(:named AS uuid) OR submission_id = CAST(:named AS uuid)
            OR natural_key = ANY(CAST(:keys AS text[]))) AND member = :member AND recipient = :recipient))
    ORDER BY change_asked_at DESC LIMIT 1
""")
_SENT_AS: Final = Statement("""
    SELECT submission_id FROM deliveries
    WHERE natural_key = ANY(CAST(:keys AS text[])) AND sender = :member
      AND (CAST(:recipient AS text) IS NULL OR recipient = CAST(:recipient AS text))
    ORDER BY standing DESC, consigned_at DESC LIMIT 1
""")
_RECEIVED: Final = Statement("""
    SELECT i.event_id, i.kind, i.delivery_id, i.submission_id, i.recipient, i.at, i.body, c.manifest, m.state AS marked,
      coalesce(m.changed_at, i.at) AS changed_at, d.state AS transport
    FROM inbox_items i JOIN claims c ON c.submission_id = i.submission_id
    LEFT JOIN deliveries d ON d.delivery_id = i.delivery_id
    LEFT JOIN message_states m ON m.member = i.member
      AND m.message_id = CASE WHEN i.kind = 'delivery' THEN i.delivery_id ELSE i.event_id END
    WHERE i.member = :member AND i.kind = :kind
      AND (CAST(:one AS uuid) IS NULL OR i.delivery_id = CAST(:one AS uuid) AND i.kind = 'delivery'
        OR i.event_id = CAST(:one AS uuid) AND i.kind = 'news')
      AND (i.kind = 'delivery' OR convert_from(i.body, 'UTF8')::jsonb ->> 'news' IN ('report', 'change_answered')
        OR convert_from(i.body, 'UTF8')::jsonb @> '{"news": "change_asked", "change": "recall"}')
      AND (i.kind <> 'delivery' OR i.recipient = ANY(CAST(:organisations AS text[])))
      AND (CAST(:since AS timestamptz) IS NULL OR i.at >= CAST(:since AS timestamptz))
      AND (CAST(:until AS timestamptz) IS NULL OR i.at < CAST(:until AS timestamptz))
      AND (NOT CAST(:unfinished AS boolean) OR coalesce(m.state, 'initial') NOT IN ('done', 'fail')
        AND (i.kind <> 'delivery' OR coalesce(d.state, 'consigned') = 'consigned'))
    ORDER BY i.at, i.event_id LIMIT :limit OFFSET :skip
""")
_SENT: Final = Statement("""
    SELECT c.submission_id, c.received_at, c.manifest, l.recipient, l.delivery_id, l.state, l.report, l.changed_at
    FROM claims c LEFT JOIN delivery_lines l ON l.submission_id = c.submission_id
    WHERE c.member = :member
      AND (CAST(:since AS timestamptz) IS NULL OR c.received_at >= CAST(:since AS timestamptz))
      AND (CAST(:until AS timestamptz) IS NULL OR c.received_at < CAST(:until AS timestamptz))
    ORDER BY c.received_at DESC, c.submission_id, l.recipient LIMIT :limit OFFSET :skip
""")
_MARK: Final = Statement("""
    INSERT INTO message_states (member, message_id, state, changed_at)
    VALUES (:member, CAST(:message AS uuid), :state, CAST(:at AS timestamptz))
    ON CONFLICT (member, message_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
    WHERE message_states.state <> 'done'
""")


@dataclass(frozen=True, slots=True)
class Named:
    """How a document is named: by an id of ours (delivery or submission), or by any of its natural keys."""

    id: UUID | None
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message in a member's inbox: a delivery, a report on what it sent, or a recall of what it received.

    ``marked`` is what the member said of it.
    """

    event_id: UUID
    kind: str
    delivery_id: UUID | None
    submission_id: UUID
    recipient: str
    at: datetime
    body: bytes
    manifest: bytes
    marked: str | None
    changed_at: datetime
    transport: str | None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One recipient's line of a submission; without recipient it was not judged yet, or was refused."""

    submission_id: UUID
    received_at: datetime
    manifest: bytes
    recipient: str | None
    delivery_id: UUID | None
    state: str | None
    report: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which messages are asked for: from a moment on, until before a moment, at most so many behind so many."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int = 500
    skip: int = 0


class ExchangeStore:
    """Answers for clients of edXML; what they may see is named in every question."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def delivery_named(self, named: "Named", member: str, recipient: str) -> UUID | None:
        """Find the delivery of a document to a recipient; one that stands goes first."""
        return await self._found(_NAMED, named, member, recipient)

    async def delivery_asked(self, named: "Named", member: str, recipient: str) -> UUID | None:
        """Find the delivery about which an answer is awaited: named itself, or by the document that asks about it."""
        return await self._found(_ASKED, named, member, recipient)

    async def _found(self, statement: Statement, named: "Named", member: str, recipient: str) -> UUID | None:
        values = {"named": named.id, "keys": list(named.keys)}
        row = await self._database.row(statement, **values, member=member, recipient=recipient)
        return None if row is None else UUID(str(row["delivery_id"]))

    async def submission_of_document(self, keys: Sequence[str], member: str, recipient: str | None) -> UUID | None:
        """Find what a member sent as a document, to a recipient or to anybody; one that stands goes first."""
        row = await self._database.row(_SENT_AS, keys=list(keys), member=member, recipient=recipient)
        return None if row is None else UUID(str(row["submission_id"]))

    async def received(
        self,
        member: str,
        kind: str,
        window: Window,
        *,
        organisations: Sequence[str],
        unfinished: bool = False,
        one: UUID | None = None,
    ) -> list[ReceivedMessage]:
        """Give messages of a kind (``delivery``, or ``news`` for reports), oldest first."""
        rows = await self._database.rows(
            _RECEIVED,
            member=member,
            kind=kind,
            one=one,
            organisations=list(organisations),
            since=window.since,
            until=window.until,
            unfinished=unfinished,
            limit=window.limit,
            skip=window.skip,
        )
        return [ReceivedMessage(**row) for row in rows]

    async def sent(self, member: str, window: Window) -> list[SentMessage]:
        """Give the lines of what a member sent, newest submission first."""
        rows = await self._database.rows(
            _SENT, member=member, since=window.since, until=window.until, limit=window.limit, skip=window.skip
        )
        return [SentMessage(**row) for row in rows]

    async def mark(self, member: str, message: UUID, state: str, at: datetime) -> None:
        """Keep what a member said of a message; ``done`` stays."""
        await self._database.run(_MARK, member=member, message=message, state=state, at=at)
