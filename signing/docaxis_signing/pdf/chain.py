"""Whether a signer, and the authority of a time-stamp, can be trusted at a time, and why not.

certvalidator judges the path; our own look at each certificate's list goes beside it, for two reasons: it tells the
causes apart that certvalidator reports as one, and a revoked certificate has to get past both.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar

from asn1crypto import cms
from asn1crypto import parser as asn1_parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureStatus, TimestampSignatureStatus
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator import ValidationContext

from docaxis_signing.pdf.acceptance import RefusedSignature, check_algorithms
from docaxis_signing.pdf.gathering import Gathering
from docaxis_signing.pdf.signer_certificate import issued_for_something_else, stamps_time_alone
from docaxis_signing.trust.context import ALGORITHMS, validation_context
from docaxis_signing.trust.revocation import Carried, RevocationSnapshot, Status, status_of
from docaxis_signing.trust.store import SIGNER, TSA, ConfiguredAuthority, TrustStore, loaded
from docaxis_signing.trust.sunsets import Sunsets, shipped_sunsets
from docaxis_signing.verdict import Cause, EvidenceKind, SubIndication

T = TypeVar("T")
_SIGNED_DATA: Final[bytes] = cms.ContentType("signed_data").dump()
_EXPLICIT: Final = 0xA0
"""How a token begins where its type stands before it (RFC 5652, 3)."""
_SEQUENCE: Final = 16

CMS_ALGORITHMS: Final = CMSAlgorithmUsagePolicy.lift_policy(ALGORITHMS)
CLOCK_SKEW: Final = timedelta(minutes=2)
"""How far ahead of the axis a time-stamping authority's clock may run."""
PENDING: Final = frozenset({Cause.REVOCATION_MISSING, Cause.REVOCATION_STALE})
MAX_TIMESTAMPS: Final = 4
"""Signature time-stamps looked at on one signature."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a chain is not accepted."""

    cause: Cause
    sub_indication: SubIndication
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.cause.value}: {self.detail}".removesuffix(": ")


@dataclass(frozen=True, slots=True)
class TimeStampAnswer:
    """What the signature time-stamps prove: a time, or why none."""

    time: datetime | None = None
    authority: str = ""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known when a document is judged."""

    trust: TrustStore
    revocation: RevocationSnapshot
    at: datetime
    """The evidenced time of reception."""
    consulted: set[str] = field(default_factory=set)
    """Fingerprints of the lists that were looked at: evidence of the verdict."""
    gathering: Gathering = field(default_factory=Gathering)
    proved: datetime | None = None
    """When a later document time-stamp proves that the signature at hand existed; None without one."""

    sunsets: Sunsets = field(default_factory=shipped_sunsets)

    @property
    def standing(self) -> datetime:
        """Give the earliest moment at which the signature at hand is proved to have existed."""
        return self.proved or self.at

    def proved_at(self, moment: datetime | None) -> "Knowledge":
        """Know when the signature at hand existed."""
        return self if moment is None else replace(self, proved=moment)

    def with_carried(self, carried: Carried) -> "Knowledge":
        """Know in addition what the document carries."""
        return replace(self, revocation=self.revocation.with_carried(carried))

    def apart(self) -> "Knowledge":
        """Know the same, and note on its own what is used for one signature."""
        return replace(self, consulted=set(), gathering=self.gathering.apart())

    def context(self, purpose: str, moment: datetime) -> ValidationContext:
        """Make the context for one chain."""
        return validation_context(self.trust, self.revocation, purpose=purpose, moment=moment, at=self.at)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits; judging has nothing to wait for, least of all a network.

    Raises:
        RuntimeError: It wanted to wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    coroutine.close()
    raise RuntimeError("verification wanted to wait for something")


def judge_timestamps(signer: cms.SignerInfo, knowledge: Knowledge) -> TimeStampAnswer:
    """Judge the signature time-stamps of one CMS signer; the first good one counts.

    The authority of a time-stamp must be good at reception: once revoked or expired, its word proves nothing by itself.
    Where a later document time-stamp proves that the token was there before, it must have been good then.
    """
    answer = TimeStampAnswer()
    for count, token in enumerate(generic_cms.extract_tst_data_iter(signer, signed=False)):
        if count >= MAX_TIMESTAMPS:
            break
        answer = judge_token(token, generic_cms.message_imprint_checker(signer), knowledge)
        if answer.time is not None:
            return answer
    return answer


def judge_token(token: cms.SignedData, expected: Callable[[str], bytes], knowledge: Knowledge) -> TimeStampAnswer:
    """Judge a time-stamp over what ``expected`` digests by the named algorithm; its authority must be good now."""
    try:
        status = TimestampSignatureStatus(
            **run(
                generic_cms.validate_tst_signed_data(
                    token,
                    knowledge.context(TSA, knowledge.standing),
                    expected,
                    algorithm_policy=CMS_ALGORITHMS,
                )
            )
        )
        _note(token, status.signing_cert, knowledge)
        _check_imprint(token, status.signing_cert, knowledge)
    except (SignatureValidationError, RefusedSignature, ValueError, KeyError, TypeError, AttributeError) as error:
        return TimeStampAnswer(trouble=_invalid(f"the time-stamp cannot be read: {error}"))
    if not (status.intact and status.valid):
        return TimeStampAnswer(trouble=_invalid("the time-stamp does not match the signature"))
    return _trusted(status, knowledge)


def _note(token: cms.SignedData, certificate: asn1_x509.Certificate, knowledge: Knowledge) -> None:
    knowledge.gathering.put_aside(EvidenceKind.TIMESTAMP_TOKEN, _whole(token))
    knowledge.gathering.put_aside(EvidenceKind.CERTIFICATE, certificate.dump(), _text(certificate.subject))
    chain = knowledge.trust.chain_of(loaded(certificate.dump()), TSA)
    knowledge.gathering.note_authorities(chain or ())


def _whole(token: cms.SignedData) -> bytes:
    """Give the bytes of a token as whoever made it gave it out, its type around it."""
    der: bytes = token.dump()
    if der[0] != _EXPLICIT:
        der = cms.ContentInfo({"content_type": "signed_data", "content": token})["content"].dump()
    whole: bytes = asn1_parser.emit(0, 1, _SEQUENCE, _SIGNED_DATA + der)
    return whole


def _trusted(status: TimestampSignatureStatus, knowledge: Knowledge) -> TimeStampAnswer:
    """Judge the authority of a token that matches the signature."""
    if status.timestamp > knowledge.standing + CLOCK_SKEW:
        return TimeStampAnswer(trouble=_invalid("the time-stamp is later than the reception, or than a later one"))
    if precedes_its_authority(status):
        return TimeStampAnswer(trouble=_invalid("the time-stamp is older than the certificate of its authority"))
    authority = _text(status.signing_cert.subject)
    trouble = explain_authority(status, knowledge)
    if trouble is None:
        return TimeStampAnswer(time=status.timestamp, authority=authority)
    if trouble.cause not in PENDING:
        detail = f"time-stamping authority: {trouble.cause.value} {trouble.detail}".rstrip()
        trouble = Trouble(Cause.TIMESTAMP_UNTRUSTED, SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
    return TimeStampAnswer(authority=authority, trouble=trouble)


def precedes_its_authority(status: TimestampSignatureStatus) -> bool:
    """Tell whether a time-stamp names a time at which its authority had no certificate yet: no honest one does."""
    begun: datetime = status.signing_cert["tbs_certificate"]["validity"]["not_before"].native
    return status.timestamp < begun - CLOCK_SKEW


def _check_imprint(token: cms.SignedData, certificate: asn1_x509.Certificate, knowledge: Knowledge) -> None:
    imprint = token["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]
    if not ALGORITHMS.digest_algorithm_allowed(imprint, None):
        raise RefusedSignature("rule 8: imprint of the time-stamp", Cause.WEAK_ALGORITHM)
    basis = knowledge.sunsets.ended_digest(imprint["algorithm"].native, knowledge.standing)
    if basis is not None:
        raise RefusedSignature(f"rule 8: imprint of the time-stamp: {basis}", Cause.WEAK_ALGORITHM)
    if len(token["signer_infos"]) != 1:
        raise RefusedSignature("rule 7: not exactly one signer of the time-stamp", Cause.TIMESTAMP_INVALID)
    check_algorithms(token["signer_infos"][0], certificate.public_key)


def _invalid(detail: str) -> Trouble:
    return Trouble(Cause.TIMESTAMP_INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE, detail)


def explain(
    status: SignatureStatus,
    knowledge: Knowledge,
    *,
    purpose: str = SIGNER,
    moment: datetime,
    revoked_after_counts: bool = False,
) -> Trouble | None:
    """Say why the chain of a signature is not accepted; None only if certvalidator and our own look both accept it.

    Args:
        status: pyHanko's answer.
        knowledge: Trust store, lists, and reception.
        purpose: Signer or time-stamping authority.
        moment: The best signature time.
        revoked_after_counts: Whether a revocation after `moment` counts as well.
    """
    certificate = loaded(status.signing_cert.dump())
    chain = knowledge.trust.chain_of(certificate, purpose)
    if chain is None:
        return Trouble(Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    unfit = _usage(certificate, purpose)
    if unfit is not None:
        return unfit
    untrusted = next((authority.name for authority in chain if not authority.trusted_at(moment)), None)
    if untrusted is not None:
        detail = f"{untrusted} is not trusted at that time"
        return Trouble(Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, detail)
    horizon = None if revoked_after_counts else moment
    own = _look_at_lists(certificate, chain, knowledge, horizon, moment)
    if own is not None and own.cause not in PENDING:
        return own
    return _validity(certificate, moment) or own or _of_pyhanko(status) or _ended(status, chain, knowledge, moment)


def _ended(
    status: SignatureStatus, chain: tuple[ConfiguredAuthority, ...], knowledge: Knowledge, moment: datetime
) -> Trouble | None:
    """Say which algorithm had ended when the signature was made (rule 8, `sunsets.toml`)."""
    if not knowledge.sunsets.any_ended(moment):
        return None
    own = loaded(status.signing_cert.dump())
    below = [own, *(authority.certificate for authority in chain if not authority.is_anchor)]
    ended = (knowledge.sunsets.ended_certificate(certificate, moment) for certificate in below)
    basis = knowledge.sunsets.ended_digest(status.md_algorithm, moment) or next(filter(None, ended), None)
    if basis is None:
        return None
    return Trouble(Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, f"rule 8: {basis}")


def explain_authority(status: SignatureStatus, knowledge: Knowledge) -> Trouble | None:
    """Say why the authority of a time-stamp is not accepted; a later revocation counts unless existence is proved."""
    unproved = knowledge.proved is None
    return explain(status, knowledge, purpose=TSA, moment=knowledge.standing, revoked_after_counts=unproved)


def _of_pyhanko(status: SignatureStatus) -> Trouble | None:
    indication = status.trust_problem_indic
    if indication is not None:
        return _translate(indication)
    if not status.trusted or status.validation_path is None or status.validation_path.pkix_len < 1:
        return Trouble(Cause.CERTIFICATE_INVALID, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)
    return None


def _look_at_lists(
    certificate: x509.Certificate,
    chain: tuple[ConfiguredAuthority, ...],
    knowledge: Knowledge,
    horizon: datetime | None,
    moment: datetime,
) -> Trouble | None:
    """Look at each certificate below the anchor; a revocation anywhere weighs more than a list that is missing."""
    found = None
    subject = certificate
    for index, authority in enumerate(chain):
        status = status_of(subject, authority, knowledge.revocation, at=knowledge.at, moment=moment)
        if status.list_sha256 is not None:
            knowledge.consulted.add(status.list_sha256)
        trouble = _of_status(status.status, authority=authority.name, leaf=index == 0)
        if status.status is Status.REVOKED:
            if status.revoked_at is None or horizon is None or status.revoked_at <= horizon:
                return trouble
        elif trouble is not None and found is None:
            found = trouble
        subject = authority.certificate
    return found


def _of_status(status: Status, *, authority: str, leaf: bool) -> Trouble | None:
    if status is Status.REVOKED:
        if leaf:
            return Trouble(Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE, authority)
        return Trouble(Cause.AUTHORITY_REVOKED, SubIndication.REVOKED_CA_NO_POE, authority)
    return {
        Status.MISSING: Trouble(Cause.REVOCATION_MISSING, SubIndication.TRY_LATER, authority),
        Status.STALE: Trouble(Cause.REVOCATION_STALE, SubIndication.TRY_LATER, authority),
        Status.DROPPED: Trouble(Cause.EXPIRED_BEFORE_RECEPTION, SubIndication.OUT_OF_BOUNDS_NO_POE, authority),
        Status.GOOD: None,
    }[status]


def _validity(certificate: x509.Certificate, moment: datetime) -> Trouble | None:
    if moment > certificate.not_valid_after_utc:
        return Trouble(Cause.EXPIRED_BEFORE_RECEPTION, SubIndication.OUT_OF_BOUNDS_NO_POE)
    if moment < certificate.not_valid_before_utc:
        return Trouble(Cause.NOT_YET_VALID, SubIndication.OUT_OF_BOUNDS_NO_POE)
    return None


@lru_cache(maxsize=4096)
def _usage(certificate: x509.Certificate, purpose: str) -> Trouble | None:
    """Judge the extended key usages, of which pyHanko does not ask all.

    A web server's certificate does not sign documents, and a unit's stamps time alone, critically so (RFC 3161, 2.3).
    """
    if issued_for_something_else(certificate) if purpose == SIGNER else not stamps_time_alone(certificate):
        return Trouble(Cause.WRONG_KEY_USAGE, SubIndication.CHAIN_CONSTRAINTS_FAILURE, "extended key usage")
    return None


_TRANSLATIONS: Final[dict[AdESIndeterminate, Trouble]] = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: Trouble(
        Cause.NO_CONFIGURED_ROOT, SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    ),
    AdESIndeterminate.REVOKED_NO_POE: Trouble(Cause.REVOKED_BEFORE_RECEPTION, SubIndication.REVOKED_NO_POE),
    AdESIndeterminate.REVOKED_CA_NO_POE: Trouble(Cause.AUTHORITY_REVOKED, SubIndication.REVOKED_CA_NO_POE),
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: Trouble(Cause.EXPIRED_BEFORE_RECEPTION, SubIndication.OUT_OF_BOUNDS_NO_POE),
    AdESIndeterminate.TRY_LATER: Trouble(Cause.REVOCATION_STALE, SubIndication.TRY_LATER),
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: Trouble(
        Cause.WRONG_KEY_USAGE, SubIndication.CHAIN_CONSTRAINTS_FAILURE
    ),
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: Trouble(
        Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    ),
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Trouble(
        Cause.WEAK_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    ),
}


def _translate(indication: Any) -> Trouble:
    unknown = Trouble(
        Cause.CERTIFICATE_INVALID, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, f"pyHanko: {indication}"
    )
    return _TRANSLATIONS.get(indication, unknown)


def _text(name: asn1_x509.Name) -> str:
    native = name.native
    common = native.get("common_name") or native.get("organization_name") or ""
    return common if isinstance(common, str) else str(common[0])
