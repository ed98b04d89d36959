"""SQL of the alerts: what was raised with its timer and its calls, what rules remember, and how the axis is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement
from docaxis_schemas.events import ALERT

Named = tuple[str, str]
"""Kind and key of what is remembered."""


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to be kept; ``webhooks`` are to be told."""

    alert_id: UUID
    rule: str
    severity: str
    raised_at: datetime
    body: bytes
    webhooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered: canonical JSON, and when what it stands for ends."""

    value: bytes
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook that is to be called now. ``attempts`` were made before."""

    alert_id: UUID
    webhook: str
    attempts: int
    raised_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class HeldList:
    """A revocation list by its authority and its hash."""

    authority: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RefusedNumber:
    """A number that came with another file than the one that was delivered under it."""

    natural_key: str
    document_sha256: str
    submission_id: UUID
    member: str


# The statement of an alert is made by the router, of a timer: it is kept with the alert, or neither is.
_KEEP: Final = Statement(f"""
    WITH found AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:rules AS text[]), CAST(:severities AS text[]),
            CAST(:moments AS timestamptz[]), CAST(:bodies AS bytea[])
        ) AS one (alert_id, rule, severity, raised_at, body)
    ), raised AS (
        INSERT INTO alerts (alert_id, rule, severity, raised_at, body) SELECT * FROM found
        ON CONFLICT (alert_id) DO NOTHING RETURNING alert_id, raised_at, body
    ), stated AS (
        INSERT INTO timers (timer_id, due_at, kind, submission_id, body)
        SELECT alert_id, raised_at, '{ALERT}', alert_id, body FROM raised
    ), called AS (
        INSERT INTO alert_calls (alert_id, webhook, attempts, due_at)
        SELECT raised.alert_id, told.webhook, 0, raised.raised_at
        FROM raised JOIN unnest(CAST(:told AS uuid[]), CAST(:webhooks AS text[])) AS told (alert_id, webhook)
          ON told.alert_id = raised.alert_id
    )
    SELECT alert_id FROM raised
""")  # noqa: S608 - a constant
_RECALL: Final = Statement("""
    SELECT m.kind, m.key, m.value, m.until FROM alert_memory m
    JOIN unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS wanted (kind, key)
      ON wanted.kind = m.kind AND wanted.key = m.key
""")
_REMEMBER: Final = Statement("""
    INSERT INTO alert_memory (kind, key, value, until)
    SELECT * FROM unnest(
        CAST(:kinds AS text[]), CAST(:keys AS text[]), CAST(:values AS bytea[]), CAST(:untils AS timestamptz[]))
    ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, until = excluded.until
""")
_ENDING: Final = Statement("""
    SELECT key, value, until FROM alert_memory
    WHERE kind = :kind AND until > CAST(:since AS timestamptz) AND until <= CAST(:before AS timestamptz)
    ORDER BY until LIMIT :limit
""")
_REACHED: Final = Statement("""
    SELECT min(leaf_index) AS first FROM audit_entries WHERE leaf_index < CAST(:next AS bigint) AND at > (
        SELECT at FROM audit_entries WHERE leaf_index = CAST(:next AS bigint) - 1) - CAST(:window AS interval)
""")
_DUE: Final = Statement("""
    SELECT c.alert_id, c.webhook, c.attempts, a.raised_at, a.body FROM alert_calls c JOIN alerts a USING (alert_id)
    WHERE c.done_at IS NULL AND c.due_at <= CAST(:now AS timestamptz) AND c.webhook = ANY(CAST(:webhooks AS text[]))
    ORDER BY c.due_at, c.alert_id LIMIT :limit
""")
_CALLED: Final = Statement("""
    UPDATE alert_calls SET attempts = attempts + 1, outcome = :outcome,
        due_at = coalesce(CAST(:due_at AS timestamptz), due_at), done_at = CAST(:done_at AS timestamptz)
    WHERE alert_id = CAST(:alert AS uuid) AND webhook = :webhook AND done_at IS NULL
""")
_LISTS: Final = Statement("SELECT authority_sha256, sha256 FROM revocation_lists")
_LIST: Final = Statement("SELECT list FROM revocation_lists WHERE sha256 = :sha256")
_GIVEN_UP: Final = Statement("""
    SELECT at FROM dead_letters WHERE at > CAST(:since AS timestamptz) AND replayed_at IS NULL LIMIT :limit
""")
_REFUSED: Final = Statement("""
    SELECT natural_key, document_sha256, submission_id, member FROM refused_numbers
    WHERE at > CAST(:since AS timestamptz) ORDER BY at LIMIT :limit
""")
# The first leaf that no signed checkpoint covers; failing one, the entry that has waited longest for its place.
_UNSIGNED: Final = Statement("""
    SELECT r.event_id, r.signed_at FROM log_head h JOIN log_leaves l ON l.leaf_index = h.signed_size
    JOIN receipts r ON r.event_id = l.event_id WHERE h.origin = :origin
""")
_QUEUED: Final = Statement("""
    SELECT r.event_id, r.signed_at FROM (SELECT event_id FROM log_queue ORDER BY number LIMIT 1) q
    JOIN receipts r ON r.event_id = q.event_id
    WHERE EXISTS (SELECT FROM log_head WHERE origin = :origin)
""")


class AlertStore:
    """Alerts in PostgreSQL, of the axis whose log is called ``origin``."""

    def __init__(self, engine: AsyncEngine, origin: str) -> None:
        self._database = Database(engine)
        self._origin = origin

    async def keep(self, alerts: Sequence[NewAlert], remembered: Mapping[Named, Kept]) -> set[UUID]:
        """Keep alerts and what was remembered, all or nothing; give those that were not there before.

        Raises:
            UnavailableStorage: The database is away: perhaps it was done, and doing it again changes nothing.
        """
        told = [(alert.alert_id, webhook) for alert in alerts for webhook in alert.webhooks]
        async with self._database.transaction() as transaction:
            raised = await transaction.rows(
                _KEEP,
                ids=[alert.alert_id for alert in alerts],
                rules=[alert.rule for alert in alerts],
                severities=[alert.severity for alert in alerts],
                moments=[alert.raised_at for alert in alerts],
                bodies=[alert.body for alert in alerts],
                told=[one for one, _ in told],
                webhooks=[webhook for _, webhook in told],
            )
            await transaction.run(
                _REMEMBER,
                kinds=[kind for kind, _ in remembered],
                keys=[key for _, key in remembered],
                values=[kept.value for kept in remembered.values()],
                untils=[kept.until for kept in remembered.values()],
            )
        return {row["alert_id"] for row in raised}

    async def recall(self, wanted: Collection[Named]) -> dict[Named, Kept]:
        """Give what is remembered under some names.

        Raises:
            UnavailableStorage: The database is away.
        """
        names = sorted(wanted)
        kinds, keys = [kind for kind, _ in names], [key for _, key in names]
        rows = await self._database.rows(_RECALL, kinds=kinds, keys=keys)
        return {(row["kind"], row["key"]): Kept(row["value"], row["until"]) for row in rows}

    async def ending(self, kind: str, since: datetime, before: datetime, limit: int) -> dict[str, Kept]:
        """Give what is remembered of a kind and ends within a stretch, the earliest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_ENDING, kind=kind, since=since, before=before, limit=limit)
        return {row["key"]: Kept(row["value"], row["until"]) for row in rows}

    async def first_within(self, window: timedelta, next_leaf: int) -> int:
        """Give the first leaf of the window that ends before ``next_leaf``; that itself if the index has none.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_REACHED, next=next_leaf, window=window)
        return next_leaf if row is None or row["first"] is None else int(row["first"])

    async def due(self, now: datetime, webhooks: Iterable[str], limit: int) -> list[Call]:
        """Give webhooks that are to be called.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [Call(**row) for row in await self._database.rows(_DUE, now=now, webhooks=list(webhooks), limit=limit)]

    async def called(self, call: Call, outcome: str, *, done_at: datetime | None, due_at: datetime | None) -> None:
        """Keep what became of a call: done, or due again.

        Raises:
            UnavailableStorage: The database is away: it will be called once more.
        """
        values = {"outcome": outcome, "done_at": done_at, "due_at": due_at}
        await self._database.run(_CALLED, alert=call.alert_id, webhook=call.webhook, **values)

    async def lists(self) -> list[HeldList]:
        """Name the revocation lists in force.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [HeldList(row["authority_sha256"], row["sha256"]) for row in await self._database.rows(_LISTS)]

    async def list_bytes(self, sha256: str) -> bytes | None:
        """Give a revocation list; None if another one has replaced it.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_LIST, sha256=sha256)
        return None if row is None else bytes(row["list"])

    async def dead_letters(self, since: datetime, limit: int) -> list[datetime]:
        """Give when records were given up that nobody has replayed.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [row["at"] for row in await self._database.rows(_GIVEN_UP, since=since, limit=limit)]

    async def refused_numbers(self, since: datetime, limit: int) -> list[RefusedNumber]:
        """Give numbers that were refused at the door since a time.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [RefusedNumber(**row) for row in await self._database.rows(_REFUSED, since=since, limit=limit)]

    async def uncovered(self) -> tuple[UUID, datetime] | None:
        """Give the statement that has waited longest for a signed checkpoint; None without one, or without a log.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._database.connection() as connection:
            row = await connection.row(_UNSIGNED, origin=self._origin)
            row = row or await connection.row(_QUEUED, origin=self._origin)
        return None if row is None else (row["event_id"], row["signed_at"])
