"""Who is at the pages: signed in by a password, known by a cookie, acting through the gateway with their credential."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from docaxis.clerk.enrolling import place_of
from docaxis.clerk.entitlements import Entitlements
from docaxis.clerk.passwords import Passwords
from docaxis.client import AxisClient, Patience
from docaxis.storage.clerk_accounts import READERS, ClerkAccount, ClerkAccountStore, ClerkRole
from docaxis.storage.contents.sealing import StoreKey
from docaxis_schemas.moments import Clock

TOKEN_BYTES: Final = 32
PATIENCE: Final = Patience(seconds=8.0)
"""A person waits at the page: longer than a restart of the gateway, shorter than a browser's own patience."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in, with the client that acts for them."""

    account: ClerkAccount
    token: str
    axis: AxisClient

    @property
    def may_act(self) -> bool:
        """Whether this person sends and answers."""
        return ClerkRole.CLERK in self.account.roles

    @property
    def may_direct(self) -> bool:
        """Whether this person says who deals with what."""
        return ClerkRole.LEADER in self.account.roles

    @property
    def may_read(self) -> bool:
        """Whether this person sees documents."""
        return not READERS.isdisjoint(self.account.roles)

    @property
    def may_administer(self) -> bool:
        """Whether this person makes and changes accounts."""
        return ClerkRole.ADMINISTRATOR in self.account.roles

    @property
    def may_audit(self) -> bool:
        """Whether this person looks at the log, for no organisation."""
        return ClerkRole.AUDITOR in self.account.roles

    @property
    def form_token(self) -> str:
        """What every form of this session carries: other sites cannot know it."""
        return hmac.new(self.token.encode(), b"docaxis clerk form", hashlib.sha256).hexdigest()


Connect = Callable[[ClerkAccount, str], AxisClient]
"""Makes the client for an account from its opened credential."""


class Visitors:
    """Signs people in and out and recognises them."""

    def __init__(
        self,
        accounts: ClerkAccountStore,
        key: StoreKey,
        connect: Connect,
        *,
        entitlements: Entitlements,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._key = key
        self._connect = connect
        self._entitlements = entitlements
        self._passwords = passwords
        self._clock = clock
        self._clients: dict[tuple[UUID, bytes], AxisClient] = {}

    async def sign_in(self, name: str, password: str) -> str | None:
        """Begin a session and give its token; None where name and password do not fit."""
        account = await self._accounts.named(name.strip().lower())
        if not await self._passwords.matches(password, None if account is None else account.password_hash):
            return None
        assert account is not None, "without an account nothing matches"
        if account.once_until is not None and account.once_until <= self._clock():
            return None
        return await self.begin(account.account_id)

    async def begin(self, account_id: UUID, *, issuer: str | None = None) -> str:
        """Begin a session and give its token, which nobody knew before (``issuer``: of who signed in there)."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._accounts.begin(token, account_id, at=self._clock(), issuer=issuer)
        return token

    async def sign_out(self, token: str) -> str | None:
        """End a session; gives at which issuer the person signed in, None: here, or there was none."""
        return await self._accounts.end(token)

    async def change_password(self, visitor: Visitor, old: str, new: str) -> bool:
        """Change a password, ending the account's other sessions; False where the old one is not right."""
        if not await self._passwords.matches(old, visitor.account.password_hash):
            return False
        kept = await asyncio.to_thread(self._passwords.hash, new)
        account, at = visitor.account, self._clock()
        await self._accounts.change_password(account.account_id, kept, by=account.name, token=visitor.token, at=at)
        return True

    async def recognise(self, token: str) -> Visitor | None:
        """Say who bears this cookie, with the organisations that the account and its credential both name.

        Raises:
            EndedEntitlement: The credential no longer stands.
            UnavailableDirectory: The database is away.
        """
        account = await self._accounts.bearer(token, at=self._clock())
        if account is None:
            return None
        secret = self._key.unwrap(account.credential, place_of(account.account_id)).decode()
        organisations = await self._entitlements.organisations_of(account, secret)
        held = (account.account_id, account.credential)
        if held not in self._clients:
            self._clients[held] = self._connect(account, secret)
        return Visitor(replace(account, organisations=organisations), token, self._clients[held])

    async def close(self) -> None:
        """Close the connections to the gateway."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()


def gateway_client(url: str, axis: str, environment: str, clock: Clock) -> Connect:
    """Give what connects to a gateway; records travel unsigned, so the gateway signs and the evidence says so."""

    def connect(account: ClerkAccount, secret: str) -> AxisClient:
        return AxisClient(
            url,
            secret,
            None,
            member=account.member,
            axis=axis,
            environment=environment,
            patience=PATIENCE,
            clock=clock,
        )

    return connect
