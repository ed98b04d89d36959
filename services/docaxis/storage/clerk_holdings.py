"""What a member's registers at the pages hold, as it is stated for reconciling."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement
from docaxis_schemas.holdings import Direction, Held

_HELD: Final = Statement("""
    SELECT 'received' AS direction, d.at, d.submission_id, d.organisation AS recipient, l.state, l.report
    FROM clerk_documents d
    JOIN delivery_lines l ON l.submission_id = d.submission_id AND l.recipient = d.organisation
    WHERE d.member = :member AND d.register = 'incoming'
      AND d.at >= CAST(:since AS timestamptz) AND d.at < CAST(:until AS timestamptz)
    UNION ALL
    SELECT 'sent' AS direction, d.at, d.submission_id, l.recipient, l.state, l.report
    FROM clerk_documents d JOIN delivery_lines l ON l.submission_id = d.submission_id
    WHERE d.member = :member AND d.register = 'outgoing'
      AND d.at >= CAST(:since AS timestamptz) AND d.at < CAST(:until AS timestamptz)
""")


class ClerkHoldings:
    """Reads the registers of a member whole: who may reconcile is the gateway's to say."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def between(self, member: str, since: datetime, until: datetime) -> list[tuple[Direction, datetime, Held]]:
        """Give what the registers hold of a period. They keep no hashes: the contents are the axis's own.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_HELD, member=member, since=since, until=until)
        return [
            (
                Direction(row["direction"]),
                row["at"],
                Held(row["submission_id"], row["recipient"], None, row["state"], row["report"]),
            )
            for row in rows
        ]
