"""What a verdict was drawn from, kept by content so that anybody can draw it again from the stored bytes alone.

Everything that is large or shared (documents, certificates, status data, tokens, policies, the trust store) is an
object, named by the SHA-256 of its bytes. The inputs name the objects. Nothing in them is believed: objects are checked
against their names, lists against their issuer, and the verdict is drawn anew and compared by its hash.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from docaxis_schemas.canonical import canonical
from docaxis_signing.judgement import Basis, JudgedFile, Parties, RegisteredCertificate, judge_submission, stop
from docaxis_signing.plain import RejectedPlain, from_plain, to_object, to_plain
from docaxis_signing.policy import JudgedAs, Policy, RejectedPolicy
from docaxis_signing.policy_files import read_policy
from docaxis_signing.trust.ocsp import OcspAnswer, RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import Listed, RejectedRevocationList, RevocationSnapshot, ingest
from docaxis_signing.trust.store import ConfiguredAuthority, RejectedTrustStore, TrustStore
from docaxis_signing.verdict import Cause, DocumentFindings, Material, SubmissionVerdict

FORMAT: Final = "docaxis-verdict/1"

Get = Callable[[str], bytes]
"""Gives the bytes of an object by its SHA-256; whoever brings it checks them."""


class RejectedEvidence(ValueError):
    """The stored evidence is incomplete, damaged, or not of this form."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file that was judged."""

    name: str
    role: JudgedAs
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordedRule:
    """The file policy of one role."""

    role: JudgedAs
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordedList:
    """A revocation list that was in force, and whose it is."""

    authority: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordedStop:
    """What outside of the signatures decided."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictInputs:
    """All that a verdict was drawn from, by name."""

    files: tuple[RecordedFile, ...]
    policy: str
    policy_version: int
    rules: tuple[RecordedRule, ...]
    trust: str
    lists: tuple[RecordedList, ...]
    answers: tuple[RecordedList, ...] = ()
    """OCSP answers that were in force, and whose they are."""
    register: tuple[RegisteredCertificate, ...] = ()
    parties: Parties
    received: datetime
    kept: datetime
    """When the lists had been taken in."""
    stopped: RecordedStop | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The inputs with their objects in hand."""

    inputs: VerdictInputs
    policy: Policy
    trust: TrustStore
    revocation: RevocationSnapshot

    def judge(self, findings: Sequence[DocumentFindings], engines: tuple[str, ...]) -> SubmissionVerdict:
        """Draw the verdict again; ``findings`` are those of the files, in their order."""
        files = [
            JudgedFile(file.name, file.role, found) for file, found in zip(self.inputs.files, findings, strict=True)
        ]
        register = {entry.certificate_sha256: entry for entry in self.inputs.register}
        basis = Basis(self.trust.sha256, self.revocation.epoch, self.inputs.received, engines)
        verdict = judge_submission(files, self.policy, register.get, self.inputs.parties, basis)
        stopped = self.inputs.stopped
        return verdict if stopped is None else stop(verdict, stopped.cause, stopped.reason)


class Objects(dict[str, bytes]):
    """Objects to keep, by the SHA-256 of their bytes."""

    def put(self, data: bytes) -> str:
        """Add one and give its name."""
        name = hashlib.sha256(data).hexdigest()
        self[name] = data
        return name


def shared_objects(policy: Policy, trust: TrustStore, revocation: RevocationSnapshot) -> tuple[Objects, str]:
    """Give what many verdicts have in common, and the name of the trust store among it."""
    objects = Objects()
    described = canonical([to_plain(authority, objects.put) for authority in trust.authorities])
    named = objects.put(described)
    for item in revocation.lists:
        objects.put(item.der)
    for answer in revocation.answers.values():
        objects.put(answer.der)
    for rule in policy.roles.values():
        objects.put(rule.text)
    return objects, named


def inputs_of(
    files: Iterable[JudgedFile],
    *,
    policy: Policy,
    trust: str,
    revocation: RevocationSnapshot,
    register: Iterable[RegisteredCertificate],
    parties: Parties,
    received: datetime,
    kept: datetime,
    stopped: RecordedStop | None = None,
) -> VerdictInputs:
    """Name what a verdict is drawn from; ``trust`` is what `shared_objects` calls the trust store."""
    return VerdictInputs(
        files=tuple(RecordedFile(file.name, file.role, file.findings.sha256) for file in files),
        policy=policy.name,
        policy_version=policy.version,
        rules=tuple(RecordedRule(role, rule.sha256) for role, rule in sorted(policy.roles.items())),
        trust=trust,
        lists=tuple(RecordedList(item.authority, item.sha256) for item in revocation.lists),
        answers=tuple(RecordedList(item.authority, item.sha256) for item in revocation.answers.values()),
        register=tuple(sorted(register, key=lambda entry: entry.certificate_sha256)),
        parties=parties,
        received=received,
        kept=kept,
        stopped=stopped,
    )


def brought_objects(material: Iterable[Material]) -> Objects:
    """Give the certificates and tokens that the document brought.

    Raises:
        RejectedEvidence: Bytes of another hash than their name: the worker that examined it is not to be believed.
    """
    objects = Objects()
    for item in material:
        if objects.put(b64decode(item.content, validate=True)) != item.sha256:
            raise RejectedEvidence("material of another hash than its name")
    return objects


def record_of(verdict: SubmissionVerdict, inputs: VerdictInputs) -> dict[str, Any]:
    """Write a verdict with its inputs as JSON values."""
    return {
        "format": FORMAT,
        "verdict_sha256": verdict.sha256,
        "verdict": verdict.to_json(),
        "inputs": to_object(inputs),
    }


def rebuild(record: Mapping[str, Any], get: Get) -> Rebuilt:
    """Take the objects of a record in hand, each checked as when it first came.

    Raises:
        RejectedEvidence: The record is not of this form, or an object is not what it has to be.
    """
    try:
        if record["format"] != FORMAT:
            raise RejectedEvidence(f"unknown format {record['format']!r}")
        inputs = from_plain(VerdictInputs, record["inputs"])
        described = json.loads(get(inputs.trust))
        trust = TrustStore.of(*(from_plain(ConfiguredAuthority, item, get) for item in described))
        lists = [ingest(trust, item.authority, get(item.sha256), now=inputs.kept) for item in inputs.lists]
        known = RevocationSnapshot().advance(*lists)
        answers = [_answer(trust, item, get, known, inputs.kept) for item in inputs.answers]
        roles = {rule.role: read_policy(get(rule.sha256)) for rule in inputs.rules}
    except (KeyError, TypeError, ValueError) as error:
        ours = (
            RejectedPlain,
            RejectedPolicy,
            RejectedRevocationList,
            RejectedTrustStore,
            RejectedAnswer,
            RejectedEvidence,
        )
        detail = str(error) if isinstance(error, ours) else f"{type(error).__name__}: {error}"
        raise RejectedEvidence(detail) from error
    return Rebuilt(inputs, _policy(inputs, roles), trust, known.answered(*answers))


def _answer(trust: TrustStore, item: RecordedList, get: Get, known: RevocationSnapshot, now: datetime) -> OcspAnswer:
    issuer = trust.named(item.authority)
    return ingest_answer(issuer, get(item.sha256), now=now, responder_good=Listed(issuer, known, now))


def _policy(inputs: VerdictInputs, roles: Mapping[JudgedAs, Any]) -> Policy:
    if set(roles) == {JudgedAs.FILE}:
        return Policy.of_file(roles[JudgedAs.FILE])
    return Policy.of_roles(inputs.policy, inputs.policy_version, roles)
