"""What a verdict was drawn from, kept by content so that anybody can draw it again from the stored bytes alone.

Everything that is large or shared (documents, certificates, status data, tokens, policies, the trust store) is an
object, named by the SHA-256 of its bytes. The inputs name the objects. Nothing in them is believed: objects are checked
against their names, lists against their issuer, and the verdict is drawn anew and compared by its hash.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from docaxis_schemas.canonical import canonical
from docaxis_signing.judgement import Basis, JudgedFile, Parties, RegisteredCertificate, judge_submission, stop
from docaxis_signing.plain import RejectedPlain, from_plain, to_object, to_plain
from docaxis_signing.policy import JudgedAs, Policy, RejectedPolicy
from docaxis_signing.policy_files import read_policy
from docaxis_signing.trust.lists import CLOCK_SKEW, RejectedRevocationList, ingest
from docaxis_signing.trust.ocsp import OcspAnswer, RejectedAnswer, ingest_answer
from docaxis_signing.trust.revocation import Listed, RevocationSnapshot
from docaxis_signing.trust.store import ConfiguredAuthority, RejectedTrustStore, TrustStore
from docaxis_signing.verdict import Cause, DocumentFindings, Material, SubmissionVerdict

FORMAT: Final = "docaxis-verdict/1"
SHARED: Final = ("policy", "policy_version", "rules", "trust", "lists")
"""Members of `VerdictInputs` that all verdicts have in common while no list changes."""

REMEMBERED: Final = 8
"""Sets of lists that are held at a time while records are drawn again: they come in groups of one set each."""

T = TypeVar("T")
Get = Callable[[str], bytes]
"""Gives the bytes of an object by its SHA-256; whoever brings it checks them."""


class RejectedEvidence(ValueError):
    """The stored evidence is incomplete, damaged, or not of this form."""


_OURS: Final = (
    RejectedPlain,
    RejectedPolicy,
    RejectedRevocationList,
    RejectedTrustStore,
    RejectedAnswer,
    RejectedEvidence,
)
"""Errors whose text says what is wrong."""


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


@dataclass(frozen=True, slots=True)
class Grounds:
    """What many verdicts have in common: policy, trust store and lists, with the bytes of all of it to keep."""

    policy: Policy
    trust: TrustStore
    revocation: RevocationSnapshot
    kept: datetime
    """When the lists had been taken in."""
    named: str
    """What the trust store is called among the objects."""
    objects: Objects

    @classmethod
    def of(cls, policy: Policy, trust: TrustStore, revocation: RevocationSnapshot, kept: datetime) -> "Grounds":
        """Put them together."""
        objects = Objects()
        named = objects.put(canonical([to_plain(authority, objects.put) for authority in trust.authorities]))
        for item in revocation.lists:
            objects.put(item.der)
        for rule in policy.roles.values():
            objects.put(rule.text)
        return cls(policy, trust, revocation, kept, named, objects)

    def answers_about(self, findings: Iterable[DocumentFindings]) -> tuple[OcspAnswer, ...]:
        """Find what responders had said of the signers; of thousands of answers in force a verdict rests on few."""
        names = {authority.sha256: authority.name for authority in self.trust.authorities}
        signers = (one.certificate for found in findings for one in found.signatures if one.certificate is not None)
        about = {(names.get(one.issuer_sha256 or "", ""), int(one.serial, 16)) for one in signers}
        return tuple(self.revocation.answers[key] for key in sorted(about & self.revocation.answers.keys()))

    def inputs(
        self,
        files: Sequence[JudgedFile],
        *,
        register: Iterable[RegisteredCertificate],
        parties: Parties,
        received: datetime,
        stopped: RecordedStop | None = None,
    ) -> VerdictInputs:
        """Name what a verdict is drawn from."""
        answers = self.answers_about(file.findings for file in files)
        return VerdictInputs(
            files=tuple(RecordedFile(file.name, file.role, file.findings.sha256) for file in files),
            policy=self.policy.name,
            policy_version=self.policy.version,
            rules=tuple(RecordedRule(role, rule.sha256) for role, rule in sorted(self.policy.roles.items())),
            trust=self.named,
            lists=tuple(RecordedList(item.authority, item.sha256) for item in self.revocation.lists),
            answers=tuple(RecordedList(item.authority, item.sha256) for item in answers),
            register=tuple(sorted(register, key=lambda entry: entry.certificate_sha256)),
            parties=parties,
            received=received,
            kept=self.kept,
            stopped=stopped,
        )


def divide(inputs: VerdictInputs) -> tuple[bytes, bytes]:
    """Write inputs in two parts: what all verdicts have in common while no list changes, and what is of this one."""
    own = to_object(inputs)
    shared = {name: own.pop(name) for name in SHARED}
    return canonical(shared), canonical(own)


def join(shared: bytes, own: bytes) -> dict[str, Any]:
    """Put the two parts together again."""
    inputs: dict[str, Any] = json.loads(shared) | json.loads(own)
    return inputs


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


def record_of(verdict: Mapping[str, Any], sha256: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Write a verdict with its inputs, both as JSON values."""
    return {"format": FORMAT, "verdict_sha256": sha256, "verdict": verdict, "inputs": inputs}


def objects_of(inputs: Mapping[str, Any]) -> frozenset[str]:
    """Name the objects of kept inputs, beside the files and the certificates of the trust store."""
    listed = (one["sha256"] for name in ("rules", "lists", "answers") for one in inputs[name])
    return frozenset((inputs["trust"], *listed))


def certificates_in(trust: bytes) -> frozenset[str]:
    """Name the certificates in the description of a trust store."""
    return frozenset(item["der"] for item in json.loads(trust))


def read_trust(name: str, get: Get) -> TrustStore:
    """Read a trust store that is kept.

    Raises:
        RejectedTrustStore: It is not in order.
        RejectedPlain: It is not of its form.
    """
    return TrustStore.of(*(from_plain(ConfiguredAuthority, item, get) for item in json.loads(get(name))))


class Rebuilder:
    """Takes the objects of records in hand, each checked as when it first came; what records share is read once."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._known: dict[Hashable, tuple[TrustStore, RevocationSnapshot]] = {}
        self._policies: dict[Hashable, Policy] = {}

    def rebuild(self, record: Mapping[str, Any]) -> Rebuilt:
        """Take one record in hand.

        Raises:
            RejectedEvidence: The record is not of this form, or an object is not what it has to be.
        """
        try:
            if record["format"] != FORMAT:
                raise RejectedEvidence(f"unknown format {record['format']!r}")
            inputs = from_plain(VerdictInputs, record["inputs"])
            trust, known = self._shared(inputs)
            if any(item.this_update > inputs.kept + CLOCK_SKEW for item in known.lists):
                raise RejectedEvidence("a list is younger than its use")
            answers = [_answer(trust, item, self._get, known, inputs.kept) for item in inputs.answers]
            policy = self._policy(inputs)
        except (KeyError, TypeError, ValueError) as error:
            detail = str(error) if isinstance(error, _OURS) else f"{type(error).__name__}: {error}"
            raise RejectedEvidence(detail) from error
        return Rebuilt(inputs, policy, trust, known.answered(*answers))

    def _shared(self, inputs: VerdictInputs) -> tuple[TrustStore, RevocationSnapshot]:
        def read() -> tuple[TrustStore, RevocationSnapshot]:
            trust = read_trust(inputs.trust, self._get)
            lists = [ingest(trust, item.authority, self._get(item.sha256), now=inputs.kept) for item in inputs.lists]
            return trust, RevocationSnapshot().advance(*lists)

        return _remembered(self._known, (inputs.trust, inputs.lists), read)

    def _policy(self, inputs: VerdictInputs) -> Policy:
        def read() -> Policy:
            roles = {rule.role: read_policy(self._get(rule.sha256)) for rule in inputs.rules}
            if set(roles) == {JudgedAs.FILE}:
                return Policy.of_file(roles[JudgedAs.FILE])
            return Policy.of_roles(inputs.policy, inputs.policy_version, roles)

        return _remembered(self._policies, (inputs.policy, inputs.policy_version, inputs.rules), read)


def _remembered(memory: dict[Hashable, T], key: Hashable, read: Callable[[], T]) -> T:
    if key not in memory:
        while len(memory) >= REMEMBERED:
            del memory[next(iter(memory))]
        memory[key] = read()
    return memory[key]


def _answer(trust: TrustStore, item: RecordedList, get: Get, known: RevocationSnapshot, now: datetime) -> OcspAnswer:
    issuer = trust.named(item.authority)
    return ingest_answer(issuer, get(item.sha256), now=now, responder_good=Listed(issuer, known, now))
