"""Who issued what: names compared as RFC 5280 wants, signatures checked with the issuer's key.

cryptography compares names byte by byte, so it takes an authority that writes its name once as PrintableString and once
as UTF8String for two. RFC 5280, 7.1 compares them after string preparation, which NIST's PKITS asks for (4.3).
"""

from functools import lru_cache
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

NAMES_KEPT: Final = 4096
"""Prepared names; documents bring names of their own, so there is an end."""


class NotIssued(ValueError):
    """The certificate does not come from this issuer."""


@lru_cache(maxsize=NAMES_KEPT)
def name_key(name: x509.Name) -> str:
    """Give the prepared form of a name: equal for names that RFC 5280 takes for the same."""
    encoded = name.public_bytes()
    try:
        prepared: str = asn1_x509.Name.load(encoded).hashable
    except (ValueError, TypeError, KeyError):  # a name that cannot be prepared equals itself alone
        return f"raw:{encoded.hex()}"
    return prepared


def verify_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Check that an issuer's name and key stand behind a certificate.

    Raises:
        NotIssued: Another name, another key, or an algorithm that is not known.
    """
    if name_key(certificate.issuer) != name_key(issuer.subject):
        raise NotIssued("the certificate names another issuer")
    try:
        _verify_signature(certificate, issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise NotIssued("the signature of the certificate is not the issuer's") from error


def _verify_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    key, signature, signed = issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes
    algorithm, parameters = certificate.signature_hash_algorithm, certificate.signature_algorithm_parameters
    if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PSS | padding.PKCS1v15):
        if algorithm is None:
            raise UnsupportedAlgorithm("a signature without a hash")
        key.verify(signature, signed, parameters, algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
        key.verify(signature, signed, parameters)
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, signed)
    else:
        raise UnsupportedAlgorithm("key and signature are of different kinds, or of one that is not used here")
