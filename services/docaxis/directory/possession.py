"""Proof that whoever registers a certificate holds its key: a signature over a challenge made for this one purpose."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from docaxis.directory.errors import RejectedRegistration
from docaxis_schemas.canonical import canonical

CHALLENGE_BYTES: Final = 32
CHALLENGE_LIFE: Final = timedelta(hours=24)
"""A seal's token lies in a safe and its keeper is called: a day, and single use."""

PURPOSE: Final = "docaxis: register this certificate for this organisation"
"""Stands in what is signed, so that no other system's challenge can be answered with it, nor ours elsewhere."""

MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class PossessionChallenge:
    """What the holder of the key has to sign: ``message``, with SHA-256."""

    challenge: bytes
    message: bytes
    expires_at: datetime


def possession_message(challenge: bytes, *, organisation: str, certificate_sha256: str) -> bytes:
    """Give the bytes that are signed to prove possession."""
    return canonical(
        {
            "purpose": PURPOSE,
            "challenge": challenge.hex(),
            "organisation": organisation,
            "certificate_sha256": certificate_sha256,
        }
    )


def read_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate whose key may sign documents.

    Raises:
        RejectedRegistration: No certificate, or a key too weak or of another kind.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RejectedRegistration("not a certificate") from error
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= MIN_EC_BITS
    )
    if not strong:
        raise RejectedRegistration("the certificate's key is neither RSA of 2048 bits or more nor ECDSA of 256 or more")
    return certificate


def fingerprint(der: bytes) -> str:
    """Give the SHA-256 by which a certificate is registered."""
    return hashlib.sha256(der).hexdigest()


def verify_possession(certificate: x509.Certificate, *, message: bytes, signature: bytes) -> str:
    """Verify the proof and say how it was given.

    RSA tokens in the field often do PKCS#1 v1.5 only, so that is taken beside PSS; both with SHA-256.

    Raises:
        RejectedRegistration: The signature is not by the certificate's key over this message.
    """
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        try:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise RejectedRegistration("the proof of possession does not verify") from None
        return "ecdsa-sha256 over challenge"
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    for name, scheme in (("rsa-pss-sha256", pss), ("rsa-pkcs1-sha256", padding.PKCS1v15())):
        try:
            key.verify(signature, message, scheme, hashes.SHA256())
        except InvalidSignature:
            continue
        return f"{name} over challenge"
    raise RejectedRegistration("the proof of possession does not verify")
