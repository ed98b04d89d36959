"""Signatures of the form `adbe.x509.rsa_sha1`: a bare RSA signature in `/Contents`, the certificate in `/Cert`.

ISO 32000-2 deprecates the form (12.8.3.2) and the axis accepts none of it. Whether the bytes are those that were signed
is answered all the same, without pyHanko, which does not list it: so only what our own comparison alone may decide
counts as nothing changed.
"""

from typing import Any, Final

from asn1crypto import algos, core
from asn1crypto import parser as asn1_parser
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from docaxis_signing.pdf.acceptance import Covered, RefusedSignature, accept_covered
from docaxis_signing.pdf.comparison import Change
from docaxis_signing.pdf.examination import certificate_facts
from docaxis_signing.pdf.integrity import coverage_of, difference_after, level_of, modified
from docaxis_signing.pdf.objects import Snapshot, Text
from docaxis_signing.pdf.signature_value import digest_of, names_same_digest
from docaxis_signing.verdict import (
    Cause,
    Indication,
    Integrity,
    SignatureFinding,
    SubIndication,
)

BARE_RSA: Final = "/adbe.x509.rsa_sha1"
_NOTE: Final = f"rule 1: the form {BARE_RSA} of signature is not supported"


def examine_bare(covered: Covered, field: str) -> SignatureFinding:
    """Answer for the integrity of a bare RSA signature; it is never passed.

    Args:
        covered: The signature as the scan saw it.
        field: Its name.

    Raises:
        RefusedSignature: It does not match its bytes, or something changed that nothing permits.
    """
    accept_covered(covered)
    dictionary = Snapshot(covered.data, covered.structure.revisions, covered.read).value(covered.scanned.number or 0)
    certificate = _certificate(dictionary.get(b"Cert"))
    digest_name = _verify(covered, certificate)
    _, difference = difference_after(covered)
    allowed = Change.VALIDATION if b"Reference" in dictionary else Change.SIGNATURE
    if difference.level > allowed:
        raise modified("pyHanko cannot be asked whether that is permitted")
    return SignatureFinding(
        field=field,
        indication=Indication.INDETERMINATE,
        integrity=Integrity.INTACT_WITH_PERMITTED_CHANGES if difference.pictures else Integrity.INTACT,
        sub_indication=SubIndication.GENERIC,
        cause=Cause.UNSUPPORTED,
        revision=covered.scanned.revision,
        coverage=coverage_of(covered),
        modification=level_of(difference),
        certificate=certificate_facts(certificate, None, ""),
        digest_algorithm=digest_name,
        signature_algorithm="rsassa_pkcs1v15",
        key_bits=certificate.public_key.bit_size,
        notes=(_NOTE,),
    )


def _certificate(value: Any) -> asn1_x509.Certificate:
    """Read the signer's certificate: a string, or the first of an array of them (ISO 32000-1, table 252)."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, Text):
        raise RefusedSignature("rule 1: no certificate in the signature dictionary", Cause.BROKEN)
    return asn1_x509.Certificate.load(first.value, strict=True)


def _verify(covered: Covered, certificate: asn1_x509.Certificate) -> str:
    """Check the signature over the covered bytes, and give the name of its digest.

    Raises:
        RefusedSignature: It is not one of the certificate's key over these bytes.
    """
    key = load_der_public_key(certificate.public_key.dump())
    if not isinstance(key, rsa.RSAPublicKey):
        raise RefusedSignature("rule 1: the key of a bare RSA signature is no RSA key", Cause.BROKEN)
    start, end = covered.scanned.contents or (0, 0)
    contents = bytes.fromhex(covered.data[start + 1 : end - 1].decode("ascii"))
    signature = core.OctetString.load(contents[: asn1_parser.peek(contents)]).native
    try:
        info = key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
    except InvalidSignature as error:
        raise RefusedSignature(
            "the signature is not one of the certificate's key",
            Cause.BROKEN,
            sub_indication=SubIndication.SIG_CRYPTO_FAILURE,
        ) from error
    name = str(algos.DigestInfo.load(info)["digest_algorithm"]["algorithm"].native)
    view = memoryview(covered.data)
    if not names_same_digest(info, name, digest_of(name, view[:start], view[end : end + covered.byte_range[3]])):
        raise RefusedSignature(
            "the bytes are not those that were signed", Cause.BROKEN, sub_indication=SubIndication.HASH_FAILURE
        )
    return name
