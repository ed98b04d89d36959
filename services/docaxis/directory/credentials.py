"""Credentials: secrets shown once, stored as digests, two live a holder so that they can be changed without a gap."""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.directory.entries import BELONGS_TO_MEMBER, Principal, Role
from docaxis.directory.errors import CredentialFault, RejectedCredential, RejectedRegistration
from docaxis.directory.members import require
from docaxis.directory.versions import lock_changes
from docaxis.storage.driver import Database, Statement
from docaxis.storage.tables.directory import credentials, organisations

PREFIX: Final = "dax_"
"""Marks our secrets, so that scanners of code and logs can find a leaked one."""

SECRET_BYTES: Final = 32
"""256 random bits: such a secret needs no slow hash, its SHA-256 cannot be searched either."""

MAX_LIVE: Final = 2
"""The one in use and the one that replaces it."""

MAX_SECRET: Final = 100

_FIND: Final = Statement(select(credentials).where(credentials.c.secret_sha256 == bindparam("digest")))
"""Asked again and again for everybody who comes: it goes the short way."""

Random = Callable[[int], bytes]
"""Gives so many random bytes."""


async def issue(
    connection: AsyncConnection,
    principal: Principal,
    *,
    expires_at: datetime,
    at: datetime,
    random: Random,
) -> str:
    """Store a credential and give its secret, which is known to nobody afterwards.

    Raises:
        RejectedRegistration: Unknown member, bodies that are not the member's, expired at once, a third live one.
    """
    if expires_at <= at:
        raise RejectedRegistration("the credential would have expired already")
    await _check_holder(connection, principal)
    await lock_changes(connection)
    table = credentials.c
    live = await connection.execute(
        select(func.count())
        .select_from(credentials)
        .where(table.member.is_not_distinct_from(principal.member), table.role == principal.role.value)
        .where(table.holder == principal.holder, table.revoked_at.is_(None), table.expires_at > at)
    )
    if live.scalar_one() >= MAX_LIVE:
        raise RejectedRegistration(f"{principal.holder} has {MAX_LIVE} live credentials; revoke one first")
    secret = PREFIX + base64.urlsafe_b64encode(random(SECRET_BYTES)).decode("ascii").rstrip("=")
    await connection.execute(
        insert(credentials).values(
            credential_id=UUID(principal.credential_id),
            secret_sha256=_digest(secret),
            member=principal.member,
            organisations=list(principal.organisations),
            role=principal.role.value,
            holder=principal.holder,
            valid_from=at,
            expires_at=expires_at,
        )
    )
    return secret


async def _check_holder(connection: AsyncConnection, principal: Principal) -> None:
    if principal.role not in BELONGS_TO_MEMBER:
        if principal.member is not None or principal.organisations:
            raise RejectedRegistration(f"a credential of an {principal.role.value} belongs to no member")
        return
    if principal.member is None or not principal.organisations:
        raise RejectedRegistration(f"a credential of a {principal.role.value} names its member and organisations")
    await require(connection, principal.member)
    own = await connection.execute(
        select(organisations.c.code)
        .distinct()
        .where(organisations.c.to_version.is_(None), organisations.c.member == principal.member)
        .where(organisations.c.code.in_(principal.organisations))
    )
    if strange := sorted(set(principal.organisations) - set(own.scalars())):
        raise RejectedRegistration(f"member {principal.member} does not speak for {', '.join(strange)}")


async def authenticate(database: Database, secret: str, *, at: datetime) -> Principal:
    """Say who bears this secret.

    Raises:
        RejectedCredential: Nobody, or no longer.
    """
    if not secret.startswith(PREFIX) or len(secret) > MAX_SECRET:
        raise RejectedCredential(CredentialFault.UNKNOWN)
    row = await database.row(_FIND, digest=_digest(secret))
    if row is None:
        raise RejectedCredential(CredentialFault.UNKNOWN)
    if row["revoked_at"] is not None and row["revoked_at"] <= at:
        raise RejectedCredential(CredentialFault.REVOKED)
    if at < row["valid_from"]:
        raise RejectedCredential(CredentialFault.NOT_YET)
    if at >= row["expires_at"]:
        raise RejectedCredential(CredentialFault.EXPIRED)
    organisations_named, role = tuple(row["organisations"]), Role(row["role"])
    return Principal(str(row["credential_id"]), row["member"], organisations_named, role, row["holder"])


async def revoke(connection: AsyncConnection, credential_id: str, *, at: datetime) -> None:
    """End a credential now; ending it again changes nothing."""
    await connection.execute(
        update(credentials)
        .where(credentials.c.credential_id == UUID(credential_id), credentials.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def revoke_of(connection: AsyncConnection, member: str, role: Role, holder: str, *, at: datetime) -> None:
    """End every credential of a member's holder now."""
    table = credentials.c
    await connection.execute(
        update(credentials)
        .where(table.member == member, table.role == role.value, table.holder == holder, table.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
