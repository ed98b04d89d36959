"""The revocation data in force, and what they say of a certificate.

certvalidator 0.33 has two holes here, both reproduced in the tests: with lists of sibling authorities in one context a
list with a wrong signature is accepted, and without the root's list any sibling's list clears a revoked authority. So a
list is taken in only if its configured authority signed it, and for a certificate only the list of the authority that
signed that certificate is ever looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography import x509

from docaxis_signing.trust.lists import RejectedRevocationList, RevocationList, keeps_expired, revoked_at
from docaxis_signing.trust.ocsp import AnswerStatus, OcspAnswer
from docaxis_signing.trust.scope import WHOLE
from docaxis_signing.trust.store import ConfiguredAuthority


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
    revoked = revoked_at(item.der, certificate.serial_number) if isinstance(item, RevocationList) else item.revoked_at
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
    if item.this_update > expiry and not (isinstance(item, RevocationList) and keeps_expired(item.der, expiry)):
        return False
    if known is Status.DROPPED:
        return moment <= item.next_update
    return known in {Status.MISSING, Status.STALE} and (item.fresh_at(at) or item.this_update >= moment)


def _answer(certificate: x509.Certificate, item: RevocationList, at: datetime) -> CertificateStatus:
    since = revoked_at(item.der, certificate.serial_number)
    if since is not None:
        return CertificateStatus(Status.REVOKED, since, item.sha256)
    if not item.fresh_at(at):
        return CertificateStatus(Status.STALE, None, item.sha256)
    expiry = certificate.not_valid_after_utc
    if item.this_update > expiry and not keeps_expired(item.der, expiry):
        return CertificateStatus(Status.DROPPED, None, item.sha256)
    return CertificateStatus(Status.GOOD, None, item.sha256)


def _weight(answer: CertificateStatus) -> tuple[int, datetime]:
    return _WEIGHT.index(answer.status), answer.revoked_at or datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listed:
    """Tells of an OCSP responder's certificate whether its issuer's list clears it."""

    issuer: ConfiguredAuthority
    snapshot: RevocationSnapshot
    now: datetime

    def __call__(self, responder: x509.Certificate) -> bool:
        return status_of(responder, self.issuer, self.snapshot, at=self.now).status is Status.GOOD
