"""Who is trusted, when, and the cause that is told where nobody is."""

import hashlib
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.sign.timestamps import TimeStamper

from docaxis.embedded.authorities import DirectTimeStamper, Revocation, TimestampAuthority
from docaxis_signing.pdf.verification import engine_versions
from docaxis_signing.trust.context import validation_context
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import SIGNER
from docaxis_signing.verdict import Cause, Indication, Integrity, SubIndication

World = Any
DAY = timedelta(days=1)
YESTERDAY = datetime.now(UTC) - DAY


def finding(world: World, data: bytes, **options: Any) -> Any:
    (found,) = world.examine(data, **options).approvals
    return found


def assert_open(found: Any, cause: Cause, sub_indication: SubIndication) -> None:
    """Not trusted, and yet intact: integrity is answered whatever the trust is."""
    assert (found.indication, found.cause, found.sub_indication) == (Indication.INDETERMINATE, cause, sub_indication)
    assert found.integrity is Integrity.INTACT


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize(
    ("special", "cause", "sub_indication"),
    [
        ("revoked", Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE),
        ("expired", Cause.EXPIRED_BEFORE_RECEPTION, SubIndication.OUT_OF_BOUNDS_NO_POE),
        ("untrusted", Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
        ("encryption-only", Cause.WRONG_KEY_USAGE, SubIndication.CHAIN_CONSTRAINTS_FAILURE),
    ],
)
def test_bad_certificates_have_their_own_cause(
    world: World, special: str, cause: Cause, sub_indication: SubIndication, *, stamped: bool
) -> None:
    data = world.sign(world.plain(), world.authorities.special(special), stamped=stamped)
    assert_open(finding(world, data), cause, sub_indication)


def test_a_certificate_not_yet_valid_at_reception(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    early = world.authorities.seal("H98").certificate.not_valid_before_utc - DAY
    lists = world.snapshot()
    assert_open(finding(world, data, at=early, lists=lists), Cause.NOT_YET_VALID, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_a_foreign_authority_with_the_names_of_ours_is_not_trusted(world: World) -> None:
    """Same subject, same serial, another key: identity is proved by signatures, not by names."""
    real = world.authorities.authorities["gov-local"].certificate
    key = rsa.generate_private_key(65537, 2048)
    leaf_key = rsa.generate_private_key(65537, 2048)
    forged = _forge(real.subject, real.issuer, key.public_key(), key, real.serial_number, authority=True)
    seal = world.authorities.seal("H98")
    subject = seal.certificate.subject
    leaf = _forge(subject, real.subject, leaf_key.public_key(), key, seal.certificate.serial_number, authority=False)
    credential = _Credential(leaf, (forged,), leaf_key)
    found = finding(world, world.sign(world.plain(), credential, stamped=False))
    assert_open(found, Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert found.certificate.issuer_sha256 is None


class _Credential:
    def __init__(self, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], key: Any) -> None:
        self.certificate, self.chain, self.private_key = certificate, chain, key


def _forge(subject: Any, issuer: Any, public_key: Any, key: Any, serial: int, *, authority: bool) -> x509.Certificate:
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage |= {"key_cert_sign": True, "crl_sign": True} if authority else {"content_commitment": True}
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(YESTERDAY)
        .not_valid_after(YESTERDAY + 400 * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize(
    ("make_key", "cause"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), Cause.WEAK_ALGORITHM),
        (lambda: ec.generate_private_key(ec.SECP192R1()), Cause.WEAK_ALGORITHM),
        (lambda: rsa.generate_private_key(3, 2048), Cause.WEAK_ALGORITHM),
    ],
    ids=["rsa-1024", "p-192", "exponent-3"],
)
def test_weak_keys_are_refused_though_their_authority_is_good(world: World, make_key: Any, cause: Cause) -> None:
    authority = world.authorities.authorities["gov-local"]
    key = make_key()
    subject = world.authorities.seal("H98").certificate.subject
    issuer = authority.certificate.subject
    leaf = _forge(subject, issuer, key.public_key(), authority.private_key, 77, authority=False)
    data = world.sign(world.plain(), _Credential(leaf, (authority.certificate,), key), stamped=False)
    found = finding(world, data)
    assert_open(found, cause, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)


def test_sha1_is_refused(world: World) -> None:
    found = finding(world, world.sign(world.plain(), world.authorities.seal("H98"), md_algorithm="sha1"))
    assert_open(found, Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)


def test_a_revocation_after_a_proved_signature_time_does_not_undo_the_signature(world: World) -> None:
    """Rule 15: the time-stamp proves that the signature existed before."""
    seal = world.authorities.seal("H98")
    revoked = Revocation(seal.certificate.serial_number, world.now - 5 * DAY)
    lists = world.snapshot(replaced={"gov-local": world.crl("gov-local", extra_revoked=[revoked])})

    before = world.sign(world.plain(), seal, stamped=world.now - 6 * DAY)
    assert finding(world, before, lists=lists).indication is Indication.TOTAL_PASSED
    exactly = world.sign(world.plain(), seal, stamped=world.now - 5 * DAY)
    after = world.sign(world.plain(), seal, stamped=world.now - 4 * DAY)
    without = world.sign(world.plain(), seal, stamped=False)
    for data in (exactly, after, without):
        found = finding(world, data, lists=lists)
        assert_open(found, Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE)


def test_a_revocation_after_reception_does_not_undo_the_signature_but_one_before_does(world: World) -> None:
    """The same list, issued later than the reception, read for the time of reception."""
    seal = world.authorities.seal("H98")
    data = world.sign(world.plain(), seal, stamped=False)
    later = world.now + timedelta(hours=3)
    for revoked_at, expected in ((later, "TOTAL-PASSED"), (world.now - timedelta(minutes=1), "INDETERMINATE")):
        revoked = Revocation(seal.certificate.serial_number, revoked_at)
        crl = world.crl("gov-local", issued=later + timedelta(minutes=1), extra_revoked=[revoked])
        assert finding(world, data, lists=world.snapshot(replaced={"gov-local": crl})).indication == expected


def test_a_signature_stamped_before_the_certificate_expired_needs_a_list_that_still_knows_it(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.special("expired"), stamped=world.now - 3 * DAY)
    assert_open(finding(world, data), Cause.EXPIRED_BEFORE_RECEPTION, SubIndication.OUT_OF_BOUNDS_NO_POE)
    old_enough = world.crl("public-one", issued=world.now - 2 * DAY, lifetime=5 * DAY)
    lists = world.snapshot(replaced={"public-one": old_enough})
    assert finding(world, data, lists=lists).indication is Indication.TOTAL_PASSED


def test_missing_and_stale_lists_are_told_apart(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    for name in ("gov-local", "gov-root"):
        missing = finding(world, data, lists=world.snapshot(without=(name,)))
        assert_open(missing, Cause.REVOCATION_MISSING, SubIndication.TRY_LATER)
        old = world.crl(name, issued=world.now - 3 * DAY, lifetime=DAY)
        stale = finding(world, data, lists=world.snapshot(replaced={name: old}))
        assert_open(stale, Cause.REVOCATION_STALE, SubIndication.TRY_LATER)
    assert_open(finding(world, data, lists=RevocationSnapshot()), Cause.REVOCATION_MISSING, SubIndication.TRY_LATER)


def test_a_stale_list_still_revokes(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.special("revoked"), stamped=False)
    old = world.crl("gov-local", issued=world.now - 3 * DAY, lifetime=DAY)
    found = finding(world, data, lists=world.snapshot(replaced={"gov-local": old}))
    assert_open(found, Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE)


def test_a_revoked_authority_takes_its_signers_along(world: World) -> None:
    issuing = world.authorities.authorities["gov-local"].certificate
    revoked = Revocation(issuing.serial_number, world.now - 9 * DAY)
    lists = world.snapshot(replaced={"gov-root": world.crl("gov-root", extra_revoked=[revoked])})
    data = world.sign(world.plain(), world.authorities.seal("H98"))
    assert_open(finding(world, data, lists=lists), Cause.AUTHORITY_REVOKED, SubIndication.REVOKED_CA_NO_POE)


def test_only_the_lists_that_were_looked_at_are_named_as_evidence(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    used = {hashlib.sha256(world.lists.of(name).der).hexdigest() for name in ("gov-local", "gov-root")}
    assert set(world.examine(data).revocation_lists) == used


class _OtherImprint(TimeStamper):
    """Asks for a time-stamp over something else: what a token copied from another signature is."""

    def __init__(self, inner: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._inner = inner

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        req["message_imprint"]["hashed_message"] = hashlib.sha256(b"another signature").digest()
        return await self._inner.async_request_tsa_response(req)


def test_a_copied_time_stamp_is_invalid_and_proves_no_time(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), timestamper=_OtherImprint(world.timestamper()))
    found = finding(world, data)
    assert_open(found, Cause.TIMESTAMP_INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert (found.timestamp_time, found.best_time) == (None, world.now)


def test_a_time_stamp_from_the_future_is_invalid(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=world.now + DAY)
    assert_open(finding(world, data), Cause.TIMESTAMP_INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_a_time_stamp_by_somebody_else_is_untrusted(world: World) -> None:
    seal = world.authorities.seal("H98")

    class Impostor:
        authorities = world.authorities.authorities
        timestamper = (seal.certificate, seal.private_key)

    stamper = DirectTimeStamper(TimestampAuthority(Impostor(), lambda: world.now))  # type: ignore[arg-type]
    found = finding(world, world.sign(world.plain(), seal, timestamper=stamper))
    assert_open(found, Cause.TIMESTAMP_UNTRUSTED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert found.timestamp_time is None


def test_a_revoked_time_stamping_authority_proves_nothing(world: World) -> None:
    certificate, _ = world.authorities.timestamper
    revoked = Revocation(certificate.serial_number, world.now + timedelta(minutes=30))
    crl = world.crl("gov-tsa", issued=world.now + timedelta(hours=1), extra_revoked=[revoked])
    lists = world.snapshot(replaced={"gov-tsa": crl})
    found = finding(world, world.sign(world.plain(), world.authorities.seal("H98")), lists=lists)
    assert_open(found, Cause.TIMESTAMP_UNTRUSTED, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_an_open_time_stamp_keeps_open_what_it_could_cure(world: World) -> None:
    """The signer is expired now, was good at the time-stamp, and the list of the stamping authority is on its way."""
    data = world.sign(world.plain(), world.authorities.special("expired"), stamped=world.now - 3 * DAY)
    found = finding(world, data, lists=world.snapshot(without=("gov-tsa",)))
    assert_open(found, Cause.REVOCATION_MISSING, SubIndication.TRY_LATER)


def test_a_signers_authority_may_not_stamp_time_and_the_other_way_round(world: World) -> None:
    certificate, key = world.authorities.timestamper
    chain = (world.authorities.authorities["gov-tsa"].certificate,)
    data = world.sign(world.plain(), _Credential(certificate, chain, key), stamped=False)
    assert_open(finding(world, data), Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_reception_needs_a_zone(world: World, stamped: bytes) -> None:
    with pytest.raises(ValueError, match="zone"):
        world.examine(stamped, at=world.now.replace(tzinfo=None))


def test_judging_contacts_nobody(world: World, pair: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates name addresses of lists; none is contacted, even where a list is missing."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = world.examine(pair, lists=RevocationSnapshot())
    assert {item.cause for item in found.approvals} == {Cause.REVOCATION_MISSING}


def test_a_weak_signature_over_other_bytes_is_broken_all_the_same(world: World) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), md_algorithm="sha1")
    position = data.index(b"stream\n") + 50
    changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    assert finding(world, changed).integrity is Integrity.BROKEN


def test_names_from_documents_are_not_kept(world: World) -> None:
    """A worker lives long, and anybody can invent issuers."""
    context = validation_context(world.trust, world.lists, purpose=SIGNER, moment=world.now, at=world.now)
    registry, manager = context.certificate_registry, context.path_builder.trust_manager
    before = len(registry._subject_map), len(manager._root_subject_map)  # type: ignore[attr-defined]
    world.examine(world.sign(world.plain(), world.authorities.special("untrusted"), stamped=False))
    assert (len(registry._subject_map), len(manager._root_subject_map)) == before  # type: ignore[attr-defined]


def test_the_engines_are_named_with_their_versions() -> None:
    named = dict(item.split(" ") for item in engine_versions())
    assert named["pyhanko"].startswith("0.38")
