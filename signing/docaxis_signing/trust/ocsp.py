"""OCSP answers (RFC 6960), judged by us before anything else sees them, as revocation lists are.

An answer counts if the configured issuer signed it, or a responder whom that issuer certified for it; if it is about
this certificate; if it is not from the future; and if it carries the nonce that was asked with, where one was.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from docaxis_signing.trust.issuing import NotIssued, verify_issued
from docaxis_signing.trust.store import ConfiguredAuthority

MAX_ANSWER_BYTES: Final = 64 * 1024
"""An answer with the certificate of its responder has 2 to 5 kB."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far ahead of ours a responder's clock may run."""
UNDATED: Final = timedelta(minutes=30)
"""How long an answer holds that does not say until when: certvalidator's measure too."""
WEAK_HASHES: Final = (hashes.MD5, hashes.SHA1)


class RejectedAnswer(ValueError):
    """What was served is not a usable answer about this certificate."""


class AnswerStatus(StrEnum):
    """What a responder says of a certificate. `unknown` says nothing, and is refused."""

    GOOD = "good"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """One verified answer about one certificate."""

    authority: str
    serial: int
    status: AnswerStatus
    this_update: datetime
    next_update: datetime
    revoked_at: datetime | None
    sha256: str
    der: bytes = field(repr=False)

    def fresh_at(self, at: datetime) -> bool:
        """Tell whether the answer speaks for a time."""
        return at <= self.next_update


def ingest_answer(
    issuer: ConfiguredAuthority,
    der: bytes,
    *,
    now: datetime,
    serial: int | None = None,
    nonce: bytes | None = None,
    responder_good: Callable[[x509.Certificate], bool],
) -> OcspAnswer:
    """Take in an answer about one certificate that an authority issued.

    Args:
        issuer: The configured authority whose key signed the certificate.
        der: The response.
        serial: Of the certificate asked about; None takes whichever one of the authority the answer is about.
        now: Our time.
        nonce: What was asked with; None where the answer was not asked for by us.
        responder_good: Whether a delegated responder without the no-check extension is unrevoked.

    Raises:
        RejectedAnswer: Another certificate, a responder without authority, a wrong signature or time.
    """
    if len(der) > MAX_ANSWER_BYTES:
        raise RejectedAnswer(f"{issuer.name}: larger than {MAX_ANSWER_BYTES} bytes")
    try:
        response = ocsp.load_der_ocsp_response(der)
        return _judged(issuer, response, der, now=now, serial=serial, nonce=nonce, responder_good=responder_good)
    except RejectedAnswer:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RejectedAnswer(f"{issuer.name}: unreadable answer: {error}") from error


def _judged(
    issuer: ConfiguredAuthority,
    response: ocsp.OCSPResponse,
    der: bytes,
    *,
    now: datetime,
    serial: int | None,
    nonce: bytes | None,
    responder_good: Callable[[x509.Certificate], bool],
) -> OcspAnswer:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise RejectedAnswer(f"{issuer.name}: the responder answered {response.response_status.name}")
    if any(item.critical and isinstance(item.value, x509.UnrecognizedExtension) for item in response.extensions):
        raise RejectedAnswer(f"{issuer.name}: unknown critical extension in the answer")
    answer, *others = response.responses
    if others or not _is_about(answer, issuer.certificate) or serial not in {None, answer.serial_number}:
        raise RejectedAnswer(f"{issuer.name}: the answer is about another certificate, or about several")
    _check_nonce(issuer, response, nonce)
    _check_signature(issuer, response, _responder(issuer, response), responder_good)
    this_update = answer.this_update_utc
    next_update = answer.next_update_utc or this_update + UNDATED
    if this_update > now + CLOCK_SKEW or next_update <= this_update:
        raise RejectedAnswer(f"{issuer.name}: the times of the answer are wrong")
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise RejectedAnswer(f"{issuer.name}: the responder does not know the certificate")
    revoked = answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    return OcspAnswer(
        issuer.name,
        answer.serial_number,
        AnswerStatus.REVOKED if revoked else AnswerStatus.GOOD,
        this_update,
        next_update,
        answer.revocation_time_utc if revoked else None,
        hashlib.sha256(der).hexdigest(),
        der,
    )


def _is_about(answer: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    algorithm = answer.hash_algorithm
    return answer.issuer_key_hash == _hash(algorithm, key_bits(issuer.public_key())) and (
        answer.issuer_name_hash == _hash(algorithm, issuer.subject.public_bytes())
    )


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def key_bits(key: Any) -> bytes:
    """Give a public key as a CertID hashes it: the bits without tag, length and count of unused bits."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return key.public_bytes_raw()
    raise RejectedAnswer("the authority's key is of a kind that is not used here")


def _check_nonce(issuer: ConfiguredAuthority, response: ocsp.OCSPResponse, nonce: bytes | None) -> None:
    if nonce is None:
        return
    try:
        echoed = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        echoed = None
    if echoed != nonce:
        raise RejectedAnswer(f"{issuer.name}: the answer does not carry the nonce that was asked with")


def _responder(issuer: ConfiguredAuthority, response: ocsp.OCSPResponse) -> x509.Certificate:
    """Find who signed: the issuer itself, or a certificate that came along."""
    for candidate in (issuer.certificate, *response.certificates):
        by_name = response.responder_name is not None and response.responder_name == candidate.subject
        # RFC 6960, 4.2.1 identifies keys by SHA-1; an identifier is no signature
        by_key = response.responder_key_hash == _hash(hashes.SHA1(), key_bits(candidate.public_key()))  # noqa: S303
        if by_name or (response.responder_key_hash is not None and by_key):
            return candidate
    raise RejectedAnswer(f"{issuer.name}: who answered is not to be found")


def _check_signature(
    issuer: ConfiguredAuthority,
    response: ocsp.OCSPResponse,
    responder: x509.Certificate,
    responder_good: Callable[[x509.Certificate], bool],
) -> None:
    if responder != issuer.certificate:
        _check_delegation(issuer, response, responder, responder_good)
    algorithm = response.signature_hash_algorithm
    if algorithm is None or isinstance(algorithm, WEAK_HASHES):
        raise RejectedAnswer(f"{issuer.name}: the answer is signed with a weak algorithm")
    key, signature, signed = responder.public_key(), response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            raise RejectedAnswer(f"{issuer.name}: the responder's key is of a kind that is not used here")
    except InvalidSignature as error:
        raise RejectedAnswer(f"{issuer.name}: the signature of the answer is wrong") from error


def _check_delegation(
    issuer: ConfiguredAuthority,
    response: ocsp.OCSPResponse,
    responder: x509.Certificate,
    responder_good: Callable[[x509.Certificate], bool],
) -> None:
    """RFC 6960, 4.2.2.2: the issuer itself certified the responder, and for this purpose."""
    try:
        verify_issued(responder, issuer.certificate)
    except NotIssued as error:
        raise RejectedAnswer(f"{issuer.name}: the responder is not authorised by the issuer") from error
    if isinstance(responder.signature_hash_algorithm, WEAK_HASHES):
        raise RejectedAnswer(f"{issuer.name}: the responder's certificate is signed with a weak algorithm")
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        raise RejectedAnswer(f"{issuer.name}: the responder is not certified for OCSP")
    if not responder.not_valid_before_utc <= response.produced_at_utc <= responder.not_valid_after_utc:
        raise RejectedAnswer(f"{issuer.name}: the responder's certificate was not valid when it answered")
    unchecked = any(isinstance(item.value, x509.OCSPNoCheck) for item in responder.extensions)
    if not unchecked and not responder_good(responder):
        raise RejectedAnswer(f"{issuer.name}: the responder's certificate is revoked or its status unknown")
