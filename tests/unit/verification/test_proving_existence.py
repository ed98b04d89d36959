"""Levels B-T to B-LTA years later: what proves that a signature existed, and what its authorities said last."""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docaxis.embedded.authorities import DirectTimeStamper, Revocation, TimestampAuthority, certificates
from docaxis.embedded.authorities.revocation import answer_ocsp
from docaxis_signing.pdf import validation_data, verification
from docaxis_signing.pdf.verification import examine
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.sunsets import Sunsets
from docaxis_signing.verdict import Cause, EvidenceKind, Indication, Integrity, Level, SubIndication, TimeBasis

World = Any
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
LATER = 1300 * DAY
"""By then the signer (1,200 days) and its time-stamping certificate (3 years) have expired, their authorities not."""


@dataclass(frozen=True)
class Stamping:
    """Another certificate of the time-stamping authority, as DirectTimeStamper asks for it."""

    authorities: Any
    timestamper: tuple[Any, Any]

    @classmethod
    def of(cls, world: World, begins: timedelta) -> "Stamping":
        """A certificate valid for four years from then on."""
        authority = world.authorities.authorities["gov-tsa"]
        key = certificates.new_key("rsa-2048")
        issuer = certificates.Issuer(authority.certificate, authority.private_key, "http://a", "http://a", "http://a")
        made = certificates.timestamper("TEST TSA", key, issuer, world.now + begins + YEAR)
        return cls(world.authorities.authorities, (made, key))

    def at(self, moment: datetime) -> TimeStamper:
        return DirectTimeStamper(TimestampAuthority(self, lambda: moment))  # type: ignore[arg-type]

    @property
    def certificate(self) -> x509.Certificate:
        found: x509.Certificate = self.timestamper[0]
        return found


@pytest.fixture(scope="module")
def second(world: World) -> Stamping:
    return Stamping.of(world, timedelta(0))


def lists(world: World, at: datetime, revoked: dict[str, list[Revocation]] | None = None) -> RevocationSnapshot:
    """All lists as they are issued an hour before a time."""
    more = revoked or {}
    ders = {
        item.name: world.crl(item.name, issued=at - HOUR, extra_revoked=more.get(item.name, ()))
        for item in world.trust.authorities
    }
    return RevocationSnapshot().advance(*(ingest(world.trust, name, der, now=at) for name, der in ders.items()))


def with_data(pdf: bytes, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> bytes:
    """Add a DSS, as an update for long-term validation does."""
    out = BytesIO(pdf)
    DocumentSecurityStore.add_dss(
        out,
        None,
        crls=[asn1_crl.CertificateList.load(item) for item in crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(item) for item in ocsps],
        force_write=True,
        strict=False,
    )
    return out.getvalue()


def with_stamp(pdf: bytes, stamper: TimeStamper, field: str) -> bytes:
    """Add a document time-stamp."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    out = asyncio.run(signers.PdfTimeStamper(stamper, field_name=field).async_timestamp_pdf(writer, "sha256"))
    return bytes(out.getvalue())


def examined(world: World, data: bytes, *, at: datetime, lists: RevocationSnapshot) -> Any:
    """As if no algorithm ever ended: these stories reach far into the years in which some do."""
    return examine(data, trust=world.trust, revocation=lists, at=at, sunsets=Sunsets((), "", b""))


CHAIN = ("gov-local", "gov-root", "gov-tsa")


def said(world: World, at: datetime | None = None, **options: Any) -> list[bytes]:
    """What the authorities of signer and time-stamp said right after signing."""
    return [world.crl(name, issued=at or world.now + HOUR, **options) for name in CHAIN]


@pytest.fixture(scope="module")
def signed(world: World) -> bytes:
    """B-T by the seal, stamped now."""
    data: bytes = world.sign(world.plain(), world.authorities.seal("H98"))
    return data


@pytest.fixture(scope="module")
def archived(world: World, signed: bytes, second: Stamping) -> bytes:
    """B-LTA: with what the authorities said, and a document time-stamp over all of it."""
    return with_stamp(with_data(signed, said(world)), second.at(world.now + 2 * HOUR), "Stamp1")


def judged(world: World, data: bytes, **revoked: list[Revocation]) -> Any:
    """As received years later, by the lists of then."""
    at = world.now + LATER
    names = {name.replace("_", "-"): entries for name, entries in revoked.items()}
    (found,) = examined(world, data, at=at, lists=lists(world, at, names)).approvals
    return found


def assert_passed(found: Any, level: Level) -> None:
    assert (found.indication, found.cause, found.integrity) == (Indication.TOTAL_PASSED, None, Integrity.INTACT)
    assert found.level is level


def assert_open(found: Any, *causes: Cause) -> None:
    assert found.indication is Indication.INDETERMINATE
    assert found.cause in causes
    assert found.integrity is Integrity.INTACT


def test_an_archived_signature_holds_after_signer_and_first_authority_have_expired(
    world: World, archived: bytes
) -> None:
    found = judged(world, archived)
    assert_passed(found, Level.B_LTA)
    assert (found.best_time, found.time_basis) == (world.now, TimeBasis.TIMESTAMP)
    carried = {hashlib.sha256(der).hexdigest() for der in said(world)}
    used = {item.sha256 for item in found.evidence if item.kind is EvidenceKind.REVOCATION_LIST}
    assert used & carried


def test_without_the_document_time_stamp_the_expired_authority_proves_nothing(world: World, signed: bytes) -> None:
    found = judged(world, with_data(signed, said(world)))
    assert_open(found, Cause.EXPIRED_BEFORE_RECEPTION)
    assert found.time_basis is TimeBasis.RECEPTION


def test_without_what_the_authorities_said_the_document_time_stamp_is_not_enough(
    world: World, signed: bytes, second: Stamping
) -> None:
    """Their lists of today leave expired certificates out, so absence from them proves nothing."""
    data = with_stamp(signed, second.at(world.now + 2 * HOUR), "Stamp1")
    assert_open(judged(world, data), Cause.EXPIRED_BEFORE_RECEPTION, Cause.TIMESTAMP_UNTRUSTED)


def test_a_document_time_stamp_alone_proves_when_a_signature_existed(world: World, second: Stamping) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    stamped = world.now + 2 * HOUR
    found = judged(world, with_stamp(with_data(data, said(world)), second.at(stamped), "Stamp1"))
    assert (found.indication, found.best_time, found.time_basis) == (
        Indication.TOTAL_PASSED,
        stamped,
        TimeBasis.TIMESTAMP,
    )


def test_an_expired_signer_with_a_good_time_stamp_and_its_last_status_passes(world: World, second: Stamping) -> None:
    """B-LT: the authority of the time-stamp is still good, the signer's certificate has run out."""
    data = world.sign(world.plain(), world.authorities.seal("H98"), timestamper=second.at(world.now))
    assert_passed(judged(world, with_data(data, said(world))), Level.B_LT)
    assert_open(judged(world, data), Cause.EXPIRED_BEFORE_RECEPTION)


@pytest.mark.parametrize(
    "issued",
    [timedelta(days=-2), timedelta(days=1201)],
    ids=["ran-out-before-signing", "issued-after-expiry"],
)
def test_a_list_that_says_nothing_of_the_time_of_signing_settles_nothing(
    world: World, second: Stamping, issued: timedelta
) -> None:
    data = world.sign(world.plain(), world.authorities.seal("H98"), timestamper=second.at(world.now))
    data = with_data(data, said(world, world.now + issued))
    assert_open(judged(world, data), Cause.EXPIRED_BEFORE_RECEPTION)


def test_a_carried_list_that_names_the_signer_counts(world: World, second: Stamping) -> None:
    """The list of today has dropped the expired certificate; the one in the file still says that it was revoked."""
    seal = world.authorities.seal("H98").certificate
    revoked = Revocation(seal.serial_number, world.now - HOUR)
    local = world.crl("gov-local", issued=world.now + HOUR, extra_revoked=[revoked])
    data = world.sign(world.plain(), world.authorities.seal("H98"), timestamper=second.at(world.now))
    found = judged(world, with_data(data, [local, *said(world)[1:]]))
    assert (found.cause, found.sub_indication) == (Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE)


@pytest.mark.parametrize(("before", "cause"), [(True, Cause.REVOKED_BEFORE_RECEPTION), (False, None)])
def test_a_revocation_counts_up_to_the_time_stamp_and_not_after(
    world: World, archived: bytes, *, before: bool, cause: Cause | None
) -> None:
    serial = world.authorities.seal("H98").certificate.serial_number
    revoked = Revocation(serial, world.now + (-HOUR if before else HOUR))
    assert judged(world, archived, gov_local=[revoked]).cause is cause


@pytest.mark.parametrize("before", [True, False])
def test_the_first_authority_must_have_been_good_when_the_document_was_stamped(
    world: World, archived: bytes, *, before: bool
) -> None:
    certificate, _ = world.authorities.timestamper
    revoked = Revocation(certificate.serial_number, world.now + (HOUR if before else 3 * HOUR))
    found = judged(world, archived, gov_tsa=[revoked])
    if before:
        assert found.timestamp_time is None
        assert found.time_basis is TimeBasis.TIMESTAMP  # the document time-stamp still proves its own, later time
        assert found.best_time == world.now + 2 * HOUR
    else:
        assert_passed(found, Level.B_LTA)


def test_a_document_time_stamp_of_a_revoked_authority_proves_nothing(
    world: World, archived: bytes, second: Stamping
) -> None:
    revoked = Revocation(second.certificate.serial_number, world.now + 9 * DAY)
    assert_open(judged(world, archived, gov_tsa=[revoked]), Cause.EXPIRED_BEFORE_RECEPTION, Cause.TIMESTAMP_UNTRUSTED)


class _OtherImprint(TimeStamper):
    """Gives tokens over something else: what a copied one is."""

    def __init__(self, inner: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._inner = inner

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        req["message_imprint"]["hashed_message"] = hashlib.sha256(b"another file").digest()
        return await self._inner.async_request_tsa_response(req)


def test_a_copied_document_time_stamp_proves_nothing(world: World, signed: bytes, second: Stamping) -> None:
    copied = _OtherImprint(second.at(world.now + 2 * HOUR))
    data = with_stamp(with_data(signed, said(world)), copied, "Stamp1")
    found = examined(world, data, at=world.now + LATER, lists=lists(world, world.now + LATER))
    assert found.approvals[0].indication is not Indication.TOTAL_PASSED
    assert found.approvals[0].time_basis is TimeBasis.RECEPTION


def test_a_time_stamp_later_than_the_one_that_proves_it_is_no_good(world: World, second: Stamping) -> None:
    """Times must rise with the revisions: nobody stamps today what was already there yesterday."""
    data = world.sign(world.plain(), world.authorities.seal("H98"), stamped=world.now + DAY)
    data = with_stamp(with_data(data, said(world)), second.at(world.now + 2 * HOUR), "Stamp1")
    assert judged(world, data).timestamp_time is None


@pytest.fixture(scope="module")
def third(world: World) -> Stamping:
    return Stamping.of(world, 3 * YEAR)


def test_a_document_time_stamp_later_than_the_one_over_it_proves_nothing(
    world: World, signed: bytes, second: Stamping
) -> None:
    within = with_stamp(signed, second.at(world.now + 3 * HOUR), "Stamp1")
    data = with_stamp(within, second.at(world.now + 2 * HOUR), "Stamp2")
    at = world.now + 4 * HOUR
    found = examined(world, data, at=at, lists=lists(world, at))
    assert [item.sub_indication for item in found.signatures[1:]] == [SubIndication.TIMESTAMP_ORDER_FAILURE, None]
    assert [item.cause for item in found.signatures[1:]] == [Cause.TIMESTAMP_INVALID, None]


def test_a_chain_of_document_time_stamps_carries_over_the_years(
    world: World, archived: bytes, second: Stamping, third: Stamping
) -> None:
    """After six years the second authority has expired too; the third proves it, and so on down."""
    renewed = world.now + 1400 * DAY
    at = world.now + 6 * YEAR
    data = with_data(archived, [world.crl(name, issued=renewed - HOUR) for name in ("gov-tsa", "gov-root")])
    data = with_stamp(data, third.at(renewed), "Stamp2")
    (found,) = examined(world, data, at=at, lists=lists(world, at)).approvals
    assert_passed(found, Level.B_LTA)
    (unrenewed,) = examined(world, archived, at=at, lists=lists(world, at)).approvals
    assert unrenewed.indication is Indication.INDETERMINATE


def test_a_chain_broken_in_the_middle_proves_nothing_for_what_lies_before(
    world: World, signed: bytes, second: Stamping, third: Stamping
) -> None:
    """The renewal came when the second authority had expired already."""
    renewed, at = world.now + 1500 * DAY, world.now + 6 * YEAR
    data = with_stamp(with_data(signed, said(world)), second.at(world.now + 2 * HOUR), "Stamp1")
    data = with_data(data, [world.crl(name, issued=renewed - HOUR) for name in ("gov-tsa", "gov-root")])
    data = with_stamp(data, third.at(renewed), "Stamp2")
    (found,) = examined(world, data, at=at, lists=lists(world, at)).approvals
    assert found.indication is Indication.INDETERMINATE


# --- what the document carries, where the axis holds nothing itself --------------------------------------------------


def offline(world: World, data: bytes) -> Any:
    """Without any list of our own."""
    (found,) = examined(world, data, at=world.now + 2 * HOUR, lists=RevocationSnapshot()).approvals
    return found


def test_fresh_lists_in_the_document_stand_in_for_missing_ones(world: World, signed: bytes) -> None:
    assert_open(offline(world, signed), Cause.REVOCATION_MISSING)
    assert_passed(offline(world, with_data(signed, said(world))), Level.B_LT)


def test_the_data_of_a_document_are_verified_once_for_all_its_signatures(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred signatures beside a hundred lists must not cost ten thousand checks."""
    data = with_data(world.two(), [*said(world), world.crl("gov-state", issued=world.now + HOUR)])
    turns: list[int] = []

    def counted(*arguments: Any) -> Any:
        turns.append(1)
        return validation_data.carried_by(*arguments)

    monkeypatch.setattr(verification, "carried_by", counted)
    found = examined(world, data, at=world.now + 2 * HOUR, lists=RevocationSnapshot())
    assert [item.indication for item in found.approvals] == [Indication.TOTAL_PASSED] * 2
    assert turns == [1]


def test_a_stale_list_from_before_signing_does_not(world: World, signed: bytes) -> None:
    data = with_data(signed, said(world, world.now - 3 * DAY))
    assert_open(offline(world, data), Cause.REVOCATION_MISSING, Cause.REVOCATION_STALE)


def test_a_carried_list_with_a_wrong_signature_is_not_looked_at(world: World, signed: bytes) -> None:
    damaged = [bytes([*der[:-9], der[-9] ^ 1, *der[-8:]]) for der in said(world)]
    assert_open(offline(world, with_data(signed, damaged)), Cause.REVOCATION_MISSING)


def test_a_carried_list_of_an_authority_with_the_same_name_is_not_looked_at(world: World, signed: bytes) -> None:
    authority = world.authorities.authorities["gov-local"]
    forged = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(world.now)
        .next_update(world.now + DAY)
        .sign(certificates.new_key("rsa-2048"), hashes.SHA256())
    )
    data = with_data(signed, [forged.public_bytes(Encoding.DER), *said(world)[1:]])
    assert_open(offline(world, data), Cause.REVOCATION_MISSING)


def answers(world: World, name: str, certificate: x509.Certificate, **change: Any) -> bytes:
    """What the authority's responder says of a certificate."""
    authority = world.authorities.authorities[name]
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, authority.certificate, hashes.SHA256())
    options: dict[str, Any] = {
        "issued": [certificate.serial_number],
        "revoked": [],
        "now": world.now + HOUR,
        "lifetime": DAY,
    }
    speaker = change.pop("speaker", authority)
    return answer_ocsp(speaker, request.build().public_bytes(Encoding.DER), **(options | change))


def test_an_ocsp_answer_in_the_document_stands_in_for_a_missing_list(world: World, signed: bytes) -> None:
    seal = world.authorities.seal("H98").certificate
    rest = said(world)[1:]
    data = with_data(signed, rest, [answers(world, "gov-local", seal)])
    found = offline(world, data)
    assert_passed(found, Level.B_LT)
    assert EvidenceKind.OCSP_RESPONSE in {item.kind for item in found.evidence}


def test_an_ocsp_answer_that_says_revoked_counts(world: World, signed: bytes) -> None:
    seal = world.authorities.seal("H98").certificate
    revoked = [Revocation(seal.serial_number, world.now - HOUR)]
    data = with_data(signed, said(world)[1:], [answers(world, "gov-local", seal, revoked=revoked)])
    assert offline(world, data).cause is Cause.REVOKED_BEFORE_RECEPTION


def test_an_answer_by_a_responder_of_another_authority_is_not_looked_at(world: World, signed: bytes) -> None:
    seal, authorities = world.authorities.seal("H98").certificate, world.authorities.authorities
    other = authorities["gov-state"]
    speaker = replace(authorities["gov-local"], ocsp_certificate=other.ocsp_certificate, ocsp_key=other.ocsp_key)
    data = with_data(signed, said(world)[1:], [answers(world, "gov-local", seal, speaker=speaker)])
    assert_open(offline(world, data), Cause.REVOCATION_MISSING)


def test_an_answer_about_another_certificate_clears_nothing(world: World, signed: bytes) -> None:
    other = world.authorities.person("H98").certificate
    data = with_data(signed, said(world)[1:], [answers(world, "gov-local", other)])
    assert_open(offline(world, data), Cause.REVOCATION_MISSING)
