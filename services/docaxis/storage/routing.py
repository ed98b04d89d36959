"""SQL of the router: claims, natural keys, deliveries, decisions and timers, changed together or not at all.

Lists travel as arrays (``unnest``), so that one prepared statement serves a fan-out of 1 and of 5,000 and the limit of
32,767 parameters is never near. Locks are always taken in the order claim, natural key, delivery.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.changes import ChangeRows
from docaxis.storage.decisions import Decision, UnavailableStorage
from docaxis.storage.delivered import Delivery, Settled, Wanted, read_deliveries, settle_deliveries
from docaxis.storage.driver import Connection, Database, Statement
from docaxis.storage.grouping import Grouped


class AlreadyDecided(UnavailableStorage):
    """Something else was decided in between: nothing of this is written; try again and read what it was."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as the router needs it: latest version and recalls of its decisions, and the one asked for, if made."""

    submission_id: UUID
    member: str
    own_id: str
    manifest: bytes
    manifest_digest: str
    resolution: bytes
    received_at: datetime
    urgency: int
    latest_version: int
    recalls: tuple[bytes, ...]
    decided: Decision | None


@dataclass(frozen=True, slots=True)
class Holder:
    """The delivered document that holds a natural key."""

    submission_id: UUID
    document_sha256: str


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One row to be written; ``member`` is None where nothing is delivered."""

    delivery_id: UUID
    recipient: str
    member: str | None
    role: str
    state: str


@dataclass(frozen=True, slots=True)
class DeliveryBatch:
    """What the new deliveries of one submission have in common."""

    submission_id: UUID
    sender: str
    version: int
    contents_sha256: str
    natural_key: str | None
    at: datetime
    due_at: datetime | None
    answers_repeats: bool
    rows: Sequence[NewDelivery]


@dataclass(frozen=True, slots=True)
class Touched:
    """A delivery whose version was raised because something concerns it."""

    delivery_id: UUID
    recipient: str
    member: str
    version: int


@dataclass(frozen=True, slots=True)
class NewTimer:
    """Something to happen later."""

    timer_id: UUID
    due_at: datetime
    kind: str
    submission_id: UUID
    body: bytes


_CLAIM: Final = Statement("""
    UPDATE claims SET decided_at = coalesce(decided_at, CAST(:decided_at AS timestamptz))
    WHERE submission_id = CAST(:submission AS uuid)
    RETURNING submission_id, member, own_id, manifest, manifest_digest, resolution, received_at, urgency
""")
_LATEST: Final = Statement("""
    SELECT coalesce(max(version), 0) AS latest, coalesce(bool_or(event_id = CAST(:event AS uuid)), false) AS found,
      array_agg(body) FILTER (WHERE kind = 'recall') AS recalls
    FROM decisions WHERE submission_id = CAST(:submission AS uuid)
""")
_FIND: Final = Statement("""
    SELECT event_id, submission_id, kind, version, decided_at, body FROM decisions
    WHERE event_id = CAST(:event AS uuid)
""")
_DECIDE: Final = Statement("""
    INSERT INTO decisions (event_id, submission_id, kind, version, decided_at, body)
    VALUES (CAST(:event_id AS uuid), CAST(:submission_id AS uuid), :kind, :version, :decided_at, :body)
    ON CONFLICT (event_id) DO NOTHING RETURNING version
""")
_DECIDE_AND_SCHEDULE: Final = Statement("""
    WITH scheduled AS (
        INSERT INTO timers (timer_id, due_at, kind, submission_id, body)
        VALUES (CAST(:timer_id AS uuid), :due_at, :timer_kind, CAST(:submission_id AS uuid), :timer_body)
        ON CONFLICT (timer_id) DO NOTHING
    )
    INSERT INTO decisions (event_id, submission_id, kind, version, decided_at, body)
    VALUES (CAST(:event_id AS uuid), CAST(:submission_id AS uuid), :kind, :version, :decided_at, :body)
    ON CONFLICT (event_id) DO NOTHING RETURNING version
""")
_RESERVE: Final = Statement("""
    INSERT INTO natural_keys (natural_key, submission_id, contents_sha256, reserved_at)
    VALUES (:key, CAST(:submission AS uuid), :digest, :at)
    ON CONFLICT (natural_key) DO NOTHING RETURNING natural_key
""")
_HOLDER: Final = Statement(
    "SELECT submission_id, contents_sha256 FROM natural_keys WHERE natural_key = :key FOR UPDATE"
)
_FREE: Final = Statement("""
    DELETE FROM natural_keys WHERE natural_key = :key
      AND NOT EXISTS (SELECT 1 FROM deliveries WHERE natural_key = :key AND standing)
""")
_CONSIGN: Final = Statement("""
    INSERT INTO deliveries (delivery_id, submission_id, recipient, member, sender, role, state, version,
      contents_sha256, natural_key, standing, answers_repeats, consigned_at, due_at)
    SELECT id, CAST(:submission AS uuid), recipient, member, :sender, role, state, CAST(:version AS bigint),
      :contents, :key, state = 'consigned', state = 'consigned' AND CAST(:answers AS boolean),
      CASE WHEN state = 'consigned' THEN CAST(:at AS timestamptz) END, CAST(:due AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:recipients AS text[]), CAST(:members AS text[]), CAST(:roles AS text[]),
      CAST(:states AS text[])) AS given(id, recipient, member, role, state)
    ORDER BY recipient
    ON CONFLICT DO NOTHING RETURNING recipient
""")
_REPEATED: Final = Statement("""
    SELECT recipient, delivery_id FROM deliveries
    WHERE sender = :sender AND contents_sha256 = :contents AND answers_repeats
      AND recipient = ANY(CAST(:recipients AS text[]))
""")
_NATURAL_KEY_OF: Final = Statement("SELECT natural_key FROM deliveries WHERE delivery_id = CAST(:delivery AS uuid)")
_TOUCH: Final = Statement("""
    UPDATE deliveries SET version = version + 1
    WHERE submission_id = CAST(:submission AS uuid) AND member IS NOT NULL
    RETURNING delivery_id, recipient, member, version
""")
_NOT_FETCHED: Final = Statement("""
    SELECT recipient FROM deliveries
    WHERE submission_id = CAST(:submission AS uuid) AND state = 'consigned' AND standing
    ORDER BY recipient
""")


class RoutingTransaction:
    """One short transaction of the router."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = connection.rows
        self.changes = ChangeRows(connection)

    async def claim(self, submission: UUID, event: UUID, *, decided_at: datetime | None = None) -> Claim | None:
        """Lock a claim, and with it everything the router decides about its submission; mark it decided."""
        rows = await self._rows(_CLAIM, submission=submission, decided_at=decided_at)
        if not rows:
            return None
        # A statement of its own: the one that waited for the lock still sees what was there before it waited.
        (standing,) = await self._rows(_LATEST, submission=submission, event=event)
        decided = await self.find(event) if standing["found"] else None
        recalls = tuple(standing["recalls"] or ())
        return Claim(**rows[0], latest_version=standing["latest"], recalls=recalls, decided=decided)

    async def find(self, event: UUID) -> Decision | None:
        """Give a decision, if it was made."""
        rows = await self._rows(_FIND, event=event)
        return Decision(**rows[0]) if rows else None

    async def decide(self, decision: Decision, timer: NewTimer | None = None) -> None:
        """Store a decision, and with it something to happen later.

        Raises:
            AlreadyDecided: Another process was first.
        """
        values: dict[str, Any] = {name: getattr(decision, name) for name in Decision.__slots__}
        statement = _DECIDE
        if timer is not None:
            statement = _DECIDE_AND_SCHEDULE
            values |= {"timer_id": timer.timer_id, "due_at": timer.due_at}
            values |= {"timer_kind": timer.kind, "timer_body": timer.body}
        if not await self._rows(statement, **values):
            raise AlreadyDecided(str(decision.event_id))

    async def reserve(self, key: str, submission: UUID, digest: str, at: datetime) -> Holder | None:
        """Reserve a natural key; None when it is now ours, else who holds it. Waits for whoever is just deciding it."""
        while True:
            if await self._rows(_RESERVE, key=key, submission=submission, digest=digest, at=at):
                return None
            if (found := await self.holder(key)) is not None:
                return found

    async def holder(self, key: str) -> Holder | None:
        """Give who holds a natural key, and keep it so until the transaction ends; None when nobody does."""
        rows = await self._rows(_HOLDER, key=key)
        return Holder(rows[0]["submission_id"], rows[0]["contents_sha256"]) if rows else None

    async def hold_natural_key_of(self, delivery: UUID) -> None:
        """Lock the natural key of a delivery before the delivery itself, as `reserve` does."""
        rows = await self._rows(_NATURAL_KEY_OF, delivery=delivery)
        if rows and rows[0]["natural_key"] is not None:
            await self._rows(_HOLDER, key=rows[0]["natural_key"])

    async def free_natural_key(self, key: str) -> None:
        """Free a natural key unless a delivery under it still stands."""
        await self._connection.run(_FREE, key=key)

    async def consign(self, batch: DeliveryBatch) -> frozenset[str]:
        """Write deliveries and give the recipients of those written; the others have these contents already."""
        rows = await self._rows(
            _CONSIGN,
            submission=batch.submission_id,
            sender=batch.sender,
            version=batch.version,
            contents=batch.contents_sha256,
            key=batch.natural_key,
            at=batch.at,
            due=batch.due_at,
            answers=batch.answers_repeats,
            ids=[row.delivery_id for row in batch.rows],
            recipients=[row.recipient for row in batch.rows],
            members=[row.member for row in batch.rows],
            roles=[row.role for row in batch.rows],
            states=[row.state for row in batch.rows],
        )
        return frozenset(row["recipient"] for row in rows)

    async def first_deliveries(self, sender: str, contents: str, recipients: Sequence[str]) -> dict[str, UUID]:
        """Give the standing delivery of the same contents by recipient."""
        rows = await self._rows(_REPEATED, sender=sender, contents=contents, recipients=list(recipients))
        return {row["recipient"]: row["delivery_id"] for row in rows}

    async def delivery(self, wanted: Wanted) -> Delivery | None:
        """Give a delivery as it stands."""
        (found,) = await read_deliveries(self._connection, [wanted])
        return found

    async def settle(self, settled: Settled) -> None:
        """Write a decision about a delivery together with its move.

        Raises:
            AlreadyDecided: Something else became of the delivery since it was read.
        """
        (written,) = await settle_deliveries(self._connection, [settled])
        _require_written(settled, written=written)

    async def touch(self, submission: UUID) -> list[Touched]:
        """Raise the version of everything that was delivered of a submission."""
        rows = await self._rows(_TOUCH, submission=submission)
        return sorted((Touched(**row) for row in rows), key=lambda found: found.recipient)

    async def not_fetched(self, submission: UUID) -> list[str]:
        """Name the recipients that have not fetched a submission."""
        return [row["recipient"] for row in await self._rows(_NOT_FETCHED, submission=submission)]


class RoutingStore:
    """Opens the router's transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)
        self._reads: Grouped[Wanted, Delivery | None] = Grouped(self._read)
        self._settlements: Grouped[Settled, bool] = Grouped(self._settle)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[RoutingTransaction]:
        """Open one; it commits at the end and rolls back on any error.

        Raises:
            UnavailableStorage: The database is away, a lock was not to be had in time, or another was quicker.
        """
        async with self._database.transaction() as connection:
            yield RoutingTransaction(connection)

    async def delivery(self, wanted: Wanted) -> Delivery | None:
        """Give a delivery as it stands; who asks at the same time shares one statement.

        Raises:
            UnavailableStorage: The database is away.
        """
        return await self._reads.add(wanted)

    async def settle(self, settled: Settled) -> None:
        """Write a decision about a delivery together with its move; who does at the same time shares one statement.

        Raises:
            AlreadyDecided: Something else became of the delivery since it was read, or is just becoming.
            UnavailableStorage: The database is away.
        """
        _require_written(settled, written=await self._settlements.add(settled))

    async def _read(self, wanted: Sequence[Wanted]) -> list[Delivery | None]:
        async with self._database.connection() as connection:
            return await read_deliveries(connection, wanted)

    async def _settle(self, settled: Sequence[Settled]) -> list[bool]:
        async with self._database.connection() as connection:
            return await settle_deliveries(connection, settled)

    async def find(self, event: UUID) -> Decision | None:
        """Give a decision, if it was made.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self.transaction() as transaction:
            return await transaction.find(event)


def _require_written(settled: Settled, *, written: bool) -> None:
    if not written:
        raise AlreadyDecided(str(settled.decision.event_id))
