"""Who bears a revoked credential sees no list, though signed in."""

from dataclasses import replace
from uuid import UUID

import pytest

from docaxis.clerk.entitlements import REMEMBERED_SECONDS, EndedEntitlement, Entitlements
from docaxis.directory.entries import Principal, Role
from docaxis.directory.errors import CredentialFault, RejectedCredential
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkRole

ROLES = frozenset({ClerkRole.CLERK})
ACCOUNT = ClerkAccount(UUID(int=1), "vanthu", "Văn thư", "tinh", ("H98", "H98.14"), ROLES, "", b"sealed")
PRINCIPAL = Principal("c", "tinh", ("H98.14", "H98"), Role.CLERK, "vanthu")


class World:
    def __init__(self) -> None:
        self.now, self.asked = 100.0, 0
        self.principal, self.revoked = PRINCIPAL, False
        self.entitlements = Entitlements(self.authenticate, monotonic=lambda: self.now)

    async def authenticate(self, secret: str) -> Principal:
        self.asked += 1
        assert secret == "dax_secret"
        if self.revoked:
            raise RejectedCredential(CredentialFault.REVOKED)
        return self.principal

    async def ask(self) -> tuple[str, ...]:
        return await self.entitlements.organisations_of(ACCOUNT, "dax_secret")


async def test_a_standing_credential_is_asked_once_in_a_while() -> None:
    world = World()
    assert await world.ask() == await world.ask() == ("H98", "H98.14")
    assert world.asked == 1
    world.now += REMEMBERED_SECONDS
    await world.ask()
    assert world.asked == 2


async def test_a_revoked_credential_ends_within_seconds_and_stays_ended() -> None:
    world = World()
    await world.ask()
    world.revoked = True
    world.now += REMEMBERED_SECONDS
    for _ in range(2):
        with pytest.raises(EndedEntitlement):
            await world.ask()


async def test_only_what_account_and_credential_both_name_is_shown() -> None:
    world = World()
    world.principal = replace(PRINCIPAL, organisations=("H98.14", "H98.44"))
    assert await world.ask() == ("H98.14",)


@pytest.mark.parametrize("principal", [replace(PRINCIPAL, organisations=()), replace(PRINCIPAL, member="khac")])
async def test_a_credential_for_others_shows_nothing(principal: Principal) -> None:
    world = World()
    world.principal = principal
    with pytest.raises(EndedEntitlement):
        await world.ask()


AUDITOR = replace(ACCOUNT, member="", organisations=(), roles=frozenset({ClerkRole.AUDITOR}))


async def test_an_auditors_account_stands_on_an_auditors_credential_alone() -> None:
    world = World()
    world.principal = Principal("c", None, (), Role.AUDITOR, "kiemtoan")
    assert await world.entitlements.organisations_of(AUDITOR, "dax_secret") == ()
    with pytest.raises(EndedEntitlement):
        await world.ask()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CLERK])
async def test_no_other_credential_makes_an_auditor(role: Role) -> None:
    world = World()
    world.principal = replace(PRINCIPAL, role=role)
    with pytest.raises(EndedEntitlement):
        await world.entitlements.organisations_of(AUDITOR, "dax_secret")
