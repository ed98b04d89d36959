"""SQL of what is being written at the pages."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Row, Statement

MAX_DRAFTS: Final = 50
"""Drafts that one person has begun and not sent: all that a list shows, and all that one account can fill the database
with."""


class TooManyDrafts(Exception):
    """The person has begun as many drafts as one may have."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, the contents uploaded with it, and the submission it became, if it was sent."""

    draft_id: UUID
    form: dict[str, Any]
    files: tuple[dict[str, Any], ...]
    changed_at: datetime
    submission_id: UUID | None = None


_LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended('docaxis.drafts.' || :account, 0))")
_BEGUN: Final = Statement("""
    SELECT count(*) AS count FROM clerk_drafts
    WHERE account_id = CAST(:account AS uuid) AND submission_id IS NULL
""")
_KEEP: Final = Statement("""
    INSERT INTO clerk_drafts (draft_id, account_id, form, files, changed_at)
    VALUES (CAST(:draft AS uuid), CAST(:account AS uuid), CAST(:form AS bytea), CAST(:files AS bytea),
      CAST(:at AS timestamptz))
    ON CONFLICT (draft_id) DO UPDATE SET form = excluded.form, files = excluded.files, changed_at = excluded.changed_at
    WHERE clerk_drafts.account_id = excluded.account_id AND clerk_drafts.submission_id IS NULL
""")
_ONE: Final = Statement("""
    SELECT draft_id, form, files, changed_at, submission_id FROM clerk_drafts
    WHERE draft_id = CAST(:draft AS uuid) AND account_id = CAST(:account AS uuid)
""")
_ALL: Final = Statement("""
    SELECT draft_id, form, files, changed_at, submission_id FROM clerk_drafts
    WHERE account_id = CAST(:account AS uuid) AND submission_id IS NULL ORDER BY changed_at DESC LIMIT :limit
""")
_SENT: Final = Statement("""
    UPDATE clerk_drafts SET submission_id = CAST(:submission AS uuid)
    WHERE draft_id = CAST(:draft AS uuid) AND account_id = CAST(:account AS uuid)
""")
_DROP: Final = Statement("""
    DELETE FROM clerk_drafts
    WHERE draft_id = CAST(:draft AS uuid) AND account_id = CAST(:account AS uuid) AND submission_id IS NULL
""")


class ClerkDraftStore:
    """Keeps drafts. Every question says whose: another's draft is as good as none."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def begin(self, account_id: UUID, draft: Draft) -> None:
        """Store a new draft.

        Raises:
            TooManyDrafts: This person has as many as one may have.
            UnavailableStorage: The database is away.
        """
        async with self._database.transaction() as connection:
            await connection.run(_LOCK, account=str(account_id))
            row = await connection.row(_BEGUN, account=account_id)
            if row is not None and row["count"] >= MAX_DRAFTS:
                raise TooManyDrafts
            await connection.run(_KEEP, **_columns(account_id, draft))

    async def keep(self, account_id: UUID, draft: Draft) -> None:
        """Store what a draft has become; one that was sent stays as it was sent."""
        await self._database.run(_KEEP, **_columns(account_id, draft))

    async def find(self, account_id: UUID, draft_id: UUID) -> Draft | None:
        """Find a draft of this person's."""
        row = await self._database.row(_ONE, draft=draft_id, account=account_id)
        return None if row is None else _draft(row)

    async def unsent(self, account_id: UUID) -> list[Draft]:
        """Give what this person has begun and not sent, newest first."""
        return [_draft(row) for row in await self._database.rows(_ALL, account=account_id, limit=MAX_DRAFTS)]

    async def sent(self, account_id: UUID, draft_id: UUID, submission_id: UUID) -> None:
        """Note what a draft became."""
        await self._database.run(_SENT, draft=draft_id, account=account_id, submission=submission_id)

    async def drop(self, account_id: UUID, draft_id: UUID) -> None:
        """Throw a draft away; the contents uploaded with it end with their lease."""
        await self._database.run(_DROP, draft=draft_id, account=account_id)


def _columns(account_id: UUID, draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft.draft_id,
        "account": account_id,
        "form": json.dumps(draft.form, ensure_ascii=False).encode(),
        "files": json.dumps(draft.files, ensure_ascii=False).encode(),
        "at": draft.changed_at,
    }


def _draft(row: Row) -> Draft:
    return Draft(
        row["draft_id"],
        json.loads(row["form"]),
        tuple(json.loads(row["files"])),
        row["changed_at"],
        row["submission_id"],
    )
