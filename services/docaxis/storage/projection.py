"""SQL of the projector: rows and positions in one transaction, so that each record counts once through any kill."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition
from docaxis.storage.driver import Connection, Database, Statement

NOTIFICATIONS: Final = "docaxis_inbox"
"""Channel on which a member's id tells whoever waits for its inbox."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read on: the next offset, and how often the topic was made anew."""

    offset: int
    epoch: int


@dataclass(frozen=True, slots=True)
class LineChange:
    """What one statement tells about one recipient's line; only what it tells is set."""

    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    state: str | None
    report: str | None = None
    step: str | None = None
    change: str | None = None
    change_state: str | None = None
    changed_by: UUID | None = None
    version: int = field(kw_only=True)
    at: datetime = field(kw_only=True)


def _insert(table: str, columns: Mapping[str, str], conflict: str) -> Statement:
    names = ", ".join(f'"{name}"' for name in columns)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())
    return Statement(f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT {conflict}")  # noqa: S608


_ITEMS: Final = {
    "event_id": "uuid",
    "member": "text",
    "epoch": "integer",
    "offset": "bigint",
    "kind": "text",
    "submission_id": "uuid",
    "recipient": "text",
    "delivery_id": "uuid",
    "version": "bigint",
    "at": "timestamptz",
    "body": "bytea",
}
_TIMELINE: Final = {
    "event_id": "uuid",
    "submission_id": "uuid",
    "member": "text",
    "recipient": "text",
    "type": "text",
    "at": "timestamptz",
    "facts": "bytea",
}
_DEAD: Final = {
    "dead_letter_id": "uuid",
    "stage": "text",
    "topic": "text",
    "partition": "integer",
    "offset": "bigint",
    "record_sha256": "text",
    "submission_id": "uuid",
    "attempt": "integer",
    "cause": "text",
    "at": "timestamptz",
}
_POSITIONS: Final = {"topic": "text", "partition": "integer", "epoch": "integer", "offset": "bigint"}
_INSERT_ITEMS: Final = _insert("inbox_items", _ITEMS, "DO NOTHING")
_INSERT_TIMELINE: Final = _insert("timeline", _TIMELINE, "(event_id) DO NOTHING")
_INSERT_DEAD: Final = _insert("dead_letters", _DEAD, "(dead_letter_id) DO NOTHING")
_SET_POSITIONS: Final = _insert(
    "projector_positions",
    _POSITIONS,
    '(topic, "partition") DO UPDATE SET epoch = excluded.epoch, "offset" = excluded."offset"',
)
_LINES: Final = (
    "submission_id", "recipient", "delivery_id", "state", "report", "step", "change", "change_state", "changed_by",
    "version", "at",
)  # fmt: skip
# What is asked about a delivery may be told by the slot of another submission, and so overtake or be overtaken by what
# the delivery's own slot tells: the two have a version each.
_INSERT_LINES: Final = Statement("""
    INSERT INTO delivery_lines AS line (submission_id, recipient, delivery_id, state, report, step, version,
      change_version, change, change_state, changed_by, change_asked_at, change_answered_at,
      consigned_at, handed_over_at, accepted_at, returned_at, finished_at, changed_at)
    SELECT submission_id, recipient, delivery_id, coalesce(state, 'consigned'), report, step,
      CASE WHEN change IS NULL THEN version ELSE 0 END, CASE WHEN change IS NOT NULL THEN version END,
      change, change_state, changed_by, CASE WHEN change_state = 'asked' THEN at END,
      CASE WHEN change_state <> 'asked' THEN at END,
      CASE WHEN state = 'consigned' AND change IS NULL THEN at END, CASE WHEN state = 'handed_over' THEN at END,
      CASE WHEN report = '03' AND step <> 'backward' THEN at END,
      CASE WHEN report = '02' AND step <> 'backward' THEN at END,
      CASE WHEN report = '06' AND step <> 'backward' THEN at END, at
    FROM unnest(CAST(:submission_id AS uuid[]), CAST(:recipient AS text[]), CAST(:delivery_id AS uuid[]),
      CAST(:state AS text[]), CAST(:report AS text[]), CAST(:step AS text[]), CAST(:change AS text[]),
      CAST(:change_state AS text[]), CAST(:changed_by AS uuid[]), CAST(:version AS bigint[]),
      CAST(:at AS timestamptz[]))
      AS told(submission_id, recipient, delivery_id, state, report, step, change, change_state, changed_by, version, at)
    ON CONFLICT (submission_id, recipient) DO UPDATE SET
      delivery_id = coalesce(line.delivery_id, excluded.delivery_id),
      state = CASE WHEN excluded.state <> 'consigned' THEN excluded.state ELSE line.state END,
      report = CASE WHEN excluded.report IS NOT NULL AND excluded.step <> 'backward' THEN excluded.report
        ELSE line.report END,
      step = coalesce(excluded.step, line.step),
      version = greatest(excluded.version, line.version),
      change_version = coalesce(excluded.change_version, line.change_version),
      change = coalesce(excluded.change, line.change),
      change_state = coalesce(excluded.change_state, line.change_state),
      changed_by = CASE WHEN excluded.change_state = 'asked' THEN excluded.changed_by ELSE line.changed_by END,
      change_asked_at = coalesce(excluded.change_asked_at, line.change_asked_at),
      change_answered_at = CASE WHEN excluded.change_state = 'asked' THEN NULL
        ELSE coalesce(excluded.change_answered_at, line.change_answered_at) END,
      consigned_at = coalesce(line.consigned_at, excluded.consigned_at),
      handed_over_at = coalesce(line.handed_over_at,
        CASE WHEN excluded.change IS NULL THEN excluded.handed_over_at END),
      accepted_at = coalesce(line.accepted_at, excluded.accepted_at),
      returned_at = coalesce(line.returned_at, excluded.returned_at),
      finished_at = coalesce(line.finished_at, excluded.finished_at),
      changed_at = excluded.changed_at
    WHERE excluded.version > line.version OR excluded.change_version > coalesce(line.change_version, 0)
    """)
_NOTIFY: Final = Statement("SELECT pg_notify(:channel, member) FROM unnest(CAST(:members AS text[])) AS told(member)")
_READ_POSITIONS: Final = Statement('SELECT topic, "partition", epoch, "offset" FROM projector_positions')


class ProjectionTransaction:
    """One batch of the projector."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _columns(self, statement: Statement, names: Iterable[str], rows: Sequence[Any]) -> None:
        if rows:
            await self._connection.run(statement, **{name: [getattr(row, name) for row in rows] for name in names})

    async def add_items(self, rows: Sequence[Any]) -> None:
        """Insert inbox items; one that is there already stays as it is."""
        await self._columns(_INSERT_ITEMS, _ITEMS, rows)

    async def add_timeline(self, rows: Sequence[Any]) -> None:
        """Insert entries of timelines."""
        await self._columns(_INSERT_TIMELINE, _TIMELINE, rows)

    async def add_dead_letters(self, rows: Sequence[Any]) -> None:
        """Insert dead letters."""
        await self._columns(_INSERT_DEAD, _DEAD, rows)

    async def change_lines(self, rows: Sequence[LineChange]) -> None:
        """Apply changes of recipients' lines by version. A line that changes twice goes in two statements."""
        waiting = list(rows)
        while waiting:
            once: dict[tuple[UUID, str], LineChange] = {}
            later = [row for row in waiting if once.setdefault((row.submission_id, row.recipient), row) is not row]
            await self._columns(_INSERT_LINES, _LINES, list(once.values()))
            waiting = later

    async def set_positions(self, positions: Mapping[Partition, Position]) -> None:
        """Move on."""
        ordered = sorted(positions)
        values: dict[str, Any] = {
            "topic": [partition.topic for partition in ordered],
            "partition": [partition.number for partition in ordered],
            "epoch": [positions[partition].epoch for partition in ordered],
            "offset": [positions[partition].offset for partition in ordered],
        }
        await self._connection.run(_SET_POSITIONS, **values)

    async def notify(self, members: Sequence[str]) -> None:
        """Wake whoever waits for these members' inboxes, once this is committed."""
        if members:
            await self._connection.run(_NOTIFY, channel=NOTIFICATIONS, members=list(members))

    async def positions(self) -> dict[Partition, Position]:
        """Give how far the projector has come."""
        found = await self._connection.rows(_READ_POSITIONS)
        return {Partition(row["topic"], row["partition"]): Position(row["offset"], row["epoch"]) for row in found}


class ProjectionStore:
    """Opens the projector's transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ProjectionTransaction]:
        """Open one.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._database.transaction() as connection:
            yield ProjectionTransaction(connection)
