"""SQL of who accounts are at an OpenID Connect provider, and which of its answers were taken."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Statement

_FIND: Final = Statement("""
    SELECT i.account_id FROM clerk_identities i JOIN clerk_accounts a USING (account_id)
    WHERE i.issuer = CAST(:issuer AS text) AND i.subject = CAST(:subject AS text) AND a.disabled_at IS NULL
""")
_OF: Final = Statement("""
    SELECT subject FROM clerk_identities
    WHERE issuer = CAST(:issuer AS text) AND account_id = CAST(:account AS uuid)
""")
_USE: Final = Statement("""
    INSERT INTO clerk_used_states (state_sha256, used_at) VALUES (CAST(:state AS bytea), CAST(:at AS timestamptz))
    ON CONFLICT DO NOTHING RETURNING used_at
""")
_FORGET: Final = Statement("DELETE FROM clerk_used_states WHERE used_at < CAST(:before AS timestamptz)")


class ClerkIdentities:
    """Finds accounts by what a provider says of people."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def find(self, issuer: str, subject: str) -> UUID | None:
        """Give the account that is linked and may be used; None: an account is never made by signing in."""
        row = await self._database.row(_FIND, issuer=issuer, subject=subject)
        return None if row is None else row["account_id"]

    async def subject_of(self, issuer: str, account_id: UUID) -> str:
        """Give who an account is there; empty: not linked."""
        row = await self._database.row(_OF, issuer=issuer, account=account_id)
        return "" if row is None else str(row["subject"])

    async def use(self, state: bytes, *, at: datetime, forget_before: datetime) -> bool:
        """Take an answer; False: it was taken before."""
        await self._database.run(_FORGET, before=forget_before)
        return await self._database.row(_USE, state=state, at=at) is not None
