"""The directory in PostgreSQL: every change in one transaction with a new version, and snapshots to read from."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from docaxis.directory import attestations, credentials, members, seals
from docaxis.directory.attestation import attest, check_attestation, organisations_digest
from docaxis.directory.credentials import Random
from docaxis.directory.entries import CertificateRole, Mandate, Principal, RegisteredCertificate, Role
from docaxis.directory.errors import RejectedRegistration, UnavailableDirectory
from docaxis.directory.loading import LIST, read_organisations, store_list
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.possession import PossessionChallenge
from docaxis.directory.signed_list import open_list
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.directory.versions import lock_changes, newest_version, read_version
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.driver import Database
from docaxis_schemas.moments import Clock, system_clock
from docaxis_schemas.organisation import Organisation
from docaxis_signing.statements import MemberKey, MemberSigner


class DirectoryRepository:
    """Reads and changes the directory. ``by`` names who acted; it is kept with the version of the change.

    With ``keeper``, the public JWK of the directory's keeper, only what it has signed is ever given.

    Any method raises `UnavailableDirectory` if the database cannot be reached.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        keeper: Mapping[str, Any] | None = None,
        clock: Clock = system_clock,
        random: Random = secrets.token_bytes,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._engine = engine
        self._keeper = keeper
        self._attested = 0
        self._database = Database(engine)
        self._clock = clock
        self._random = random
        self._new_id = new_id
        self._snapshot: DirectorySnapshot | None = None
        self._index: tuple[int, OrganisationIndex] | None = None
        self._digested: tuple[OrganisationIndex, str] | None = None

    async def current_version(self) -> int:
        """Give the version of the newest change; 0 for an empty directory."""
        with _unavailable():
            return await newest_version(self._database)

    async def snapshot(self) -> DirectorySnapshot:
        """Give the directory as it stands; read again only if its version changed.

        Raises:
            UnattestedDirectory: A keeper is named, and has not signed what is there.
        """
        if self._snapshot is None or self._snapshot.version != await self.current_version():
            async with self._reading() as connection:
                found = await self._read(connection, await read_version(connection))
                if self._keeper is not None:
                    self._attested = await self._check(found, await attestations.newest(connection), self._keeper)
                self._snapshot = found
        return self._snapshot

    async def require_attested(self, keeper: Mapping[str, Any]) -> None:
        """Check that the directory is as the keeper with this public JWK signed it.

        Raises:
            UnattestedDirectory: It is not.
        """
        async with self._reading() as connection:
            found = await self._read(connection, await read_version(connection))
            await self._check(found, await attestations.newest(connection), keeper)

    async def attest(self, signer: MemberSigner) -> int:
        """Sign the directory as it stands, for its keeper, and give the version that was signed."""
        async with self._changing() as connection:
            await lock_changes(connection)
            found = await self._read(connection, await read_version(connection))
            at = self._clock()
            token = attest(found, await self._digest(found.organisations), signer, at=at)
            await attestations.keep(connection, found.version, token, at=at)
            return found.version

    async def _read(self, connection: AsyncConnection, version: int) -> DirectorySnapshot:
        return DirectorySnapshot(
            version,
            await self._read_index(connection),
            await members.read_members(connection),
            await members.read_keys(connection),
            await members.read_mandates(connection),
            await seals.read_certificates(connection),
        )

    async def _check(self, found: DirectorySnapshot, token: str | None, keeper: Mapping[str, Any]) -> int:
        organisations = await self._digest(found.organisations)
        return check_attestation(token, found, organisations, keeper, at=self._clock(), since=self._attested)

    async def _digest(self, organisations: OrganisationIndex) -> str:
        if self._digested is None or self._digested[0] is not organisations:
            self._digested = (organisations, await asyncio.to_thread(organisations_digest, organisations))
        return self._digested[1]

    async def _read_index(self, connection: AsyncConnection) -> OrganisationIndex:
        version = await read_version(connection, what=LIST)
        if self._index is None or self._index[0] != version:
            entries = await read_organisations(connection)
            self._index = (version, await asyncio.to_thread(OrganisationIndex.of, entries))
        return self._index[1]

    async def load_signed_csv(self, data: bytes, signature_file: bytes, *, keys: Mapping[str, Ed25519PublicKey]) -> int:
        """Load a signed list of organisations and give the directory's version after it.

        Raises:
            RejectedList: Not signed by one of these keys, changed, faulty (with every fault), or older than the last.
        """
        signed = await asyncio.to_thread(open_list, data, signature_file, keys=keys)
        async with self._changing() as connection:
            return await store_list(connection, signed, at=self._clock())

    async def register_member(self, member: str, name: str, *, by: str) -> None:
        """Register a connected system; one that is registered already stays as it is.

        Raises:
            RejectedRegistration: Not a member id.
        """
        async with self._changing() as connection:
            await members.register(connection, member, name, by=by, at=self._clock())

    async def add_member_key(
        self,
        member: str,
        jwk: Mapping[str, Any],
        *,
        by: str,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
    ) -> MemberKey:
        """Add a public P-256 key under which a member signs; valid from now on unless told otherwise.

        Raises:
            RejectedRegistration: Not such a key, its id is taken by another, or an unknown member.
        """
        at = self._clock()
        async with self._changing() as connection:
            return await members.add_key(
                connection, member, jwk, valid_from=valid_from or at, valid_to=valid_to, by=by, at=at
            )

    async def suspend_member(self, member: str, *, by: str, compromised_since: datetime | None = None) -> None:
        """Suspend a member; with ``compromised_since`` also what it handed in after that moment is stopped.

        Raises:
            RejectedRegistration: An unknown member.
        """
        async with self._changing() as connection:
            await members.suspend(connection, member, compromised_since=compromised_since, by=by, at=self._clock())

    async def reinstate_member(self, member: str, *, by: str) -> None:
        """Let a suspended member act again.

        Raises:
            RejectedRegistration: An unknown member.
        """
        async with self._changing() as connection:
            await members.reinstate(connection, member, by=by, at=self._clock())

    async def grant_mandate(
        self, member: str, issuer: str, *, by: str, valid_from: datetime | None = None, valid_to: datetime | None = None
    ) -> Mandate:
        """Let a member send for an issuer that it does not receive for.

        Raises:
            RejectedRegistration: An unknown member or issuer.
        """
        at = self._clock()
        canonical = (await self._organisation(issuer)).code
        mandate = Mandate(member, canonical, valid_from or at, valid_to, by)
        async with self._changing() as connection:
            await members.grant(connection, mandate, at=at)
        return mandate

    async def issue_credential(
        self,
        *,
        role: Role,
        holder: str,
        expires_at: datetime,
        member: str | None = None,
        organisations: Sequence[str] = (),
    ) -> tuple[Principal, str]:
        """Make a credential and give it with its secret, which can never be shown again.

        ``holder`` names the person or system; each may have two live ones, so that a secret is changed without a gap.

        Raises:
            RejectedRegistration: Unknown member, bodies it does not speak for, expired at once, or a third live one.
        """
        codes = [(await self._organisation(code)).code for code in organisations]
        principal = Principal(str(self._new_id()), member, tuple(dict.fromkeys(codes)), role, holder)
        at = self._clock()
        async with self._changing() as connection:
            secret = await credentials.issue(connection, principal, expires_at=expires_at, at=at, random=self._random)
        return principal, secret

    async def renew_credential(
        self, *, role: Role, holder: str, expires_at: datetime, member: str, organisations: Sequence[str]
    ) -> tuple[Principal, str]:
        """Make a credential and end all others of this holder.

        Raises:
            RejectedRegistration: Unknown member, bodies it does not speak for, or expired at once.
        """
        codes = [(await self._organisation(code)).code for code in organisations]
        principal = Principal(str(self._new_id()), member, tuple(dict.fromkeys(codes)), role, holder)
        at = self._clock()
        async with self._changing() as connection:
            await credentials.revoke_of(connection, member, role, holder, at=at)
            secret = await credentials.issue(connection, principal, expires_at=expires_at, at=at, random=self._random)
        return principal, secret

    async def revoke_credentials_of(self, *, role: Role, holder: str, member: str) -> None:
        """End all credentials of a holder now."""
        async with self._changing() as connection:
            await credentials.revoke_of(connection, member, role, holder, at=self._clock())

    async def authenticate(self, secret: str) -> Principal:
        """Say who bears this secret; whether the member may act is asked of the snapshot.

        Raises:
            RejectedCredential: Nobody, or no longer.
        """
        with _unavailable():
            return await credentials.authenticate(self._database, secret, at=self._clock())

    async def revoke_credential(self, credential_id: str) -> None:
        """End a credential now."""
        async with self._changing() as connection:
            await credentials.revoke(connection, credential_id, at=self._clock())

    async def challenge_possession(self, certificate: bytes, organisation: str) -> PossessionChallenge:
        """Make the challenge that the holder of a certificate's key signs before it is registered.

        Raises:
            RejectedRegistration: No certificate, a weak key, or an unknown body.
        """
        code = (await self._organisation(organisation)).code
        async with self._changing() as connection:
            return await seals.challenge(connection, certificate, code, at=self._clock(), random=self._random)

    async def register_seal(
        self,
        certificate: bytes,
        organisation: str,
        *,
        answer: bytes,
        by: Principal,
        role: CertificateRole = CertificateRole.SEAL,
    ) -> RegisteredCertificate:
        """Register a certificate (DER) as a body's seal, or as one of its persons'.

        ``by`` is an operator or speaks for the parent body; ``answer`` is the signature over the challenge's message.

        Raises:
            RejectedRegistration: No right, no live challenge, no proof of possession, or registered to another body.
        """
        body = await self._organisation(organisation)
        async with self._changing() as connection:
            return await seals.register(connection, certificate, body, role, answer=answer, by=by, at=self._clock())

    async def withdraw_certificate(self, certificate_sha256: str, *, by: Principal) -> None:
        """End a certificate's registration from now on.

        Raises:
            RejectedRegistration: Not by an operator, or no registration stands.
        """
        async with self._changing() as connection:
            await seals.withdraw(connection, certificate_sha256, by=by, at=self._clock())

    async def _organisation(self, code: str) -> Organisation:
        found = (await self.snapshot()).organisation(code, self._clock())
        if found is None:
            raise RejectedRegistration(f"the directory knows no organisation {code!r} today")
        return found

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[AsyncConnection]:
        with _unavailable():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with _unavailable():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                async with connection.begin():
                    yield connection


@contextmanager
def _unavailable() -> Iterator[None]:
    """Tell a database that is away from a mistake of ours, which must not be retried."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise
    except (DBAPIError, OSError, UnavailableStorage) as error:
        raise UnavailableDirectory("the directory's database cannot be reached") from error
