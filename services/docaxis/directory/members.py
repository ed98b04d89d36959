"""Members, their keys and mandates, as rows. Every function works within the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.directory.entries import Mandate, Member, MemberState
from docaxis.directory.errors import RejectedRegistration
from docaxis.directory.versions import take_version
from docaxis.storage.tables.directory import mandates, member_keys, members
from docaxis_schemas.topics import MEMBER_ID
from docaxis_signing.statements import MemberKey


async def register(connection: AsyncConnection, member: str, name: str, *, by: str, at: datetime) -> None:
    """Register a member; one that is registered already stays as it is.

    Raises:
        RejectedRegistration: Not a member id.
    """
    if not MEMBER_ID.fullmatch(member):
        raise RejectedRegistration(f"not a member id: {member!r}")
    row = {"member": member, "name": name, "state": MemberState.ACTIVE.value, "registered_at": at}
    added = await connection.execute(
        postgresql.insert(members).values(row).on_conflict_do_nothing().returning(members.c.member)
    )
    if added.one_or_none() is not None:
        await take_version(connection, what="member", subject=member, by=by, at=at)


async def add_key(
    connection: AsyncConnection,
    member: str,
    jwk: Mapping[str, Any],
    *,
    valid_from: datetime,
    valid_to: datetime | None,
    by: str,
    at: datetime,
) -> MemberKey:
    """Add a member's public key; the same key once more changes nothing.

    Raises:
        RejectedRegistration: Not a public P-256 key with an id, another key under that id, or an unknown member.
    """
    key = MemberKey(_checked_kid(jwk), public_part(jwk), valid_from, valid_to)
    await require(connection, member)
    before = await connection.execute(
        select(member_keys.c.jwk).where(member_keys.c.member == member, member_keys.c.kid == key.kid)
    )
    known = before.scalar_one_or_none()
    if known is not None and known != key.jwk:
        raise RejectedRegistration(f"member {member} has another key with the id {key.kid!r}")
    if known is None:
        await connection.execute(
            insert(member_keys).values(
                member=member, kid=key.kid, jwk=dict(key.jwk), valid_from=valid_from, valid_to=valid_to
            )
        )
        await take_version(connection, what="key", subject=f"{member} {key.kid}", by=by, at=at)
    return key


def public_part(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Check a public P-256 key and give its canonical members.

    Raises:
        RejectedRegistration: A private key, which must never leave its owner, or none of the one kind we take.
    """
    if "d" in jwk:
        raise RejectedRegistration("a private key was given; only the public part belongs into the directory")
    try:
        key = ECKey.import_key(dict(jwk))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise RejectedRegistration("not a JSON Web Key") from error
    if key.curve_name != "P-256":
        raise RejectedRegistration("member keys are P-256 (ES256)")
    return {name: jwk[name] for name in ("kty", "crv", "x", "y")} | {"kid": _checked_kid(jwk)}


def _checked_kid(jwk: Mapping[str, Any]) -> str:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not 1 <= len(kid) <= 100 or not kid.isprintable():
        raise RejectedRegistration("a key needs an id (kid) of 1 to 100 characters")
    return kid


async def suspend(
    connection: AsyncConnection, member: str, *, compromised_since: datetime | None, by: str, at: datetime
) -> None:
    """Suspend a member. Suspending again may only move ``compromised_since``, not the moment of suspension.

    Raises:
        RejectedRegistration: An unknown member.
    """
    found = await require(connection, member)
    suspended_at = found.suspended_at if found.state is MemberState.SUSPENDED else at
    await connection.execute(
        update(members)
        .where(members.c.member == member)
        .values(
            state=MemberState.SUSPENDED.value,
            suspended_at=suspended_at,
            compromised_since=compromised_since or found.compromised_since,
        )
    )
    await take_version(connection, what="member", subject=f"{member} suspended", by=by, at=at)


async def reinstate(connection: AsyncConnection, member: str, *, by: str, at: datetime) -> None:
    """Let a suspended member act again.

    Raises:
        RejectedRegistration: An unknown member.
    """
    await require(connection, member)
    await connection.execute(
        update(members)
        .where(members.c.member == member)
        .values(state=MemberState.ACTIVE.value, suspended_at=None, compromised_since=None)
    )
    await take_version(connection, what="member", subject=f"{member} reinstated", by=by, at=at)


async def grant(connection: AsyncConnection, mandate: Mandate, *, at: datetime) -> None:
    """Let a member send for an issuer; the same mandate once more changes nothing.

    Raises:
        RejectedRegistration: An unknown member.
    """
    await require(connection, mandate.member)
    row = {name: getattr(mandate, name) for name in Mandate.__slots__}
    added = await connection.execute(
        postgresql.insert(mandates).values(row).on_conflict_do_nothing().returning(mandates.c.member)
    )
    if added.one_or_none() is not None:
        subject = f"{mandate.member} for {mandate.issuer}"
        await take_version(connection, what="mandate", subject=subject, by=mandate.granted_by, at=at)


async def require(connection: AsyncConnection, member: str) -> Member:
    """Give a registered member, locked until the transaction ends.

    Raises:
        RejectedRegistration: There is none.
    """
    rows = await connection.execute(select(members).where(members.c.member == member).with_for_update())
    row = rows.one_or_none()
    if row is None:
        raise RejectedRegistration(f"no such member: {member!r}")
    return _member(row)


def _member(row: Any) -> Member:
    return Member(row.member, row.name, MemberState(row.state), row.suspended_at, row.compromised_since)


async def read_members(connection: AsyncConnection) -> dict[str, Member]:
    """Read all members by id."""
    return {row.member: _member(row) for row in await connection.execute(select(members))}


async def read_keys(connection: AsyncConnection) -> dict[str, dict[str, MemberKey]]:
    """Read all keys, by member and id."""
    keys: dict[str, dict[str, MemberKey]] = {}
    for row in await connection.execute(select(member_keys)):
        keys.setdefault(row.member, {})[row.kid] = MemberKey(row.kid, row.jwk, row.valid_from, row.valid_to)
    return keys


async def read_mandates(connection: AsyncConnection) -> dict[str, tuple[Mandate, ...]]:
    """Read all mandates by member."""
    found: dict[str, tuple[Mandate, ...]] = {}
    for row in await connection.execute(select(mandates).order_by(mandates.c.valid_from)):
        mandate = Mandate(row.member, row.issuer, row.valid_from, row.valid_to, row.granted_by)
        found[row.member] = (*found.get(row.member, ()), mandate)
    return found
