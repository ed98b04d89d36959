"""What was signed is judged as it was written, whatever its length: encoded anew it would be something else.

asn1crypto takes a length whose last octet is 0x80 for an indefinite one. Encoded anew, a host in capitals becomes one
in small letters and a default that was written is left out; neither is what was signed. So each thing that is hashed,
verified or named by its hash is made here with such a length, and with something inside that would change.
"""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from asn1crypto import algos, cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from bothways import examine_both_ways
from docaxis.embedded.authorities.cast import TIMESTAMPING
from docaxis_signing.asn1_encodings import keep_encodings
from docaxis_signing.pdf.speed.der import elements
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.verdict import DocumentFindings, EvidenceKind, Indication, Integrity
from pdfcases.cms import HONEST, Holder
from pdfcases.pages import plain
from pdfcases.scene import AUTHORITY, Scene

HOST = x509.UniformResourceIdentifier("http://Crl.Test.example/a%7eb.crl")
"""As CAs write it; in the form that asn1crypto prefers it is http://crl.test.example/a~b.crl."""
PLACES = x509.CRLDistributionPoints([x509.DistributionPoint([HOST], None, None, None)])
FILLING = x509.ObjectIdentifier("1.3.6.1.4.1.99999.30.99")
Part = Callable[[bytes], bytes]


def whole(der: bytes) -> bytes:
    return der


def signed_part(der: bytes) -> bytes:
    (outer,) = elements(der, 0, len(der))
    first, *_ = elements(der, outer.contents, outer.end)
    return der[first.start : first.end]


def ends_in_80(der: bytes) -> bool:
    (outer,) = elements(der, 0, len(der))
    return outer.contents - outer.start > 2 and der[outer.contents - 1] == 0x80


def first_of_such_length(made: Iterable[bytes], part: Part = whole) -> bytes:
    return next(der for der in made if ends_in_80(part(der)))


def examined(scene: Scene, data: bytes, lists: RevocationSnapshot | None = None) -> DocumentFindings:
    assert keep_encodings()
    findings = examine_both_ways(data, trust=scene.trust, revocation=lists or scene.lists, at=scene.now)
    (signature,) = findings.signatures
    assert (signature.indication, findings.integrity) == (Indication.TOTAL_PASSED, Integrity.INTACT), signature
    return findings


def holder(scene: Scene, part: Part) -> Holder:
    """Issue a certificate that says where its list is; as a whole, or what is signed of it, it has such a length."""
    key = scene.holder().private_key
    made = {
        one.certificate.public_bytes(Encoding.DER): one
        for size in range(300)
        for one in [
            scene.holder(
                key=key,
                serial=2**100 + size,
                extensions=((PLACES, False), (x509.UnrecognizedExtension(FILLING, bytes(size)), False)),
            )
        ]
    }
    return made[first_of_such_length(made, part)]


def test_a_certificate_is_named_by_the_bytes_that_it_has(scene: Scene) -> None:
    who = holder(scene, whole)
    (signature,) = examined(scene, scene.sign(plain(), who=who)).signatures
    assert signature.certificate is not None
    assert signature.certificate.sha256 == who.certificate.fingerprint(hashes.SHA256()).hex()


def test_what_an_authority_signed_of_a_certificate_is_verified_as_it_is(scene: Scene) -> None:
    examined(scene, scene.sign(plain(), who=holder(scene, signed_part)))


def test_a_list_is_verified_as_it_is(scene: Scene) -> None:
    authority = scene.authorities.authorities[AUTHORITY]
    issued = scene.now - timedelta(hours=1)

    def crl(size: int) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(issued)
            .next_update(issued + timedelta(days=7))
            .add_extension(x509.CRLNumber(10**9), critical=False)
            .add_extension(x509.IssuerAlternativeName([HOST]), critical=False)
            .add_extension(x509.UnrecognizedExtension(FILLING, bytes(size)), critical=False)
        )
        return builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.DER)

    der = first_of_such_length(map(crl, range(300)), signed_part)
    lists = scene.snapshot(gov_local=der)
    findings = examined(scene, scene.sign(plain()), lists)
    assert hashlib.sha256(der).hexdigest() in findings.revocation_lists


def test_signed_attributes_are_verified_as_they_are(scene: Scene) -> None:
    """The first reference to a certificate names the default, SHA-256, as many signers do; the second leaves it out."""
    signer, issuer = (
        tlv(0x04, hashlib.sha256(item.public_bytes(Encoding.DER)).digest())
        for item in (scene.seal.certificate, *scene.seal.chain)
    )
    default = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
    certificates = tlv(0x30, tlv(0x30, default, signer), tlv(0x30, issuer))

    def reference(size: int) -> bytes:
        policy = tlv(0x30, tlv(0x06, b"\x2a\x03", b"\x01" * size))
        return tlv(0x30, certificates, tlv(0x30, policy))

    value = tsp.SigningCertificateV2.load(first_of_such_length(map(reference, range(300))))
    form = replace(HONEST, reference=False, attributes=(("signing_certificate_v2", value),))
    examined(scene, scene.sign(plain(), form=form))


def test_a_time_stamp_is_kept_with_the_bytes_that_it_has(scene: Scene) -> None:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    key = rsa.generate_private_key(65537, 2048)
    tokens: list[bytes] = []

    def token(signature: bytes, size: int) -> bytes:
        filling = x509.UnrecognizedExtension(FILLING, bytes(size))
        extensions = ((usage, True), (PLACES, False), (filling, False))
        unit = scene.holder(key=key, serial=2**100 + size, authority=TIMESTAMPING, extensions=extensions)
        return bytes(scene.token(by=unit)(signature).dump())

    def stamp(signature: bytes) -> cms.ContentInfo:
        tokens.append(first_of_such_length(map(partial(token, signature), range(300)), signed_data))
        return cms.ContentInfo.load(tokens[-1])

    findings = examined(scene, scene.sign(plain(), form=replace(HONEST, stamps=(stamp,))))
    (signature,) = findings.signatures
    assert signature.timestamp_time == scene.now
    (kept,) = [item.sha256 for item in signature.evidence if item.kind is EvidenceKind.TIMESTAMP_TOKEN]
    assert {item.sha256: b64decode(item.content) for item in findings.material}[kept] == tokens[-1]


def signed_data(token: bytes) -> bytes:
    (outer,) = elements(token, 0, len(token))
    _, content = elements(token, outer.contents, outer.end)
    return token[content.contents : content.end]


def tlv(tag: int, *parts: bytes) -> bytes:
    contents = b"".join(parts)
    octets = len(contents).to_bytes((len(contents).bit_length() + 7) // 8 or 1)
    return bytes([tag, *(octets if len(contents) < 0x80 else (0x80 | len(octets), *octets))]) + contents
