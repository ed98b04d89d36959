"""What an administrator does with the accounts of the own organisations, beyond the tables: passwords and credentials.

Passwords that are handed out are for one use: whoever signs in with one chooses another before anything else. Each
account acts through the gateway with a credential of its own, which a new password renews and disabling revokes.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from docaxis.clerk.enrolling import ACCOUNTS, place_of
from docaxis.clerk.passwords import Passwords
from docaxis.directory.entries import Role
from docaxis.directory.repository import DirectoryRepository
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkRole
from docaxis.storage.clerk_administration import (
    Access,
    ClerkAdministration,
    NewAccount,
    Scope,
    TakenName,
)
from docaxis.storage.contents.sealing import StoreKey
from docaxis_schemas.moments import Clock

PASSWORD_BYTES: Final = 12
"""Of a password that is handed out: 96 random bits, short enough to be typed once."""
PASSWORD_LIFE: Final = timedelta(hours=72)
"""It reaches the person over a weekend; afterwards another is asked for."""
CREDENTIAL_LIFE: Final = timedelta(days=365)
MAX_FULL_NAME: Final = 100
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,30}[a-z0-9])?")


class RejectedAccount(Exception):
    """What was typed makes no account; ``fault`` is the word that says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Typed:
    """An account as somebody wants it."""

    name: str
    full_name: str
    organisations: tuple[str, ...]
    roles: frozenset[ClerkRole]


def holder_of(name: str) -> str:
    """Say under whose name an account's own credential stands in the directory."""
    return f"pages: {name}"


def scope_of(account: ClerkAccount) -> Scope:
    """Say which accounts an administrator sees."""
    return Scope(account.member, account.organisations, account.name)


class Administering:
    """Makes accounts and renews or ends what they act with."""

    def __init__(
        self,
        store: ClerkAdministration,
        directory: DirectoryRepository,
        key: StoreKey,
        passwords: Passwords,
        *,
        clock: Clock,
        new_password: Callable[[], str] = lambda: secrets.token_urlsafe(PASSWORD_BYTES),
    ) -> None:
        self._store = store
        self._directory = directory
        self._key = key
        self._passwords = passwords
        self._clock = clock
        self._new_password = new_password

    async def make(self, scope: Scope, typed: Typed) -> tuple[UUID, str, str]:
        """Make an account; gives its id, its name and the password to hand out, which is known to nobody afterwards.

        Names end in the member's id: so they are taken by the own people only.

        Raises:
            RejectedAccount: Not a name, no role, or organisations that are not the administrator's.
            TakenName: There is one of that name.
            TooManyAccounts: The member has as many as it may have.
            RejectedRegistration: The directory gives no credential for it.
        """
        _check(scope, typed)
        name = f"{typed.name}.{scope.member}"
        account_id = uuid5(ACCOUNTS, name)
        if await self._store.is_taken(name):
            raise TakenName  # before its credential would be renewed
        access, password = await self._access(scope, account_id, name, typed.organisations)
        new = NewAccount(account_id, name, typed.full_name, typed.organisations, typed.roles)
        await self._store.make(scope, new, access, at=self._clock())
        return account_id, name, password

    async def renew(self, scope: Scope, account_id: UUID) -> str:
        """Give an account a new password, which opens it again if it was disabled.

        Raises:
            NoSuchAccount: Not of this scope.
            RejectedRegistration: The directory gives no credential for it.
        """
        account = await self._store.account(scope, account_id)
        access, password = await self._access(scope, account_id, account.name, account.organisations)
        await self._store.renew(scope, account_id, access, at=self._clock())
        return password

    async def disable(self, scope: Scope, account_id: UUID) -> None:
        """Shut an account, and end its own credential.

        Raises:
            NoSuchAccount: Not of this scope.
            LastAdministrator: Nobody else administers these organisations.
        """
        account = await self._store.account(scope, account_id)
        await self._store.disable(scope, account_id, at=self._clock())
        await self._directory.revoke_credentials_of(
            role=Role.CLERK, holder=holder_of(account.name), member=scope.member
        )

    async def _access(
        self, scope: Scope, account_id: UUID, name: str, organisations: tuple[str, ...]
    ) -> tuple[Access, str]:
        password, at = self._new_password(), self._clock()
        kept = await asyncio.to_thread(self._passwords.hash, password)
        _, secret = await self._directory.renew_credential(
            role=Role.CLERK,
            holder=holder_of(name),
            expires_at=at + CREDENTIAL_LIFE,
            member=scope.member,
            organisations=organisations,
        )
        return Access(kept, at + PASSWORD_LIFE, self._key.wrap(secret.encode(), place_of(account_id))), password


def _check(scope: Scope, typed: Typed) -> None:
    if not _NAME.fullmatch(typed.name):
        raise RejectedAccount("account-name-how")
    if not typed.full_name or len(typed.full_name) > MAX_FULL_NAME:
        raise RejectedAccount("account-full-name-missing")
    if not typed.roles:
        raise RejectedAccount("account-role-missing")
    if not typed.organisations or not set(typed.organisations) <= set(scope.organisations):
        raise RejectedAccount("account-organisation-missing")
