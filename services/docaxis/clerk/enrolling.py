"""Making accounts for the pages: the credential they act with is sealed before it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from docaxis.clerk.passwords import Passwords
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkAccountStore, ClerkRole
from docaxis.storage.contents.sealing import StoreKey

ACCOUNTS: Final = UUID("6f4f4e0c-6d2c-5ab5-9f2f-8a3c1d7a9b10")
"""Name space of account ids: an account made again under its name is the same."""


@dataclass(frozen=True, slots=True)
class NewClerk:
    """A person who is to sign in. ``credential`` is one of role clerk for these organisations."""

    name: str
    full_name: str
    password: str
    credential: str
    member: str
    organisations: tuple[str, ...]
    roles: frozenset[ClerkRole] = frozenset({ClerkRole.CLERK})

    def __repr__(self) -> str:
        return f"NewClerk({self.name!r})"  # never password or credential


def new_auditor(name: str, full_name: str, password: str, credential: str) -> NewClerk:
    """Describe somebody who looks for no organisation; ``credential`` is one of role auditor."""
    return NewClerk(name, full_name, password, credential, "", (), frozenset({ClerkRole.AUDITOR}))


async def enrol(store: ClerkAccountStore, key: StoreKey, passwords: Passwords, new: NewClerk, *, at: datetime) -> None:
    """Make an account; one of that name that is there already stays as it is."""
    name = new.name.strip().lower()
    account_id = uuid5(ACCOUNTS, name)
    account = ClerkAccount(
        account_id=account_id,
        name=name,
        full_name=new.full_name,
        member=new.member,
        organisations=new.organisations,
        roles=new.roles,
        password_hash=passwords.hash(new.password),
        credential=key.wrap(new.credential.encode(), place_of(account_id)),
    )
    await store.add(account, at=at)


def place_of(account_id: UUID) -> str:
    """Say what a sealed credential is bound to: moved to another account it does not open."""
    return f"clerk {account_id}"
