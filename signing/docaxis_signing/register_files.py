"""The register of certificates as a file: which certificate is whose, for judging away from the axis."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from docaxis_signing.judgement import RegisteredCertificate
from docaxis_signing.policy import SignerRole


class RejectedRegister(ValueError):
    """A register file does not say clearly whose a certificate is."""


@dataclass(frozen=True, slots=True)
class CertificateRegister:
    """Certificates by the SHA-256 of their DER."""

    entries: Mapping[str, RegisteredCertificate] = field(default_factory=dict)

    @classmethod
    def from_toml(cls, data: bytes) -> "CertificateRegister":
        """Read a register: tables ``[[certificate]]`` with sha256, role, organisation, valid_from and valid_to.

        Raises:
            RejectedRegister: An entry is not of this form, or a certificate stands there twice.
        """
        try:
            content = tomllib.loads(data.decode("utf-8"))
            read = [_entry(item) for item in content.pop("certificate", [])]
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise RejectedRegister(f"unusable register: {error}") from error
        entries = {entry.certificate_sha256: entry for entry in read}
        if content or len(entries) != len(read):
            raise RejectedRegister("unusable register: an unknown part, or a certificate that stands there twice")
        return cls(entries)

    def get(self, sha256: str) -> RegisteredCertificate | None:
        """Look a certificate up."""
        return self.entries.get(sha256)


def _entry(item: dict[str, Any]) -> RegisteredCertificate:
    known = {"sha256", "role", "organisation", "valid_from"}
    if not known <= item.keys() <= known | {"valid_to"}:
        raise ValueError(f"an entry needs {sorted(known)}")
    moments = [item["valid_from"], item.get("valid_to")]
    if not all(moment is None or (isinstance(moment, datetime) and moment.tzinfo) for moment in moments):
        raise ValueError("valid_from and valid_to are moments with a zone")
    sha256, organisation = item["sha256"], item["organisation"]
    if not (isinstance(sha256, str) and len(sha256) == 64 and isinstance(organisation, str)):
        raise ValueError("sha256 is 64 hexadecimal digits, organisation a code")
    return RegisteredCertificate(sha256.lower(), SignerRole(item["role"]), organisation, moments[0], moments[1])
