"""What is done with accounts of the pages is kept, with who did it, in the transaction that does it."""

from datetime import datetime
from enum import StrEnum, unique
from typing import Final
from uuid import UUID, uuid4

from docaxis.storage.driver import Connection, Statement
from docaxis_schemas.canonical import canonical, digest
from docaxis_schemas.events import ACCOUNT_ACT
from docaxis_schemas.evidence import stands_for
from docaxis_schemas.moments import to_text

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


_ACCOUNT: Final = Statement("""
    SELECT coalesce(a.member, '') AS member, a.name, a.organisations, (SELECT b.account_id FROM clerk_accounts b
      WHERE b.name = CAST(:done_by AS text)) AS hand
    FROM clerk_accounts a WHERE a.account_id = CAST(:account AS uuid)
""")
# The statement of an act is made by the router, of a timer: it is kept with the act, or neither is.
_NOTE: Final = Statement(f"""
    WITH noted AS (
      INSERT INTO clerk_account_acts (act_id, at, member, account_id, name, organisations, act, details, done_by)
      VALUES (CAST(:act_id AS uuid), CAST(:at AS timestamptz), CAST(:member AS text), CAST(:account AS uuid),
        CAST(:name AS text), CAST(:organisations AS text[]), CAST(:act AS text), CAST(:details AS text),
        CAST(:done_by AS text))
      RETURNING act_id, at
    )
    INSERT INTO timers (timer_id, due_at, kind, submission_id, body)
    SELECT act_id, at, '{ACCOUNT_ACT}', act_id, CAST(:body AS bytea) FROM noted
""")  # noqa: S608 - a constant


async def note(
    connection: Connection, act: AccountAct, account_id: UUID, *, by: str, at: datetime, details: str = ""
) -> None:
    """Keep an act within the transaction that does it, and have it stated; ``by`` is an account's name, or `OPERATOR`.

    The statement names nobody: ids, and a hash by which the row can be held against it.
    """
    account = await connection.row(_ACCOUNT, account=account_id, done_by=by)
    assert account is not None, "an account is never removed"
    row = {
        "act_id": uuid4(),
        "at": at,
        "member": account["member"],
        "account": account_id,
        "name": account["name"],
        "organisations": list(account["organisations"]),
        "act": act.value,
        "details": details,
        "done_by": by,
    }
    body = {
        "act": act.value,
        "member": account["member"] or stands_for("auditor"),  # who belongs to no member
        "account_id": str(account_id),
        "done_by": "operator" if by == OPERATOR else str(account["hand"] or "unknown"),
        "act_sha256": digest(row | {"act_id": str(row["act_id"]), "at": to_text(at), "account": str(account_id)}),
    }
    await connection.run(_NOTE, **row, body=canonical(body))
