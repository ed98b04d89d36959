"""What members signed about deliveries: hand-overs, reports and recalls, each bound once to its member's own key."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement
from docaxis.storage.tables.decisions import deliveries
from docaxis.storage.tables.intake import member_records


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """One row of `member_records`; see the table for what each means."""

    member: str
    own_id: str
    kind: str
    action_id: UUID
    submission_id: UUID
    delivery_id: UUID | None
    recipient: str | None
    record_digest: str
    record_sha256: str
    body: bytes
    record: str
    record_key: bytes
    acted_by_gateway: bool
    received_at: datetime
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryParties:
    """Who may act on a delivery; ``member`` receives for the recipient and is None where nothing was delivered."""

    delivery_id: UUID
    submission_id: UUID
    recipient: str
    member: str | None
    sender: str
    state: str
    report: str | None
    change_state: str | None
    contents_sha256: str


_NAMES: Final = tuple(field.name for field in fields(MemberRecord))
_COLUMNS: Final = [member_records.c[name] for name in _NAMES]
_OWN: Final = (member_records.c.member == bindparam("whose"), member_records.c.own_id == bindparam("own"))

# Statements of every request are built once: building one costs more than running it.
_PARTIES: Final = Statement(
    select(*(deliveries.c[field.name] for field in fields(DeliveryParties))).where(
        deliveries.c.delivery_id == bindparam("delivery")
    )
)
_MADE: Final = Statement(
    select(*(deliveries.c[field.name] for field in fields(DeliveryParties))).where(
        deliveries.c.submission_id == bindparam("submission"), deliveries.c.member.is_not(None)
    )
)
_ROUTED: Final = Statement("SELECT 1 FROM decisions WHERE event_id = CAST(:event AS uuid)")
_FIND: Final = Statement(select(*_COLUMNS).where(*_OWN))
_BIND: Final = Statement(
    insert(member_records).on_conflict_do_nothing().returning(member_records.c.own_id), columns=_NAMES
)
_MARK_PUBLISHED: Final = Statement("""
    UPDATE member_records r SET published_at = told.at
    FROM unnest(CAST(:members AS text[]), CAST(:own_ids AS text[]), CAST(:at AS timestamptz[]))
      AS told(member, own_id, at)
    WHERE r.member = told.member AND r.own_id = told.own_id AND r.published_at IS NULL
""")
_UNPUBLISHED: Final = Statement(
    select(*_COLUMNS)
    .where(member_records.c.published_at.is_(None), member_records.c.received_at < bindparam("before"))
    .order_by(member_records.c.received_at)
    .limit(bindparam("limit"))
)


class MemberRecordStore:
    """Binds and finds what members signed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def parties(self, delivery_id: UUID) -> DeliveryParties | None:
        """Give the parties of a delivery."""
        row = await self._database.row(_PARTIES, delivery=delivery_id)
        return None if row is None else DeliveryParties(**row)

    async def made(self, submission_id: UUID, routed: UUID) -> list[DeliveryParties] | None:
        """Give the deliveries that were made of a submission; None before ``routed``, its routing, was decided."""
        if await self._database.row(_ROUTED, event=routed) is None:
            return None
        rows = await self._database.rows(_MADE, submission=submission_id)
        return [DeliveryParties(**row) for row in rows]

    async def find(self, member: str, own_id: str) -> MemberRecord | None:
        """Give what a member signed under one of its keys."""
        row = await self._database.row(_FIND, whose=member, own=own_id)
        return None if row is None else MemberRecord(**row)

    async def bind(self, proposed: MemberRecord) -> MemberRecord:
        """Bind a record to its key and give the one that stands: this one, or one bound before."""
        values = {name: getattr(proposed, name) for name in _NAMES}
        if await self._database.row(_BIND, **values) is not None:
            return proposed
        standing = await self.find(proposed.member, proposed.own_id)
        assert standing is not None, "a member's record is never removed"
        return standing

    async def mark_published(self, published: Mapping[tuple[str, str], datetime]) -> None:
        """Note since when the bus has these actions, named by member and the member's own id."""
        names = sorted(published)
        await self._database.run(
            _MARK_PUBLISHED,
            members=[member for member, _ in names],
            own_ids=[own_id for _, own_id in names],
            at=[published[name] for name in names],
        )

    async def unpublished(self, before: datetime, limit: int) -> list[MemberRecord]:
        """Give records bound before a moment that a crash kept from the bus."""
        return [MemberRecord(**row) for row in await self._database.rows(_UNPUBLISHED, before=before, limit=limit)]
