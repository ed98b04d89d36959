"""The directory on a real PostgreSQL: lists, members, credentials, seals, and what survives what."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import CertificateRole, MemberState, Principal, Role
from docaxis.directory.errors import (
    CredentialFault,
    MemberFault,
    RejectedCredential,
    RejectedIssuer,
    RejectedList,
    RejectedMember,
    RejectedRegistration,
    UnattestedDirectory,
    UnavailableDirectory,
)
from docaxis.directory.organisation_list import write_list
from docaxis.directory.signed_list import sign_list
from docaxis.directory.snapshot import SendingRight
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.database import open_database
from docaxis.storage.tables import directory as tables
from docaxis.storage.tables import metadata
from docaxis_schemas.organisation import Organisation
from docaxis_signing.statements import MemberSigner, open_statement

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = Ed25519PrivateKey.generate()
KEYS = {"keeper-1": KEY.public_key()}
PROVINCE = Organisation("H20", "Tỉnh Thử Nghiệm", 1, date(2020, 1, 1), member="tinh-thu-nghiem", groups=("tinh",))
OFFICE = Organisation("H20.14", "Sở Thử Nghiệm", 2, date(2020, 1, 1), "000.00.14.H20", "H20", "so-thu-nghiem")
CLOSED = Organisation("H20.15", "Sở Cũ", 2, date(2020, 1, 1), None, "H20", None, date(2025, 6, 30), "H20.14", ("so",))
MINISTRY = Organisation("G99", "Bộ Mẫu", 1, date(2020, 1, 1), "000.00.00.G99", member="bo-mau")
ENTRIES = (PROVINCE, OFFICE, CLOSED, MINISTRY)
OPERATOR = Principal("operator-1", None, (), Role.OPERATOR, "vận hành")


@dataclass
class Time:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def sign(data: bytes, serial: int, key: Ed25519PrivateKey = KEY) -> bytes:
    return sign_list(data, key=key, key_id="keeper-1", serial=serial, signed_at=START)


async def load(repository: DirectoryRepository, entries: tuple[Organisation, ...], serial: int) -> int:
    data = write_list(entries)
    return await repository.load_signed_csv(data, sign(data, serial), keys=KEYS)


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    place: Path = tmp_path_factory.mktemp("directory-database")
    async with EmbeddedDatabase(place) as database:
        engine = open_database(database.url, application="test", pool=1)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield engine
        await engine.dispose()


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def repository(engine: AsyncEngine, clock: Time) -> DirectoryRepository:
    names = [table.name for table in metadata.sorted_tables if getattr(tables, table.name, None) is table]
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(names)} CASCADE"))
    repository = DirectoryRepository(engine, clock=clock)
    await load(repository, ENTRIES, 1)
    for member in ("tinh-thu-nghiem", "so-thu-nghiem", "bo-mau"):
        await repository.register_member(member, f"Hệ thống {member}", by="test")
    return repository


async def test_what_was_loaded_is_what_a_snapshot_answers(repository: DirectoryRepository) -> None:
    snapshot = await repository.snapshot()

    assert sorted(snapshot.organisations, key=lambda entry: entry.code) == sorted(ENTRIES, key=lambda entry: entry.code)
    assert snapshot.canonical("14.h20") == "H20.14"
    assert snapshot.standing("H20.15", START) == OFFICE
    assert snapshot.organisation("H20.15", START - 365 * DAY) == CLOSED
    assert snapshot.version == await repository.current_version()


async def test_every_change_takes_the_next_version_and_a_snapshot_is_kept_until_then(
    repository: DirectoryRepository,
) -> None:
    before = await repository.snapshot()
    assert await repository.snapshot() is before

    await repository.register_member("moi-them", "Hệ thống mới", by="test")
    after = await repository.snapshot()

    assert after.version == before.version + 1
    assert "moi-them" in after.members
    assert "moi-them" not in before.members
    assert after.organisations is before.organisations


async def test_a_new_list_keeps_what_stood_before_as_history(
    repository: DirectoryRepository, engine: AsyncEngine
) -> None:
    renamed = replace(OFFICE, name="Sở Thử Nghiệm và Kiểm Chứng")
    version = await load(repository, (PROVINCE, renamed, CLOSED), 2)

    snapshot = await repository.snapshot()
    assert snapshot.organisation("H20.14", START) == renamed
    assert snapshot.canonical("G99") is None
    table = tables.organisations.c
    async with engine.connect() as connection:
        ended = await connection.execute(select(table.code, table.name).where(table.to_version == version))
        assert sorted(map(tuple, ended)) == [("G99", "Bộ Mẫu"), ("H20.14", "Sở Thử Nghiệm")]
        untouched = await connection.execute(select(table.from_version).where(table.code == "H20"))
        assert untouched.scalar_one() == 1


async def test_the_same_list_once_more_changes_nothing(repository: DirectoryRepository) -> None:
    before = await repository.current_version()

    assert await load(repository, ENTRIES, 1) == before
    assert await load(repository, ENTRIES, 2) == before + 1


async def test_an_old_list_cannot_be_played_back(repository: DirectoryRepository) -> None:
    await load(repository, (PROVINCE, OFFICE), 2)

    with pytest.raises(RejectedList, match="serial 1 is not above 2"):
        await load(repository, ENTRIES, 1)
    with pytest.raises(RejectedList, match="serial 2 is not above 2"):
        await load(repository, ENTRIES, 2)
    assert (await repository.snapshot()).canonical("G99") is None


@pytest.mark.parametrize("fault", ["unsigned", "other key", "changed", "unknown key"])
async def test_a_list_without_the_keepers_signature_is_refused_and_changes_nothing(
    repository: DirectoryRepository, fault: str
) -> None:
    data = write_list((PROVINCE, OFFICE, CLOSED, replace(MINISTRY, member="tinh-thu-nghiem")))
    signature = sign(data, 2)
    keys = KEYS
    if fault == "unsigned":
        signature = b""
    elif fault == "other key":
        signature = sign(data, 2, Ed25519PrivateKey.generate())
    elif fault == "changed":
        signature = sign(write_list(ENTRIES), 2)
    else:
        keys = {"keeper-2": KEY.public_key()}
    before = await repository.current_version()

    with pytest.raises(RejectedList):
        await repository.load_signed_csv(data, signature, keys=keys)

    assert await repository.current_version() == before
    assert (await repository.snapshot()).member_of("G99", START) == "bo-mau"


async def test_a_members_key_opens_what_the_member_signed(repository: DirectoryRepository) -> None:
    signer = MemberSigner.generate("bo-mau-1")
    await repository.add_member_key("bo-mau", signer.public_jwk(), by="test")
    await repository.add_member_key("bo-mau", signer.public_jwk(), by="test")

    snapshot = await repository.snapshot()
    opened = open_statement(signer.sign({"a": 1}), snapshot.key_of("bo-mau"), at=START, limit=1000)

    assert opened.payload == {"a": 1}
    assert snapshot.key_of("tinh-thu-nghiem")("bo-mau-1") is None


async def test_keys_that_are_private_weak_or_taken_are_refused(repository: DirectoryRepository) -> None:
    signer = MemberSigner.generate("k")
    await repository.add_member_key("bo-mau", signer.public_jwk(), by="test")

    with pytest.raises(RejectedRegistration, match="private"):
        await repository.add_member_key("bo-mau", signer.private_jwk(), by="test")
    with pytest.raises(RejectedRegistration, match="another key"):
        await repository.add_member_key("bo-mau", MemberSigner.generate("k").public_jwk(), by="test")
    with pytest.raises(RejectedRegistration, match="no such member"):
        await repository.add_member_key("khong-co", signer.public_jwk(), by="test")
    with pytest.raises(RejectedRegistration, match="not a member id"):
        await repository.register_member("a.b", "Có dấu chấm", by="test")


async def test_a_suspended_member_sends_nothing_new_but_what_was_accepted_travels_on(
    repository: DirectoryRepository, clock: Time
) -> None:
    await repository.suspend_member("bo-mau", by="test")
    snapshot = await repository.snapshot()

    assert snapshot.require_member("bo-mau", accepted_at=START - HOUR).state is MemberState.SUSPENDED
    with pytest.raises(RejectedMember) as caught:
        snapshot.require_member("bo-mau", accepted_at=START)
    assert caught.value.fault is MemberFault.SUSPENDED

    clock.now = START + HOUR
    await repository.suspend_member("bo-mau", by="test", compromised_since=START - 2 * HOUR)
    snapshot = await repository.snapshot()
    with pytest.raises(RejectedMember) as caught:
        snapshot.require_member("bo-mau", accepted_at=START - HOUR)
    assert caught.value.fault is MemberFault.COMPROMISED
    assert snapshot.require_member("bo-mau", accepted_at=START - 3 * HOUR)

    await repository.reinstate_member("bo-mau", by="test")
    assert (await repository.snapshot()).require_member("bo-mau", accepted_at=clock.now)


async def test_a_mandate_lets_a_member_send_for_another_issuer_while_it_lasts(repository: DirectoryRepository) -> None:
    mandate = await repository.grant_mandate("tinh-thu-nghiem", "14.H20", by="test", valid_to=START + DAY)
    snapshot = await repository.snapshot()

    assert mandate.issuer == "H20.14"
    assert snapshot.require_sending_right("so-thu-nghiem", "000.00.14.H20", START) is SendingRight.OWN
    assert snapshot.require_sending_right("tinh-thu-nghiem", "H20.14", START) is SendingRight.MANDATE
    for member, issuer, at in (("tinh-thu-nghiem", "H20.14", START + DAY), ("bo-mau", "H20.14", START)):
        with pytest.raises(RejectedIssuer):
            snapshot.require_sending_right(member, issuer, at)


async def issue(repository: DirectoryRepository, **changes: object) -> tuple[Principal, str]:
    role = changes.get("role", Role.CLERK)
    organisations = changes.get("organisations", ("000.00.14.H20",))
    member = changes.get("member", "so-thu-nghiem")
    assert isinstance(role, Role)
    assert isinstance(organisations, tuple)
    assert member is None or isinstance(member, str)
    return await repository.issue_credential(
        role=role, holder="văn thư 1", expires_at=START + 30 * DAY, member=member, organisations=organisations
    )


async def test_a_secret_names_its_bearer_until_it_expires_and_is_stored_as_a_digest_only(
    repository: DirectoryRepository, engine: AsyncEngine, clock: Time
) -> None:
    principal, secret = await issue(repository)

    assert await repository.authenticate(secret) == principal
    assert principal.organisations == ("H20.14",)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(tables.credentials))).all()
    assert secret not in repr(rows)
    clock.now = START + 30 * DAY
    with pytest.raises(RejectedCredential) as caught:
        await repository.authenticate(secret)
    assert caught.value.fault is CredentialFault.EXPIRED


async def test_two_secrets_may_be_live_and_a_revoked_one_makes_room(repository: DirectoryRepository) -> None:
    first, old = await issue(repository)
    _, new = await issue(repository)
    assert (await repository.authenticate(old)).holder == (await repository.authenticate(new)).holder
    with pytest.raises(RejectedRegistration, match="2 live"):
        await issue(repository)

    await repository.revoke_credential(first.credential_id)

    with pytest.raises(RejectedCredential) as caught:
        await repository.authenticate(old)
    assert caught.value.fault is CredentialFault.REVOKED
    assert await issue(repository)


@pytest.mark.parametrize("secret", ["", "dax_", "dax_" + "A" * 43, "x" * 5000, "dax_\ud800"])
async def test_what_was_never_issued_opens_nothing(repository: DirectoryRepository, secret: str) -> None:
    with pytest.raises(RejectedCredential, match="the credential is not accepted"):
        await repository.authenticate(secret)


async def test_a_credential_speaks_only_for_bodies_of_its_member(repository: DirectoryRepository) -> None:
    with pytest.raises(RejectedRegistration, match="does not speak for G99"):
        await issue(repository, organisations=("H20.14", "G99"))
    with pytest.raises(RejectedRegistration, match="names its member"):
        await issue(repository, organisations=())
    with pytest.raises(RejectedRegistration, match="belongs to no member"):
        await issue(repository, role=Role.OPERATOR)
    operator, secret = await issue(repository, role=Role.OPERATOR, member=None, organisations=())
    assert await repository.authenticate(secret) == operator


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST Sở Thử Nghiệm")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START - DAY)
        .not_valid_after(START + 365 * DAY)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


async def register(
    repository: DirectoryRepository,
    key: ec.EllipticCurvePrivateKey,
    by: Principal,
    organisation: str = "H20.14",
    der: bytes | None = None,
) -> str:
    der = der or certificate(key)
    asked = await repository.challenge_possession(der, organisation)
    answer = key.sign(asked.message, ec.ECDSA(hashes.SHA256()))
    entry = await repository.register_seal(der, organisation, answer=answer, by=by)
    return entry.certificate_sha256


async def test_an_operator_or_the_parent_registers_a_seal_and_nobody_else(repository: DirectoryRepository) -> None:
    parent = Principal("p", "tinh-thu-nghiem", ("H20",), Role.CLERK, "văn thư tỉnh")
    for by in (OPERATOR, parent):
        sha256 = await register(repository, ec.generate_private_key(ec.SECP256R1()), by)
        entry = (await repository.snapshot()).certificate(sha256, START)
        assert entry is not None
        assert (entry.organisation, entry.role, entry.registered_by) == (
            "H20.14",
            CertificateRole.SEAL,
            by.credential_id,
        )
    itself = Principal("s", "so-thu-nghiem", ("H20.14",), Role.MEMBER_SYSTEM, "hệ thống")
    stranger = Principal("g", "bo-mau", ("G99",), Role.CLERK, "văn thư bộ")
    auditor = Principal("a", None, ("H20",), Role.AUDITOR, "kiểm toán")
    for by in (itself, stranger, auditor):
        with pytest.raises(RejectedRegistration, match="operator or by the parent"):
            await register(repository, ec.generate_private_key(ec.SECP256R1()), by)


@pytest.mark.parametrize("scheme", ["pss", "pkcs1"])
async def test_rsa_keys_prove_possession_by_either_padding(repository: DirectoryRepository, scheme: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    der = certificate(key)
    asked = await repository.challenge_possession(der, "H20.14")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    answer = key.sign(asked.message, pss if scheme == "pss" else padding.PKCS1v15(), hashes.SHA256())

    entry = await repository.register_seal(der, "H20.14", answer=answer, by=OPERATOR)

    assert entry.possession == f"rsa-{scheme}-sha256 over challenge"


async def test_without_proof_of_possession_nothing_is_registered(repository: DirectoryRepository, clock: Time) -> None:
    key, thief = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    der = certificate(key)
    with pytest.raises(RejectedRegistration, match="no live challenge"):
        await repository.register_seal(der, "H20.14", answer=b"", by=OPERATOR)
    asked = await repository.challenge_possession(der, "H20.14")
    forged = thief.sign(asked.message, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(RejectedRegistration, match="does not verify"):
        await repository.register_seal(der, "H20.14", answer=forged, by=OPERATOR)
    answer = key.sign(asked.message, ec.ECDSA(hashes.SHA256()))
    await repository.challenge_possession(der, "G99")
    with pytest.raises(RejectedRegistration, match="does not verify"):
        await repository.register_seal(der, "G99", answer=answer, by=OPERATOR)
    clock.now = START + 2 * DAY
    with pytest.raises(RejectedRegistration, match="no live challenge"):
        await repository.register_seal(der, "H20.14", answer=answer, by=OPERATOR)
    assert not (await repository.snapshot()).certificates


async def test_a_certificate_belongs_to_one_body_and_a_challenge_works_once(repository: DirectoryRepository) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = certificate(key)
    sha256 = await register(repository, key, OPERATOR, der=der)
    before = await repository.current_version()

    assert await register(repository, key, OPERATOR, der=der) == sha256
    assert await repository.current_version() == before
    with pytest.raises(RejectedRegistration, match=r"registered to H20\.14 as seal"):
        await register(repository, key, OPERATOR, "G99", der)
    with pytest.raises(RejectedRegistration, match="no live challenge"):
        await repository.register_seal(der, "H20.14", answer=b"", by=OPERATOR)


async def test_a_withdrawn_registration_still_counts_for_what_came_before(
    repository: DirectoryRepository, clock: Time
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = certificate(key)
    sha256 = await register(repository, key, OPERATOR, der=der)
    clock.now = START + DAY
    with pytest.raises(RejectedRegistration, match="by an operator"):
        await repository.withdraw_certificate(sha256, by=Principal("p", None, ("H20",), Role.AUDITOR, "kiểm toán"))
    await repository.withdraw_certificate(sha256, by=OPERATOR)
    with pytest.raises(RejectedRegistration, match="no registration"):
        await repository.withdraw_certificate(sha256, by=OPERATOR)
    with pytest.raises(RejectedRegistration, match="was withdrawn"):
        await register(repository, key, OPERATOR, der=der)

    snapshot = await repository.snapshot()
    assert snapshot.certificate(sha256, START) is not None
    assert snapshot.certificate(sha256, START + DAY) is None


async def test_weak_keys_and_non_certificates_are_refused(repository: DirectoryRepository) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    for der in (b"", b"no certificate", certificate(weak)):
        with pytest.raises(RejectedRegistration):
            await repository.challenge_possession(der, "H20.14")


async def test_who_changed_what_is_kept_with_every_version(
    repository: DirectoryRepository, engine: AsyncEngine
) -> None:
    await repository.suspend_member("bo-mau", by="trực ban")

    table = tables.directory_versions.c
    async with engine.connect() as connection:
        rows = (await connection.execute(select(table.what, table.subject, table.by).order_by(table.version))).all()
        newest = (await connection.execute(select(func.max(table.version)))).scalar_one()
    assert tuple(rows[0]) == ("list", "4 entries", "directory key keeper-1")
    assert tuple(rows[-1]) == ("member", "bo-mau suspended", "trực ban")
    assert newest == len(rows)


async def test_what_was_written_past_the_keeper_counts_for_nobody(
    engine: AsyncEngine, repository: DirectoryRepository, clock: Time
) -> None:
    keeper = MemberSigner.generate("keeper-1")
    service = DirectoryRepository(engine, keeper=keeper.public_jwk(), clock=clock)
    with pytest.raises(UnattestedDirectory, match="not attested"):
        await service.snapshot()
    first = await repository.attest(keeper)
    assert first == (await service.snapshot()).version

    stranger = MemberSigner.generate("bo-mau-9")
    await repository.add_member_key("bo-mau", stranger.public_jwk(), by="whoever holds the database's password")
    with pytest.raises(UnattestedDirectory, match="changed since"):
        await service.snapshot()
    with pytest.raises(UnattestedDirectory, match="changed since"):
        await repository.require_attested(keeper.public_jwk())
    await repository.attest(keeper)  # the keeper has looked, and takes it over
    assert (await service.snapshot()).key_of("bo-mau")("bo-mau-9") is not None

    async with engine.begin() as connection:  # an older state, with the attestation it had
        for taken in ("member_keys WHERE kid = 'bo-mau-9'", f"directory_attestations WHERE version > {first}"):
            await connection.execute(text(f"DELETE FROM {taken}"))
    await repository.add_member_key("bo-mau", MemberSigner.generate("gateway.x").public_jwk(), by="gateway")
    with pytest.raises(UnattestedDirectory, match="not of this state"):
        await service.snapshot()


async def test_a_database_that_is_away_is_unavailable_not_a_refusal(tmp_path: Path) -> None:
    engine = open_database(f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}", application="test")
    with pytest.raises(UnavailableDirectory):
        await DirectoryRepository(engine).snapshot()
    await engine.dispose()
