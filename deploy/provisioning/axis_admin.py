# ruff: noqa: INP001 - a script beside the packages, never imported by them
"""Prepares a production axis: tables, topics, users, rights, directory, members. Every step may be repeated.

    python deploy/provisioning/axis_admin.py --help

Database and brokers are those of the services' own settings (``DOCAXIS_DATABASE``, ``DOCAXIS_BUS__...``), but as an
administrator: the user of ``DOCAXIS_BUS__USERNAME`` must be one of the brokers' super users. Secrets that are made are
written to files readable by their owner, never printed, except a credential, which can be shown only once.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cyclopts import App

from docaxis.bus.access import SERVICES, BrokerAccess
from docaxis.bus.provisioning import Provisioner
from docaxis.clerk.enrolling import NewClerk, enrol, new_auditor
from docaxis.clerk.oidc.tokens import MAX_SUBJECT
from docaxis.clerk.passwords import Passwords
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import CertificateRole, Role
from docaxis.directory.errors import UnattestedDirectory
from docaxis.directory.possession import PossessionChallenge
from docaxis.settings import Settings
from docaxis.storage.clerk_accounts import ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_acts import OPERATOR
from docaxis.storage.clerk_administration import ClerkAdministration, Scope, TakenIdentity
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_signing.durable import write_whole
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys
from docaxis_signing.statements import MemberSigner

app: Final = App("axis_admin", help=__doc__, help_format="plaintext", result_action="return_value")
SECRET_BYTES: Final = 32
PASSWORD_BYTES: Final = 12
"""Of a first password: 96 random bits, short enough to be typed once."""


def tell(**facts: Any) -> None:
    """Say what was done as one JSON line."""
    sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")


def keep(path: Path, data: bytes) -> None:
    """Write a new secret file for its owner alone; an existing one is never overwritten."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def administrator(settings: Settings) -> Provisioner:
    """Give who may change the brokers."""
    bus = settings.bus
    access = BrokerAccess(
        bus.bootstrap, bus.username, bus.password.get_secret_value(), bus.security_protocol, bus.ca_file
    )
    return Provisioner(access, replication=bus.replication)


@asynccontextmanager
async def directory(settings: Settings) -> AsyncIterator[DirectoryRepository]:
    """Open the directory, for what its keeper has no part in."""
    engine = open_database(settings.database.get_secret_value(), application="axis-admin", pool=1)
    try:
        yield DirectoryRepository(engine)
    finally:
        await engine.dispose()


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[DirectoryRepository]:
    """Open the directory as its keeper: what was attested is changed, and attested again; nothing else is."""
    keeper = _keeper()
    async with directory(settings) as repository:
        if await repository.current_version():
            try:
                await repository.require_attested(keeper.public_jwk())
            except UnattestedDirectory as error:
                raise SystemExit(f"axis_admin: {error}: find out why, then `attest`") from error
        yield repository
        await repository.attest(keeper)


def _keeper() -> MemberSigner:
    path = os.environ.get("DOCAXIS_KEEPER_KEY")
    if path is None:
        raise SystemExit("axis_admin: DOCAXIS_KEEPER_KEY names no file with the private key of the directory's keeper")
    return MemberSigner.from_jwk(json.loads(Path(path).read_bytes()))


@app.command(name="keeper-key")
def keeper_key(file: Path, *, key_id: str = "directory-keeper-1") -> None:
    """Make the keeper's key, which no service may hold, and beside it the public half for DOCAXIS_DIRECTORY_KEY."""
    signer = MemberSigner.generate(key_id)
    keep(file, json.dumps(signer.private_jwk()).encode())
    public = file.with_suffix(".public.json")
    write_whole(public, json.dumps(signer.public_jwk()).encode())
    tell(private=str(file), public=str(public))


@app.command
def attest() -> None:
    """Attest the directory as it is: with the keeper's first key or a new one, or after a change was looked into."""

    async def act() -> int:
        async with directory(Settings()) as repository:
            return await repository.attest(_keeper())

    tell(attested=asyncio.run(act()))


@app.command
def keys(folder: Path, *, evidence_id: str = "evidence-1", gateway_id: str = "gateway-1") -> None:
    """Make store key, gateway key, evidence key, the key of the clerk's pages, and the file of public keys to pin."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings, evidence = Settings(), EvidenceSigner.generate(evidence_id)
    keep(folder / "evidence.json", json.dumps(evidence.private_jwk()).encode())
    keep(folder / "gateway.json", json.dumps(MemberSigner.generate(gateway_id).private_jwk()).encode())
    FileStoreKey.create(folder / "store.key")
    FileStoreKey.create(folder / "clerk.key")
    key = EvidenceKey(evidence_id, evidence.public_jwk(), datetime.now(UTC), None)
    pinned = PinnedKeys(settings.axis, settings.environment, (key,))
    (folder / "pinned.json").write_text(json.dumps(pinned.to_json(), indent=2) + "\n", "utf-8")
    tell(made=sorted(path.name for path in folder.iterdir()))


@app.command
def migrate() -> None:
    """Bring the database to the present tables. Run it before services of a new version start."""
    asyncio.run(upgrade(Settings().database.get_secret_value()))
    tell(migrated=True)


@app.command
def services(passwords: Path) -> None:
    """Make topics, and user, rights, quota and first offsets of every service.

    ``passwords`` is a JSON file, service to password; it is made with random ones if it is missing.
    """
    if not passwords.exists():
        keep(passwords, json.dumps({name: secrets.token_urlsafe(SECRET_BYTES) for name in SERVICES}).encode())
    settings = Settings()
    words: dict[str, str] = json.loads(passwords.read_bytes())
    made = asyncio.run(administrator(settings).provision_services(settings.bus.slots, words))
    tell(services=sorted(made), slots=settings.bus.slots, replication=settings.bus.replication)


@app.command(name="load-list")
def load_list(file: Path, signature: Path, *, key: Path, key_id: str) -> None:
    """Load a signed list of organisations; ``key`` is the directory key's public part (PEM, Ed25519)."""
    public, data, signed = load_pem_public_key(key.read_bytes()), file.read_bytes(), signature.read_bytes()
    if not isinstance(public, Ed25519PublicKey):
        raise SystemExit(f"{key}: not an Ed25519 key")
    pinned = {key_id: public}

    async def load() -> int:
        async with keeping(Settings()) as repository:
            return await repository.load_signed_csv(data, signed, keys=pinned)

    tell(version=asyncio.run(load()))


@app.command
def member(member_id: str, name: str, *, key: Path, organisation: list[str], by: str, password: Path) -> None:
    """Register a member with its public key and make its inbox, user and rights.

    ``key`` is its public JWK. The password of its Kafka user is written to ``password``, which is made if missing.
    """
    if not password.exists():
        keep(password, secrets.token_urlsafe(SECRET_BYTES).encode())
    word, jwk = password.read_text("utf-8").strip(), json.loads(key.read_bytes())

    async def enrol() -> None:
        settings = Settings()
        async with keeping(settings) as repository:
            snapshot = await repository.snapshot()
            now = datetime.now(UTC)
            for code in organisation:
                if snapshot.member_of(code, now) != member_id:
                    raise SystemExit(f"the list of organisations does not give {code} to {member_id}")
            await repository.register_member(member_id, name, by=by)
            await repository.add_member_key(member_id, jwk, by=by)
        await administrator(settings).provision_member(member_id, word)

    asyncio.run(enrol())
    tell(member=member_id, organisations=organisation)


@app.command(name="credential")
def issue_credential(
    role: Role, holder: str, *, days: int = 365, member: str | None = None, organisation: list[str] | None = None
) -> None:
    """Make a credential; its secret is printed once. Members' roles name their member and organisations."""

    async def issue() -> tuple[str, str]:
        async with directory(Settings()) as repository:
            principal, secret = await repository.issue_credential(
                role=role,
                holder=holder,
                expires_at=datetime.now(UTC) + timedelta(days=days),
                member=member,
                organisations=organisation or (),
            )
            return principal.credential_id, secret

    credential_id, secret = asyncio.run(issue())
    tell(credential_id=credential_id, secret=secret)


@app.command(name="clerk-account")
def clerk_account(
    name: str,
    full_name: str,
    *,
    member: str,
    organisation: list[str],
    role: list[ClerkRole] | None = None,
    days: int = 365,
) -> None:
    """Make an account at the clerk's pages; its password is printed once. Wants DOCAXIS_KEYS__CLERK_KEY.

    ``role`` may be given several times; a clerk without. An organisation's first administrator is made here.
    """
    roles = frozenset(role or (ClerkRole.CLERK,))
    if ClerkRole.AUDITOR in roles:
        raise SystemExit("axis_admin: an auditor belongs to no member: auditor-account makes the account")
    grant = {"role": Role.CLERK, "member": member, "organisations": organisation}

    def new(password: str, credential: str) -> NewClerk:
        return NewClerk(name, full_name, password, credential, member, tuple(organisation), roles)

    asyncio.run(_make_account(name, grant, new, days))


@app.command(name="auditor-account")
def auditor_account(name: str, full_name: str, *, days: int = 365) -> None:
    """Make an auditor's account at the pages; its password is printed once. Wants DOCAXIS_KEYS__CLERK_KEY."""

    def new(password: str, credential: str) -> NewClerk:
        return new_auditor(name, full_name, password, credential)

    asyncio.run(_make_account(name, {"role": Role.AUDITOR}, new, days))


async def _make_account(name: str, grant: dict[str, Any], new: Callable[[str, str], NewClerk], days: int) -> None:
    settings = Settings()
    sealing, password = FileStoreKey.load(_clerk_key(settings)), secrets.token_urlsafe(PASSWORD_BYTES)
    engine = open_database(settings.database.get_secret_value(), application="axis-admin", pool=2)
    try:
        _, credential = await DirectoryRepository(engine).issue_credential(
            holder=f"pages: {name}", expires_at=datetime.now(UTC) + timedelta(days=days), **grant
        )
        await enrol(ClerkAccountStore(engine), sealing, Passwords(), new(password, credential), at=datetime.now(UTC))
    finally:
        await engine.dispose()
    tell(account=name.strip().lower(), password=password)


@app.command(name="disable-clerk-account")
def disable_clerk_account(name: str) -> None:
    """Let nobody sign in to an account at the clerk's pages any more; who is signed in is out at the next page."""

    async def disable() -> bool:
        settings = Settings()
        engine = open_database(settings.database.get_secret_value(), application="axis-admin", pool=2)
        try:
            return await ClerkAccountStore(engine).disable(name.strip().lower(), at=datetime.now(UTC))
        finally:
            await engine.dispose()

    if not asyncio.run(disable()):
        raise SystemExit(f"axis_admin: no account {name}")
    tell(account=name.strip().lower(), disabled=True)


@app.command(name="link-clerk-account")
def link_clerk_account(name: str, subject: str) -> None:
    """Let who is ``subject`` at the OpenID Connect provider of the settings sign in to an account, and nobody else."""
    if not 0 < len(subject) <= MAX_SUBJECT:
        raise SystemExit(f"axis_admin: a subject has 1 to {MAX_SUBJECT} characters")
    tell(account=name.strip().lower(), issuer=asyncio.run(_link(name.strip().lower(), subject)), subject=subject)


@app.command(name="unlink-clerk-account")
def unlink_clerk_account(name: str) -> None:
    """Let nobody come to an account from the provider any more; sessions that began there end."""
    tell(account=name.strip().lower(), issuer=asyncio.run(_link(name.strip().lower(), "")), unlinked=True)


async def _link(name: str, subject: str) -> str:
    """Link an account, or unlink it where the subject is empty, and give the provider's issuer."""
    settings = Settings()
    issuer = settings.clerk.oidc.issuer
    if not issuer:
        raise SystemExit("axis_admin: DOCAXIS_CLERK__OIDC__ISSUER names no provider")
    engine = open_database(settings.database.get_secret_value(), application="axis-admin", pool=2)
    try:
        account = await ClerkAccountStore(engine).named(name)
        if account is None:
            raise SystemExit(f"axis_admin: no account {name} that is in use")
        if not account.member:
            raise SystemExit(f"axis_admin: {name} is an auditor's, who signs in by password")
        scope = Scope(account.member, account.organisations, OPERATOR)
        await ClerkAdministration(engine).link(scope, account.account_id, issuer, subject, at=datetime.now(UTC))
    except TakenIdentity:
        raise SystemExit(f"axis_admin: {subject} is linked to another account: unlink that first") from None
    finally:
        await engine.dispose()
    return issuer


def _clerk_key(settings: Settings) -> Path:
    if settings.keys.clerk_key is None:
        raise SystemExit("axis_admin: DOCAXIS_KEYS__CLERK_KEY names no file")
    return settings.keys.clerk_key


@app.command(name="revoke-credential")
def revoke_credential(credential_id: str) -> None:
    """End a credential now; gateways follow within ten seconds."""

    async def revoke() -> None:
        async with directory(Settings()) as repository:
            await repository.revoke_credential(credential_id)

    asyncio.run(revoke())
    tell(revoked=credential_id)


@app.command
def suspend(member_id: str, *, by: str, compromised_since: datetime | None = None) -> None:
    """Suspend a member; with ``--compromised-since`` also what it handed in after that moment is stopped."""

    async def act() -> None:
        since = None if compromised_since is None else compromised_since.astimezone(UTC)
        async with keeping(Settings()) as repository:
            await repository.suspend_member(member_id, by=by, compromised_since=since)

    asyncio.run(act())
    tell(suspended=member_id)


@app.command
def reinstate(member_id: str, *, by: str) -> None:
    """Let a suspended member act again."""

    async def act() -> None:
        async with keeping(Settings()) as repository:
            await repository.reinstate_member(member_id, by=by)

    asyncio.run(act())
    tell(reinstated=member_id)


@app.command
def mandate(member_id: str, issuer: str, *, by: str) -> None:
    """Let a member send for an issuer it does not receive for."""

    async def act() -> None:
        async with keeping(Settings()) as repository:
            await repository.grant_mandate(member_id, issuer, by=by)

    asyncio.run(act())
    tell(member=member_id, issuer=issuer)


@app.command
def challenge(certificate: Path, organisation: str, *, out: Path) -> None:
    """Write what the holder of a certificate (DER) signs to have it registered. It lives for a short while."""
    der = certificate.read_bytes()

    async def ask() -> PossessionChallenge:
        async with directory(Settings()) as repository:
            return await repository.challenge_possession(der, organisation)

    made = asyncio.run(ask())
    out.write_bytes(made.message)
    tell(message=str(out), expires_at=made.expires_at.isoformat())


@app.command
def register(certificate: Path, organisation: str, role: CertificateRole, *, answer: Path) -> None:
    """Register a certificate as an organisation's seal or person; ``answer`` is the signature over the challenge.

    Acts as the operator whose credential stands in ``DOCAXIS_OPERATOR_CREDENTIAL``.
    """
    der, proof = certificate.read_bytes(), answer.read_bytes()

    async def act() -> str:
        async with keeping(Settings()) as repository:
            operator = await repository.authenticate(os.environ["DOCAXIS_OPERATOR_CREDENTIAL"])
            entry = await repository.register_seal(der, organisation, answer=proof, by=operator, role=role)
            return entry.certificate_sha256

    tell(certificate_sha256=asyncio.run(act()), organisation=organisation, role=role.value)


if __name__ == "__main__":
    app()
