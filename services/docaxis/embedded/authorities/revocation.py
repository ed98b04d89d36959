"""What the TEST authorities say about revocation: CRLs (RFC 5280 section 5) and OCSP answers (RFC 6960)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from .certificates import PrivateKey


@dataclass(frozen=True, slots=True)
class Revocation:
    """One certificate taken back by its issuer."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority with the keys it issues, revokes and answers with."""

    name: str
    certificate: x509.Certificate
    private_key: PrivateKey
    ocsp_certificate: x509.Certificate
    ocsp_key: PrivateKey


def build_crl(authority: Authority, revoked: Iterable[Revocation], *, now: datetime, lifetime: timedelta) -> bytes:
    """Sign a full CRL as DER; its number grows with the time of issue, so later ones always supersede."""
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.private_key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + lifetime)
        .add_extension(identifier, critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1_000_000)), critical=False)
    )
    for entry in sorted(revoked, key=lambda item: (item.at, item.serial)):
        builder = builder.add_revoked_certificate(_crl_entry(entry))
    return builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def answer_ocsp(
    authority: Authority,
    request: bytes,
    *,
    issued: Iterable[int],
    revoked: Iterable[Revocation],
    now: datetime,
    lifetime: timedelta,
) -> bytes:
    """Answer one OCSP request (DER in, DER out); unknown serials are answered `unknown`, others' are refused."""
    try:
        asked = ocsp.load_der_ocsp_request(request)
    except (ValueError, NotImplementedError):
        return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    if asked.issuer_key_hash != _key_hash(authority, asked.hash_algorithm):
        return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    entry = next((item for item in revoked if item.serial == asked.serial_number), None)
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        asked.serial_number,
        asked.hash_algorithm,
        _status(entry, known=asked.serial_number in set(issued)),
        now,
        now + lifetime,
        entry.at if entry else None,
        entry.reason if entry else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.ocsp_certificate)
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    builder = builder.certificates([authority.ocsp_certificate])
    return builder.sign(authority.ocsp_key, hashes.SHA256()).public_bytes(Encoding.DER)


def _crl_entry(entry: Revocation) -> x509.RevokedCertificate:
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial)
        .revocation_date(entry.at)
        .add_extension(x509.CRLReason(entry.reason), critical=False)
        .build()
    )


def _status(entry: Revocation | None, *, known: bool) -> ocsp.OCSPCertStatus:
    if entry is not None:
        return ocsp.OCSPCertStatus.REVOKED
    return ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN


def _key_hash(authority: Authority, algorithm: hashes.HashAlgorithm) -> bytes:
    """Hash the authority's public key as a CertID does: the bits without tag, length and unused-bit count."""
    digest = hashes.Hash(algorithm)
    public_key = authority.private_key.public_key()
    if isinstance(public_key, rsa.RSAPublicKey):
        digest.update(public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    else:
        digest.update(public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    return digest.finalize()


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
