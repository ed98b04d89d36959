"""What members signed about deliveries: hand-overs, reports and recalls, each bound once to its member's own key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement
from docaxis.storage.grouping import Grouped
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
        deliveries.c.delivery_id == any_(bindparam("deliveries", type_=ARRAY(Uuid)))
    )
)
_MADE: Final = Statement(
    select(*(deliveries.c[field.name] for field in fields(DeliveryParties))).where(
        deliveries.c.submission_id == bindparam("submission"), deliveries.c.member.is_not(None)
    )
)
_ROUTED: Final = Statement("SELECT 1 FROM decisions WHERE event_id = CAST(:event AS uuid)")
_FIND: Final = Statement(select(*_COLUMNS).where(*_OWN))
_DIALECT: Final = dialect()  # type: ignore[no-untyped-call]
_GIVEN: Final = [f"CAST(:{name} AS {member_records.c[name].type.compile(_DIALECT)}[])" for name in _NAMES]
# In one order, so that two gateways with the same records do not wait for each other.
_BIND: Final = Statement(f"""
    INSERT INTO member_records ({", ".join(_NAMES)})
    SELECT * FROM unnest({", ".join(_GIVEN)}) AS given({", ".join(_NAMES)}) ORDER BY member, own_id
    ON CONFLICT DO NOTHING RETURNING member, own_id
""")  # noqa: S608 - names from the table
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
    """Binds and finds what members signed. Whoever asks the same at the same time shares one statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)
        self._looks: Grouped[UUID, DeliveryParties | None] = Grouped(self._parties)
        self._bindings: Grouped[MemberRecord, bool] = Grouped(self._bind)

    async def parties(self, delivery_id: UUID) -> DeliveryParties | None:
        """Give the parties of a delivery."""
        return await self._looks.add(delivery_id)

    async def _parties(self, delivery_ids: Sequence[UUID]) -> list[DeliveryParties | None]:
        rows = await self._database.rows(_PARTIES, deliveries=list(set(delivery_ids)))
        found = {row["delivery_id"]: DeliveryParties(**row) for row in rows}
        return [found.get(one) for one in delivery_ids]

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
        if await self._bindings.add(proposed):
            return proposed
        standing = await self.find(proposed.member, proposed.own_id)
        assert standing is not None, "a member's record is never removed"
        return standing

    async def _bind(self, proposed: Sequence[MemberRecord]) -> list[bool]:
        first = {(one.member, one.own_id): one for one in reversed(proposed)}
        columns = {name: [getattr(one, name) for one in first.values()] for name in _NAMES}
        rows = await self._database.rows(_BIND, **columns)
        made = {(row["member"], row["own_id"]) for row in rows}
        return [first[key] is one and key in made for one in proposed for key in ((one.member, one.own_id),)]

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
