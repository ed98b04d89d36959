"""CMS objects written field by field, so that each of them can be wrong (RFC 5652)."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
Stamp = Callable[[bytes], cms.ContentInfo]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a certificate and its key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: Key


@dataclass(frozen=True, slots=True)
class Pss:
    """Parameters of RSASSA-PSS (RFC 4055): what is written, which is also what is done unless `done` says otherwise."""

    digest: str = "sha256"
    mask: str = "sha256"
    salt: int = 32
    done: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """How a CMS object is written; the defaults are those of an honest PAdES signature."""

    digest: str = "sha256"
    hash_signed: str = ""
    """Hash of the signature where it is another than that of the document."""
    algorithm: str = ""
    """Name of the signature algorithm where it is not the true one."""
    pss: Pss | None = None
    reference: bool = True
    """Whether the signing certificate is named in a signed attribute (ESS)."""
    refers_to: x509.Certificate | None = None
    names: x509.Certificate | None = None
    """The certificate that the signer's identifier names where it is another."""
    message_digest: bytes | None = None
    encapsulated: bytes | None = None
    signers: int = 1
    certificates: bool = True
    stamps: tuple[Stamp, ...] = ()
    attributes: tuple[tuple[str, Any], ...] = field(default=())
    """Further signed attributes."""


HONEST: Final = Form()


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Give a certificate to asn1crypto."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def sign_bytes(document: bytes, holder: Holder, form: Form = HONEST) -> bytes:
    """Make the CMS object of a signature over some bytes."""
    chain = (holder.certificate, *holder.chain) if form.certificates else ()
    infos = [_signer_info(document, holder, form)] * form.signers
    content: dict[str, Any] = {"content_type": "data"}
    if form.encapsulated is not None:
        content["content"] = core.OctetString(form.encapsulated)
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": form.digest})],
            "encap_content_info": content,
            "certificates": [asn1(item) for item in chain] or None,
            "signer_infos": cms.SignerInfos(infos),
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _signer_info(document: bytes, holder: Holder, form: Form) -> cms.SignerInfo:
    own = asn1(form.names or holder.certificate)
    attributes = _attributes(document, holder, form)
    signature = _sign(attributes.dump(), holder.private_key, form)
    info: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": own.issuer, "serial_number": own.serial_number}
                )
            }
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": form.digest}),
        "signed_attrs": attributes,
        "signature_algorithm": _algorithm(holder.private_key, form),
        "signature": signature,
    }
    if form.stamps:
        info["unsigned_attrs"] = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [stamp(signature)]})
                for stamp in form.stamps
            ]
        )
    return cms.SignerInfo(info)


def _attributes(document: bytes, holder: Holder, form: Form) -> cms.CMSAttributes:
    digest = form.message_digest or hashlib.new(form.digest, document, usedforsecurity=False).digest()
    found = [("content_type", "data"), ("message_digest", digest), *form.attributes]
    if form.reference:
        referred = asn1(form.refers_to or holder.certificate)
        certificate = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(referred.dump()).digest()})
        found.append(("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [certificate]})))
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": (value,)}) for kind, value in found])


def _algorithm(key: Key, form: Form) -> algos.SignedDigestAlgorithm:
    hashed = form.hash_signed or form.digest
    if form.pss is not None:
        parameters = {
            "hash_algorithm": {"algorithm": form.pss.digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": form.pss.mask}},
            "salt_length": form.pss.salt,
        }
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
    scheme = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ecdsa"
    return algos.SignedDigestAlgorithm({"algorithm": form.algorithm or f"{hashed}_{scheme}"})


def _sign(data: bytes, key: Key, form: Form) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(HASHES[form.hash_signed or form.digest]))
    if form.pss is not None:
        done = form.pss.done or form.pss.digest
        scheme = padding.PSS(padding.MGF1(HASHES[form.pss.mask]), form.pss.salt)
        return key.sign(data, scheme, HASHES[done])
    return key.sign(data, padding.PKCS1v15(), HASHES[form.hash_signed or form.digest])


def changed(der: bytes, edit: Callable[[cms.SignedData], None]) -> bytes:
    """Change a CMS object after it was signed."""
    info = cms.ContentInfo.load(der)
    signed = info["content"]
    edit(signed)
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed.copy()}).dump(force=True))


def signer_of(contents: bytes) -> cms.SignerInfo:
    """Read the first signer of a CMS object."""
    return cms.ContentInfo.load(contents)["content"]["signer_infos"][0]


def indefinite(der: bytes) -> bytes:
    """Write the two outer layers of a CMS object in BER with indefinite lengths (X.690, 8.1.3.6)."""
    outer, explicit = _inside(der)[0], b""
    (oid, wrapped) = _parts(outer)
    explicit = _inside(wrapped)[0]
    return b"\x30\x80" + oid + b"\xa0\x80" + explicit + b"\0\0" + b"\0\0"


def signed_anew(certificate: x509.Certificate, issuer: Key, digest: str) -> x509.Certificate:
    """Sign a certificate once more with another hash; the library that made it refuses weak ones."""
    made = asn1(certificate)
    scheme = "rsa" if isinstance(issuer, rsa.RSAPrivateKey) else "ecdsa"
    body = made["tbs_certificate"]
    body["signature"] = algos.SignedDigestAlgorithm({"algorithm": f"{digest}_{scheme}"})
    made["signature_algorithm"] = body["signature"]
    made["signature_value"] = _sign(body.dump(force=True), issuer, Form(digest=digest))
    return x509.load_der_x509_certificate(made.dump(force=True))


def _inside(der: bytes) -> tuple[bytes, int]:
    length, start = der[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[2 : 2 + count]), 2 + count
    return der[start : start + length], start + length


def _parts(content: bytes) -> Iterable[bytes]:
    found = []
    while content:
        _, end = _inside(content)
        found.append(content[:end])
        content = content[end:]
    return found
