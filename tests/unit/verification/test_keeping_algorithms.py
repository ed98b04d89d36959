"""What is kept of algorithms judged good: each part of the question counts, and a refusal is never kept."""

import pytest
from asn1crypto import algos, cms, keys
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docaxis_signing.pdf import acceptance
from docaxis_signing.pdf.acceptance import RefusedSignature, check_algorithms


def key(made: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> keys.PublicKeyInfo:
    return keys.PublicKeyInfo.load(made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


STRONG = key(rsa.generate_private_key(65537, 2048).public_key())
SHORT = key(rsa.generate_private_key(65537, 1024).public_key())


def signer(digest: str = "sha256", signature: str = "sha256_rsa") -> cms.SignerInfo:
    return cms.SignerInfo(
        {
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": signature}),
        }
    )


@pytest.mark.parametrize(
    ("asked", "public_key", "refusal"),
    [
        (signer(digest="sha1"), STRONG, "digest sha1"),
        (signer(signature="sha1_rsa"), STRONG, "signature sha1_rsa"),
        (signer(), SHORT, "1024 bits"),
    ],
)
def test_what_was_good_for_others_is_asked_anew(
    asked: cms.SignerInfo, public_key: keys.PublicKeyInfo, refusal: str
) -> None:
    check_algorithms(signer(), STRONG)
    for _ in range(2):
        with pytest.raises(RefusedSignature, match=refusal):
            check_algorithms(asked, public_key)
    check_algorithms(signer(), STRONG)


def test_other_rules_are_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_is_strong(_: cms.SignerInfo, __: keys.PublicKeyInfo) -> None:
        raise acceptance._weak("anything")

    check_algorithms(signer(), STRONG)
    monkeypatch.setattr(acceptance, "ALGORITHM_RULES", (*acceptance.ALGORITHM_RULES, nothing_is_strong))
    with pytest.raises(RefusedSignature, match="anything"):
        check_algorithms(signer(), STRONG)
