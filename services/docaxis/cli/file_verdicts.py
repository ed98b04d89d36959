"""The verdict on one file by itself, as ``docaxis verify`` draws it and writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from docaxis.cli.exit_codes import Exit
from docaxis.cli.output import Output
from docaxis_schemas.moments import VIETNAM, to_text
from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.judgement import Basis, JudgedFile, Parties, judge_submission
from docaxis_signing.pdf.verification import engine_versions
from docaxis_signing.policy import FilePolicy, JudgedAs, Policy
from docaxis_signing.register_files import CertificateRegister
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import (
    Cause,
    CertificateFacts,
    DocumentFindings,
    Indication,
    Integrity,
    SignatureFinding,
    SubmissionVerdict,
)

WORDS: Final = {
    Indication.TOTAL_PASSED: ("✓", "Hợp lệ", "Valid"),
    Indication.INDETERMINATE: ("?", "Chưa xác nhận được", "Cannot be confirmed"),
    Indication.TOTAL_FAILED: ("✗", "Không hợp lệ", "Not valid"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every file of a call."""

    rule: FilePolicy
    trust: TrustStore
    revocation: RevocationSnapshot
    register: CertificateRegister
    issuer: str | None
    at: datetime

    def judge(self, name: str, findings: DocumentFindings) -> SubmissionVerdict:
        """Judge one file."""
        file = JudgedFile(Path(name).name, JudgedAs.FILE, findings)
        basis = Basis(self.trust.sha256, self.revocation.epoch, self.at, engine_versions())
        return judge_submission([file], Policy.of_file(self.rule), self.register.get, self.parties(findings), basis)

    def parties(self, findings: DocumentFindings) -> Parties:
        """Say who issued it: the organisation that was named, else the one that the last registered signature is of."""
        if self.issuer is not None:
            return Parties(self.issuer)
        for finding in reversed(findings.approvals):
            entry = self.register.get(finding.certificate.sha256) if finding.certificate else None
            if entry is not None:
                return Parties(entry.organisation)
        return Parties("")


def exit_code(verdict: SubmissionVerdict) -> Exit:
    """Say how a call about a file, or a submission's files, ends."""
    if any(file.findings.integrity is Integrity.UNREADABLE for file in verdict.files):
        return Exit.UNREADABLE
    codes = {Indication.TOTAL_PASSED: Exit.OK, Indication.INDETERMINATE: Exit.INDETERMINATE}
    return codes.get(verdict.indication, Exit.REFUSED)


def as_json(name: str, verdict: SubmissionVerdict, number: int = 0) -> dict[str, Any]:
    """Give the line of one file, under the name it was called by."""
    file = verdict.files[number]
    findings = file.findings
    return {
        "file": name,
        "sha256": findings.sha256 or None,
        "verdict": file.indication.value,
        "sub_indication": file.sub_indication,
        "integrity": findings.integrity.value,
        "signatures": [_signature(finding) for finding in findings.signatures],
        "cause": file.cause,
        "reasons": list(file.reasons),
        "active_content": list(findings.active_content),
        **_drawn(verdict),
    }


def submission_json(verdict: SubmissionVerdict) -> dict[str, Any]:
    """Give the line of a submission: that of its one file, or of several, which are listed in it."""
    files = [as_json(file.name, verdict, number) for number, file in enumerate(verdict.files)]
    one = files[0] if len(files) == 1 else {"files": files}
    return one | {
        "verdict": verdict.indication.value,
        "sub_indication": verdict.sub_indication,
        "cause": verdict.cause,
        "reasons": list(verdict.reasons),
        **_drawn(verdict),
    }


def _drawn(verdict: SubmissionVerdict) -> dict[str, Any]:
    """Name the verdict, and what it was drawn by."""
    return {
        "verdict_sha256": verdict.sha256,
        "policy": verdict.policy,
        "policy_sha256": verdict.policy_sha256,
        "trust_store_sha256": verdict.trust_store_sha256,
        "validation_time": to_text(verdict.validation_time),
        "engines": list(verdict.engines),
    }


def _signature(finding: SignatureFinding) -> dict[str, Any]:
    signed_at = finding.timestamp_time or finding.claimed_time
    return {
        "field": finding.field,
        "verdict": finding.indication.value,
        "sub_indication": finding.sub_indication,
        "cause": finding.cause,
        "integrity": finding.integrity.value,
        "coverage": finding.coverage or None,
        "modification": finding.modification or None,
        "covered_by": list(finding.covered_by),
        "signer": finding.certificate.subject if finding.certificate else None,
        "certificate": _certificate(finding.certificate) if finding.certificate else None,
        "level": finding.level,
        "signed_at": to_text(signed_at) if signed_at else None,
        "signed_at_is": _basis(finding),
        "time_basis": finding.time_basis,
        "timestamp_authority": finding.timestamp_authority or None,
        "document_timestamp": finding.document_timestamp,
        "revision": finding.revision,
        "signature_algorithm": finding.signature_algorithm or None,
        "digest_algorithm": finding.digest_algorithm or None,
        "evidence": [
            {"kind": item.kind.value, "sha256": item.sha256, "about": item.about} for item in finding.evidence
        ],
        "notes": list(finding.notes),
    }


def _certificate(facts: CertificateFacts) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "organisation": facts.organisation,
        "issuer": facts.issuer,
        "serial": facts.serial,
        "sha256": facts.sha256,
        "not_before": to_text(facts.not_before),
        "not_after": to_text(facts.not_after),
        "root": facts.source or None,
    }


def _basis(finding: SignatureFinding) -> str | None:
    """Say what `signed_at` rests on: a claim is shown and never used."""
    if finding.timestamp_time is not None:
        return "timestamp"
    return "claimed" if finding.claimed_time is not None else None


def sentence(name: str, verdict: SubmissionVerdict, output: Output) -> list[str]:
    """Say the verdict in one sentence, and what to do where it is not valid."""
    mark, vi, en = WORDS[verdict.indication]
    lines = [f"{mark} {name}: {output.text(vi, en)} ({verdict.indication.value})"]
    files = [file.findings for file in verdict.files]
    if verdict.cause is Cause.UNREADABLE and not any(findings.sha256 for findings in files):
        why = "; ".join(note for findings in files for note in findings.notes)
        vi = f"Không mở được tệp: không có, không phải tệp, hoặc không có quyền đọc ({why})."
        lines.append(f"  {output.text(vi, f'The file cannot be opened: {why}.')}")
    elif verdict.cause is not None:
        words = EXPLANATIONS[verdict.cause]
        lines.append(f"  {output.text(words.vi, words.en)} {output.text(words.action_vi, words.action_en)}")
    return lines


def signature_lines(signatures: Sequence[SignatureFinding]) -> list[str]:
    """Give one line for each signature."""
    lines = []
    for finding in signatures:
        signer = finding.certificate.subject if finding.certificate else "?"
        at = finding.timestamp_time or finding.claimed_time
        when = f" · {at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}" if at else ""
        level = f" · {finding.level.value}" if finding.level else ""
        lines.append(f"  {WORDS[finding.indication][0]} {finding.field}: {signer}{when}{level}")
    return lines
