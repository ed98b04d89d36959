"""What is asked of a certificate before it signs, on certificates made for one fault each."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from docaxis_signing.pdf.signer_certificate import ValidationData, check_signer, lists_for
from docaxis_signing.signing_errors import RejectedCertificate

NOW = datetime(2026, 10, 9, 1, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "other-root", "issuing", "sibling", "leaf")}


def usage(*names: str) -> x509.KeyUsage:
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        **{bit: bit in names for bit in bits},
        key_cert_sign="sign" in names,
        crl_sign="sign" in names,
        encipher_only=False,
        decipher_only=False,
    )


def certificate(name: str, issuer: str, *extensions: x509.ExtensionType, key: Key | None = None) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {name}")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {issuer}")]))
        .public_key((key or KEYS[name]).public_key())
        .serial_number(sum(name.encode()) + 1)
        .not_valid_before(NOW - 100 * DAY)
        .not_valid_after(NOW + 100 * DAY)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEYS[issuer], hashes.SHA256())


CA = (x509.BasicConstraints(ca=True, path_length=None), usage("sign"))
SIGNING = usage("digital_signature", "content_commitment")
ROOT = certificate("root", "root", *CA)
ISSUING = certificate("issuing", "root", *CA)
SIBLING = certificate("sibling", "root", *CA)
LEAF = certificate("leaf", "issuing", SIGNING)


def crl(
    issuer: str, *serials: int, signed_by: str = "", issued: datetime = NOW - DAY
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {issuer}")]))
        .last_update(issued)
        .next_update(issued + 2 * DAY)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 9 * DAY).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(KEYS[signed_by or issuer], hashes.SHA256())


def data(*crls: x509.CertificateRevocationList) -> ValidationData:
    return ValidationData((ROOT,), (ISSUING, SIBLING), crls)


def outcome(signer: x509.Certificate = LEAF, *, now: datetime = NOW, validation: ValidationData | None = None) -> str:
    try:
        check_signer(signer, (ISSUING,), now=now, validation=validation)
    except RejectedCertificate as error:
        return error.code
    return "accepted"


def test_an_ordinary_certificate_may_sign_up_to_its_last_second() -> None:
    for moment in (NOW, LEAF.not_valid_before_utc, LEAF.not_valid_after_utc):
        assert outcome(now=moment) == "accepted"
    assert outcome(now=LEAF.not_valid_after_utc + timedelta(seconds=1)) == "expired"
    assert outcome(now=LEAF.not_valid_before_utc - timedelta(seconds=1)) == "not-yet-valid"


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        ((), "key-usage"),
        ((usage("digital_signature"),), "key-usage"),
        ((usage("key_encipherment"),), "key-usage"),
        ((SIGNING, x509.BasicConstraints(ca=True, path_length=None)), "certificate-purpose"),
        ((SIGNING, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])), "certificate-purpose"),
        ((SIGNING, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])), "certificate-purpose"),
    ],
    ids=["no usage", "authentication only", "encryption", "authority", "time-stamping", "server"],
)
def test_a_certificate_for_something_else_is_refused(extensions: tuple[x509.ExtensionType, ...], code: str) -> None:
    assert outcome(certificate("leaf", "issuing", *extensions)) == code


def test_an_extended_usage_that_fits_documents_is_fine() -> None:
    fitting = x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH])
    assert outcome(certificate("leaf", "issuing", SIGNING, fitting)) == "accepted"


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(public_exponent=65537, key_size=1024), ec.generate_private_key(ec.SECP192R1())],
    ids=["RSA-1024", "P-192"],
)
def test_a_weak_key_is_refused(key: Key) -> None:
    assert outcome(certificate("leaf", "issuing", SIGNING, key=key)) == "weak-key"


@pytest.mark.parametrize(
    "lists",
    [
        (crl("issuing", LEAF.serial_number),),
        (crl("root", ISSUING.serial_number),),
        (crl("issuing"), crl("root", ISSUING.serial_number)),
    ],
    ids=["signer", "issuer", "issuer, beside a clean list"],
)
def test_revocation_of_signer_or_issuer_stops_the_signature(lists: tuple[x509.CertificateRevocationList, ...]) -> None:
    assert outcome(validation=data(*lists)) == "revoked"


def test_a_list_counts_only_for_its_own_issuer_and_with_its_own_signature() -> None:
    forged = crl("issuing", LEAF.serial_number, signed_by="sibling")
    foreign = crl("sibling", LEAF.serial_number)
    assert outcome(validation=data(forged, foreign)) == "accepted"


def test_a_signature_made_before_the_revocation_was_allowed() -> None:
    lists = data(crl("issuing", LEAF.serial_number))
    assert outcome(now=NOW - 10 * DAY, validation=lists) == "accepted"
    assert outcome(now=NOW - 8 * DAY, validation=lists) == "revoked"


def test_the_lists_of_a_path_are_chosen_and_no_others() -> None:
    wanted, unneeded = [crl("issuing"), crl("root")], crl("sibling")
    assert list(lists_for([LEAF], data(unneeded, *wanted), now=NOW)) == wanted


@pytest.mark.parametrize(
    "lists",
    [
        (crl("issuing"), crl("sibling")),
        (crl("root"), crl("sibling")),
        (crl("root"), crl("sibling"), crl("issuing", signed_by="sibling")),
        (crl("root"), crl("issuing", issued=NOW - 5 * DAY)),
        (crl("root"), crl("issuing", issued=NOW + DAY)),
    ],
    ids=["root's missing", "issuer's missing", "forged", "stale", "from the future"],
)
def test_a_path_without_its_lists_is_no_path(lists: tuple[x509.CertificateRevocationList, ...]) -> None:
    with pytest.raises(RejectedCertificate, match="no-path"):
        lists_for([LEAF], data(*lists), now=NOW)


def test_a_path_to_an_unlisted_root_is_no_path() -> None:
    stray = certificate("leaf", "other-root", SIGNING)
    with pytest.raises(RejectedCertificate, match="no-path"):
        lists_for([stray], data(crl("root"), crl("issuing")), now=NOW)
