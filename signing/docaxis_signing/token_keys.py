"""Signing keys in PKCS#11 tokens, named by RFC 7512 URIs.

Understood: `token`, `serial`, `object`, `id` in the path; `module-path`, `pin-source` in the query. A PIN in the URI
(`pin-value`) is refused, since URIs end up in process lists and logs.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11.exceptions import PinIncorrect, PinLenRange, PinLocked, PKCS11Error
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.general import SigningError as PyHankoError
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.signers import Signer

from docaxis_signing.keys import Passphrase, RsaPadding, SigningKey, asn1
from docaxis_signing.signing_errors import RejectedKey, UnavailableKey


@dataclass(frozen=True, slots=True)
class TokenUri:
    """The parts of a `pkcs11:` URI that choose a module, a token and a key in it."""

    module: str
    token: str | None
    serial: bytes | None
    label: str | None
    identifier: bytes | None
    pin_source: str | None


def parse_token_uri(uri: str) -> TokenUri:
    """Read a `pkcs11:` URI. Raises `RejectedKey` on a PIN in it, an unknown part or a missing one."""
    parts = urlsplit(uri)
    path = _attributes(parts.path, ";", {"token", "serial", "object", "id", "type"})
    query = _attributes(parts.query, "&", {"module-path", "pin-source"})
    if "module-path" not in query:
        raise _bad_uri("thiếu module-path", "module-path is missing")
    if "object" not in path and "id" not in path:
        raise _bad_uri("thiếu object hoặc id", "object or id is missing")
    return TokenUri(
        module=unquote(query["module-path"]),
        token=unquote(path["token"]) if "token" in path else None,
        serial=unquote_to_bytes(path["serial"]) if "serial" in path else None,
        label=unquote(path["object"]) if "object" in path else None,
        identifier=unquote_to_bytes(path["id"]) if "id" in path else None,
        pin_source=unquote(query["pin-source"]) if "pin-source" in query else None,
    )


def load_token_key(uri: str, *, passphrase: Passphrase) -> SigningKey:
    """Open a session, find key and certificate, and keep both.

    Raises:
        RejectedKey: A bad URI, a wrong PIN, or no such key.
        UnavailableKey: The module or the token cannot be reached.
    """
    wanted = parse_token_uri(uri)
    session = _open(wanted, _pin(wanted, passphrase))
    own, chain = _certificates(session, wanted)

    def make(key: SigningKey, rsa_padding: RsaPadding) -> Signer:
        return _TokenSigner(
            session,
            signing_cert=asn1(own),
            ca_chain={asn1(item) for item in chain},
            key_label=wanted.label,
            key_id=wanted.identifier,
            signature_mechanism=key.mechanism(rsa_padding),
            embed_roots=False,
            # Every token knows plain ECDSA over a digest; few know the mechanisms that hash first
            use_raw_mechanism=isinstance(own.public_key(), ec.EllipticCurvePublicKey),
        )

    key = SigningKey(own, chain, make, session.close)
    try:
        # Asking for the certificate makes pyHanko fetch the key handle: a missing key is told now, not while signing
        key.signer().signing_cert  # noqa: B018
    except (PKCS11Error, PyHankoError) as error:
        session.close()
        raise _no_key() from error
    return key


class _TokenSigner(PKCS11Signer):
    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,
        dry_run: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
    ) -> bytes:
        try:
            return await super().async_sign_raw(data, digest_algorithm, dry_run)
        except PKCS11Error as error:
            raise UnavailableKey(
                "token-signing", "Thiết bị khóa không ký được.", "The token could not make the signature."
            ) from error


def _attributes(text: str, separator: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in filter(None, text.split(separator)):
        name, equals, value = item.partition("=")
        if name == "pin-value":
            raise _bad_uri("không được ghi mã PIN trong địa chỉ", "a PIN must not stand in the URI")
        if not equals or name not in known or name in found:
            raise _bad_uri(f"phần không hiểu được: {name}", f"a part is not understood: {name}")
        found[name] = value
    return found


def _pin(wanted: TokenUri, passphrase: Passphrase) -> str:
    """The PIN from `env:NAME`, from `file:PATH`, or asked for; commands (`|...`) are not run."""
    if wanted.pin_source is None:
        return passphrase().decode()
    kind, _, rest = wanted.pin_source.partition(":")
    try:
        if kind == "env":
            return os.environ[rest]
        if kind == "file":
            return Path(urlsplit(wanted.pin_source).path).read_text(encoding="utf-8").strip()
    except (KeyError, OSError) as error:
        raise UnavailableKey(
            "token-pin-source",
            f"Không lấy được mã PIN từ {wanted.pin_source}.",
            f"The PIN cannot be had from {wanted.pin_source}.",
        ) from error
    raise _bad_uri("pin-source phải là env: hoặc file:", "pin-source is env:NAME or file:PATH")


def _open(wanted: TokenUri, pin: str) -> pkcs11.Session:
    try:
        return open_pkcs11_session(
            wanted.module, token_criteria=TokenCriteria(wanted.token, wanted.serial), user_pin=pin
        )
    except (PinIncorrect, PinLenRange, PinLocked) as error:
        raise RejectedKey(
            "token-pin", "Mã PIN sai hoặc thiết bị đã khóa.", "The PIN is wrong, or the token is locked."
        ) from error
    except (PKCS11Error, PyHankoError, RuntimeError) as error:
        raise UnavailableKey(
            "token",
            "Không tìm thấy thiết bị khóa hoặc mô-đun PKCS#11.",
            "The token or its PKCS#11 module is not there.",
        ) from error


def _certificates(session: pkcs11.Session, wanted: TokenUri) -> tuple[x509.Certificate, list[x509.Certificate]]:
    own: list[x509.Certificate] = []
    others: list[x509.Certificate] = []
    for item in list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})):
        certificate = x509.load_der_x509_certificate(item[pkcs11.Attribute.VALUE])
        (own if _is_wanted(item, wanted) else others).append(certificate)
    if len(own) != 1:
        session.close()
        raise _no_key()
    return own[0], others


def _is_wanted(item: Any, wanted: TokenUri) -> bool:
    label, identifier = item[pkcs11.Attribute.LABEL], item[pkcs11.Attribute.ID]
    return wanted.label in {None, label} and wanted.identifier in {None, identifier}


def _no_key() -> RejectedKey:
    return RejectedKey(
        "token-object",
        "Thiết bị không có đúng một khóa và chứng thư số như địa chỉ nêu.",
        "The token does not hold exactly one key and certificate as the URI names them.",
    )


def _bad_uri(vi: str, en: str) -> RejectedKey:
    return RejectedKey("key-uri", f"Địa chỉ pkcs11: không hợp lệ: {vi}.", f"The pkcs11: URI is not valid: {en}.")
