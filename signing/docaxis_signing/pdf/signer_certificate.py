"""Checks of the signer's certificate before it signs: NĐ 23/2025 Art. 17 and TT 15/2025 annex II want them first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from docaxis_signing.signing_errors import RejectedCertificate

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

MINIMUM_RSA_BITS = 2048
MINIMUM_CURVE_BITS = 256
NOT_FOR_DOCUMENTS = frozenset(
    {
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
    }
)
"""A certificate whose extended key usages are all of these was not issued for documents."""


@dataclass(frozen=True, slots=True)
class ValidationData:
    """What the long-term levels embed and what revocation is judged by: certificates, CRLs and OCSP answers."""

    anchors: tuple[x509.Certificate, ...]
    authorities: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]
    ocsp_responses: tuple[bytes, ...] = ()


def check_signer(
    certificate: x509.Certificate,
    chain: Iterable[x509.Certificate],
    *,
    now: datetime,
    validation: ValidationData | None = None,
) -> None:
    """Raise `RejectedCertificate` unless the certificate may sign a document at `now`.

    Revocation is judged as far as `validation` has CRLs of the issuers; that they are there at all is asked only by
    the levels that embed them.
    """
    if now < certificate.not_valid_before_utc:
        raise _rejected("not-yet-valid", "Chứng thư số chưa có hiệu lực.", "The certificate is not valid yet.")
    if now > certificate.not_valid_after_utc:
        raise _rejected("expired", "Chứng thư số đã hết hạn.", "The certificate has expired.")
    _check_strength(certificate)
    _check_usage(certificate)
    if validation is not None:
        _check_revocation(certificate, (*chain, *validation.authorities, *validation.anchors), validation, now)


def lists_for(
    certificates: Iterable[x509.Certificate], validation: ValidationData, *, now: datetime
) -> tuple[x509.CertificateRevocationList, ...]:
    """The current CRLs that tell the status of these certificates and of their issuers, up to the anchors.

    Each is verified here and belongs to the issuer itself: certvalidator 0.33 accepts a list with a wrong signature
    when lists of sibling CAs are present, and a sibling's list where the root's is missing.

    Raises:
        RejectedCertificate: A certificate has no path to an anchor, or no current list or OCSP answer.
    """
    issuers = (*validation.authorities, *validation.anchors)
    answered = {ocsp.load_der_ocsp_response(item).serial_number for item in validation.ocsp_responses}
    found: dict[bytes, x509.CertificateRevocationList] = {}
    waiting = list(certificates)
    for certificate in waiting:
        if certificate in validation.anchors:
            continue
        issuer = next((item for item in issuers if _issued(certificate, item)), None)
        if issuer is None:
            raise no_path()
        current = [crl for crl in validation.crls if _is_current(crl, now) and _is_signed_by(crl, issuer)]
        if not current and certificate.serial_number not in answered:
            raise no_path()
        found.update({crl.signature: crl for crl in current})
        if issuer not in waiting:
            waiting.append(issuer)
    return tuple(found.values())


def no_path() -> RejectedCertificate:
    """What to raise where a trusted path with revocation data cannot be shown."""
    return RejectedCertificate(
        "no-path",
        "Không xác lập được đường dẫn tin cậy và tình trạng thu hồi của chứng thư số.",
        "No trusted path with revocation data could be established for a certificate.",
    )


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MINIMUM_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= MINIMUM_CURVE_BITS
    )
    if not strong:
        raise _rejected(
            "weak-key",
            "Khóa yếu hơn quy định: cần RSA từ 2048 bit hoặc ECDSA từ 256 bit.",
            "The key is weaker than allowed: RSA of 2048 bits or ECDSA of 256 bits at least.",
        )


def _check_usage(certificate: x509.Certificate) -> None:
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.content_commitment:
        raise _rejected(
            "key-usage",
            "Chứng thư số không được cấp để ký văn bản (thiếu nonRepudiation).",
            "The certificate was not issued to sign documents (nonRepudiation is missing).",
        )
    constraints = _extension(certificate, x509.BasicConstraints)
    if issued_for_something_else(certificate) or (constraints is not None and constraints.ca):
        raise _rejected(
            "certificate-purpose",
            "Chứng thư số được cấp cho mục đích khác, không phải để ký văn bản.",
            "The certificate was issued for another purpose than signing documents.",
        )


def issued_for_something_else(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate names extended usages and documents are none of them (RFC 5280, 4.2.1.12)."""
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    return extended is not None and all(item in NOT_FOR_DOCUMENTS for item in extended)


def stamps_time_alone(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate was issued for time-stamps and nothing else, in a way that no reader may ignore."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return extension.critical and list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _check_revocation(
    certificate: x509.Certificate, issuers: tuple[x509.Certificate, ...], validation: ValidationData, now: datetime
) -> None:
    current, remaining = certificate, len(issuers)
    while remaining:
        issuer = next((item for item in issuers if _issued(current, item)), None)
        for crl in validation.crls if issuer is not None else ():
            entry = crl.get_revoked_certificate_by_serial_number(current.serial_number)
            if entry is not None and _is_signed_by(crl, issuer) and entry.revocation_date_utc <= now:
                raise _rejected(
                    "revoked",
                    f"Chứng thư số đã bị thu hồi từ {entry.revocation_date_utc:%d/%m/%Y %H:%M} (UTC).",
                    f"The certificate was revoked on {entry.revocation_date_utc:%Y-%m-%d %H:%M} (UTC).",
                )
        if issuer is None or issuer.subject == issuer.issuer:
            return
        current, remaining = issuer, remaining - 1


def _is_current(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.last_update_utc <= now and crl.next_update_utc is not None and now <= crl.next_update_utc


def _is_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate | None) -> bool:
    if issuer is None or crl.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and crl.is_signature_valid(key)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _rejected(code: str, vi: str, en: str) -> RejectedCertificate:
    return RejectedCertificate(code, vi, en)
