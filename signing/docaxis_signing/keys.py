"""Signing keys by URI: `file:` for PKCS#12, `pkcs11:` for tokens (RFC 7512). A key is loaded once and kept.

Loading matters: an RSA key is checked when it is loaded, 27 ms, and stock pyHanko loads it twice a signature.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from asn1crypto import algos, tsp, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pyhanko.sign.attributes import CMSAttributeProvider, SignedAttributeProviderSpec
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docaxis_signing.asn1_encodings import keep_encodings
from docaxis_signing.signing_errors import RejectedKey, SigningError, UnavailableKey

keep_encodings()

Passphrase = Callable[[], bytes]
"""Gives the passphrase or PIN when it is needed; it never stands on a command line."""

RsaPadding = Literal["pss", "pkcs1v15"]
"""PSS for everything new (TT 15/2025 annex I); PKCS#1 v1.5 where an old reader must understand the signature."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DIGESTS: dict[int, str] = {384: "sha384", 521: "sha512"}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class SigningKey:
    """A key ready to sign, with its certificate and issuers; `close` gives a token session back."""

    def __init__(
        self,
        certificate: pyca.Certificate,
        chain: Iterable[pyca.Certificate],
        make_signer: Callable[["SigningKey", RsaPadding], Signer],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.certificate = certificate
        self.chain = tuple(chain)
        self.digest = _digest(certificate)
        self.close = close
        self._make_signer = make_signer
        self._signers: dict[RsaPadding, Signer] = {}

    def signer(self, rsa_padding: RsaPadding = "pss") -> Signer:
        """PyHanko's signer for this key, one a padding, with the certificate reference already encoded."""
        if rsa_padding not in self._signers:
            signer = self._make_signer(self, rsa_padding)
            signer.signed_attr_prov_spec = _FixedCertificateReference(asn1(self.certificate))
            self._signers[rsa_padding] = signer
        return self._signers[rsa_padding]

    def mechanism(self, rsa_padding: RsaPadding) -> algos.SignedDigestAlgorithm:
        """The CMS signature algorithm; the PSS salt is as long as the digest (RFC 4055 section 3.1)."""
        if isinstance(self.certificate.public_key(), ec.EllipticCurvePublicKey):
            return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_ecdsa"})
        if rsa_padding == "pkcs1v15":
            return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_rsa"})
        parameters = {
            "hash_algorithm": {"algorithm": self.digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": self.digest}},
            "salt_length": _HASHES[self.digest].digest_size,
        }
        algorithm = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
        return algos.SignedDigestAlgorithm.load(algorithm.dump())


def load_key(uri: str, *, passphrase: Passphrase) -> SigningKey:
    """Load a key once, for any number of signatures.

    Raises:
        RejectedKey: Not a usable key, or a wrong passphrase.
        UnavailableKey: The file or token cannot be reached.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme == "file":
        return _from_pkcs12(Path(unquote(urlsplit(uri).path)), passphrase)
    if scheme == "pkcs11":
        from docaxis_signing.token_keys import load_token_key  # noqa: PLC0415 - only token users need the module

        return load_token_key(uri, passphrase=passphrase)
    raise RejectedKey(
        "key-uri",
        "Địa chỉ khóa phải bắt đầu bằng file: hoặc pkcs11:.",
        "A key is named by a URI that begins with file: or pkcs11:.",
    )


def key_in_memory(
    certificate: pyca.Certificate, private_key: PrivateKey, chain: Iterable[pyca.Certificate] = ()
) -> SigningKey:
    """Use a private key that is already loaded."""

    def make(key: SigningKey, rsa_padding: RsaPadding) -> Signer:
        return _MemorySigner(key, private_key, rsa_padding)

    if private_key.public_key() != certificate.public_key():
        raise RejectedKey(
            "key-mismatch",
            "Khóa bí mật không khớp với chứng thư số.",
            "The private key does not belong to the certificate.",
        )
    return SigningKey(certificate, chain, make)


def asn1(certificate: pyca.Certificate) -> x509.Certificate:
    """The same certificate as pyHanko wants it."""
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def store_of(certificates: Iterable[pyca.Certificate]) -> SimpleCertificateStore:
    """The same certificates as pyHanko embeds them."""
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(asn1(item) for item in certificates)
    return store


def _from_pkcs12(path: Path, passphrase: Passphrase) -> SigningKey:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableKey(
            "key-file", f"Không đọc được tệp khóa {path.name}.", f"The key file {path.name} cannot be read."
        ) from error
    try:
        private_key, certificate, chain = pkcs12.load_key_and_certificates(data, passphrase())
    except ValueError as error:
        raise RejectedKey(
            "key-passphrase",
            "Tệp khóa không phải PKCS#12 hoặc sai mật khẩu.",
            "The key file is no PKCS#12, or the passphrase is wrong.",
        ) from error
    if certificate is None or not isinstance(private_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise unusable_key()
    return key_in_memory(certificate, private_key, chain)


def unusable_key() -> SigningError:
    """What to raise where no certificate with an RSA or elliptic-curve key was found."""
    return RejectedKey(
        "key-kind",
        "Không có chứng thư số kèm khóa RSA hoặc ECDSA.",
        "There is no certificate with an RSA or ECDSA key.",
    )


def _digest(certificate: pyca.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _DIGESTS.get(key.curve.key_size, "sha256")
    if isinstance(key, rsa.RSAPublicKey):
        return "sha256"
    raise unusable_key()


class _MemorySigner(Signer):
    def __init__(self, key: SigningKey, private_key: PrivateKey, rsa_padding: RsaPadding) -> None:
        super().__init__(
            signing_cert=asn1(key.certificate),
            cert_registry=store_of(key.chain),
            signature_mechanism=key.mechanism(rsa_padding),
            embed_roots=False,
        )
        self._private_key = private_key
        self._padding = rsa_padding

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002 - pyHanko's signature
        algorithm = _HASHES[digest_algorithm]
        if isinstance(self._private_key, ec.EllipticCurvePrivateKey):
            return self._private_key.sign(data, ec.ECDSA(algorithm))
        if self._padding == "pkcs1v15":
            return self._private_key.sign(data, padding.PKCS1v15(), algorithm)
        pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return self._private_key.sign(data, pss, algorithm)


class _FixedCertificateReference(SignedAttributeProviderSpec):
    """The signing-certificate-v2 attribute, built once: encoding the issuer's name anew costs 16 ms a signature.

    PAdES forbids signing-time in the CMS (EN 319 142-1 clause 6.3), so the reference is the only attribute beside
    content type and digest.
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        reference = tsp.SigningCertificateV2.load(as_signing_certificate_v2(certificate).dump())
        self._provider = _Fixed("signing_certificate_v2", reference)

    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> Iterable[CMSAttributeProvider]:  # noqa: ARG002 - pyHanko's signature
        return (self._provider,)


class _Fixed(CMSAttributeProvider):
    def __init__(self, attribute_type: str, value: object) -> None:
        self.attribute_type = attribute_type
        self._value = value

    async def build_attr_value(self, dry_run: bool = False) -> object:  # noqa: ARG002, FBT001, FBT002 - pyHanko's signature
        return self._value
