"""SQL of what administrators do with the accounts of their organisations; every act is kept with who did it.

An administrator sees accounts of the own member whose organisations are all among the own; for others there is none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_accounts import ClerkAccount, ClerkRole, insert_account
from docaxis.storage.clerk_acts import AccountAct, note
from docaxis.storage.driver import Connection, Database, Row, Statement

MOST_ACCOUNTS: Final = 500
"""Accounts of one member: the largest ministry's offices, several times over."""
ACTS_SHOWN: Final = 50


class NoSuchAccount(Exception):
    """There is no such account for this administrator."""


class LastAdministrator(Exception):
    """Without this account nobody would be left who administers the accounts of its organisations."""


class TakenName(Exception):
    """An account of that name is there already."""


class TakenIdentity(Exception):
    """Somebody else is linked to it."""


class TooManyAccounts(Exception):
    """The member has as many accounts as it may have."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts somebody administers, and who that is."""

    member: str
    organisations: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as its administrator sees it; ``password_until``: it still has the password that was handed out."""

    account_id: UUID
    name: str
    full_name: str
    organisations: tuple[str, ...]
    roles: frozenset[ClerkRole]
    disabled_at: datetime | None
    password_until: datetime | None
    sessions: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is to be made."""

    account_id: UUID
    name: str
    full_name: str
    organisations: tuple[str, ...]
    roles: frozenset[ClerkRole]


@dataclass(frozen=True, slots=True)
class Access:
    """What an account signs in and acts with: the digest of a password for one use, and the sealed credential."""

    password_hash: str
    password_until: datetime
    credential: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """An act as it was kept."""

    at: datetime
    name: str
    act: AccountAct
    details: str
    by: str


_MINE: Final = "a.member = CAST(:member AS text) AND a.organisations <@ CAST(:organisations AS text[])"
_LINES: Final = f"""
    SELECT a.account_id, a.name, a.full_name, a.organisations, a.roles, a.disabled_at, p.once_until,
      (SELECT count(*) FROM clerk_sessions s WHERE s.account_id = a.account_id) AS sessions,
      (SELECT max(s.seen_at) FROM clerk_sessions s WHERE s.account_id = a.account_id) AS seen_at
    FROM clerk_accounts a LEFT JOIN clerk_passwords p USING (account_id) WHERE {_MINE}
"""  # noqa: S608 - constants of this module
_ALL: Final = Statement(f"{_LINES} ORDER BY a.disabled_at IS NOT NULL, a.name LIMIT {MOST_ACCOUNTS}")
_ONE: Final = Statement(f"{_LINES} AND a.account_id = CAST(:account AS uuid)")
_LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended('docaxis.accounts.' || :member, 0))")
_TAKEN: Final = Statement("SELECT 1 FROM clerk_accounts WHERE name = CAST(:name AS text)")
_COUNT: Final = Statement("SELECT count(*) AS found FROM clerk_accounts WHERE member = CAST(:member AS text)")
_TARGET: Final = Statement(f"""
    SELECT a.name, a.organisations, a.roles, a.disabled_at FROM clerk_accounts a
    WHERE {_MINE} AND a.account_id = CAST(:account AS uuid)
""")  # noqa: S608 - constants of this module
_OTHERS: Final = Statement("""
    SELECT 1 FROM clerk_accounts WHERE member = CAST(:member AS text) AND account_id <> CAST(:account AS uuid)
      AND disabled_at IS NULL AND 'administrator' = ANY(roles) AND organisations @> CAST(:whose AS text[]) LIMIT 1
""")
_RENEW: Final = Statement("""
    UPDATE clerk_accounts SET credential = CAST(:credential AS bytea), disabled_at = NULL
    WHERE account_id = CAST(:account AS uuid)
""")
_PASSWORD: Final = Statement("""
    INSERT INTO clerk_passwords (account_id, password_hash, changed_at, once_until)
    VALUES (CAST(:account AS uuid), CAST(:password_hash AS text), CAST(:at AS timestamptz), CAST(:until AS timestamptz))
    ON CONFLICT (account_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at,
      once_until = excluded.once_until
""")
_DISABLE: Final = Statement("""
    UPDATE clerk_accounts SET disabled_at = coalesce(disabled_at, CAST(:at AS timestamptz))
    WHERE account_id = CAST(:account AS uuid)
""")
_ROLES: Final = Statement("""
    UPDATE clerk_accounts SET roles = CAST(:roles AS text[]) WHERE account_id = CAST(:account AS uuid)
""")
_END_THERE: Final = Statement("""
    DELETE FROM clerk_sessions WHERE account_id = CAST(:account AS uuid) AND issuer = CAST(:issuer AS text)
""")
_END: Final = Statement("DELETE FROM clerk_sessions WHERE account_id = CAST(:account AS uuid)")
_LINK: Final = Statement("""
    INSERT INTO clerk_identities (issuer, subject, account_id, linked_at)
    VALUES (CAST(:issuer AS text), CAST(:subject AS text), CAST(:account AS uuid), CAST(:at AS timestamptz))
    ON CONFLICT (issuer, subject) DO NOTHING RETURNING account_id
""")
_UNLINK: Final = Statement("""
    DELETE FROM clerk_identities WHERE issuer = CAST(:issuer AS text) AND account_id = CAST(:account AS uuid)
    RETURNING subject
""")
_NOTED: Final = Statement(f"""
    SELECT a.at, a.name, a.act, a.details, a.done_by FROM clerk_account_acts a WHERE {_MINE}
    ORDER BY a.at DESC, a.act_id LIMIT {ACTS_SHOWN}
""")  # noqa: S608 - constants of this module


class ClerkAdministration:
    """Reads and changes the accounts of a scope. One change of a member's accounts is made at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def accounts(self, scope: Scope) -> list[AccountLine]:
        """Give the accounts, those in use first."""
        rows = await self._database.rows(_ALL, member=scope.member, organisations=list(scope.organisations))
        return [_line(row) for row in rows]

    async def account(self, scope: Scope, account_id: UUID) -> AccountLine:
        """Give one account.

        Raises:
            NoSuchAccount: Not of this scope.
        """
        row = await self._database.row(
            _ONE, member=scope.member, organisations=list(scope.organisations), account=account_id
        )
        if row is None:
            raise NoSuchAccount
        return _line(row)

    async def is_taken(self, name: str) -> bool:
        """Say whether there is an account of that name, whoever's."""
        return await self._database.row(_TAKEN, name=name) is not None

    async def acts(self, scope: Scope) -> list[Noted]:
        """Give what was done last with accounts of this scope, newest first."""
        rows = await self._database.rows(_NOTED, member=scope.member, organisations=list(scope.organisations))
        return [Noted(row["at"], row["name"], AccountAct(row["act"]), row["details"], row["done_by"]) for row in rows]

    async def make(self, scope: Scope, new: NewAccount, access: Access, *, at: datetime) -> None:
        """Make an account.

        Raises:
            TakenName: There is one of that name.
            TooManyAccounts: The member has as many as it may have.
        """
        async with self._database.transaction() as connection:
            await connection.run(_LOCK, member=scope.member)
            counted = await connection.row(_COUNT, member=scope.member)
            if counted is not None and counted["found"] >= MOST_ACCOUNTS:
                raise TooManyAccounts
            account = ClerkAccount(
                new.account_id,
                new.name,
                new.full_name,
                scope.member,
                new.organisations,
                new.roles,
                access.password_hash,
                access.credential,
            )
            if not await insert_account(connection, account, at=at):
                raise TakenName
            await _hand_out(connection, new.account_id, access, at)
            told = f"{', '.join(sorted(new.roles))}; {', '.join(new.organisations)}"
            await note(connection, AccountAct.MADE, new.account_id, by=scope.by, at=at, details=told)

    async def renew(self, scope: Scope, account_id: UUID, access: Access, *, at: datetime) -> None:
        """Give an account a new password and credential, open it if it was disabled, and end its sessions.

        Raises:
            NoSuchAccount: Not of this scope.
        """
        async with self._database.transaction() as connection:
            await _target(connection, scope, account_id)
            await connection.run(_RENEW, account=account_id, credential=access.credential)
            await _hand_out(connection, account_id, access, at)
            await connection.run(_END, account=account_id)
            await note(connection, AccountAct.RENEWED, account_id, by=scope.by, at=at)

    async def disable(self, scope: Scope, account_id: UUID, *, at: datetime) -> None:
        """Let nobody sign in to an account any more, nor stay.

        Raises:
            NoSuchAccount: Not of this scope.
            LastAdministrator: Nobody else administers these organisations.
        """
        async with self._database.transaction() as connection:
            target = await _target(connection, scope, account_id)
            await _require_another(connection, scope, account_id, target)
            await connection.run(_DISABLE, account=account_id, at=at)
            await connection.run(_END, account=account_id)
            await note(connection, AccountAct.DISABLED, account_id, by=scope.by, at=at)

    async def change_roles(self, scope: Scope, account_id: UUID, roles: frozenset[ClerkRole], *, at: datetime) -> None:
        """Give an account these roles and no others; they hold from the next page on.

        Raises:
            NoSuchAccount: Not of this scope.
            LastAdministrator: Nobody else administers these organisations.
        """
        async with self._database.transaction() as connection:
            target = await _target(connection, scope, account_id)
            if ClerkRole.ADMINISTRATOR not in roles:
                await _require_another(connection, scope, account_id, target)
            await connection.run(_ROLES, account=account_id, roles=sorted(roles))
            told = f"{', '.join(sorted(target['roles']))} -> {', '.join(sorted(roles))}"
            await note(connection, AccountAct.ROLES_CHANGED, account_id, by=scope.by, at=at, details=told)

    async def end_sessions(self, scope: Scope, account_id: UUID, *, at: datetime) -> None:
        """Sign somebody out everywhere.

        Raises:
            NoSuchAccount: Not of this scope.
        """
        async with self._database.transaction() as connection:
            await _target(connection, scope, account_id)
            await connection.run(_END, account=account_id)
            await note(connection, AccountAct.SESSIONS_ENDED, account_id, by=scope.by, at=at)

    async def link(self, scope: Scope, account_id: UUID, issuer: str, subject: str, *, at: datetime) -> None:
        """Let who is ``subject`` at a provider sign in to an account, and nobody else of that provider.

        An empty subject links nobody any more. Sessions that began there end.

        Raises:
            NoSuchAccount: Not of this scope.
            TakenIdentity: Linked to another account.
        """
        async with self._database.transaction() as connection:
            await _target(connection, scope, account_id)
            before = await connection.row(_UNLINK, issuer=issuer, account=account_id)
            await connection.run(_END_THERE, issuer=issuer, account=account_id)
            if not subject:
                told = "" if before is None else before["subject"]
                await note(connection, AccountAct.UNLINKED, account_id, by=scope.by, at=at, details=told)
                return
            if await connection.row(_LINK, issuer=issuer, subject=subject, account=account_id, at=at) is None:
                raise TakenIdentity
            await note(connection, AccountAct.LINKED, account_id, by=scope.by, at=at, details=f"{issuer} {subject}")


async def _target(connection: Connection, scope: Scope, account_id: UUID) -> Row:
    await connection.run(_LOCK, member=scope.member)
    row = await connection.row(
        _TARGET, member=scope.member, organisations=list(scope.organisations), account=account_id
    )
    if row is None:
        raise NoSuchAccount
    return row


async def _require_another(connection: Connection, scope: Scope, account_id: UUID, target: Row) -> None:
    if ClerkRole.ADMINISTRATOR not in target["roles"] or target["disabled_at"] is not None:
        return
    whose = list(target["organisations"])
    if await connection.row(_OTHERS, member=scope.member, account=account_id, whose=whose) is None:
        raise LastAdministrator


async def _hand_out(connection: Connection, account_id: UUID, access: Access, at: datetime) -> None:
    await connection.run(
        _PASSWORD, account=account_id, password_hash=access.password_hash, at=at, until=access.password_until
    )


def _line(row: Row) -> AccountLine:
    return AccountLine(
        account_id=row["account_id"],
        name=row["name"],
        full_name=row["full_name"],
        organisations=tuple(row["organisations"]),
        roles=frozenset(map(ClerkRole, row["roles"])),
        disabled_at=row["disabled_at"],
        password_until=row["once_until"],
        sessions=row["sessions"],
        seen_at=row["seen_at"],
    )
