"""Whether an account may still look: its credential stands.

What the pages do goes through the gateway, which asks the same; lists, registers and deadlines are read from the
database, so the pages ask here before they show anything.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from docaxis.directory.entries import Principal, Role
from docaxis.directory.errors import RejectedCredential
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkRole

REMEMBERED_SECONDS: Final = 10.0
"""How long a credential that was good is believed, as at the gateway; a revoked one shows no list after it."""

Authenticate = Callable[[str], Awaitable[Principal]]
"""Says who bears a credential; raises `RejectedCredential`: nobody, or no longer."""


class EndedEntitlement(Exception):
    """The account's credential was revoked or has expired."""


class Entitlements:
    """Says for which organisations an account may look now."""

    def __init__(
        self,
        authenticate: Authenticate,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticate = authenticate
        self._monotonic = monotonic
        self._known: dict[tuple[UUID, bytes], tuple[float, Principal]] = {}

    async def organisations_of(self, account: ClerkAccount, secret: str) -> tuple[str, ...]:
        """Give those of the account's organisations that its credential names; none of an auditor's.

        Raises:
            EndedEntitlement: None any more.
            UnavailableDirectory: The database is away.
        """
        principal = await self._bearer((account.account_id, account.credential), secret)
        if (ClerkRole.AUDITOR in account.roles) is not (principal.role is Role.AUDITOR):
            raise EndedEntitlement
        if principal.role is Role.AUDITOR:
            return ()
        left = tuple(code for code in account.organisations if code in principal.organisations)
        if not left or principal.member != account.member:
            raise EndedEntitlement
        return left

    async def _bearer(self, held: tuple[UUID, bytes], secret: str) -> Principal:
        known = self._known.get(held)
        if known is not None and self._monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        self._known.pop(held, None)
        try:
            principal = await self._authenticate(secret)
        except RejectedCredential as error:
            raise EndedEntitlement from error
        self._known[held] = (self._monotonic(), principal)
        return principal
