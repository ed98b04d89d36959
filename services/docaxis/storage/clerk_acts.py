"""What is done with accounts of the pages is kept, with who did it, in the transaction that does it."""

from datetime import datetime
from enum import StrEnum, unique
from typing import Final
from uuid import UUID, uuid4

from docaxis.storage.driver import Connection, Statement

OPERATOR: Final = ""
"""Who did what was not done at the pages."""


@unique
class AccountAct(StrEnum):
    """What was done with an account."""

    MADE = "made"
    RENEWED = "renewed"
    DISABLED = "disabled"
    ROLES_CHANGED = "roles-changed"
    SESSIONS_ENDED = "sessions-ended"
    LINKED = "linked"
    UNLINKED = "unlinked"
    PASSWORD_CHOSEN = "password-chosen"  # noqa: S105 - a kind of act


_NOTE: Final = Statement("""
    INSERT INTO clerk_account_acts (act_id, at, member, account_id, name, organisations, act, details, done_by)
    SELECT CAST(:act_id AS uuid), CAST(:at AS timestamptz), coalesce(a.member, ''), a.account_id, a.name,
      a.organisations, CAST(:act AS text), CAST(:details AS text), CAST(:done_by AS text)
    FROM clerk_accounts a WHERE a.account_id = CAST(:account AS uuid)
""")


async def note(
    connection: Connection, act: AccountAct, account_id: UUID, *, by: str, at: datetime, details: str = ""
) -> None:
    """Keep an act within the transaction that does it; ``by`` is the name of an account, or `OPERATOR`."""
    await connection.run(_NOTE, act_id=uuid4(), at=at, account=account_id, act=act.value, details=details, done_by=by)
