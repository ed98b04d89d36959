"""One revocation list: what is taken in as the list of an authority, and what it says of a serial number.

A list is taken in only if its configured authority signed it; `revocation` says why certvalidator does not do.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from docaxis_signing.trust.issuing import name_key
from docaxis_signing.trust.listed import list_of_one, listed_serials
from docaxis_signing.trust.scope import WHOLE, RejectedScope, Scope, scope_of
from docaxis_signing.trust.store import ConfiguredAuthority, TrustStore

MAX_LIST_BYTES: Final = 10 * 1024 * 1024
"""A list of 100,000 entries has 4 MB; the largest public authorities stay below 10."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far ahead of ours an authority's clock may run."""
WEAK_HASHES: Final = (hashes.MD5, hashes.SHA1)
_EXPIRED_CERTS_ON_CRL: Final = x509.ObjectIdentifier("2.5.29.60")
"""RFC 5280 lets a list drop certificates once they have expired, unless this extension (X.509, 9.5.2.8) says since
when it keeps them."""
_KNOWN_EXTENSIONS: Final = (
    x509.AuthorityKeyIdentifier,
    x509.CRLNumber,
    x509.DeltaCRLIndicator,
    x509.FreshestCRL,
    x509.IssuerAlternativeName,
    x509.IssuingDistributionPoint,
)
"""Those that speak of the scope are judged by `scope_of`."""


class RejectedRevocationList(ValueError):
    """What was served is not a usable list of that authority. An operator has to know."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One verified list of one authority."""

    authority: str
    der: bytes = field(repr=False)
    sha256: str
    this_update: datetime
    next_update: datetime
    number: int | None = None
    """RFC 5280, 5.2.3: rises with each list of the same scope."""
    scope: Scope = WHOLE
    speaks_for: tuple[str, ...] = ()
    """Other configured authorities whose certificates it names: earlier keys of the same authority."""

    @property
    def place(self) -> tuple[str, Scope]:
        """Say whose list of which part this is: a later one of the same place supersedes it."""
        return self.authority, self.scope

    def precedes(self, other: "RevocationList") -> bool:
        """Tell whether this list of the same place is older than another."""
        older_number = self.number is not None and other.number is not None and self.number < other.number
        return self.this_update < other.this_update or older_number

    def fresh_at(self, at: datetime) -> bool:
        """Tell whether the list speaks for a time; a later list speaks for earlier times too, never the reverse."""
        return at <= self.next_update


def ingest(trust: TrustStore, authority: str, der: bytes, *, now: datetime) -> RevocationList:
    """Take in what was served as the list of an authority.

    Raises:
        RejectedRevocationList: Another issuer, a wrong signature, a partial list, or one from the future.
    """
    if len(der) > MAX_LIST_BYTES:
        raise RejectedRevocationList(f"{authority}: larger than {MAX_LIST_BYTES} bytes")
    try:
        issuer = trust.named(authority)
        parsed = x509.load_der_x509_crl(der)
        _check_issuer(parsed, issuer)
        _check_extensions(parsed, authority)
        this_update, next_update = parsed.last_update_utc, parsed.next_update_utc
        number, scope = _number(parsed), scope_of(parsed)
    except StopIteration as error:
        raise RejectedRevocationList(f"{authority}: not a configured authority") from error
    except RejectedRevocationList:
        raise
    except RejectedScope as error:
        raise RejectedRevocationList(f"{authority}: {error}") from error
    except (ValueError, TypeError) as error:
        raise RejectedRevocationList(f"{authority}: unreadable list: {error}") from error
    if next_update is None or next_update <= this_update:
        raise RejectedRevocationList(f"{authority}: the list does not say until when it holds")
    if this_update > now + CLOCK_SKEW:
        raise RejectedRevocationList(f"{authority}: the list is from the future")
    return RevocationList(
        authority,
        der,
        hashlib.sha256(der).hexdigest(),
        this_update,
        next_update,
        number,
        scope,
        trust.served_by(authority)[1:],
    )


def _check_issuer(parsed: x509.CertificateRevocationList, issuer: ConfiguredAuthority) -> None:
    certificate = issuer.certificate
    if name_key(parsed.issuer) != issuer.name_key:
        raise RejectedRevocationList(f"{issuer.name}: the list names another issuer")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.crl_sign:
        raise RejectedRevocationList(f"{issuer.name}: the authority may not sign lists")
    if parsed.signature_hash_algorithm is None or isinstance(parsed.signature_hash_algorithm, WEAK_HASHES):
        raise RejectedRevocationList(f"{issuer.name}: the list is signed with a weak algorithm")
    try:
        genuine = parsed.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, InvalidSignature):
        genuine = False
    if not genuine:
        raise RejectedRevocationList(f"{issuer.name}: the signature of the list is wrong")


def _check_extensions(parsed: x509.CertificateRevocationList, authority: str) -> None:
    for extension in parsed.extensions:
        if extension.critical and not isinstance(extension.value, _KNOWN_EXTENSIONS):
            raise RejectedRevocationList(f"{authority}: unknown critical extension {extension.oid.dotted_string}")


def _number(parsed: x509.CertificateRevocationList) -> int | None:
    try:
        return parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return None


@lru_cache(maxsize=256)
def _parsed(der: bytes) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(der)


@lru_cache(maxsize=256)
def _serials(der: bytes) -> dict[int, int] | None:
    return listed_serials(der)


def _entry(der: bytes, serial: int) -> x509.RevokedCertificate | None:
    """Find the entry of a certificate; the index proves absence, and what is listed is read from the list's bytes."""
    listed = _serials(der)
    if listed is not None:
        start = listed.get(serial)
        if start is None:
            return None
        alone = x509.load_der_x509_crl(list_of_one(der, start)).get_revoked_certificate_by_serial_number(serial)
        if alone is not None:
            return alone
    return _parsed(der).get_revoked_certificate_by_serial_number(serial)


def revoked_at(der: bytes, serial: int) -> datetime | None:
    """Say since when a list has a certificate as revoked; None: it does not name it."""
    entry = _entry(der, serial)
    if entry is None:
        return None
    listed_at = entry.revocation_date_utc
    try:  # the key may have been in wrong hands before its owner told the authority (RFC 5280, 5.3.2)
        invalid_since = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return listed_at
    except ValueError:  # an entry that cannot be read in full counts from the beginning
        return datetime.min.replace(tzinfo=UTC)
    return min(listed_at, invalid_since)


@lru_cache(maxsize=256)
def _kept_since(der: bytes) -> datetime | None:
    for extension in _parsed(der).extensions:
        if extension.oid == _EXPIRED_CERTS_ON_CRL and isinstance(extension.value, x509.UnrecognizedExtension):
            text = extension.value.value[2:].decode("ascii", "replace")
            return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return None


def keeps_expired(der: bytes, expiry: datetime) -> bool:
    """Tell whether a list still names certificates that expired then."""
    try:
        since = _kept_since(der)
    except ValueError:
        return False
    return since is not None and since <= expiry
