"""Until when algorithms count: data, versioned and hashed into every verdict.

certvalidator's and pyHanko's own policy knows no time (`DisallowWeakAlgorithmsPolicy`), so the dates are looked at by
us beside it: at the best signature time, for the signature, its certificate and each authority below the anchor.
"""

import hashlib
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_KINDS: Final = ("digests", "rsa_bits_below", "curve_bits_below")


class RejectedSunsets(ValueError):
    """The table does not say clearly what ends when."""


@dataclass(frozen=True, slots=True)
class Sunset:
    """One line: some digests, or keys below a size, and when they end."""

    until: datetime
    basis: str
    digests: frozenset[str] = frozenset()
    rsa_bits_below: int = 0
    curve_bits_below: int = 0


@dataclass(frozen=True, slots=True)
class Sunsets:
    """The table."""

    lines: tuple[Sunset, ...]
    sha256: str
    text: bytes = field(repr=False)

    @classmethod
    def read(cls, text: bytes) -> "Sunsets":
        """Read a table.

        Raises:
            RejectedSunsets: A line is not clear.
        """
        try:
            content = tomllib.loads(text.decode("utf-8"))
            if content.pop("version", None) != 1 or set(content) - {"sunset"}:
                raise RejectedSunsets("version 1 and lines of [[sunset]] are wanted")
            lines = tuple(_line(entry) for entry in content.get("sunset", []))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
            raise RejectedSunsets(str(error)) from error
        return cls(lines, hashlib.sha256(text).hexdigest(), text)

    def any_ended(self, at: datetime) -> bool:
        """Tell whether there is anything to look at; mostly there is not."""
        return any(line.until <= at for line in self.lines)

    def ended_digest(self, name: str, at: datetime) -> str | None:
        """Say on what basis a digest has ended at a time; None if it counts."""
        return next((line.basis for line in self.lines if line.until <= at and name in line.digests), None)

    def ended_key(self, certificate: x509.Certificate, at: datetime) -> str | None:
        """Say on what basis the size of a certificate's key has ended at a time; None if it counts."""
        key = certificate.public_key()
        ended = (line for line in self.lines if line.until <= at)
        if isinstance(key, rsa.RSAPublicKey):
            return next((line.basis for line in ended if key.key_size < line.rsa_bits_below), None)
        if isinstance(key, ec.EllipticCurvePublicKey):
            return next((line.basis for line in ended if key.key_size < line.curve_bits_below), None)
        return None

    def ended_certificate(self, certificate: x509.Certificate, at: datetime) -> str | None:
        """Say on what basis a certificate's key, or the digest of its signature, has ended at a time."""
        algorithm = certificate.signature_hash_algorithm
        digest = self.ended_digest(algorithm.name.replace("-", "_"), at) if algorithm is not None else None
        return digest or self.ended_key(certificate, at)


def _line(entry: dict[str, Any]) -> Sunset:
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(kinds) != 1 or set(entry) != {kinds[0], "until", "basis"}:
        raise RejectedSunsets(f"a line has one of {', '.join(_KINDS)}, until and basis: {sorted(entry)}")
    if not isinstance(entry["until"], datetime) or entry["until"].tzinfo is None:
        raise RejectedSunsets("until is a moment with a zone")
    bits = [entry.get(kind, 0) for kind in _KINDS[1:]]
    if any(type(value) is not int for value in bits):
        raise RejectedSunsets("sizes of keys are numbers of bits")
    return Sunset(entry["until"], str(entry["basis"]), frozenset(entry.get("digests", ())), *bits)


@lru_cache(maxsize=1)
def shipped_sunsets() -> Sunsets:
    """Give the table that comes with the program."""
    return Sunsets.read(files("docaxis_signing.trust").joinpath("sunsets.toml").read_bytes())
