"""Judging: apply a policy to findings. Pure; the register is a look-up that the caller brings.

Order is the order of revisions. A certificate's role and organisation are what the register says. Whatever is in doubt
makes the verdict worse, never better: where several things are wrong the one with the gravest consequence decides, and
all of them are listed as reasons.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from docaxis_signing.demands import unmet
from docaxis_signing.disposition import decide, severity
from docaxis_signing.policy import FilePolicy, JudgedAs, Policy, SealOf, SignerRole
from docaxis_signing.verdict import (
    Cause,
    DocumentFindings,
    FileVerdict,
    Indication,
    Integrity,
    SignatureFinding,
    SubIndication,
    SubmissionVerdict,
    TimeBasis,
)


@dataclass(frozen=True, slots=True)
class RegisteredCertificate:
    """A certificate in the register: what it is for, and for whom."""

    certificate_sha256: str
    role: SignerRole
    organisation: str
    valid_from: datetime
    valid_to: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether the registration was in force."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


Register = Callable[[str], RegisteredCertificate | None]
"""Looks a certificate up by the SHA-256 of its DER, in lower-case hex."""


@dataclass(frozen=True, slots=True)
class Parties:
    """For whom the seals have to be: who issued the document, who with them, and who certifies the copy."""

    issuer: str
    joint_issuers: tuple[str, ...] = ()
    copier: str | None = None

    def seal_owner(self, policy: FilePolicy) -> str:
        """Name the organisation whose seal a policy asks for."""
        return self.issuer if policy.signatures.seal_of is SealOf.ISSUER or self.copier is None else self.copier


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """A file to judge."""

    name: str
    role: JudgedAs
    findings: DocumentFindings


@dataclass(frozen=True, slots=True)
class Basis:
    """What the verdict rests on beside the findings; kept with it so that it can be drawn again."""

    trust_store_sha256: str
    revocation_epoch: int
    validation_time: datetime
    engines: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Outcome:
    indication: Indication
    sub_indication: SubIndication | None = None
    cause: Cause | None = None
    reason: str = ""

    @property
    def gravity(self) -> tuple[int, bool]:
        """Order outcomes: by what follows, then failed before indeterminate."""
        following = severity(decide(self.indication, self.sub_indication, self.cause))
        return following, self.indication is Indication.TOTAL_FAILED


_PASSED = _Outcome(Indication.TOTAL_PASSED)


def _policy_failure(cause: Cause, reason: str) -> _Outcome:
    return _Outcome(Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE, cause, reason)


def _of(finding: SignatureFinding) -> _Outcome:
    return _Outcome(finding.indication, finding.sub_indication, finding.cause, _told(finding))


def _told(finding: SignatureFinding) -> str:
    """Say why a signature is not accepted, with what the rules noted of it."""
    notes = f" ({'; '.join(finding.notes)})" if finding.notes else ""
    return f"{finding.field}: {finding.cause or finding.indication}{notes}"


@dataclass(frozen=True, slots=True)
class _Signed:
    """An approval with its registration at its best signature time, and whether it holds and is what is asked for."""

    finding: SignatureFinding
    registered: RegisteredCertificate | None
    outcome: _Outcome

    @property
    def passed(self) -> bool:
        return self.outcome.indication is Indication.TOTAL_PASSED

    def is_(self, role: SignerRole, *organisations: str) -> bool:
        return (
            self.registered is not None
            and self.registered.role is role
            and (not organisations or self.registered.organisation in organisations)
        )


def judge_file(
    file: JudgedFile, policy: Policy, register: Register, parties: Parties, received: datetime
) -> FileVerdict:
    """Judge one file in its role."""
    rule = policy.roles[file.role]
    outcomes = list(_outcomes(file.findings, rule, register, parties, received))
    worst = max(outcomes, key=lambda outcome: outcome.gravity, default=_PASSED)
    return FileVerdict(
        name=file.name,
        role=file.role.value,
        findings=replace(file.findings, material=()),
        indication=worst.indication,
        sub_indication=worst.sub_indication,
        cause=worst.cause,
        reasons=tuple(dict.fromkeys(outcome.reason for outcome in outcomes if outcome.reason)),
        decides=rule.signatures.decides,
    )


def _outcomes(
    findings: DocumentFindings, rule: FilePolicy, register: Register, parties: Parties, received: datetime
) -> Iterable[_Outcome]:
    if findings.cause is not None:
        yield _of_document(findings)
        return
    yield from _of_integrity(findings, rule)
    active = sorted(rule.content.refused_active_content & set(findings.active_content))
    if active:
        yield _policy_failure(Cause.ACTIVE_CONTENT, f"active content: {', '.join(active)}")
    approvals = [_signed(finding, rule, register, received) for finding in findings.approvals]
    if not approvals:
        yield _Outcome(
            Indication.TOTAL_FAILED, SubIndication.SIGNED_DATA_NOT_FOUND, Cause.UNSIGNED, "no approval signature"
        )
        return
    if rule.signatures.every or not rule.signatures.decides:
        yield from (item.outcome for item in approvals)
    if rule.signatures.required:
        yield from _of_requirements(approvals, rule, parties)


def _of_document(findings: DocumentFindings) -> _Outcome:
    uncertain = {Cause.UNSUPPORTED, Cause.RESOURCE_LIMIT, Cause.VERIFIER_FAILED, Cause.SECRET_MARK}
    indication = Indication.INDETERMINATE if findings.cause in uncertain else Indication.TOTAL_FAILED
    reason = "; ".join(findings.notes) or str(findings.cause)
    return _Outcome(indication, findings.sub_indication, findings.cause, reason)


def _of_integrity(findings: DocumentFindings, rule: FilePolicy) -> Iterable[_Outcome]:
    """Any signature that does not match the file fails the file, whoever made it."""
    for finding in findings.signatures:
        if finding.covered_by and not rule.content.pictures_may_cover:
            names = ", ".join(finding.covered_by)
            yield _policy_failure(Cause.COVERED, f"{finding.field}: the picture of {names} lies over what it signed")
        if finding.integrity in rule.content.integrity or (finding.covered_by and not finding.form_changed):
            continue
        if finding.integrity is Integrity.INTACT_WITH_PERMITTED_CHANGES:
            names = ", ".join(finding.filled_fields)
            yield _policy_failure(Cause.FORM_FILLED, f"{finding.field}: form changed after signing {names}".rstrip())
        else:
            yield _Outcome(
                Indication.TOTAL_FAILED,
                finding.sub_indication or SubIndication.FORMAT_FAILURE,
                finding.cause or Cause.BROKEN,
                _told(finding),
            )


def _signed(finding: SignatureFinding, rule: FilePolicy, register: Register, received: datetime) -> _Signed:
    entry = register(finding.certificate.sha256) if finding.certificate is not None else None
    if entry is not None and finding.best_time is not None and not entry.holds_at(finding.best_time):
        entry = None
    outcome = _of(finding)
    if finding.indication is Indication.TOTAL_PASSED:
        lacking = unmet(finding, rule, received)
        outcome = _PASSED
        if lacking is not None:
            detail = f"{finding.field}: {lacking.cause} ({lacking.detail})"
            outcome = _Outcome(Indication.INDETERMINATE, lacking.sub_indication, lacking.cause, detail)
    return _Signed(finding, entry, outcome)


def _of_requirements(approvals: Sequence[_Signed], rule: FilePolicy, parties: Parties) -> Iterable[_Outcome]:
    owner = parties.seal_owner(rule)
    for role in rule.signatures.required:
        owners = (owner,) if role is SignerRole.SEAL else (parties.issuer, *parties.joint_issuers)
        yield _of_requirement(role, owners, approvals)
    seal = next((item for item in reversed(approvals) if item.is_(SignerRole.SEAL, owner)), None)
    if seal is None:
        return
    if rule.signatures.seal_is_last:
        yield from _of_order(approvals, seal, rule, parties)
    for item in approvals:
        if not item.passed and item is not seal:
            yield _Outcome(Indication.TOTAL_PASSED, None, None, f"further signature {item.outcome.reason}")


def _of_requirement(role: SignerRole, owners: tuple[str, ...], approvals: Sequence[_Signed]) -> _Outcome:
    """Judge one required signature, and where it is missing say what stands in its place."""
    matching = [item for item in approvals if item.is_(role, *owners)]
    if any(item.passed for item in matching):
        return _PASSED
    if matching:
        return min((item.outcome for item in matching), key=lambda outcome: outcome.gravity)
    unknown = [item for item in approvals if item.registered is None]
    failed = [item.outcome for item in unknown if not item.passed]
    if failed:
        return max(failed, key=lambda outcome: outcome.gravity)
    if role is SignerRole.SEAL and any(item.is_(SignerRole.SEAL) for item in approvals):
        return _policy_failure(Cause.SEAL_OF_ANOTHER_ORGANISATION, f"no seal of {', '.join(owners)}")
    if unknown:
        names = ", ".join(item.finding.field for item in unknown)
        return _policy_failure(Cause.SIGNER_NOT_REGISTERED, f"{names}: certificate not registered")
    missing = Cause.SEAL_MISSING if role is SignerRole.SEAL else Cause.PERSON_SIGNATURE_MISSING
    return _policy_failure(missing, f"no {role} signature of {', '.join(owners)}")


def _of_order(approvals: Sequence[_Signed], seal: _Signed, rule: FilePolicy, parties: Parties) -> Iterable[_Outcome]:
    """Behind the required seal only seals of joint issuers may follow, and the person signs before it."""
    after = [item for item in approvals if item.finding.revision >= seal.finding.revision and item is not seal]
    for item in after:
        if not (item.passed and item.is_(SignerRole.SEAL, *parties.joint_issuers) and parties.joint_issuers):
            yield _policy_failure(Cause.WRONG_ORDER, f"{item.finding.field} follows the seal {seal.finding.field}")
    if not seal.passed:
        yield seal.outcome  # an earlier seal does not stand in for a last one that fails
    persons = [item for item in approvals if item.passed and item.is_(SignerRole.PERSON)]
    before = [item for item in persons if item.finding.revision < seal.finding.revision]
    if SignerRole.PERSON in rule.signatures.required and persons and not before:
        yield _policy_failure(Cause.WRONG_ORDER, "no person signed before the seal")


def judge_submission(
    files: Sequence[JudgedFile], policy: Policy, register: Register, parties: Parties, basis: Basis
) -> SubmissionVerdict:
    """Judge all files of a submission; the gravest verdict among those that decide is the submission's."""
    verdicts = tuple(judge_file(file, policy, register, parties, basis.validation_time) for file in files)
    deciding = [verdict for verdict in verdicts if verdict.decides]
    if deciding:
        worst = max(deciding, key=lambda item: severity(decide(item.indication, item.sub_indication, item.cause)))
        indication, sub_indication, cause = worst.indication, worst.sub_indication, worst.cause
    else:
        indication, sub_indication = Indication.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND
        cause = Cause.UNSIGNED
    stamped = [item.time_basis for verdict in deciding for item in verdict.findings.approvals]
    by_timestamp = bool(stamped) and all(item is TimeBasis.TIMESTAMP for item in stamped)
    lists = {sha256 for verdict in verdicts for sha256 in verdict.findings.revocation_lists}
    return SubmissionVerdict(
        indication=indication,
        sub_indication=sub_indication,
        cause=cause,
        reasons=tuple(f"{verdict.name}: {reason}" for verdict in verdicts for reason in verdict.reasons),
        files=verdicts,
        policy=f"{policy.name}/{policy.version}",
        policy_sha256=policy.sha256,
        trust_store_sha256=basis.trust_store_sha256,
        revocation_epoch=basis.revocation_epoch,
        revocation_lists=tuple(sorted(lists)),
        validation_time=basis.validation_time,
        time_basis=TimeBasis.TIMESTAMP if by_timestamp else TimeBasis.RECEPTION,
        engines=basis.engines,
    )


def stop(verdict: SubmissionVerdict, cause: Cause, reason: str) -> SubmissionVerdict:
    """Let something outside of the signatures, which no signature makes up for, decide."""
    return replace(
        verdict,
        indication=Indication.INDETERMINATE,
        sub_indication=SubIndication.SIG_CONSTRAINTS_FAILURE,
        cause=cause,
        reasons=(reason, *verdict.reasons),
    )
