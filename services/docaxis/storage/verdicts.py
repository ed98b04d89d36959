"""Verdicts as they were decided, the first and those revised."""

import json
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.reaching import reaching_database
from docaxis.storage.tables.decisions import decisions
from docaxis_schemas.moments import to_text

KINDS: Final = ("verdict", "verdict-revised")


class Verdicts:
    """Reads the verdicts of submissions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def of(self, submission_id: UUID) -> list[dict[str, Any]]:
        """Give the verdicts of a submission, oldest first, each with the time it was decided; none while undecided.

        Raises:
            UnavailableStorage: The database is away.
        """
        wanted = select(decisions.c.body, decisions.c.decided_at).where(
            decisions.c.submission_id == submission_id, decisions.c.kind.in_(KINDS)
        )
        with reaching_database():
            async with self._engine.connect() as connection:
                rows = await connection.execute(wanted.order_by(decisions.c.decided_at, decisions.c.version))
                return [json.loads(row.body) | {"decided_at": to_text(row.decided_at)} for row in rows]
