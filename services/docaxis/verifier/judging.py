"""From a claim to its verdict: which files are examined in which role, for which parties, and what overrides it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final, Protocol

from docaxis.directory.entries import RegisteredCertificate as DirectoryCertificate
from docaxis.directory.errors import MemberFault, RejectedIssuer, RejectedMember
from docaxis.storage.attempts import ClaimedSubmission
from docaxis_schemas.canonical import canonical
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.submission import ContentEntry, FileRole, Manifest, read_manifest
from docaxis_signing.disposition import Disposition, decide
from docaxis_signing.judgement import Basis, JudgedFile, Parties, RegisteredCertificate, judge_submission, stop
from docaxis_signing.policy import JudgedAs, SignerRole
from docaxis_signing.rerun import Grounds, RecordedStop, VerdictInputs
from docaxis_signing.trust.ocsp import OcspAnswer
from docaxis_signing.verdict import Cause, DocumentFindings, SubmissionVerdict, verdict_digest

PDF: Final = "application/pdf"
PDF_LIMIT: Final = 100 * 1024 * 1024
"""Larger PDFs are carried as enclosures and not judged; the gateway takes none as main file or appendix."""
ENGINES: Final = tuple(f"{name} {version(name)}" for name in ("pyhanko", "pyhanko-certvalidator", "cryptography"))


class Directory(Protocol):
    """What is asked of the directory; a `DirectorySnapshot` answers it."""

    @property
    def certificates(self) -> Any: ...
    def canonical(self, code: str) -> str | None: ...
    def member_of(self, code: str, at: datetime) -> str | None: ...
    def require_member(self, member: str, *, accepted_at: datetime) -> Any: ...
    def require_sending_right(self, member: str, issuer: str, at: datetime) -> Any: ...


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed in, read from its claim."""

    claim: ClaimedSubmission
    manifest: Manifest
    metadata: DocumentMetadata

    @classmethod
    def of(cls, claim: ClaimedSubmission) -> "Handed":
        """Read a claim.

        Raises:
            ValueError: The gateway let something through that it should not have.
        """
        manifest = read_manifest(json.loads(claim.manifest))
        return cls(claim, manifest, DocumentMetadata.from_stored(manifest.document))

    @property
    def examined(self) -> tuple[ContentEntry, ...]:
        """Give the files to examine: those that decide, and what else is a PDF."""
        return tuple(
            entry for entry in self.manifest.contents if entry.role is not FileRole.ENCLOSURE or _is_pdf(entry)
        )

    def judged_as(self, role: FileRole) -> JudgedAs:
        """Say in which role a file is judged."""
        if role is FileRole.MAIN:
            copy = self.metadata.form_of_copy.is_certified_copy
            return JudgedAs.CERTIFIED_COPY if copy else JudgedAs.ORIGINAL
        return JudgedAs.APPENDIX if role is FileRole.APPENDIX else JudgedAs.ENCLOSURE


def _is_pdf(entry: ContentEntry) -> bool:
    return entry.media_type == PDF and entry.size <= PDF_LIMIT


@dataclass(frozen=True, slots=True)
class Drawn:
    """A verdict with all that it was drawn from."""

    verdict: SubmissionVerdict
    grounds: Grounds
    files: tuple[JudgedFile, ...]
    register: tuple[RegisteredCertificate, ...]
    parties: Parties
    received: datetime
    stopped: RecordedStop | None

    @property
    def answers(self) -> tuple[OcspAnswer, ...]:
        """What responders had said of its signers."""
        return self.grounds.answers_about(file.findings for file in self.files)

    def inputs(self) -> VerdictInputs:
        """Name all that it was drawn from."""
        return self.grounds.inputs(
            self.files, register=self.register, parties=self.parties, received=self.received, stopped=self.stopped
        )


def judge(handed: Handed, findings: Sequence[DocumentFindings], *, directory: Directory, grounds: Grounds) -> Drawn:
    """Judge a submission. ``findings`` are those of `Handed.examined`, in its order."""
    asked: dict[str, RegisteredCertificate] = {}

    def register(sha256: str) -> RegisteredCertificate | None:
        entry = _registered(directory.certificates.get(sha256))
        if entry is not None:
            asked[sha256] = entry
        return entry

    files = [
        JudgedFile(entry.name, handed.judged_as(entry.role), found)
        for entry, found in zip(handed.examined, findings, strict=True)
    ]
    received, parties = handed.claim.received_at, _parties(handed, files, directory)
    basis = Basis(grounds.trust.sha256, grounds.revocation.epoch, received, ENGINES)
    verdict = judge_submission(files, grounds.policy, register, parties, basis)
    stopped = _stopped(verdict, handed, directory)
    if stopped is not None:
        verdict = stop(verdict, stopped.cause, stopped.reason)
    return Drawn(verdict, grounds, tuple(files), tuple(asked.values()), parties, received, stopped)


def _registered(entry: DirectoryCertificate | None) -> RegisteredCertificate | None:
    if entry is None:
        return None
    role = SignerRole(entry.role.value)
    return RegisteredCertificate(entry.certificate_sha256, role, entry.organisation, entry.valid_from, entry.valid_to)


def _parties(handed: Handed, files: Sequence[JudgedFile], directory: Directory) -> Parties:
    issuer = directory.canonical(handed.metadata.issuer.code) or handed.metadata.issuer.code
    if not handed.metadata.form_of_copy.is_certified_copy:
        return Parties(issuer)
    return Parties(issuer, copier=_copier(handed, files, issuer, directory))


def _copier(handed: Handed, files: Sequence[JudgedFile], issuer: str, directory: Directory) -> str:
    """Say whose seal a certified copy needs: a body of the sending member that sealed it, else the issuer's own.

    A member that may not send for the issuer cannot pass the issuer's seal off as that of a copying agency: then the
    seal asked for is one of the member's bodies, of which none was found.
    """
    at, member = handed.claim.received_at, handed.claim.member
    main = next(file for file in files if file.role is JudgedAs.CERTIFIED_COPY)
    for finding in reversed(main.findings.approvals):
        entry = directory.certificates.get(finding.certificate.sha256) if finding.certificate else None
        is_seal = entry is not None and entry.role.value == SignerRole.SEAL.value
        if entry is not None and is_seal and directory.member_of(entry.organisation, at) == member:
            return str(entry.organisation)
    try:
        directory.require_sending_right(member, issuer, at)
    except RejectedIssuer:
        return f"a body of {member}"
    return issuer


def _stopped(verdict: SubmissionVerdict, handed: Handed, directory: Directory) -> RecordedStop | None:
    """Find what no signature makes up for: a secrecy mark on any file, a sender whose keys were in other hands."""
    for file in verdict.files:
        if file.findings.cause is Cause.SECRET_MARK:
            return RecordedStop(Cause.SECRET_MARK, f"{file.name}: {'; '.join(file.findings.notes)}")
    try:
        directory.require_member(handed.claim.member, accepted_at=handed.claim.received_at)
    except RejectedMember as error:
        if error.fault is MemberFault.COMPROMISED:
            return RecordedStop(Cause.SENDER_COMPROMISED, str(error))
    return None


def disposition_of(verdict: SubmissionVerdict, *, deadline_passed: bool) -> Disposition:
    """Say what follows from a verdict."""
    return decide(verdict.indication, verdict.sub_indication, verdict.cause, deadline_passed=deadline_passed)


def verdict_body(verdict: SubmissionVerdict, disposition: Disposition) -> bytes:
    """Write what is stored as the decision."""
    value = verdict.to_json()
    return canonical(value | {"verdict_sha256": verdict_digest(value), "disposition": disposition.value})
