"""Registration of certificates: who may ask, what must be proved, and what is kept. Within the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from docaxis.directory.credentials import Random
from docaxis.directory.entries import CertificateRole, Principal, RegisteredCertificate, Role
from docaxis.directory.errors import RejectedRegistration
from docaxis.directory.possession import (
    CHALLENGE_BYTES,
    CHALLENGE_LIFE,
    PossessionChallenge,
    fingerprint,
    possession_message,
    read_certificate,
    verify_possession,
)
from docaxis.directory.versions import take_version
from docaxis.storage.tables.directory import possession_challenges, registered_certificates
from docaxis_schemas.organisation import Organisation


async def challenge(
    connection: AsyncConnection, certificate: bytes, organisation: str, *, at: datetime, random: Random
) -> PossessionChallenge:
    """Make the challenge for registering a certificate; an earlier one for the same is void.

    Raises:
        RejectedRegistration: No certificate, or its key is too weak.
    """
    read_certificate(certificate)
    sha256 = fingerprint(certificate)
    value = random(CHALLENGE_BYTES)
    expires_at = at + CHALLENGE_LIFE
    row = {"challenge": value, "certificate_sha256": sha256, "organisation": organisation, "expires_at": expires_at}
    await connection.execute(
        postgresql.insert(possession_challenges)
        .values(row)
        .on_conflict_do_update(
            constraint="possession_challenges_one", set_={"challenge": value, "expires_at": expires_at}
        )
    )
    message = possession_message(value, organisation=organisation, certificate_sha256=sha256)
    return PossessionChallenge(value, message, expires_at)


def require_authority(principal: Principal, organisation: Organisation) -> None:
    """Let an operator, or the body above, register for a body; never the body for itself.

    Raises:
        RejectedRegistration: Anybody else.
    """
    above = organisation.parent is not None and organisation.parent in principal.organisations
    if principal.role is not Role.OPERATOR and not (above and principal.role is not Role.AUDITOR):
        raise RejectedRegistration("a certificate is registered by an operator or by the parent organisation")


async def register(
    connection: AsyncConnection,
    certificate: bytes,
    organisation: Organisation,
    role: CertificateRole,
    *,
    answer: bytes,
    by: Principal,
    at: datetime,
) -> RegisteredCertificate:
    """Register a certificate; ``answer`` is the signature over the challenge's message.

    The registration stands from the certificate's first day until it is withdrawn: it says whose key this is, also for
    documents sealed before. Whether the certificate was valid is for a verdict to say, with a cause of its own.

    Raises:
        RejectedRegistration: No right, no live challenge, no proof, or registered to another body.
    """
    require_authority(by, organisation)
    parsed = read_certificate(certificate)
    sha256 = fingerprint(certificate)
    message = possession_message(
        await _use_challenge(connection, sha256, organisation.code, at),
        organisation=organisation.code,
        certificate_sha256=sha256,
    )
    possession = verify_possession(parsed, message=message, signature=answer)
    entry = RegisteredCertificate(
        certificate_sha256=sha256,
        role=role,
        organisation=organisation.code,
        valid_from=parsed.not_valid_before_utc,
        valid_to=None,
        possession=possession,
        registered_by=by.credential_id,
        registered_at=at,
    )
    return await _store(connection, entry, certificate, answer)


async def _use_challenge(connection: AsyncConnection, sha256: str, organisation: str, at: datetime) -> bytes:
    used = await connection.execute(
        delete(possession_challenges)
        .where(possession_challenges.c.certificate_sha256 == sha256)
        .where(possession_challenges.c.organisation == organisation)
        .returning(possession_challenges.c.challenge, possession_challenges.c.expires_at)
    )
    row = used.one_or_none()
    if row is None or row.expires_at <= at:
        raise RejectedRegistration("there is no live challenge for this certificate and organisation")
    return bytes(row.challenge)


async def _store(
    connection: AsyncConnection, entry: RegisteredCertificate, certificate: bytes, answer: bytes
) -> RegisteredCertificate:
    key = registered_certificates.c.certificate_sha256
    before = await connection.execute(select(registered_certificates).where(key == entry.certificate_sha256))
    row = before.one_or_none()
    if row is not None:
        known = _entry(row)
        if (known.organisation, known.role) != (entry.organisation, entry.role):
            raise RejectedRegistration(f"the certificate is registered to {known.organisation} as {known.role.value}")
        if known.valid_to is not None:
            raise RejectedRegistration("the certificate's registration was withdrawn; it takes a new certificate")
        return known
    values = {name: getattr(entry, name) for name in RegisteredCertificate.__slots__} | {"role": entry.role.value}
    values |= {"certificate": certificate, "proof": answer}
    await connection.execute(insert(registered_certificates).values(values))
    subject = f"{entry.certificate_sha256} {entry.role.value} of {entry.organisation}"
    await take_version(connection, what="certificate", subject=subject, by=entry.registered_by, at=entry.registered_at)
    return entry


async def withdraw(connection: AsyncConnection, certificate_sha256: str, *, by: Principal, at: datetime) -> None:
    """End a registration from now on; what was delivered before stays as it was judged.

    Raises:
        RejectedRegistration: Not by an operator, or no registration stands.
    """
    if by.role is not Role.OPERATOR:
        raise RejectedRegistration("a registration is withdrawn by an operator")
    ended = await connection.execute(
        update(registered_certificates)
        .where(registered_certificates.c.certificate_sha256 == certificate_sha256)
        .where(registered_certificates.c.valid_to.is_(None))
        .values(valid_to=at)
    )
    if ended.rowcount != 1:
        raise RejectedRegistration(f"no registration of {certificate_sha256} stands")
    subject = f"{certificate_sha256} withdrawn"
    await take_version(connection, what="certificate", subject=subject, by=by.credential_id, at=at)


def _entry(row: Any) -> RegisteredCertificate:
    values = {name: getattr(row, name) for name in RegisteredCertificate.__slots__}
    return RegisteredCertificate(**values | {"role": CertificateRole(row.role)})


async def read_certificates(connection: AsyncConnection) -> dict[str, RegisteredCertificate]:
    """Read all registrations by fingerprint."""
    return {row.certificate_sha256: _entry(row) for row in await connection.execute(select(registered_certificates))}
