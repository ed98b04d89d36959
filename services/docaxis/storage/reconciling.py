"""What the axis has between two members: in a period, or as one of them names it. Nothing between others is read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Row, Statement
from docaxis_schemas.holdings import Direction, Key, Known

_KNOWN: Final = "d.submission_id, d.recipient, d.delivery_id, d.contents_sha256, d.state, d.report, d.change_state"
_BETWEEN: Final = {
    Direction.SENT: Statement(f"""
        SELECT {_KNOWN}, c.received_at AS at FROM claims c JOIN deliveries d ON d.submission_id = c.submission_id
        WHERE c.member = :member AND d.member = :other
          AND c.received_at >= CAST(:since AS timestamptz) AND c.received_at < CAST(:until AS timestamptz)
        ORDER BY c.received_at LIMIT :limit
    """),  # noqa: S608 - a constant of this module
    Direction.RECEIVED: Statement(f"""
        SELECT {_KNOWN}, d.consigned_at AS at FROM deliveries d
        WHERE d.member = :member AND d.sender = :other
          AND d.consigned_at >= CAST(:since AS timestamptz) AND d.consigned_at < CAST(:until AS timestamptz)
        ORDER BY d.consigned_at LIMIT :limit
    """),  # noqa: S608 - a constant of this module
}  # fmt: skip
_GIVEN: Final = "unnest(CAST(:submissions AS uuid[]), CAST(:recipients AS text[])) AS given(submission_id, recipient)"
_NAMED: Final = {
    Direction.SENT: Statement(f"""
        SELECT given.submission_id, given.recipient, d.delivery_id, d.contents_sha256,
          coalesce(d.state, 'received') AS state, d.report, d.change_state, c.received_at AS at, d.member AS other
        FROM {_GIVEN} JOIN claims c ON c.submission_id = given.submission_id AND c.member = :member
        LEFT JOIN deliveries d ON d.submission_id = given.submission_id AND d.recipient = given.recipient
    """),  # noqa: S608 - a constant of this module
    Direction.RECEIVED: Statement(f"""
        SELECT {_KNOWN}, d.consigned_at AS at, d.sender AS other FROM {_GIVEN}
        JOIN deliveries d ON d.submission_id = given.submission_id AND d.recipient = given.recipient
        WHERE d.member = :member
    """),  # noqa: S608 - a constant of this module
}


class Reconciling:
    """Reads what lies between two members. Every question names who asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def between(
        self, direction: Direction, member: str, other: str, *, since: datetime, until: datetime, limit: int
    ) -> list[Known]:
        """Give what went one way in a period, by its time, at most so many.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _BETWEEN[direction], member=member, other=other, since=since, until=until, limit=limit
        )
        return [_known(row) for row in rows]

    async def named(self, direction: Direction, member: str, keys: Iterable[Key]) -> list[tuple[Known, str | None]]:
        """Give those of these items that a member sent or received, each with the member on the other side.

        That is None where nothing was delivered: not decided yet, refused, not to be routed.

        Raises:
            UnavailableStorage: The database is away.
        """
        listed = list(keys)
        if not listed:
            return []
        submissions, recipients = zip(*listed, strict=True)
        rows = await self._database.rows(
            _NAMED[direction], member=member, submissions=list(submissions), recipients=list(recipients)
        )
        return [(_known(row), row["other"]) for row in rows]


def _known(row: Row) -> Known:
    submission: UUID = row["submission_id"]
    return Known(submission, *(row[name] for name in Known.__slots__[1:]))
