"""A key that is kept ready verifies what stock verifies, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko_certvalidator import sig_validate

from bothways import ENGINE

DATA = b"v\xc4\x83n b\xe1\xba\xa3n"
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
SHA256 = hashes.SHA256()


def pss(salt: int) -> algos.SignedDigestAlgorithm:
    digest = {"algorithm": "sha256"}
    mask = {"algorithm": "mgf1", "parameters": digest}
    parameters = {"hash_algorithm": digest, "mask_gen_algorithm": mask, "salt_length": salt}
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


PKCS1 = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
PKCS1_WIDER = algos.SignedDigestAlgorithm({"algorithm": "sha512_rsa"})
PSS, PSS_SHORT = pss(32), pss(20)
ECDSA = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
SIGNED: dict[str, tuple[Any, Any, Callable[[], bytes]]] = {
    "PKCS#1": (RSA, PKCS1, lambda: RSA.sign(DATA, padding.PKCS1v15(), SHA256)),
    "PSS": (RSA, PSS, lambda: RSA.sign(DATA, padding.PSS(padding.MGF1(SHA256), 32), SHA256)),
    "ECDSA": (CURVE, ECDSA, lambda: CURVE.sign(DATA, ec.ECDSA(SHA256))),
}
INSTEAD = {"PKCS#1": PKCS1_WIDER, "PSS": PSS_SHORT, "ECDSA": algos.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"})}


def verify(signature: bytes, key: Any, algorithm: Any, data: bytes = DATA) -> None:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    info = keys.PublicKeyInfo.load(public)
    sig_validate.DefaultSignatureValidator().validate_signature(signature, data, info, algorithm)


@pytest.mark.parametrize("name", SIGNED)
def test_only_what_the_key_signed_so_is_verified(name: str) -> None:
    key, algorithm, sign = SIGNED[name]
    signature = sign()
    ENGINE.forget()
    with ENGINE.on():
        verify(signature, key, algorithm)
        assert len(ENGINE.keys) == 1
        verify(signature, key, algorithm)
        verify(sign(), key, algorithm)
        with pytest.raises(InvalidSignature):
            verify(signature, key, algorithm, DATA + b".")
        with pytest.raises(InvalidSignature):
            verify(signature[:-1] + bytes([signature[-1] ^ 1]), key, algorithm)
        with pytest.raises(InvalidSignature):
            verify(signature, key, INSTEAD[name])


def test_another_key_is_another() -> None:
    sign = SIGNED["PSS"][2]
    with ENGINE.on():
        verify(sign(), RSA, PSS)
        with pytest.raises(InvalidSignature):
            verify(sign(), OTHER_RSA, PSS)


def test_a_key_that_verified_nothing_is_not_kept() -> None:
    ENGINE.forget()
    with ENGINE.on():
        with pytest.raises(InvalidSignature):
            verify(b"\0" * 256, RSA, PSS)
        assert len(ENGINE.keys) == 0


def test_data_given_by_their_digest_are_pyhankos_to_verify() -> None:
    signature = SIGNED["PKCS#1"][2]()
    digest = hashes.Hash(SHA256)
    digest.update(DATA)
    whole = digest.finalize()
    info = keys.PublicKeyInfo.load(
        RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with ENGINE.on():
        verify(signature, RSA, PKCS1)
        prehashed = sig_validate.SignatureValidationContext(contextual_md_algorithm="sha256", prehashed=True)
        validator = sig_validate.DefaultSignatureValidator()
        validator.validate_signature(signature, whole, info, PKCS1, prehashed)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(signature, whole, info, PKCS1)
