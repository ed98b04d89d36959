"""Examine one signature: rules, digest, later changes, time-stamps, chain; the finding tells each of them."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils import misc
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, report_seed_value_validation
from pyhanko.sign.validation.status import PdfSignatureStatus, TimestampSignatureStatus

from docaxis_signing.pdf.acceptance import Candidate, RefusedSignature, accept, carries_document, check_algorithms
from docaxis_signing.pdf.chain import (
    CLOCK_SKEW,
    CMS_ALGORITHMS,
    PENDING,
    Knowledge,
    TimeStampAnswer,
    Trouble,
    explain,
    explain_authority,
    judge_timestamps,
    precedes_its_authority,
    run,
)
from docaxis_signing.pdf.integrity import Aftermath, aftermath, matches
from docaxis_signing.pdf.seal import Seal
from docaxis_signing.trust.revocation import status_of
from docaxis_signing.trust.store import SIGNER, TSA, ConfiguredAuthority, loaded
from docaxis_signing.verdict import (
    Cause,
    CertificateFacts,
    EvidenceKind,
    Indication,
    Integrity,
    Level,
    SignatureFinding,
    SubIndication,
    TimeBasis,
)

_SUPPORTED: Final = frozenset({SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value, SigSeedSubFilter.PADES.value})
_PADDING_NOTE: Final = "rule 8: PKCS#1 v1.5 padding; PSS or ECDSA is preferred for new signatures"
_DOCUMENT_TIMESTAMP: Final = SigSeedSubFilter.ETSI_RFC3161.value
EDWARDS_BITS: Final = 256
"""The size that stands for Ed25519 and Ed448, whose keys have but one."""
CURABLE_BY_TIME: Final = frozenset(
    {Cause.REVOKED_BEFORE_RECEPTION, Cause.AUTHORITY_REVOKED, Cause.EXPIRED_BEFORE_RECEPTION}
)
"""What an earlier, proved signature time could turn into a pass: not final while the time-stamp's status is open."""


def refused(field: str, revision: int, refusal: RefusedSignature) -> SignatureFinding:
    """Make the finding of a signature that a rule refuses."""
    return SignatureFinding(
        field=field,
        indication=Indication.TOTAL_FAILED,
        integrity=refusal.integrity,
        sub_indication=refusal.sub_indication,
        cause=refusal.cause,
        revision=revision,
        notes=(refusal.rule,),
    )


def sealed_finding(seal: Seal, revision: int, cause: Cause) -> SignatureFinding:
    """Make the finding of a signature of which only that it covers every byte is proved; it is never passed."""
    signer = extract_signer_info(seal.signed_data)
    certificate = generic_cms.extract_certs_for_validation(seal.signed_data).signer_cert
    return SignatureFinding(
        field="?",
        indication=Indication.INDETERMINATE,
        integrity=Integrity.INTACT,
        sub_indication=SubIndication.GENERIC,
        cause=cause,
        revision=revision,
        coverage="ENTIRE_FILE",
        modification="NONE",
        certificate=certificate_facts(certificate, None, ""),
        digest_algorithm=signer["digest_algorithm"]["algorithm"].native,
        signature_algorithm=signer["signature_algorithm"]["algorithm"].native,
        notes=("rule 1: the signature covers every byte, and more than that is not judged in such a file",),
    )


def examine_signature(candidate: Candidate, knowledge: Knowledge) -> SignatureFinding:
    """Examine one signature.

    Args:
        candidate: The signature as both readers see it.
        knowledge: Trust, lists, and reception.

    Raises:
        RefusedSignature: A rule does not hold, and nothing is known of the signer.
    """
    sig = candidate.embedded
    is_timestamp = sig.sig_object.get("/SubFilter") == _DOCUMENT_TIMESTAMP
    accept(candidate)
    finding, trouble = _facts_or_trouble(candidate, knowledge, TSA if is_timestamp else SIGNER)
    finding = replace(finding, document_timestamp=is_timestamp)
    trouble = trouble or (None if is_timestamp else _form_trouble(candidate))
    try:
        if not matches(candidate):
            trouble = _weakness(sig) or _RARE
        finding = _with_aftermath(finding, aftermath(candidate))
    except RefusedSignature as refusal:
        return _with_refusal(finding, refusal)
    if trouble is not None:
        return _with(finding, trouble)
    try:
        return _document_timestamp(sig, knowledge, finding) if is_timestamp else _approval(sig, knowledge, finding)
    except (SignatureValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        return _with(finding, _unjudged(error))


_RARE: Final = Trouble(
    Cause.UNSUPPORTED, SubIndication.GENERIC, "rule 8: the signature holds, in a form that the axis does not accept"
)


def _unjudged(error: Exception) -> Trouble:
    """What the bytes are is known; a chain that cannot even be judged is no reason to trust it."""
    detail = f"rule 10: {type(error).__name__}: {error}"
    return Trouble(Cause.CERTIFICATE_INVALID, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, detail)


def _facts_or_trouble(
    candidate: Candidate, knowledge: Knowledge, purpose: str
) -> tuple[SignatureFinding, Trouble | None]:
    """Read what is shown of a signature; a certificate that cannot be read is a question of trust alone."""
    try:
        return _facts(candidate, knowledge, purpose), None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        bare = SignatureFinding(
            field=str(candidate.embedded.fq_name),
            indication=Indication.TOTAL_FAILED,
            integrity=Integrity.BROKEN,
            revision=candidate.scanned.revision,
        )
        return bare, _unjudged(error)


def _with_refusal(finding: SignatureFinding, refusal: RefusedSignature) -> SignatureFinding:
    return replace(
        finding,
        integrity=refusal.integrity,
        sub_indication=refusal.sub_indication,
        cause=refusal.cause,
        notes=(*finding.notes, refusal.rule),
    )


def _form_trouble(candidate: Candidate) -> Trouble | None:
    """Say of a form of signature that it is not one the axis accepts; its integrity is answered all the same."""
    sig = candidate.embedded
    sub_filter = sig.sig_object.get("/SubFilter")
    if sub_filter in _SUPPORTED and carries_document(candidate):
        return Trouble(Cause.UNSUPPORTED, SubIndication.FORMAT_FAILURE, "rule 7: the CMS object carries the document")
    if sub_filter in _SUPPORTED and sig.sig_object_type == "/Sig":
        return None
    detail = f"rule 1: the form {sub_filter} of signature is not supported"
    return Trouble(Cause.UNSUPPORTED, SubIndication.GENERIC, detail)


def _facts(candidate: Candidate, knowledge: Knowledge, purpose: str) -> SignatureFinding:
    sig = candidate.embedded
    algorithm = sig.signer_info["signature_algorithm"]["algorithm"].native
    padded = algorithm.endswith("_rsa") or algorithm == "rsassa_pkcs1v15"
    der = sig.signer_cert.dump()
    certificate, key_bits = _read_strictly(der)
    chain = knowledge.trust.chain_of(certificate, purpose) if certificate else None
    issuer = chain[0] if chain else knowledge.trust.issuer_of(certificate, purpose) if certificate else None
    facts = certificate_facts(sig.signer_cert, issuer, chain[-1].source if chain else "")
    knowledge.gathering.put_aside(EvidenceKind.CERTIFICATE, der, facts.subject)
    knowledge.gathering.note_authorities(chain or ())
    return SignatureFinding(
        field=str(sig.fq_name),
        indication=Indication.TOTAL_FAILED,
        integrity=Integrity.BROKEN,
        revision=candidate.scanned.revision,
        certificate=facts,
        claimed_time=_claimed(sig),
        digest_algorithm=sig.md_algorithm,
        signature_algorithm=algorithm,
        key_bits=key_bits,
        status_issued=_status_issued(certificate, issuer, knowledge) if certificate else None,
        certification=sig.docmdp_level is not None and "/Reference" in sig.sig_object,
        notes=(_PADDING_NOTE,) if padded else (),
    )


@lru_cache(maxsize=2048)
def _read_strictly(der: bytes) -> tuple[x509.Certificate | None, int]:
    """Load a certificate with the size of its key; a malformed one is a question of trust and not of integrity."""
    try:
        certificate = loaded(der)
        return certificate, getattr(certificate.public_key(), "key_size", EDWARDS_BITS)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None, 0


def _status_issued(
    certificate: x509.Certificate, issuer: ConfiguredAuthority | None, knowledge: Knowledge
) -> datetime | None:
    if issuer is None:
        return None
    used = status_of(certificate, issuer, knowledge.revocation, at=knowledge.at).list_sha256
    return next((item.this_update for item in knowledge.revocation.lists if item.sha256 == used), None)


def certificate_facts(
    certificate: asn1_x509.Certificate, issuer: ConfiguredAuthority | None, source: str
) -> CertificateFacts:
    """Give what is shown of a signer's certificate: with the configured authority that issued it, and of which root."""
    own = _facts_in(certificate.dump()) if issuer else _read_facts(certificate)
    return replace(own, issuer_sha256=issuer.sha256 if issuer else None, source=source)


@lru_cache(maxsize=2048)
def _facts_in(der: bytes) -> CertificateFacts:
    """Keep what a certificate of a configured authority says; of others nothing is kept, whoever sends how many."""
    return _read_facts(asn1_x509.Certificate.load(der))


def _read_facts(certificate: asn1_x509.Certificate) -> CertificateFacts:
    validity = certificate["tbs_certificate"]["validity"]
    return CertificateFacts(
        subject=_part(certificate.subject, "common_name"),
        organisation=_part(certificate.subject, "organization_name"),
        issuer=_part(certificate.issuer, "common_name"),
        serial=f"{certificate.serial_number:x}",
        sha256=certificate.sha256.hex(),
        not_before=validity["not_before"].native,
        not_after=validity["not_after"].native,
    )


def _part(name: Any, kind: str) -> str:
    value = name.native.get(kind, "")
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _claimed(sig: EmbeddedPdfSignature) -> datetime | None:
    """Read the time the signer claims; shown, never used."""
    try:
        claimed = sig.self_reported_timestamp
    except (ValueError, misc.PdfReadError):
        return None
    return claimed if claimed is not None and claimed.tzinfo is not None else None


def _with_aftermath(finding: SignatureFinding, after: Aftermath) -> SignatureFinding:
    return replace(
        finding,
        integrity=after.integrity,
        coverage=after.coverage,
        modification=after.modification,
        filled_fields=after.filled,
        form_changed=after.form_changed,
        covered_by=after.covered_by,
        notes=(*finding.notes, *after.notes),
    )


def _approval(sig: EmbeddedPdfSignature, knowledge: Knowledge, finding: SignatureFinding) -> SignatureFinding:
    stamps = judge_timestamps(sig.signer_info, knowledge)
    moment = stamps.time or knowledge.standing
    finding = replace(
        finding,
        level=_level(sig, stamps),
        timestamp_time=stamps.time,
        timestamp_authority=stamps.authority,
        best_time=moment,
        time_basis=TimeBasis.TIMESTAMP if stamps.time or knowledge.proved else TimeBasis.RECEPTION,
    )
    status = _status(sig, knowledge, moment, timestamped=stamps.time is not None)
    broken = _cryptography(finding, intact=status.intact, valid=status.valid)
    if broken is not None:
        return broken
    if not status.seed_value_ok:
        error = str(status.seed_value_constraint_error)
        return _with(finding, Trouble(Cause.CERTIFICATE_INVALID, SubIndication.SIG_CONSTRAINTS_FAILURE, error))
    trouble = _weakness(sig) or _weigh(explain(status, knowledge, moment=moment), stamps.trouble)
    return _with(finding, trouble)


def _weakness(sig: EmbeddedPdfSignature) -> Trouble | None:
    """Say which algorithm of a signature is not allowed (rule 8)."""
    try:
        check_algorithms(sig.signer_info, sig.signer_cert.public_key)
    except RefusedSignature as refusal:
        return Trouble(refusal.cause, refusal.sub_indication, refusal.rule)
    return None


def _status(
    sig: EmbeddedPdfSignature, knowledge: Knowledge, moment: datetime, *, timestamped: bool
) -> PdfSignatureStatus:
    """Do what `async_validate_pdf_signature` does, with the chain judged at the best signature time, not at now."""
    answers = run(
        generic_cms.cms_basic_validation(
            sig.signed_data,
            raw_digest=sig.compute_digest(),
            validation_context=knowledge.context(SIGNER, moment),
            key_usage_settings=PdfSignatureStatus.default_usage_constraints(),
            algorithm_policy=CMS_ALGORITHMS,
        )
    )
    answers.update(report_seed_value_validation(sig, answers["validation_path"], timestamped))
    return PdfSignatureStatus(**answers)


def _cryptography(finding: SignatureFinding, *, intact: bool, valid: bool) -> SignatureFinding | None:
    if intact and valid:
        return None
    sub = SubIndication.SIG_CRYPTO_FAILURE if intact else SubIndication.HASH_FAILURE
    return replace(finding, integrity=Integrity.BROKEN, sub_indication=sub, cause=Cause.BROKEN)


def _weigh(signer: Trouble | None, stamp: Trouble | None) -> Trouble | None:
    """Choose the trouble that decides: an open time-stamp keeps open what an earlier signature time could cure."""
    if signer is not None and not (signer.cause in CURABLE_BY_TIME and stamp is not None and stamp.cause in PENDING):
        return signer
    return stamp


def _with(finding: SignatureFinding, trouble: Trouble | None) -> SignatureFinding:
    if trouble is None:
        return replace(finding, indication=Indication.TOTAL_PASSED)
    notes = (*finding.notes, trouble.detail) if trouble.detail else finding.notes
    return replace(
        finding,
        indication=Indication.INDETERMINATE,
        sub_indication=trouble.sub_indication,
        cause=trouble.cause,
        notes=notes,
    )


def _level(sig: EmbeddedPdfSignature, stamps: TimeStampAnswer) -> Level:
    has_reference = generic_cms.get_signing_cert_attr(sig.signer_info["signed_attrs"]) is not None
    if sig.sig_object["/SubFilter"] != SigSeedSubFilter.PADES.value or not has_reference:
        return Level.ISO32000
    if stamps.time is None:
        return Level.B_B
    root = sig.reader.root
    if "/DSS" not in root or not ({"/CRLs", "/OCSPs"} & set(root["/DSS"])):
        return Level.B_T
    return Level.B_LTA if _archived(sig) else Level.B_LT


def _archived(sig: EmbeddedPdfSignature) -> bool:
    """Find a document time-stamp; where there are validation data, that makes the level of archives."""
    values = (value.get_object() for _, value, _ in enumerate_sig_fields(sig.reader, filled_status=True))
    return any(value.get("/SubFilter") == _DOCUMENT_TIMESTAMP for value in values)


def _document_timestamp(sig: EmbeddedPdfSignature, knowledge: Knowledge, finding: SignatureFinding) -> SignatureFinding:
    """Judge the authority of a document time-stamp, whatever `/Type` its dictionary names (rule 13)."""
    context = knowledge.context(TSA, knowledge.standing)
    answers = run(generic_cms.validate_tst_signed_data(sig.signed_data, context, sig.compute_digest))
    status = TimestampSignatureStatus(**answers)
    finding = replace(finding, timestamp_time=status.timestamp, best_time=knowledge.standing)
    broken = _cryptography(finding, intact=status.intact, valid=status.valid)
    if broken is not None:
        return broken
    if status.timestamp > knowledge.standing + CLOCK_SKEW or precedes_its_authority(status):
        return _with(finding, _OUT_OF_ORDER)
    trouble = explain_authority(status, knowledge)
    return _with(finding, _weakness(sig) or trouble)


_OUT_OF_ORDER: Final = Trouble(
    Cause.TIMESTAMP_INVALID,
    SubIndication.TIMESTAMP_ORDER_FAILURE,
    "the document time-stamp is later than the reception or the one over it, or older than its authority",
)
