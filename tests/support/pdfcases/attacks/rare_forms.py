"""Old and rare forms of signatures: none is trusted, and whether the bytes match is answered all the same."""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, Witness, attack
from pdfcases.cms import HONEST, Holder, Pss, changed, sign_bytes, signed_anew
from pdfcases.editing import append, contents, signed_bytes, swap
from pdfcases.pages import OTHER_TEXT, TEXT_OF_PAGE, plain, stream
from pdfcases.scene import Scene
from pdfcases.witnesses import SECONDS, SEEN, fact, signed_data, signer_certificate, signer_info

OPEN = Indication.INDETERMINATE
INTACT = Integrity.INTACT
SUM, OTHER_SUM = b"So tien: 1.000.000", b"So tien: 9.000.000"
BARE = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.x509.rsa_sha1"
RIPEMD160, RIPEMD160_WITH_RSA, PLAIN_ECDSA = "1.3.36.3.2.1", "1.3.36.3.3.1.2", "0.4.0.127.0.7.1.1.4.1.3"


def _openssl_verifies(sample: Sample) -> bool:
    start, end = contents(sample.data)
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "cms").write_bytes(bytes.fromhex(sample.data[start:end].decode()))
        (Path(directory) / "content").write_bytes(signed_bytes(sample.data))
        command = ["openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "cms"]
        answer = subprocess.run(
            [*command, "-content", "content", "-out", "out"],
            cwd=directory,
            check=False,
            capture_output=True,
            timeout=SECONDS,
        )
    return answer.returncode == 0


OPENSSL = fact("OpenSSL verifies it over the bytes", _openssl_verifies)


# --- A bare RSA signature ---------------------------------------------------------------------------------------------


def _bare(scene: Scene, hash_: hashes.HashAlgorithm) -> bytes:
    holder = scene.rsa_holder()
    key = holder.private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = holder.certificate.public_bytes(Encoding.DER).hex().encode()
    return scene.sign(
        plain(),
        kind=BARE,
        entries=b"/Cert <%s>" % certificate,
        cms_of=lambda covered: core.OctetString(key.sign(covered, padding.PKCS1v15(), hash_)).dump(),
    )


def _of_its_key(hash_: hashes.HashAlgorithm) -> Callable[[Scene, Sample], bool]:
    def agrees(scene: Scene, sample: Sample) -> bool:
        start, end = contents(sample.data)
        signature = core.OctetString.load(bytes.fromhex(sample.data[start:end].decode())).native
        key = scene.rsa_holder().certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, signed_bytes(sample.data), padding.PKCS1v15(), hash_)
        return True

    return agrees


def _bare_case(name: str, about: str, hash_: hashes.HashAlgorithm) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(_bare(scene, hash_))

    build.__name__, build.__doc__ = name, about
    witness = Witness("the certificate's key verifies it over the bytes", _of_its_key(hash_))
    return attack(Group.ALGORITHMS, witness, Cause.UNSUPPORTED, integrity=INTACT, indication=OPEN)(build)


BARE_FORMS = (
    _bare_case("bare_rsa", "The form adbe.x509.rsa_sha1: RSA alone, without a CMS object.", hashes.SHA1()),
    _bare_case("bare_rsa_of_sha_256", "The same form with SHA-256, as later readers allow.", hashes.SHA256()),
)


@attack(Group.ALGORITHMS, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN)
def bare_rsa_rewritten(scene: Scene) -> Sample:
    """The sum is rewritten under a signature of the form adbe.x509.rsa_sha1."""
    honest = _bare(scene, hashes.SHA1())
    return Sample(swap(honest, SUM, OTHER_SUM), honest=honest)


@attack(Group.ALGORITHMS, SEEN, Cause.MODIFIED, integrity=Integrity.MODIFIED)
def bare_rsa_updated(scene: Scene) -> Sample:
    """An update replaces the page under a signature of the form adbe.x509.rsa_sha1."""
    honest = _bare(scene, hashes.SHA1())
    return Sample(append(honest, {TEXT_OF_PAGE: stream(OTHER_TEXT)}), honest=honest)


# --- Digests and values that few libraries know -----------------------------------------------------------------------


def _in_rare_form(
    covered: bytes, holder: Holder, digest_oid: str, digest: str, algorithm: str, sign: Callable[[bytes], bytes]
) -> bytes:
    """Make a CMS object whose digest, algorithm and value are the ones given."""

    def rewrite(signed: cms.SignedData) -> None:
        signer = signed["signer_infos"][0]
        for attribute in signer["signed_attrs"]:
            if attribute["type"].native == "message_digest":
                attribute["values"] = [hashlib.new(digest, covered, usedforsecurity=False).digest()]
        signed["digest_algorithms"] = [algos.DigestAlgorithm({"algorithm": digest_oid})]
        signer["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": digest_oid})
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": algorithm})
        signer["signature"] = sign(signer["signed_attrs"].untag().dump(force=True))

    return changed(sign_bytes(covered, holder), rewrite)


def _ripemd160_by(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    """Sign as RFC 8017 says, 8.2.1, with a hash that the library has no name for."""

    def sign(data: bytes) -> bytes:
        info = algos.DigestInfo(
            {
                "digest_algorithm": {"algorithm": RIPEMD160, "parameters": core.Null()},
                "digest": hashlib.new("ripemd160", data, usedforsecurity=False).digest(),
            }
        ).dump()
        numbers, size = key.private_numbers(), key.key_size // 8
        padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        return pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(size)

    return sign


@attack(Group.ALGORITHMS, OPENSSL, Cause.WEAK_ALGORITHM, integrity=INTACT, indication=OPEN)
def digest_ripemd160(scene: Scene) -> Sample:
    """The document is hashed with RIPEMD-160, as German signers did."""
    holder = scene.rsa_holder()
    assert isinstance(holder.private_key, rsa.RSAPrivateKey)
    sign = _ripemd160_by(holder.private_key)
    return Sample(
        scene.sign(
            plain(),
            cms_of=lambda covered: _in_rare_form(covered, holder, RIPEMD160, "ripemd160", RIPEMD160_WITH_RSA, sign),
        )
    )


@attack(Group.ALGORITHMS, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN)
def digest_ripemd160_rewritten(scene: Scene) -> Sample:
    """The sum is rewritten under a signature with RIPEMD-160."""
    honest = digest_ripemd160.build(scene).data
    return Sample(swap(honest, SUM, OTHER_SUM), honest=honest)


def _plainly(holder: Holder) -> Callable[[bytes], bytes]:
    def sign(data: bytes) -> bytes:
        assert isinstance(holder.private_key, ec.EllipticCurvePrivateKey)
        numbers = utils.decode_dss_signature(holder.private_key.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32) for number in numbers)

    return sign


def _two_numbers(sample: Sample) -> bool:
    signer, key = signer_info(sample.data), signer_certificate(sample.data).public_key()
    value = signer["signature"].native
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = utils.encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
    key.verify(numbers, signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))
    return True


@attack(
    Group.ALGORITHMS,
    fact("two plain numbers, of the certificate's key", _two_numbers),
    Cause.UNSUPPORTED,
    integrity=INTACT,
    indication=OPEN,
)
def plain_ecdsa(scene: Scene) -> Sample:
    """ECDSA as two plain numbers (BSI TR-03111), which pyHanko does not verify."""
    sign = _plainly(scene.seal)
    return Sample(
        scene.sign(
            plain(), cms_of=lambda covered: _in_rare_form(covered, scene.seal, "sha256", "sha256", PLAIN_ECDSA, sign)
        )
    )


@attack(Group.ALGORITHMS, OPENSSL, Cause.UNSUPPORTED, integrity=INTACT, indication=OPEN)
def key_of_a_narrower_pss(scene: Scene) -> Sample:
    """The certificate's key is for PSS with a salt of 20 bytes and more; the signature has 32 (RFC 4055, 3.1)."""
    holder = scene.rsa_holder()
    certificate = asn1_x509.Certificate.load(holder.certificate.public_bytes(Encoding.DER))
    body = certificate["tbs_certificate"]
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 20,
    }
    body["subject_public_key_info"]["algorithm"] = {"algorithm": "rsassa_pss", "parameters": parameters}
    authority = scene.authorities.authorities["gov-local"].private_key
    narrowed = x509.load_der_x509_certificate(certificate.dump(force=True))
    narrow = replace(holder, certificate=signed_anew(narrowed, authority, "sha256"))
    return Sample(scene.sign(plain(), who=narrow, form=replace(HONEST, pss=Pss())))


@attack(
    Group.CONTENTS,
    fact(
        "the CMS object carries the covered bytes",
        lambda sample: signed_data(sample.data)["encap_content_info"]["content"].native == signed_bytes(sample.data),
    ),
    Cause.UNSUPPORTED,
    integrity=INTACT,
    indication=OPEN,
)
def document_carried_once_more(scene: Scene) -> Sample:
    """The CMS object carries the very bytes that it covers: it says nothing else, and is no form of the standard."""
    return Sample(
        scene.sign(
            plain(),
            cms_of=lambda covered: sign_bytes(covered, scene.seal, replace(HONEST, encapsulated=covered)),
        )
    )


@attack(Group.CONTENTS, OPENSSL, Cause.UNSUPPORTED, integrity=INTACT, indication=OPEN)
def a_sign_beyond_ascii_in_a_name(scene: Scene) -> Sample:
    """The signing service writes its trade mark into a name as it is (DocuSign does), which pyHanko refuses to read."""
    return Sample(scene.sign(plain(), entries=b"/Prop_Build << /App << /Name /Service\xae >> >>"))


@attack(Group.CONTENTS, SEEN, Cause.BROKEN, integrity=Integrity.BROKEN)
def a_sign_beyond_ascii_in_a_name_and_another_sum(scene: Scene) -> Sample:
    """The same, with the sum on the page rewritten."""
    signed = scene.sign(plain(), entries=b"/Prop_Build << /App << /Name /Service\xae >> >>")
    return Sample(swap(signed, SUM, OTHER_SUM), honest=signed)
