"""The authorities that this axis trusts, and for what: a directory with `trust.toml` and the certificates it names.

Only configured certificates take part in path building; what a document brings along never does. So a chain is the
leaf, the authorities listed here, and an anchor listed here, and each of them has a revocation list of its own.
"""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from docaxis_schemas.canonical import digest
from docaxis_signing.trust.issuing import NotIssued, name_key, verify_issued

TRUST_FILE: Final = "trust.toml"
SIGNER: Final = "signer"
TSA: Final = "tsa"
PURPOSES: Final = frozenset({SIGNER, TSA})
SOURCES: Final = frozenset({"government", "public"})
PINNED: Final = "pinned"
KINDS: Final[dict[str, set[str]]] = {
    "anchor": {"source"},
    "authority": {"issuer"},
    PINNED: {"issuer", "sha256", "valid_until"},
}
"""Parts of the trust file, and what each has to say beside name, file and purposes."""
TEST_EXTENSION: Final = x509.ObjectIdentifier("1.3.6.1.4.1.99999.30.1")
"""The mark of every certificate that the embedded authorities make; never trusted in production."""
MAX_CHAIN: Final = 8
"""Authorities above a certificate; both Vietnamese hierarchies have two."""


class RejectedTrustStore(ValueError):
    """The trust directory does not say clearly what to trust."""


@dataclass(frozen=True, slots=True)
class ConfiguredAuthority:
    """A root or an issuing authority. An anchor has no issuer here."""

    name: str
    der: bytes = field(repr=False)
    purposes: frozenset[str]
    issuer: str | None
    source: str = ""
    crl: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    distrusted_from: datetime | None = None
    """Signatures proved to be older still count: what was issued before a compromise does not fall with it."""
    pinned: bool = False
    """Trust begins here though the certificate has an issuer: known by its SHA-256, because the issuer signed it with
    SHA-1. Its own status is still looked up on that issuer's list, by us: certvalidator never asks about anchors."""
    lists_from: str | None = None
    """Another key of the same authority whose lists speak for this one's certificates too, after a change of keys.
    Only where it is written: some products keep one list per key under one name, and there it would hide revocations.
    """

    @property
    def is_anchor(self) -> bool:
        """Tell whether trust begins here."""
        return self.issuer is None or self.pinned

    def trusted_at(self, moment: datetime) -> bool:
        """Tell whether what was signed at a moment may rest on this authority, by what the trust store says of it."""
        begun = self.valid_from is None or self.valid_from <= moment
        ended = any(end is not None and end <= moment for end in (self.valid_until, self.distrusted_from))
        return begun and not ended

    @property
    def is_test(self) -> bool:
        """Tell whether the certificate is marked as one of a TEST authority."""
        return any(extension.oid == TEST_EXTENSION for extension in self.certificate.extensions)

    @property
    def certificate(self) -> x509.Certificate:
        """Give the certificate."""
        return loaded(self.der)

    @property
    def name_key(self) -> str:
        """Give its name in the form in which names are compared."""
        return name_key(self.certificate.subject)

    @property
    def sha256(self) -> str:
        """Give the fingerprint of the certificate."""
        return _fingerprint(self.der)


@dataclass(frozen=True, eq=False, slots=True)
class TrustStore:
    """All configured authorities; equal to another store with the same content hash. Picklable."""

    authorities: tuple[ConfiguredAuthority, ...]
    sha256: str

    @classmethod
    def load(cls, directory: Path) -> "TrustStore":
        """Read and check a trust directory.

        Raises:
            RejectedTrustStore: A field, file, certificate or chain is not in order.
        """
        return cls.of_content(directory, read_content(directory))

    @classmethod
    def of_content(cls, directory: Path, content: dict[str, Any]) -> "TrustStore":
        """Make a store of what a trust file says and the certificates beside it.

        Raises:
            RejectedTrustStore: A field, file, certificate or chain is not in order.
        """
        content = dict(content)
        if content.pop("version", None) != 1:
            raise RejectedTrustStore("the version of the trust file must be 1")
        if type(content.pop("serial", 0)) is not int:
            raise RejectedTrustStore("the serial of the trust file is a number")
        listed = [_read(directory, entry, kind) for kind in KINDS for entry in content.pop(kind, [])]
        if content:
            raise RejectedTrustStore(f"unknown part of the trust file: {sorted(content)}")
        return cls.of(*listed)

    @classmethod
    def of(cls, *authorities: ConfiguredAuthority) -> "TrustStore":
        """Make a store of authorities, after checking that each chain of them holds.

        Raises:
            RejectedTrustStore: A name occurs twice, an issuer is unknown or did not sign.
        """
        names = {authority.name: authority for authority in authorities}
        if len(names) != len(authorities):
            raise RejectedTrustStore("a name occurs twice")
        if len({authority.der for authority in authorities}) != len(authorities):
            raise RejectedTrustStore("a certificate occurs twice")
        for authority in authorities:
            _check(authority, names)
        return cls(authorities, digest([_described(authority) for authority in sorted(authorities, key=_name)]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrustStore) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def named(self, name: str) -> ConfiguredAuthority:
        """Find an authority by its name in the trust file."""
        return next(authority for authority in self.authorities if authority.name == name)

    def issuer_of(self, certificate: x509.Certificate, purpose: str) -> ConfiguredAuthority | None:
        """Find the configured authority whose key signed a certificate; names alone prove nothing."""
        try:
            return _issuer_of(self, certificate, purpose)
        except NotIssued:
            return None

    def chain_of(self, certificate: x509.Certificate, purpose: str) -> tuple[ConfiguredAuthority, ...] | None:
        """Give the authorities above a certificate up to an anchor; None if no configured root is reached."""
        chain: list[ConfiguredAuthority] = []
        authority = self.issuer_of(certificate, purpose)
        while authority is not None and len(chain) < MAX_CHAIN:
            chain.append(authority)
            if authority.issuer is None:
                return tuple(chain)
            above = self.named(authority.issuer)
            authority = above if purpose in above.purposes else None
        return None

    def served_by(self, name: str) -> tuple[str, ...]:
        """Name the authorities for whose certificates the lists of one authority speak: itself first."""
        return (name, *(item.name for item in self.authorities if item.lists_from == name))

    def revocation_addresses(self) -> Iterator[tuple[str, str]]:
        """Give each authority's name with each address of its list: the only addresses that are ever contacted."""
        for authority in self.authorities:
            for address in authority.crl:
                yield authority.name, address


def read_content(directory: Path) -> dict[str, Any]:
    """Read the trust file of a directory.

    Raises:
        RejectedTrustStore: There is none, or it is no TOML.
    """
    try:
        return tomllib.loads((directory / TRUST_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise RejectedTrustStore(f"{directory / TRUST_FILE}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RejectedTrustStore(f"{directory / TRUST_FILE}: {error}") from error


@lru_cache(maxsize=4096)
def _issuer_of(trust: TrustStore, certificate: x509.Certificate, purpose: str) -> ConfiguredAuthority:
    """Find an issuer; what is found is kept for the next signature of the same signer, what is not found never is.

    Raises:
        NotIssued: No authority of this store signed the certificate.
    """
    wanted = name_key(certificate.issuer)
    for authority in trust.authorities:
        if purpose in authority.purposes and authority.name_key == wanted:
            with suppress(NotIssued):
                verify_issued(certificate, authority.certificate)
                return authority
    raise NotIssued("no configured authority signed the certificate")


@lru_cache(maxsize=1024)
def _fingerprint(der: bytes) -> str:
    return loaded(der).fingerprint(hashes.SHA256()).hex()


@lru_cache(maxsize=2048)
def loaded(der: bytes) -> x509.Certificate:
    """Load a certificate, the same object for the same bytes.

    Raises:
        ValueError: It is none.
    """
    return x509.load_der_x509_certificate(der)


def _name(authority: ConfiguredAuthority) -> str:
    return authority.name


def _read(directory: Path, entry: dict[str, Any], kind: str) -> ConfiguredAuthority:
    required = {"name", "file", "purposes"} | KINDS[kind]
    optional = {"crl", "ocsp", "valid_from", "valid_until", "distrusted_from", "lists_from"}
    optional -= required
    if not required <= entry.keys() <= required | optional:
        raise RejectedTrustStore(f"{entry.get('name')}: needs {sorted(required)} and at most {sorted(optional)}")
    path = (directory / entry["file"]).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise RejectedTrustStore(f"{entry['name']}: the file lies outside of the trust directory")
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise RejectedTrustStore(f"{entry['name']}: {path.name}: {error.strerror}") from error
    except ValueError as error:
        raise RejectedTrustStore(f"{entry['name']}: {error}") from error
    if kind == PINNED and certificate.fingerprint(hashes.SHA256()).hex() != entry["sha256"]:
        raise RejectedTrustStore(f"{entry['name']}: not the certificate that is pinned")
    return ConfiguredAuthority(
        name=entry["name"],
        der=certificate.public_bytes(Encoding.DER),
        purposes=frozenset(entry["purposes"]),
        issuer=entry.get("issuer"),
        source=entry.get("source", ""),
        crl=tuple(entry.get("crl", ())),
        ocsp=tuple(entry.get("ocsp", ())),
        valid_from=entry.get("valid_from"),
        valid_until=entry.get("valid_until"),
        distrusted_from=entry.get("distrusted_from"),
        pinned=kind == PINNED,
        lists_from=entry.get("lists_from"),
    )


def _check(authority: ConfiguredAuthority, names: dict[str, ConfiguredAuthority]) -> None:
    if not authority.purposes or not authority.purposes <= PURPOSES:
        raise RejectedTrustStore(f"{authority.name}: purposes are one or more of {sorted(PURPOSES)}")
    if authority.issuer is None and authority.source not in SOURCES:
        raise RejectedTrustStore(f"{authority.name}: source is one of {sorted(SOURCES)}")
    for moment in (authority.valid_from, authority.valid_until, authority.distrusted_from):
        if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
            raise RejectedTrustStore(
                f"{authority.name}: valid_from, valid_until and distrusted_from are moments with a zone"
            )
    if authority.pinned and (authority.issuer is None or authority.valid_until is None):
        raise RejectedTrustStore(f"{authority.name}: what is pinned has an issuer, and an end")
    if not _is_authority(authority.certificate):
        raise RejectedTrustStore(f"{authority.name}: the certificate is not one of an authority")
    issuer = names.get(authority.issuer) if authority.issuer is not None else authority
    if issuer is None:
        raise RejectedTrustStore(f"{authority.name}: the issuer {authority.issuer!r} is not listed")
    try:
        verify_issued(authority.certificate, issuer.certificate)
    except NotIssued as error:
        raise RejectedTrustStore(f"{authority.name}: not signed by {issuer.name}") from error
    _check_lists_from(authority, names)


def _check_lists_from(authority: ConfiguredAuthority, names: dict[str, ConfiguredAuthority]) -> None:
    if authority.lists_from is None:
        return
    other = names.get(authority.lists_from)
    if other is None or other is authority or other.name_key != authority.name_key:
        raise RejectedTrustStore(f"{authority.name}: lists_from is another listed key of the same authority")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _described(authority: ConfiguredAuthority) -> dict[str, Any]:
    return {
        "name": authority.name,
        "certificate": authority.sha256,
        "purposes": sorted(authority.purposes),
        "issuer": authority.issuer,
        "source": authority.source,
        "crl": list(authority.crl),
        "ocsp": list(authority.ocsp),
        "pinned": authority.pinned,
        "lists_from": authority.lists_from,
        "valid": [_text(moment) for moment in (authority.valid_from, authority.valid_until)],
        "distrusted_from": _text(authority.distrusted_from),
    }
