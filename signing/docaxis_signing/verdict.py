"""What verification answers: findings about bytes, and verdicts that a policy draws from them.

Pure values. Findings say what a file is, whoever asks; verdicts say what that means for one role under one policy. The
words are those of ETSI EN 319 102-1 (indication, sub-indication); `Cause` is ours, because one sub-indication such as
REVOKED_NO_POE or CERTIFICATE_CHAIN_GENERAL_FAILURE stands for several situations in which a clerk acts differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from docaxis_schemas.canonical import digest
from docaxis_signing.plain import from_plain, to_object


class Indication(StrEnum):
    """Main status of a validation (ETSI EN 319 102-1, table 4)."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class SubIndication(StrEnum):
    """Sub-indications of ETSI EN 319 102-1, tables 5 and 6, under their own names."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class Cause(StrEnum):
    """Our own reason, one per situation in which somebody has to do something else. Sentences: `causes.py`."""

    # The bytes.
    UNSIGNED = "unsigned"
    MODIFIED = "modified"
    FORM_FILLED = "form_filled"
    COVERED = "covered"
    UNACCOUNTED_BYTES = "unaccounted_bytes"
    BROKEN = "broken"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    RESOURCE_LIMIT = "resource_limit"
    ACTIVE_CONTENT = "active_content"
    VERIFIER_FAILED = "verifier_failed"
    SECRET_MARK = "secret_mark"  # noqa: S105 - the name of a cause
    # The party.
    SENDER_COMPROMISED = "sender-compromised"
    # The certificates and their status.
    NO_CONFIGURED_ROOT = "no_configured_root"
    REVOKED_BEFORE_RECEPTION = "revoked_before_reception"
    AUTHORITY_REVOKED = "authority_revoked"
    EXPIRED_BEFORE_RECEPTION = "expired_before_reception"
    NOT_YET_VALID = "not_yet_valid"
    REVOCATION_MISSING = "revocation_missing"
    REVOCATION_STALE = "revocation_stale"
    WEAK_ALGORITHM = "weak_algorithm"
    WRONG_KEY_USAGE = "wrong_key_usage"
    CERTIFICATE_INVALID = "certificate_invalid"
    # The time-stamps.
    TIMESTAMP_INVALID = "timestamp_invalid"
    TIMESTAMP_UNTRUSTED = "timestamp_untrusted"
    # What the policy asks beyond that.
    ROOT_NOT_ADMITTED = "root_not_admitted"
    TIMESTAMP_MISSING = "timestamp_missing"
    LEVEL_TOO_LOW = "level_too_low"
    # The roles.
    SIGNER_NOT_REGISTERED = "signer_not_registered"
    SEAL_MISSING = "seal_missing"
    SEAL_OF_ANOTHER_ORGANISATION = "seal_of_another_organisation"
    PERSON_SIGNATURE_MISSING = "person_signature_missing"
    WRONG_ORDER = "wrong_order"


class Integrity(StrEnum):
    """Is what a reader sees what was signed? Answered whatever the trust in the certificates is."""

    INTACT = "intact"
    INTACT_WITH_PERMITTED_CHANGES = "intact_with_permitted_changes"
    MODIFIED = "modified"
    BROKEN = "broken"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"


class Level(StrEnum):
    """What a signature carries (ETSI EN 319 142-1 baseline levels; ISO32000: without the ESS attribute of PAdES)."""

    ISO32000 = "ISO32000"
    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class TimeBasis(StrEnum):
    """Where the best signature time comes from. Never from `/M` or signing-time: their author is the signer."""

    TIMESTAMP = "timestamp"
    RECEPTION = "reception"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What circular 15/2025/TT-BKHCN wants shown of a certificate."""

    subject: str
    organisation: str
    issuer: str
    serial: str
    sha256: str
    not_before: datetime
    not_after: datetime
    issuer_sha256: str | None = None
    """Certificate of the issuing authority in the trust store; None if no configured authority issued it."""
    source: str = ""
    """Of which root: government or public; empty if no configured root is reached."""


class EvidenceKind(StrEnum):
    """What a finding rests on beside the document."""

    CERTIFICATE = "certificate"
    REVOCATION_LIST = "revocation_list"
    OCSP_RESPONSE = "ocsp_response"
    TIMESTAMP_TOKEN = "timestamp_token"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was used, by the SHA-256 of its bytes."""

    kind: EvidenceKind
    sha256: str
    about: str = ""
    issued: datetime | None = None
    holds_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """Bytes of evidence that only the document brings: base64 of the DER. Kept beside a verdict, never in it."""

    sha256: str
    content: str


@dataclass(frozen=True, slots=True)
class SignatureFinding:
    """One signature field: what it covers, who made it, and whether that holds at its best signature time."""

    field: str
    indication: Indication
    integrity: Integrity
    sub_indication: SubIndication | None = None
    cause: Cause | None = None
    revision: int = 0
    """Counted from 0 in the order of the bytes; the order of signing is the order of revisions, never claimed times."""
    coverage: str = ""
    modification: str = ""
    filled_fields: tuple[str, ...] = ()
    form_changed: bool = False
    """Whether form fields were filled in, or something else was drawn that is no signature's picture."""
    covered_by: tuple[str, ...] = ()
    """Fields of further signatures whose pictures lie over what this one signed."""
    certificate: CertificateFacts | None = None
    level: Level | None = None
    document_timestamp: bool = False
    certification: bool = False
    claimed_time: datetime | None = None
    timestamp_time: datetime | None = None
    timestamp_authority: str = ""
    best_time: datetime | None = None
    time_basis: TimeBasis | None = None
    digest_algorithm: str = ""
    signature_algorithm: str = ""
    key_bits: int = 0
    status_issued: datetime | None = None
    """When the oldest of the status data that were looked at for its certificates was issued."""
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentFindings:
    """What one file is. `cause` is set when the file as a whole failed, whatever single signatures say."""

    sha256: str
    size: int
    integrity: Integrity
    signatures: tuple[SignatureFinding, ...] = ()
    sub_indication: SubIndication | None = None
    cause: Cause | None = None
    pages: int = 0
    revisions: int = 0
    active_content: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    revocation_lists: tuple[str, ...] = ()
    """SHA-256 of each revocation list that was consulted."""
    material: tuple[Material, ...] = ()
    sunsets_sha256: str = ""
    """Of the table that says until when algorithms count."""

    @property
    def approvals(self) -> tuple[SignatureFinding, ...]:
        """Signatures of persons and organisations, in order of revision, without document time-stamps."""
        own = (finding for finding in self.signatures if not finding.document_timestamp)
        return tuple(sorted(own, key=lambda finding: finding.revision))

    def to_json(self) -> dict[str, Any]:
        """Give the findings as plain JSON values."""
        return to_object(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "DocumentFindings":
        """Read findings back."""
        return from_plain(cls, value)


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What a policy says about one file in one role."""

    name: str
    role: str
    findings: DocumentFindings
    indication: Indication
    sub_indication: SubIndication | None = None
    cause: Cause | None = None
    reasons: tuple[str, ...] = ()
    decides: bool = True
    """False for enclosures: reported, never part of the submission's verdict."""


NOT_HASHED: Final = ("revocation_epoch", "engines")
"""Of this machine, not of the judgement: another machine that judges the same evidence must find the same hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionVerdict:
    """The verdict of a submission with everything that is needed to draw it again."""

    indication: Indication
    sub_indication: SubIndication | None = None
    cause: Cause | None = None
    reasons: tuple[str, ...]
    files: tuple[FileVerdict, ...]
    policy: str
    policy_sha256: str
    trust_store_sha256: str
    revocation_epoch: int
    revocation_lists: tuple[str, ...]
    validation_time: datetime
    time_basis: TimeBasis
    engines: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Give the verdict as plain JSON values, fit for RFC 8785."""
        return to_object(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "SubmissionVerdict":
        """Read a verdict back."""
        return from_plain(cls, value)

    @property
    def sha256(self) -> str:
        """Hash of findings, evidence, policy, trust store and validation time."""
        return verdict_digest(self.to_json())


def verdict_digest(value: Mapping[str, Any]) -> str:
    """Give the hash of a verdict from its plain JSON values."""
    return digest({name: item for name, item in value.items() if name not in NOT_HASHED})
