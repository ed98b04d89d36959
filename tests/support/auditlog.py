"""A log and its index around a test's database: statements go in as stages emit them, and rows come out."""

import asyncio
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.auditor.following import LogFollower
from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.work import Work
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.service import Registrar
from docaxis.storage.attempts import AttemptStore
from docaxis.storage.audit_index import AuditIndex
from docaxis.storage.decisions import Decision
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder
from docaxis.storage.receipts import ReceiptStore
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.verifier.envelopes import Envelopes, verdict_event
from docaxis.verifier.judging import verdict_body
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.moments import Clock
from docaxis_signing.disposition import Disposition
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.verdict import (
    CertificateFacts,
    DocumentFindings,
    FileVerdict,
    Indication,
    Integrity,
    SignatureFinding,
    SubmissionVerdict,
    TimeBasis,
)

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
EVIDENCE_SIGNER = EvidenceSigner.generate("evidence-1")


def certificate(name: str = "Nguyễn Văn Mẫu", serial: str = "1a2b", **changes: Any) -> CertificateFacts:
    """Make what a verdict says of a signer's certificate."""
    values: dict[str, Any] = {
        "subject": f"CN={name}, O=Sở Nội vụ tỉnh Thử Nghiệm",
        "organisation": "Sở Nội vụ tỉnh Thử Nghiệm",
        "issuer": "CN=TEST CA Chính phủ",
        "serial": serial,
        "sha256": (serial * 64)[:64],
        "not_before": SINCE,
        "not_after": SINCE + timedelta(days=3650),
        "issuer_sha256": "c" * 64,
    }
    return CertificateFacts(**(values | changes))


def verdict(
    *signers: CertificateFacts, indication: Indication = Indication.TOTAL_PASSED, at: datetime = SINCE
) -> SubmissionVerdict:
    """Make a verdict over one file that these signed."""
    findings = DocumentFindings(
        "d" * 64,
        10,
        Integrity.INTACT,
        tuple(
            SignatureFinding(
                f"Signature{number}",
                indication,
                Integrity.INTACT,
                certificate=one,
                best_time=at,
                digest_algorithm="sha256",
                signature_algorithm="sha256_rsa",
                key_bits=2048,
            )
            for number, one in enumerate(signers, 1)
        ),
    )
    return SubmissionVerdict(
        indication=indication,
        reasons=(),
        files=(FileVerdict("a.pdf", "original", findings, indication),),
        policy="axis/1",
        policy_sha256="a" * 64,
        trust_store_sha256="b" * 64,
        revocation_epoch=1,
        revocation_lists=(),
        validation_time=at,
        time_basis=TimeBasis.RECEPTION,
    )


@dataclass
class AuditedLog:
    """The registrar, the log and the follower of one axis, driven by hand."""

    engine: AsyncEngine
    directory: Path
    axis: str
    environment: str
    clock: Clock
    slots: int = 2
    offsets: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.origin = f"{self.axis}/{self.environment}"
        self.signer = Signer.from_seed(self.origin, b"\x07" * 32)
        self.files = LogFiles(LocalDisk(self.directory))
        self.index = AuditIndex(self.engine, self.origin)
        self.follower = LogFollower(self.index)
        self.envelopes = Envelopes(self.axis, self.environment, self.slots)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.registrar = Registrar(
            ReceiptStore(self.engine),
            EVIDENCE_SIGNER,
            axis=self.axis,
            environment=self.environment,
            clock=self.clock,
        )
        self._writer: Sequencer | None = None

    @property
    def policy(self) -> Policy:
        """Whom to believe of this log."""
        return Policy((self.signer.verifier,), {}, {}, NONE)

    def pinned(self) -> PinnedKeys:
        """Give what a checker of this axis pins."""
        key = EvidenceKey(EVIDENCE_SIGNER.kid, EVIDENCE_SIGNER.public_jwk(), SINCE, None)
        return PinnedKeys(self.axis, self.environment, (key,), self.policy)

    async def judged(self, submission: UUID, found: SubmissionVerdict, disposition: Disposition) -> list[Outgoing]:
        """Decide about a submission that was handed in, as the verifier would, and give what it emits."""
        source = Received(Partition("submitted", 0), next(self.offsets), b"", b"", (), 0)
        bound = await AttemptStore(self.engine).bind(submission, 1, source, decision=verdict_event(submission))
        body = verdict_body(found, disposition)
        proposed = Decision(verdict_event(submission), submission, "verdict", 1, self.clock(), body)
        decision = await RejudgementStore(self.engine).decide(proposed, (), bound.claim.received_at, None)
        return list(self.envelopes.verdict(bound.claim, decision, 1))

    async def sign(self, outgoing: Iterable[Outgoing]) -> list[EvidenceRecord]:
        """Have the registrar sign the statements among what a stage emitted."""
        events = [decode(one.value) for one in outgoing]
        records = [event for event in events if isinstance(event, EvidenceRecord)]
        works = [
            Work(Received(Partition("evidence", 0), next(self.offsets), b"", b"", (), 0), record) for record in records
        ]
        await asyncio.gather(*(self.registrar.handle(work) for work in works))
        return records

    async def publish(self) -> None:
        """Log what waits, and index it."""
        if self._writer is None:
            self._writer = Sequencer(LogOrder(self.engine, self.origin), self.files, self.signer, self.clock)
            await self._writer.open()
        while await self._writer.advance():
            pass
        await self.follow()

    async def follow(self) -> None:
        """Index what was published."""
        while await self.follower.round():
            pass
        assert self.follower.causes == ()


def statement_of(record: EvidenceRecord) -> dict[str, Any]:
    """Read what a record states."""
    value: dict[str, Any] = json.loads(record.statement)
    return value
