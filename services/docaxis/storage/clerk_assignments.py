"""SQL of who deals with what came, and what a leader decided about it: written down once, never changed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement

SHOWN: Final = 50
"""Assignments that a document's page shows; another names of colleagues that it offers."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One decision about a delivery: to whom it is given (empty: to nobody new), what is to be done, and until when."""

    assignee: str
    instruction: str
    due_on: date | None
    assigned_by: str
    at: datetime


_ADD: Final = Statement("""
    INSERT INTO clerk_assignments (assignment_id, member, delivery_id, assignee, instruction, due_on, assigned_by, at)
    VALUES (CAST(:assignment AS uuid), CAST(:member AS text), CAST(:delivery AS uuid), CAST(:assignee AS text),
      CAST(:instruction AS text), CAST(:due_on AS date), CAST(:assigned_by AS text), CAST(:at AS timestamptz))
    ON CONFLICT (assignment_id) DO NOTHING
""")
_OF: Final = Statement("""
    SELECT assignee, instruction, due_on, assigned_by, at FROM clerk_assignments
    WHERE member = CAST(:member AS text) AND delivery_id = CAST(:delivery AS uuid) ORDER BY at DESC LIMIT :limit
""")
_COLLEAGUES: Final = Statement("""
    SELECT DISTINCT full_name FROM clerk_accounts
    WHERE member = CAST(:member AS text) AND disabled_at IS NULL AND CAST(:organisation AS text) = ANY(organisations)
    ORDER BY full_name LIMIT :limit
""")


class ClerkAssignments:
    """Keeps assignments. Whoever asks has seen the delivery before: it is one of their organisations'."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def add(self, assignment_id: UUID, member: str, delivery_id: UUID, given: Assignment) -> None:
        """Write an assignment down; the same one again is the same.

        Raises:
            UnavailableStorage: The database is away.
        """
        await self._database.run(
            _ADD,
            assignment=assignment_id,
            member=member,
            delivery=delivery_id,
            assignee=given.assignee,
            instruction=given.instruction,
            due_on=given.due_on,
            assigned_by=given.assigned_by,
            at=given.at,
        )

    async def of(self, member: str, delivery_id: UUID) -> list[Assignment]:
        """Give the assignments of a delivery, newest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_OF, member=member, delivery=delivery_id, limit=SHOWN)
        return [Assignment(**row) for row in rows]

    async def colleagues(self, member: str, organisation: str) -> list[str]:
        """Name the people with accounts who work for an organisation.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_COLLEAGUES, member=member, organisation=organisation, limit=SHOWN)
        return [row["full_name"] for row in rows]
