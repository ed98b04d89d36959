"""Finding the documents that others name, among what a member sent or received."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement


@dataclass(frozen=True, slots=True)
class Named:
    """One way in which a document may be named: the ``number``-th link, by a natural key or by an id of ours."""

    number: int
    natural_key: str | None
    id: UUID | None


@dataclass(frozen=True, slots=True)
class Found:
    """A document that the ``number``-th link means. ``delivery_id`` is None for what the member sent itself."""

    number: int
    submission_id: UUID
    delivery_id: UUID | None


_RESOLVE: Final = Statement("""
    WITH given AS (
      SELECT * FROM unnest(CAST(:numbers AS integer[]), CAST(:keys AS text[]), CAST(:ids AS uuid[]))
        AS given(number, natural_key, id)
    ), found AS (
      SELECT g.number, d.* FROM given g JOIN deliveries d ON d.natural_key = g.natural_key
      UNION ALL
      SELECT g.number, d.* FROM given g JOIN deliveries d ON d.submission_id = g.id
    )
    SELECT DISTINCT number, submission_id, standing, consigned_at,
      CASE WHEN sender = :member THEN NULL ELSE delivery_id END AS delivery_id
    FROM found
    WHERE sender = :member OR member = :member AND recipient = ANY(CAST(:organisations AS text[]))
    ORDER BY number, standing DESC, consigned_at DESC NULLS LAST
""")


class LinkStore:
    """Resolves links; a document that the asking member is no party of is not found."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def resolve(self, member: str, organisations: Sequence[str], named: Sequence[Named]) -> list[Found]:
        """Give what links mean, for each the one that stands and is newest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        if not named:
            return []
        rows = await self._database.rows(
            _RESOLVE,
            member=member,
            organisations=list(organisations),
            numbers=[one.number for one in named],
            keys=[one.natural_key for one in named],
            ids=[one.id for one in named],
        )
        return [Found(row["number"], row["submission_id"], row["delivery_id"]) for row in rows]
