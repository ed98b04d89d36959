"""OCSP answers: who may answer, about what, and when; each way to break that is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from docaxis_signing.trust.context import AnsweredLists, SelectedLists, validation_context
from docaxis_signing.trust.ocsp import MAX_ANSWER_BYTES, AnswerStatus, OcspAnswer, RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import SIGNER, TrustStore

World = Any
HOUR = timedelta(hours=1)
NONCE = b"0123456789abcdef"


class Bench:
    """Makes answers, each with one thing otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.issuer = world.trust.named("gov-local")
        self.authority = world.authorities.authorities["gov-local"]
        self.leaf = world.authorities.seal("H98").certificate
        self.key = ec.generate_private_key(ec.SECP256R1())

    def responder(self, **change: Any) -> x509.Certificate:
        """A delegated responder, as good as can be but for what is changed."""
        now, name = self.world.now, [x509.NameAttribute(NameOID.COMMON_NAME, "Responder")]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(name))
            .issuer_name(change.get("issuer_name", self.authority.certificate.subject))
            .public_key(self.key.public_key())
            .serial_number(change.get("serial", 515))
            .not_valid_before(change.get("begins", now - HOUR))
            .not_valid_after(change.get("ends", now + HOUR))
        )
        usage = change.get("usage", [ExtendedKeyUsageOID.OCSP_SIGNING])
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if change.get("no_check", True):
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return builder.sign(change.get("issuer_key", self.authority.private_key), change.get("hash", hashes.SHA256()))

    def answer(self, responder: x509.Certificate | None = None, key: Any = None, **change: Any) -> bytes:
        """A good answer but for what is changed."""
        now = self.world.now
        status = change.get("status", ocsp.OCSPCertStatus.GOOD)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        responder = responder or self.responder()
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=change.get("leaf", self.leaf),
            issuer=change.get("issuer", self.authority.certificate),
            algorithm=change.get("id_hash", hashes.SHA1()),
            cert_status=status,
            this_update=change.get("this_update", now),
            next_update=change.get("next_update", now + HOUR),
            revocation_time=now - HOUR if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(change.get("by", ocsp.OCSPResponderEncoding.HASH), responder)
        builder = builder.certificates([responder])
        for extension, critical in change.get("extensions", ()):
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(key or self.key, change.get("hash", hashes.SHA256())).public_bytes(Encoding.DER)

    def take(self, der: bytes, *, nonce: bytes | None = None, good: bool = False, **options: Any) -> OcspAnswer:
        options = {"serial": self.leaf.serial_number, "now": self.world.now} | options
        return ingest_answer(self.issuer, der, nonce=nonce, responder_good=lambda _: good, **options)


@pytest.fixture(scope="module")
def bench(world: World) -> Bench:
    return Bench(world)


@pytest.mark.parametrize("by", [ocsp.OCSPResponderEncoding.HASH, ocsp.OCSPResponderEncoding.NAME])
@pytest.mark.parametrize("id_hash", [hashes.SHA1(), hashes.SHA256()])
def test_a_delegated_responder_is_heard(bench: Bench, by: Any, id_hash: Any) -> None:
    """SHA-1 in the CertID identifies and signs nothing (rule 8)."""
    taken = bench.take(bench.answer(by=by, id_hash=id_hash))
    assert (taken.status, taken.serial, taken.authority) == (AnswerStatus.GOOD, bench.leaf.serial_number, "gov-local")


def test_the_issuer_itself_is_heard(bench: Bench) -> None:
    der = bench.answer(bench.authority.certificate, bench.authority.private_key)
    assert bench.take(der).status is AnswerStatus.GOOD


def test_a_revocation_is_heard_with_its_time(bench: Bench) -> None:
    taken = bench.take(bench.answer(status=ocsp.OCSPCertStatus.REVOKED))
    assert (taken.status, taken.revoked_at) == (AnswerStatus.REVOKED, bench.world.now - HOUR)


def test_an_answer_that_says_until_when_nothing_holds_for_half_an_hour(bench: Bench) -> None:
    taken = bench.take(bench.answer(next_update=None))
    assert taken.fresh_at(bench.world.now + timedelta(minutes=29))
    assert not taken.fresh_at(bench.world.now + timedelta(minutes=31))


def other_issuer(bench: Bench) -> bytes:
    """Certified by a sibling authority: its word counts for its own certificates only."""
    other = bench.world.authorities.authorities["gov-state"]
    return bench.answer(bench.responder(issuer_name=other.certificate.subject, issuer_key=other.private_key))


def resigned(bench: Bench, **change: Any) -> bytes:
    """A good answer with another signature under it."""
    whole = asn1_ocsp.OCSPResponse.load(bench.answer())
    basic = whole["response_bytes"]["response"].parsed
    for name, value in change.items():
        basic[name] = value
    whole["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return bytes(whole.dump(force=True))


BROKEN: dict[str, tuple[Callable[[Bench], bytes], str]] = {
    "responder-of-another-authority": (other_issuer, "not authorised"),
    "responder-with-the-name-only": (
        lambda bench: bench.answer(bench.responder(issuer_key=rsa.generate_private_key(65537, 2048))),
        "not authorised",
    ),
    "self-made-responder": (
        lambda bench: bench.answer(bench.responder(issuer_key=bench.key, issuer_name=bench.leaf.subject)),
        "not authorised",
    ),
    "signer-answers-for-itself": (
        lambda bench: bench.answer(bench.leaf, bench.world.authorities.seal("H98").private_key),
        "not certified for OCSP",
    ),
    "no-usage": (lambda bench: bench.answer(bench.responder(usage=None)), "not certified for OCSP"),
    "any-usage": (
        lambda bench: bench.answer(bench.responder(usage=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
        "not certified for OCSP",
    ),
    "expired-responder": (
        lambda bench: bench.answer(bench.responder(begins=bench.world.now - 9 * HOUR, ends=bench.world.now - HOUR)),
        "not valid when it answered",
    ),
    "unchecked-responder": (lambda bench: bench.answer(bench.responder(no_check=False)), "revoked or its status"),
    "another-signature": (lambda bench: resigned(bench, signature=b"\x30\x06\x02\x01\x01\x02\x01\x01"), "signature"),
    "weak-hash": (lambda bench: resigned(bench, signature_algorithm={"algorithm": "sha1_ecdsa"}), "weak algorithm"),
    "another-certificate": (
        lambda bench: bench.answer(leaf=bench.world.authorities.person("H98").certificate),
        "another certificate",
    ),
    "another-issuer": (
        lambda bench: bench.answer(issuer=bench.world.authorities.authorities["gov-state"].certificate),
        "another certificate",
    ),
    "from-the-future": (
        lambda bench: bench.answer(this_update=bench.world.now + HOUR, next_update=bench.world.now + 2 * HOUR),
        "times",
    ),
    "ends-before-it-begins": (
        lambda bench: bench.answer(this_update=bench.world.now, next_update=bench.world.now),
        "times",
    ),
    "unknown": (lambda bench: bench.answer(status=ocsp.OCSPCertStatus.UNKNOWN), "does not know"),
    "critical-extension": (
        lambda bench: bench.answer(
            extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)]
        ),
        "critical extension",
    ),
    "refusal": (
        lambda _: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
        "TRY_LATER",
    ),
    "no-answer": (lambda _: b"<html>", "unreadable"),
    "too-large": (lambda _: b"\x30" * (MAX_ANSWER_BYTES + 1), "larger"),
}


@pytest.mark.parametrize(("make", "reason"), BROKEN.values(), ids=BROKEN)
def test_an_answer_with_one_thing_wrong_is_refused(bench: Bench, make: Callable[[Bench], bytes], reason: str) -> None:
    with pytest.raises(RejectedAnswer, match=reason):
        bench.take(make(bench))


def test_a_responder_whose_own_status_is_good_needs_no_exemption(bench: Bench) -> None:
    der = bench.answer(bench.responder(no_check=False))
    assert bench.take(der, good=True).status is AnswerStatus.GOOD


@pytest.mark.parametrize("echoed", [None, b"fedcba9876543210"])
def test_an_answer_without_the_nonce_that_was_asked_with_is_refused(bench: Bench, echoed: bytes | None) -> None:
    """It may be an older one, replayed."""
    extensions = [(x509.OCSPNonce(echoed), False)] if echoed else []
    with pytest.raises(RejectedAnswer, match="nonce"):
        bench.take(bench.answer(extensions=extensions), nonce=NONCE)


def test_an_answer_with_the_nonce_is_taken(bench: Bench) -> None:
    der = bench.answer(extensions=[(x509.OCSPNonce(NONCE), False)])
    assert bench.take(der, nonce=NONCE).status is AnswerStatus.GOOD


def test_a_changed_byte_anywhere_is_never_taken_for_another_answer(bench: Bench) -> None:
    der = bench.answer()
    first = bench.take(der)
    for position in range(0, len(der), 7):
        changed = bytearray(der)
        changed[position] ^= 1
        try:
            taken = bench.take(bytes(changed))
        except RejectedAnswer:
            continue
        assert (taken.status, taken.serial, taken.this_update) == (first.status, first.serial, first.this_update)


# --- what answers do beside lists -----------------------------------------------------------------------------------


def without_list(world: World) -> TrustStore:
    """The same authorities, of which one keeps no list and has a responder only."""
    return TrustStore.of(
        *(replace(item, crl=()) if item.name == "gov-local" else item for item in world.trust.authorities)
    )


def test_an_answer_of_revoked_weighs_more_than_a_list_that_knows_nothing(bench: Bench) -> None:
    answer = bench.take(bench.answer(status=ocsp.OCSPCertStatus.REVOKED))
    lists = bench.world.lists.answered(answer)
    status = status_of(bench.leaf, bench.issuer, lists, at=bench.world.now)
    assert (status.status, status.list_sha256) == (Status.REVOKED, answer.sha256)


def test_a_good_answer_clears_nothing_where_the_authority_keeps_a_list(bench: Bench) -> None:
    lists = bench.world.snapshot(without=("gov-local",)).answered(bench.take(bench.answer()))
    assert status_of(bench.leaf, bench.issuer, lists, at=bench.world.now).status is Status.MISSING


def test_a_good_answer_clears_where_the_authority_keeps_no_list(bench: Bench) -> None:
    trust = without_list(bench.world)
    lists = bench.world.snapshot(without=("gov-local",)).answered(bench.take(bench.answer()))
    issuer = trust.named("gov-local")
    assert status_of(bench.leaf, issuer, lists, at=bench.world.now).status is Status.GOOD
    late = bench.world.now + 2 * HOUR
    assert status_of(bench.leaf, issuer, lists, at=late).status is Status.MISSING


def test_paths_that_rest_on_answers_are_of_a_kind_that_nobody_keeps(bench: Bench) -> None:
    """The fast path keeps what rests on lists alone."""
    now = bench.world.now

    def kind(trust: TrustStore) -> type:
        context = validation_context(trust, bench.world.lists, purpose=SIGNER, moment=now, at=now)
        return type(context.revinfo_manager)

    assert kind(bench.world.trust) is SelectedLists
    assert kind(without_list(bench.world)) is AnsweredLists


def test_an_older_answer_replaces_none_and_a_newer_one_begins_an_epoch(bench: Bench) -> None:
    newer, older = (
        bench.take(bench.answer(this_update=bench.world.now - age, next_update=bench.world.now + HOUR))
        for age in (timedelta(0), HOUR / 2)
    )
    first = RevocationSnapshot().answered(newer)
    assert first.epoch == 1
    assert first.answered(older) is first
    assert first.answered(newer) is first
