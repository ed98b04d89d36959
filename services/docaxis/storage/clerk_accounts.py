"""SQL of the pages' accounts and sessions."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_acts import OPERATOR, AccountAct, note
from docaxis.storage.driver import Connection, Database, Row, Statement

SESSION_LIFE: Final = timedelta(hours=10)
"""A working day: nobody stays signed in over night."""
SESSION_IDLE: Final = timedelta(minutes=60)
"""A page that nobody touched for so long asks for the password again (QCVN has no figure; offices share rooms)."""


@unique
class ClerkRole(StrEnum):
    """What a person may do at the pages; one person may have several."""

    CLERK = "clerk"
    """Reads, sends and answers."""
    LEADER = "leader"
    """Reads and directs who deals with what; sends nothing."""
    ADMINISTRATOR = "administrator"
    """Makes and changes the accounts of the organisation; by itself reads no document."""
    AUDITOR = "auditor"
    """Looks at the log and at everything it is about; belongs to no organisation and has no other role."""


MEMBERS: Final = tuple(role for role in ClerkRole if role is not ClerkRole.AUDITOR)
"""Roles of people who belong to a member, and which its administrators give."""

READERS: Final = frozenset({ClerkRole.CLERK, ClerkRole.LEADER})
"""Who sees documents."""


@dataclass(frozen=True, slots=True)
class ClerkAccount:
    """A person who signs in; ``credential`` is sealed, ``password_hash`` carries its own parameters.

    ``member`` is empty, and there are no organisations, where an auditor signs in: the database holds both together.
    ``once_until``: the password was handed out, is good until then, and another is to be chosen first of all.
    """

    account_id: UUID
    name: str
    full_name: str
    member: str
    organisations: tuple[str, ...]
    roles: frozenset[ClerkRole]
    password_hash: str
    credential: bytes
    once_until: datetime | None = None


_COLUMNS: Final = (
    "a.account_id, a.name, a.full_name, coalesce(a.member, '') AS member, a.organisations, a.roles, a.credential, "
    "coalesce((SELECT p.password_hash FROM clerk_passwords p WHERE p.account_id = a.account_id), a.password_hash) "
    "AS password_hash, "
    "(SELECT p.once_until FROM clerk_passwords p WHERE p.account_id = a.account_id) AS once_until"
)
_ADD: Final = Statement("""
    INSERT INTO clerk_accounts (account_id, name, full_name, member, organisations, roles, password_hash, credential,
      created_at)
    VALUES (CAST(:account AS uuid), CAST(:name AS text), CAST(:full_name AS text), nullif(CAST(:member AS text), ''),
      CAST(:organisations AS text[]), CAST(:roles AS text[]), CAST(:password_hash AS text), CAST(:credential AS bytea),
      CAST(:at AS timestamptz))
    ON CONFLICT DO NOTHING RETURNING account_id
""")
_BY_NAME: Final = Statement(f"""
    SELECT {_COLUMNS} FROM clerk_accounts a WHERE a.name = CAST(:name AS text) AND a.disabled_at IS NULL
""")  # noqa: S608 - a constant of this module
_BEGIN: Final = Statement("""
    INSERT INTO clerk_sessions (token_sha256, account_id, begun_at, seen_at, issuer)
    VALUES (CAST(:token AS bytea), CAST(:account AS uuid), CAST(:at AS timestamptz), CAST(:at AS timestamptz),
      CAST(:issuer AS text))
""")
_SEEN: Final = Statement(f"""
    UPDATE clerk_sessions s SET seen_at = CAST(:at AS timestamptz) FROM clerk_accounts a
    WHERE s.token_sha256 = CAST(:token AS bytea) AND a.account_id = s.account_id AND a.disabled_at IS NULL
      AND s.begun_at > CAST(:begun AS timestamptz) AND s.seen_at > CAST(:seen AS timestamptz)
    RETURNING {_COLUMNS}, s.issuer
""")  # noqa: S608 - a constant of this module
_CHANGE_PASSWORD: Final = Statement("""
    INSERT INTO clerk_passwords (account_id, password_hash, changed_at)
    VALUES (CAST(:account AS uuid), CAST(:password_hash AS text), CAST(:at AS timestamptz))
    ON CONFLICT (account_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at,
      once_until = NULL
""")
_END_OTHERS: Final = Statement("""
    DELETE FROM clerk_sessions WHERE account_id = CAST(:account AS uuid) AND token_sha256 <> CAST(:token AS bytea)
""")
_DISABLE: Final = Statement("""
    UPDATE clerk_accounts SET disabled_at = coalesce(disabled_at, CAST(:at AS timestamptz))
    WHERE name = CAST(:name AS text) RETURNING account_id
""")
_END: Final = Statement("DELETE FROM clerk_sessions WHERE token_sha256 = CAST(:token AS bytea) RETURNING issuer")
_FORGET: Final = Statement("""
    DELETE FROM clerk_sessions WHERE begun_at <= CAST(:begun AS timestamptz) OR seen_at <= CAST(:seen AS timestamptz)
""")


class ClerkAccountStore:
    """Finds accounts and keeps sessions. Tokens are given as they are in the cookie and stored as digests."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def add(self, account: ClerkAccount, *, at: datetime) -> None:
        """Store an account; one of that name that is there already stays as it is."""
        async with self._database.transaction() as connection:
            if await insert_account(connection, account, at=at):
                await note(connection, AccountAct.MADE, account.account_id, by=OPERATOR, at=at)

    async def named(self, name: str) -> ClerkAccount | None:
        """Find an account that may sign in."""
        row = await self._database.row(_BY_NAME, name=name)
        return None if row is None else _account(row)

    async def change_password(self, account_id: UUID, password_hash: str, *, by: str, token: str, at: datetime) -> None:
        """Keep a new password, and end every session of the account but this one."""
        async with self._database.transaction() as connection:
            await connection.run(_CHANGE_PASSWORD, account=account_id, password_hash=password_hash, at=at)
            await connection.run(_END_OTHERS, account=account_id, token=_digest(token))
            await note(connection, AccountAct.PASSWORD_CHOSEN, account_id, by=by, at=at)

    async def disable(self, name: str, *, at: datetime) -> bool:
        """Let nobody sign in to an account any more, nor stay; False: there is none. The database's owner may."""
        async with self._database.transaction() as connection:
            found = await connection.row(_DISABLE, name=name, at=at)
            if found is not None:
                await note(connection, AccountAct.DISABLED, found["account_id"], by=OPERATOR, at=at)
        return found is not None

    async def begin(self, token: str, account_id: UUID, *, at: datetime, issuer: str | None = None) -> None:
        """Begin a session (``issuer``: where the person signed in), and forget those that have ended."""
        await self._database.run(_FORGET, begun=at - SESSION_LIFE, seen=at - SESSION_IDLE)
        await self._database.run(_BEGIN, token=_digest(token), account=account_id, at=at, issuer=issuer)

    async def bearer(self, token: str, *, at: datetime) -> ClerkAccount | None:
        """Say who bears this token; None: nobody, or no longer. Who came without a password need not change it."""
        row = await self._database.row(
            _SEEN, token=_digest(token), at=at, begun=at - SESSION_LIFE, seen=at - SESSION_IDLE
        )
        if row is None:
            return None
        return _account(row) if row["issuer"] is None else replace(_account(row), once_until=None)

    async def end(self, token: str) -> str | None:
        """End a session; gives at which issuer the person signed in, None: here, or there was none."""
        row = await self._database.row(_END, token=_digest(token))
        return None if row is None else row["issuer"]


def _account(row: Row) -> ClerkAccount:
    return ClerkAccount(
        account_id=row["account_id"],
        name=row["name"],
        full_name=row["full_name"],
        member=row["member"],
        organisations=tuple(row["organisations"]),
        roles=frozenset(map(ClerkRole, row["roles"])),
        password_hash=row["password_hash"],
        credential=bytes(row["credential"]),
        once_until=row["once_until"],
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def insert_account(connection: Connection, account: ClerkAccount, *, at: datetime) -> bool:
    """Store an account and say whether it is new: one of that name stays as it is."""
    made = await connection.row(
        _ADD,
        account=account.account_id,
        name=account.name,
        full_name=account.full_name,
        member=account.member,
        organisations=list(account.organisations),
        roles=sorted(account.roles),
        password_hash=account.password_hash,
        credential=account.credential,
        at=at,
    )
    return made is not None
