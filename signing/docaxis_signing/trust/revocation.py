"""Revocation lists, judged by us before anything else sees them, and what they say of a certificate.

certvalidator 0.33 has two holes here, both reproduced in the tests: with lists of sibling authorities in one context a
list with a wrong signature is accepted, and without the root's list any sibling's list clears a revoked authority. So a
list is taken in only if its configured authority signed it, and for a certificate only the list of the authority that
signed that certificate is ever looked at.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from docaxis_signing.trust.issuing import name_key
from docaxis_signing.trust.listed import list_of_one, listed_serials
from docaxis_signing.trust.ocsp import AnswerStatus, OcspAnswer
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


class Status(StrEnum):
    """What is known about one certificate at one time."""

    GOOD = "good"
    REVOKED = "revoked"
    MISSING = "missing"
    STALE = "stale"
    DROPPED = "dropped"
    """The certificate had expired when the list was issued, so its absence proves nothing."""


_WEIGHT: Final = (Status.REVOKED, Status.GOOD, Status.DROPPED, Status.STALE, Status.MISSING)
"""Of several lists a revocation weighs most; else one that speaks for the certificate is enough."""


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


@dataclass(frozen=True, slots=True)
class Carried:
    """Status data that a document carries, each verified like a fetched one (`pdf/validation_data.py`)."""

    lists: tuple[RevocationList, ...] = ()
    answers: tuple[OcspAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """The answer for one certificate, with the list that gave it."""

    status: Status
    revoked_at: datetime | None = None
    list_sha256: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class RevocationSnapshot:
    """The lists in force, immutable and picklable; a new epoch whenever one of them changes."""

    epoch: int = 0
    lists: tuple[RevocationList, ...] = ()
    answers: Mapping[tuple[str, int], OcspAnswer] = field(default_factory=dict)
    """What responders said of single certificates, by authority and serial."""
    carried: Carried = field(default_factory=Carried)
    """What the document at hand carries; empty in what services share."""

    @property
    def hashes(self) -> tuple[str, ...]:
        """Give the fingerprints of all lists."""
        return tuple(sorted(item.sha256 for item in self.lists))

    def of(self, authority: str) -> RevocationList | None:
        """Find the list that speaks for all certificates of an authority."""
        return next((item for item in self.lists if item.place == (authority, WHOLE)), None)

    def covering(self, authority: str, certificate: x509.Certificate) -> tuple[RevocationList, ...]:
        """Find the lists that speak for one certificate which an authority issued."""
        return tuple(item for item in self._about(authority) if item.scope.covers(certificate))

    def with_carried(self, carried: Carried) -> "RevocationSnapshot":
        """Know in addition what a document carries."""
        return replace(self, carried=carried)

    def for_holders(self, authority: str) -> tuple[RevocationList, ...]:
        """Find the lists that may name certificates of signers which an authority issued."""
        return tuple(item for item in self._about(authority) if not item.scope.authorities_only)

    def _about(self, authority: str) -> tuple[RevocationList, ...]:
        return tuple(item for item in self.lists if item.authority == authority or authority in item.speaks_for)

    def advance(self, *lists: RevocationList) -> "RevocationSnapshot":
        """Take newer lists in; the same snapshot if nothing changed.

        Raises:
            RejectedRevocationList: A list is older than the one in force: a replay that would hide revocations.
        """
        held = {item.place: item for item in self.lists}
        for item in lists:
            before = held.get(item.place)
            if before is not None and item.precedes(before):
                raise RejectedRevocationList(f"{item.authority}: older than the list in force")
            held[item.place] = item
        if {item.sha256 for item in held.values()} == {item.sha256 for item in self.lists}:
            return self
        return replace(self, epoch=self.epoch + 1, lists=tuple(held[place] for place in sorted(held)))

    def answered(self, *answers: OcspAnswer) -> "RevocationSnapshot":
        """Take newer answers in; the same snapshot if nothing changed. An older one replaces none."""
        held = dict(self.answers)
        for item in answers:
            before = held.get((item.authority, item.serial))
            if before is None or before.this_update <= item.this_update:
                held[item.authority, item.serial] = item
        return self if held == self.answers else replace(self, epoch=self.epoch + 1, answers=held)


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


def status_of(
    certificate: x509.Certificate,
    issuer: ConfiguredAuthority,
    snapshot: RevocationSnapshot,
    *,
    at: datetime,
    moment: datetime | None = None,
) -> CertificateStatus:
    """Say what is known of a certificate that a configured authority issued.

    A listed serial is revoked even on a stale list: time does not take a revocation back. OCSP adds revocations to the
    lists, and clears a certificate only where its authority keeps no list. What the document carries adds revocations
    too; where it may clear a certificate, see `_last_word`.

    Args:
        certificate: The certificate.
        issuer: The authority whose key signed it.
        snapshot: What is known.
        at: When the data have to be fresh: the reception.
        moment: When the certificate was used, where that is proved; by default `at`.
    """
    own = [_answer(certificate, item, at) for item in snapshot.covering(issuer.name, certificate)]
    own += _answered(snapshot.answers.get((issuer.name, certificate.serial_number)), issuer, at)
    known = min(own, key=_weight, default=CertificateStatus(Status.MISSING))
    carried = [
        answer
        for item in _carried(certificate, issuer, snapshot.carried)
        if (answer := _of_carried(certificate, item)).status is Status.REVOKED
        or _last_word(item, known.status, certificate, at=at, moment=moment or at)
    ]
    return min([known, *carried], key=_weight)


def speaking_for(
    certificate: x509.Certificate,
    issuer: ConfiguredAuthority,
    snapshot: RevocationSnapshot,
    *,
    at: datetime,
    moment: datetime,
) -> tuple[tuple[RevocationList, ...], tuple[OcspAnswer, ...]]:
    """Give the lists and answers that decide on a certificate, for certvalidator to look at; see `status_of`."""
    lists = [item for item in snapshot.covering(issuer.name, certificate) if item.fresh_at(at)]
    own = snapshot.answers.get((issuer.name, certificate.serial_number))
    answers = [] if own is None or not _answered(own, issuer, at) else [own]
    status = status_of(certificate, issuer, replace(snapshot, carried=Carried()), at=at, moment=moment).status
    for item in _carried(certificate, issuer, snapshot.carried):
        if _last_word(item, status, certificate, at=at, moment=moment):
            (lists if isinstance(item, RevocationList) else answers).append(item)  # type: ignore[arg-type]
    return tuple(lists), tuple(answers)


def _answered(item: OcspAnswer | None, issuer: ConfiguredAuthority, at: datetime) -> list[CertificateStatus]:
    if item is None:
        return []
    if item.status is AnswerStatus.REVOKED:
        return [CertificateStatus(Status.REVOKED, item.revoked_at, item.sha256)]
    if issuer.crl or not item.fresh_at(at):
        return []
    return [CertificateStatus(Status.GOOD, None, item.sha256)]


def _carried(
    certificate: x509.Certificate, issuer: ConfiguredAuthority, carried: Carried
) -> tuple[RevocationList | OcspAnswer, ...]:
    lists = (item for item in carried.lists if issuer.name in {item.authority, *item.speaks_for})
    about = (issuer.name, certificate.serial_number)
    return (
        *(item for item in lists if item.scope.covers(certificate)),
        *(item for item in carried.answers if (item.authority, item.serial) == about),
    )


def _of_carried(certificate: x509.Certificate, item: RevocationList | OcspAnswer) -> CertificateStatus:
    revoked = _revoked_at(item.der, certificate.serial_number) if isinstance(item, RevocationList) else item.revoked_at
    return CertificateStatus(Status.GOOD if revoked is None else Status.REVOKED, revoked, item.sha256)


def _last_word(
    item: RevocationList | OcspAnswer, known: Status, certificate: x509.Certificate, *, at: datetime, moment: datetime
) -> bool:
    """Tell whether what a document carries may clear a certificate.

    Once a certificate has expired its authority says nothing of it any more; then what it said last counts, if that
    held when the certificate was used (ETSI EN 319 102-1, 5.6.2). As long as the authority still speaks and its word is
    only missing here, the document's is taken if it is still fresh, or later than the use and so conclusive.
    """
    expiry = certificate.not_valid_after_utc
    if item.this_update > expiry and not (isinstance(item, RevocationList) and _keeps_expired(item.der, expiry)):
        return False
    if known is Status.DROPPED:
        return moment <= item.next_update
    return known in {Status.MISSING, Status.STALE} and (item.fresh_at(at) or item.this_update >= moment)


def _answer(certificate: x509.Certificate, item: RevocationList, at: datetime) -> CertificateStatus:
    revoked_at = _revoked_at(item.der, certificate.serial_number)
    if revoked_at is not None:
        return CertificateStatus(Status.REVOKED, revoked_at, item.sha256)
    if not item.fresh_at(at):
        return CertificateStatus(Status.STALE, None, item.sha256)
    expiry = certificate.not_valid_after_utc
    if item.this_update > expiry and not _keeps_expired(item.der, expiry):
        return CertificateStatus(Status.DROPPED, None, item.sha256)
    return CertificateStatus(Status.GOOD, None, item.sha256)


def _weight(answer: CertificateStatus) -> tuple[int, datetime]:
    return _WEIGHT.index(answer.status), answer.revoked_at or datetime.max.replace(tzinfo=UTC)


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


def _revoked_at(der: bytes, serial: int) -> datetime | None:
    entry = _entry(der, serial)
    if entry is None:
        return None
    revoked_at = entry.revocation_date_utc
    try:  # the key may have been in wrong hands before its owner told the authority (RFC 5280, 5.3.2)
        invalid_since = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return revoked_at
    except ValueError:  # an entry that cannot be read in full counts from the beginning
        return datetime.min.replace(tzinfo=UTC)
    return min(revoked_at, invalid_since)


@lru_cache(maxsize=256)
def _kept_since(der: bytes) -> datetime | None:
    for extension in _parsed(der).extensions:
        if extension.oid == _EXPIRED_CERTS_ON_CRL and isinstance(extension.value, x509.UnrecognizedExtension):
            text = extension.value.value[2:].decode("ascii", "replace")
            return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return None


def _keeps_expired(der: bytes, expiry: datetime) -> bool:
    try:
        since = _kept_since(der)
    except ValueError:
        return False
    return since is not None and since <= expiry


@dataclass(frozen=True, slots=True)
class Listed:
    """Tells of an OCSP responder's certificate whether its issuer's list clears it."""

    issuer: ConfiguredAuthority
    snapshot: RevocationSnapshot
    now: datetime

    def __call__(self, responder: x509.Certificate) -> bool:
        return status_of(responder, self.issuer, self.snapshot, at=self.now).status is Status.GOOD
