"""SQL of deadlines: duties that nobody has done, deliveries with their moments, and notices that were given once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_documents import Register
from docaxis.storage.driver import Database, Statement
from docaxis_schemas.deadlines import Duty, Overdue

SHOWN: Final = 200
"""Rows of a list of deadlines, the most overdue first."""
COUNTED: Final = 50_000
"""Deliveries that one rate is made of; more than an organisation gets in three months."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A delivery with its moments; ``organisation`` is whose register it stands in."""

    document_id: UUID
    submission_id: UUID
    organisation: str
    recipient: str
    issuer: str
    number: str
    subject: str
    urgency: str
    promulgated_on: Any
    sent_or_came_at: datetime
    arrived_at: datetime
    due_at: datetime | None
    acknowledged_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Undone:
    """What a recipient has not done about a delivery; ``organisation`` is whose register it stands in."""

    duty: Duty
    document_id: UUID
    submission_id: UUID
    organisation: str
    recipient: str
    issuer: str
    number: str
    subject: str
    urgency: str
    arrived_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A reminder or an overdue notice. The parent organisation's names no document: it is not among its readers."""

    notice_id: UUID
    member: str
    organisation: str
    kind: str
    duty: str
    relation: str
    recipient: str
    document_id: UUID | None
    number: str
    due_at: datetime
    at: datetime


_ACKNOWLEDGED: Final = """
    (SELECT min(t.at) FROM timeline t WHERE t.submission_id = l.submission_id AND t.recipient = l.recipient
      AND t.type = 'status.reported')
"""
_INCOMING: Final = f"""
    SELECT d.document_id, d.submission_id, d.organisation, d.organisation AS recipient, d.issuer, d.number, d.subject,
      d.urgency, d.promulgated_on, d.at AS sent_or_came_at, coalesce(l.consigned_at, d.at) AS arrived_at, d.due_at,
      CASE WHEN l.report IS NOT NULL THEN {_ACKNOWLEDGED} END AS acknowledged_at,
      least(l.finished_at, l.returned_at) AS ended_at
    FROM clerk_documents d
    LEFT JOIN delivery_lines l ON l.submission_id = d.submission_id AND l.recipient = d.organisation
    WHERE d.register = 'incoming' AND d.member = CAST(:member AS text) AND d.at >= CAST(:since AS timestamptz)
      AND coalesce(l.state, 'consigned') IN ('consigned', 'handed_over')
"""  # noqa: S608 - a constant of this module
_OUTGOING: Final = f"""
    SELECT d.document_id, d.submission_id, d.organisation, l.recipient, d.issuer, d.number, d.subject,
      d.urgency, d.promulgated_on, d.at AS sent_or_came_at, l.consigned_at AS arrived_at, d.due_at,
      CASE WHEN l.report IS NOT NULL THEN {_ACKNOWLEDGED} END AS acknowledged_at,
      least(l.finished_at, l.returned_at) AS ended_at
    FROM clerk_documents d JOIN delivery_lines l ON l.submission_id = d.submission_id
    WHERE d.register = 'outgoing' AND d.member = CAST(:member AS text) AND d.at >= CAST(:since AS timestamptz)
      AND l.consigned_at IS NOT NULL AND l.state IN ('consigned', 'handed_over')
"""  # noqa: S608 - a constant of this module
_OPEN: Final = """
      AND (l.report IS NULL OR (d.due_at IS NOT NULL AND l.finished_at IS NULL AND l.returned_at IS NULL))
      AND (CAST(:organisations AS text[]) IS NULL OR d.organisation = ANY(CAST(:organisations AS text[])))
    ORDER BY d.at DESC, d.document_id LIMIT :limit
"""
_ALL: Final = """
      AND d.organisation = ANY(CAST(:organisations AS text[])) AND d.at < CAST(:before AS timestamptz)
    ORDER BY d.at, d.document_id LIMIT :limit
"""
_ONE: Final = """
      AND d.document_id = CAST(:document_id AS uuid)
"""
_UNDONE: Final = """
    WITH open AS MATERIALIZED (
      SELECT d.document_id, {recipient} AS recipient, {arrived} AS arrived_at, d.due_at,
        d.urgency <> 'normal' AS urgent, l.report IS NULL AS unacknowledged
      FROM clerk_documents d {join}
      WHERE d.register = '{register}' AND d.member = CAST(:member AS text) AND d.at >= CAST(:since AS timestamptz)
        AND d.organisation = ANY(CAST(:organisations AS text[])) AND {state} IN ('consigned', 'handed_over')
        AND l.finished_at IS NULL AND l.returned_at IS NULL AND (l.report IS NULL OR d.due_at IS NOT NULL)
    ), duties AS (
      SELECT 'acknowledge' AS duty, document_id, recipient, arrived_at, urgent, arrived_at AS begins
      FROM open WHERE unacknowledged AND (CAST(:arrived AS timestamptz) IS NULL OR arrived_at <
        CASE WHEN urgent THEN CAST(:arrived_urgent AS timestamptz) ELSE CAST(:arrived AS timestamptz) END)
      UNION ALL
      SELECT 'answer', document_id, recipient, arrived_at, false, due_at
      FROM open WHERE due_at IS NOT NULL
        AND (CAST(:due AS timestamptz) IS NULL OR due_at < CAST(:due AS timestamptz))
    ), pressing AS (
      (SELECT * FROM duties WHERE duty = 'acknowledge' AND NOT urgent ORDER BY begins, document_id LIMIT :most)
      UNION ALL
      (SELECT * FROM duties WHERE urgent ORDER BY begins, document_id LIMIT :most)
      UNION ALL
      (SELECT * FROM duties WHERE duty = 'answer' ORDER BY begins, document_id LIMIT :most)
    )
    SELECT p.duty, p.document_id, d.submission_id, d.organisation, p.recipient, d.issuer, d.number, d.subject,
      d.urgency, p.arrived_at, d.due_at, (SELECT count(*) FROM duties) AS count
    FROM pressing p JOIN clerk_documents d ON d.register = '{register}' AND d.document_id = p.document_id
"""
"""The calendar keeps the order of arrivals among urgent deliveries and among others, so that the first to have arrived
are the first to be due."""
_STATEMENTS: Final = {
    (Register.INCOMING, "undone"): Statement(
        _UNDONE.format(
            register="incoming",
            recipient="d.organisation",
            arrived="coalesce(l.consigned_at, d.at)",
            state="coalesce(l.state, 'consigned')",
            join="LEFT JOIN delivery_lines l ON l.submission_id = d.submission_id AND l.recipient = d.organisation",
        )
    ),
    (Register.OUTGOING, "undone"): Statement(
        _UNDONE.format(
            register="outgoing",
            recipient="l.recipient",
            arrived="l.consigned_at",
            state="l.consigned_at IS NOT NULL AND l.state",
            join="JOIN delivery_lines l ON l.submission_id = d.submission_id",
        )
    ),
    (Register.INCOMING, "one"): Statement(_INCOMING + _ONE),
    (Register.INCOMING, "open"): Statement(_INCOMING + _OPEN),
    (Register.OUTGOING, "open"): Statement(_OUTGOING + _OPEN),
    (Register.INCOMING, "all"): Statement(_INCOMING + _ALL),
    (Register.OUTGOING, "all"): Statement(_OUTGOING + _ALL),
}
_OF_UNDONE: Final = tuple(field.name for field in fields(Undone) if field.name != "duty")
_KINDS: Final = {
    "notice_id": "uuid",
    "member": "text",
    "organisation": "text",
    "kind": "text",
    "duty": "text",
    "relation": "text",
    "recipient": "text",
    "document_id": "uuid",
    "number": "text",
    "due_at": "timestamptz",
    "at": "timestamptz",
}
_GIVEN: Final = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _KINDS.items())
_GIVE: Final = Statement(f"""
    INSERT INTO clerk_notices ({", ".join(_KINDS)}) SELECT * FROM unnest({_GIVEN})
    ON CONFLICT (notice_id) DO NOTHING
""")  # noqa: S608 - names of this module
_NOTICES: Final = Statement(f"""
    SELECT {", ".join(_KINDS)} FROM clerk_notices
    WHERE member = CAST(:member AS text) AND organisation = ANY(CAST(:organisations AS text[]))
    ORDER BY at DESC, notice_id LIMIT :limit
""")  # noqa: S608 - names of this module


class ClerkDeadlines:
    """Reads what is due and keeps notices."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def open(
        self,
        register: Register,
        member: str,
        organisations: Sequence[str] | None,
        *,
        since: datetime,
        limit: int = COUNTED,
    ) -> list[Dated]:
        """Give deliveries with something still to do, newest first; ``organisations`` None: all of the member's.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _STATEMENTS[register, "open"],
            member=member,
            organisations=None if organisations is None else list(organisations),
            since=since,
            limit=limit,
        )
        return [Dated(**row) for row in rows]

    async def undone(
        self,
        register: Register,
        member: str,
        organisations: Sequence[str],
        *,
        since: datetime,
        most: int,
        among: Overdue | None = None,
    ) -> tuple[list[Undone], int]:
        """Give of each kind of duty as many as are asked for, those that press most, and how many there are in all.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _STATEMENTS[register, "undone"],
            member=member,
            organisations=list(organisations),
            since=since,
            most=most,
            arrived=among and among.arrived,
            arrived_urgent=among and among.arrived_urgent,
            due=among and among.due,
        )
        found = [Undone(Duty(row["duty"]), *(row[name] for name in _OF_UNDONE)) for row in rows]
        return found, rows[0]["count"] if rows else 0

    async def one(self, member: str, document_id: UUID, *, since: datetime) -> Dated | None:
        """Give a delivery that came in.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _STATEMENTS[Register.INCOMING, "one"], member=member, document_id=document_id, since=since
        )
        return Dated(**rows[0]) if rows else None

    async def all_of(
        self, register: Register, member: str, organisation: str, *, since: datetime, before: datetime
    ) -> list[Dated]:
        """Give every delivery of a period, as far as `COUNTED` goes.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _STATEMENTS[register, "all"],
            member=member,
            organisations=[organisation],
            since=since,
            before=before,
            limit=COUNTED,
        )
        return [Dated(**row) for row in rows]

    async def give(self, notices: Sequence[Notice]) -> None:
        """Store notices; one that was given stays as it was given.

        Raises:
            UnavailableStorage: The database is away.
        """
        if notices:
            columns = {name: [getattr(one, name) for one in notices] for name in _KINDS}
            await self._database.run(_GIVE, **columns)

    async def notices(self, member: str, organisations: Sequence[str]) -> list[Notice]:
        """Give the latest notices to somebody's organisations.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_NOTICES, member=member, organisations=list(organisations), limit=SHOWN)
        return [Notice(**row) for row in rows]
