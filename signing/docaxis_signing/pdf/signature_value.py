"""Signature values and digests that pyHanko does not compute, so that integrity is answered for old and rare forms too.

Nothing is trusted on it: whoever needs this gets a verdict that is not passed. What it adds to pyHanko's validator:
RIPEMD-160, ECDSA as two plain numbers (BSI TR-03111, 5.2.2), keys for PSS whose own parameters are narrower than those
of the signature (RFC 4055, 3.1, lets a salt be longer), and signed attributes that stand in another order than the one
that DER prescribes (RFC 5652, 5.4): some signers sign them as they stand, some as they should, and the library that
pyHanko reads them with puts them into order at times.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from asn1crypto import algos, cms, core, keys
from asn1crypto import parser as asn1_parser
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

_RIPEMD160: Final = "1.3.36.3.2.1"
_DIGESTS: Final = {_RIPEMD160: "ripemd160"}
"""Digests that asn1crypto has no name for (TeleTrusT)."""
_PADDED: Final = {"1.3.36.3.3.1.2": "ripemd160"}
_PLAIN_ECDSA: Final = {
    f"0.4.0.127.0.7.1.1.4.1.{arc}": name
    for arc, name in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"), start=1)
}
_OF_LENGTH: Final[dict[int, hashes.HashAlgorithm]] = {
    item.digest_size: item
    for item in (hashes.SHA1(), hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())  # noqa: S303 - see below
}
"""ECDSA signs a number; of the hash that made it, the library asks for the length alone."""
_UNABLE: Final = (UnsupportedAlgorithm, ValueError, KeyError, TypeError, AttributeError, AssertionError)
"""What pyHanko raises on algorithms that it does not know; `NotImplementedError` is no part of them but of this."""


class UnknownDigest(ValueError):
    """No library here computes a digest."""


def digest_of(algorithm: str, *parts: bytes | memoryview) -> bytes:
    """Hash bytes by the name or the number of a digest.

    Raises:
        UnknownDigest: No library here computes it.
    """
    try:
        digest = hashlib.new(_DIGESTS.get(algorithm, algorithm), usedforsecurity=False)
    except ValueError as error:
        raise UnknownDigest(f"no library here computes the digest {algorithm}") from error
    for part in parts:
        digest.update(part)
    return digest.digest()


def names_same_digest(info: bytes, digest_name: str, digest: bytes) -> bool:
    """Tell whether what a padded RSA signature holds is a digest, written in one of the two ways of RFC 8017, 9.2."""
    oid = _RIPEMD160 if digest_name == "ripemd160" else algos.DigestAlgorithmId.unmap(digest_name)
    bare = algos.DigestInfo({"digest_algorithm": {"algorithm": oid}, "digest": digest})
    usual = algos.DigestInfo({"digest_algorithm": {"algorithm": oid, "parameters": core.Null()}, "digest": digest})
    return info in (bare.dump(), usual.dump())


class EveryForm(DefaultSignatureValidator):
    """Verifies what pyHanko's own validator verifies, and the forms named above."""

    def __init__(self, contents: bytes) -> None:
        """Take note of how the signed attributes of a CMS object are written."""
        attributes = cms.ContentInfo.load(contents)["content"]["signer_infos"][0]["signed_attrs"]
        self._written = attributes.untag().dump() if attributes is not core.VOID and attributes.contents else b""

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Verify one signature.

        Raises:
            InvalidSignature: In none of the forms is it one of this key over these bytes.
        """
        verify: tuple[Callable[..., None], ...] = (super().validate_signature, _in_rare_form)
        for data in self._orders(signed_data, prehashed=context.prehashed):
            for one in verify:
                try:
                    one(signature, data, public_key_info, signature_algorithm, context)
                except (InvalidSignature, NotImplementedError, *_UNABLE):
                    continue
                return
        raise InvalidSignature("in no known form")

    def _orders(self, signed_data: bytes, *, prehashed: bool) -> Iterator[bytes]:
        """Give signed attributes as the library gives them, as written, and in the order of DER."""
        yield signed_data
        if prehashed or not self._written:
            return
        header, parts = _parts(self._written)
        if sorted(parts) == sorted(_parts(signed_data)[1]):
            yield self._written
            yield header + b"".join(sorted(parts))


def _parts(attributes: bytes) -> tuple[bytes, list[bytes]]:
    """Take a set apart into its header and its elements."""
    _, _, _, header, content, _ = asn1_parser.parse(attributes)
    parts = []
    while content:
        length = asn1_parser.peek(content)
        parts.append(content[:length])
        content = content[length:]
    return header, parts


def _in_rare_form(
    signature: bytes,
    data: bytes,
    key_info: keys.PublicKeyInfo,
    signature_algorithm: algos.SignedDigestAlgorithm,
    context: SignatureValidationContext,
) -> None:
    name = signature_algorithm["algorithm"].native
    key: Any = load_der_public_key(_unrestricted(key_info).dump())
    if isinstance(key, rsa.RSAPublicKey):
        if name == "rsassa_pss":
            _of_pss(signature, data, key, signature_algorithm["parameters"], prehashed=context.prehashed)
            return
        digest_name = _PADDED.get(name) or (_named(context) if name == "rsassa_pkcs1v15" else "")
        if not digest_name:
            raise InvalidSignature
        info = key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        if not names_same_digest(info, digest_name, _hashed(digest_name, data, context)):
            raise InvalidSignature
    elif isinstance(key, ec.EllipticCurvePublicKey):
        plain = _PLAIN_ECDSA.get(name)
        if not plain and name != "ecdsa":
            raise InvalidSignature
        digest = _hashed(plain or _named(context), data, context)
        value = _as_sequence(signature) if plain else signature
        key.verify(value, digest, ec.ECDSA(utils.Prehashed(_OF_LENGTH[len(digest)])))
    else:
        raise InvalidSignature


def _named(context: SignatureValidationContext) -> str:
    name = str(context.contextual_md_algorithm)
    return _DIGESTS.get(name, name)


def _hashed(name: str, data: bytes, context: SignatureValidationContext) -> bytes:
    return data if context.prehashed else digest_of(name, data)


def _unrestricted(key_info: keys.PublicKeyInfo) -> keys.PublicKeyInfo:
    """Give an RSA key without the parameters that say what it is for."""
    if key_info.algorithm != "rsassa_pss":
        return key_info
    free = key_info.copy()
    free["algorithm"] = {"algorithm": "rsa"}
    return free


def _of_pss(signature: bytes, data: bytes, key: rsa.RSAPublicKey, parameters: Any, *, prehashed: bool) -> None:
    chosen = _hash_object(parameters["hash_algorithm"]["algorithm"].native)
    mask = _hash_object(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
    scheme = padding.PSS(padding.MGF1(mask), parameters["salt_length"].native)
    key.verify(signature, data, scheme, utils.Prehashed(chosen) if prehashed else chosen)


def _hash_object(name: str) -> hashes.HashAlgorithm:
    found: hashes.HashAlgorithm = getattr(hashes, name.upper())()
    return found


def _as_sequence(signature: bytes) -> bytes:
    half = len(signature) // 2
    return utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
