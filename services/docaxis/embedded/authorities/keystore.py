"""Keys and certificates of the TEST authorities in a directory, so that a second start finds them again."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs12,
)

from docaxis_signing.durable import write_private, write_whole

from .certificates import PrivateKey

STATE_FILE = "state.json"
PASSPHRASE_FILE = "passphrase"  # noqa: S105 - the name of a file
PASSPHRASE_BYTES = 18


@dataclass(frozen=True, slots=True)
class Keystore:
    """A private directory; `state.json` is written last, so its presence means that all else is there."""

    directory: Path

    @property
    def complete(self) -> bool:
        return (self.directory / STATE_FILE).is_file()

    def prepare(self) -> None:
        """Make the directory and a fresh passphrase for its PKCS#12 files."""
        (self.directory / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.directory / STATE_FILE).unlink(missing_ok=True)
        write_private(self.directory / PASSPHRASE_FILE, secrets.token_urlsafe(PASSPHRASE_BYTES).encode())

    @property
    def passphrase(self) -> bytes:
        return (self.directory / PASSPHRASE_FILE).read_bytes()

    def pkcs12_path(self, name: str) -> Path:
        return self.directory / "keys" / f"{name}.p12"

    def keep(self, name: str, certificate: x509.Certificate, key: PrivateKey) -> None:
        """Store a certificate beside its unencrypted key; the directory is private and the keys are TEST keys."""
        self._path(name, "cer").write_bytes(certificate.public_bytes(Encoding.DER))
        plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        write_private(self._path(name, "key"), plain)

    def keep_pkcs12(
        self, name: str, certificate: x509.Certificate, key: PrivateKey, chain: tuple[x509.Certificate, ...]
    ) -> None:
        """Store the file a person would have been given."""
        encryption = BestAvailableEncryption(self.passphrase)
        data = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, list(chain), encryption)
        write_private(self.pkcs12_path(name), data)

    def find(self, name: str) -> tuple[x509.Certificate, PrivateKey]:
        """Read back what `keep` stored; the RSA consistency check (27 ms a key) is left out for keys made here."""
        certificate = x509.load_der_x509_certificate(self._path(name, "cer").read_bytes())
        key = load_der_private_key(self._path(name, "key").read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        return certificate, cast("PrivateKey", key)

    def write_state(self, state: dict[str, Any]) -> None:
        write_whole(self.directory / STATE_FILE, json.dumps(state, ensure_ascii=False, indent=1).encode())

    def read_state(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads((self.directory / STATE_FILE).read_text(encoding="utf-8")))

    def _path(self, name: str, suffix: str) -> Path:
        return self.directory / "keys" / f"{name}.{suffix}"
