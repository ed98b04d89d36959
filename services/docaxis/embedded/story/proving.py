"""The end of the story: every delivered document is in the log, and a forged copy of the log convinces nobody."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.client.axis import AxisClient
from docaxis.embedded.forged_log import forge
from docaxis.embedded.outside import find_openssl
from docaxis.embedded.story.outcome import Outcome
from docaxis.embedded.story.world import LOOK_SECONDS, PATIENCE_SECONDS
from docaxis.storage.log_files import CHECKPOINT
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence, check_evidence
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError
from docaxis_signing.transparency.proof import PROOF, LogProof

DELIVERED: Final = frozenset({"consigned", "handed_over"})


@dataclass(frozen=True, slots=True)
class Proved:
    """What the log showed. ``program`` is empty where no outside program was to be found on this machine."""

    size: int
    receipts: int
    submission_id: UUID
    proof_holds: bool
    program: str
    genuine_accepted: bool
    forged_rejected: bool
    forged_proof_rejected: bool

    @property
    def holds(self) -> bool:
        """Whether all of it is as it must be."""
        outside = not self.program or (self.genuine_accepted and self.forged_rejected)
        return self.proof_holds and self.forged_proof_rejected and outside

    def to_json(self) -> dict[str, Any]:
        """Give the form of `docaxis demo --json`."""
        return {
            "size": self.size,
            "receipts": self.receipts,
            "proved_submission": str(self.submission_id),
            "proof_holds": self.proof_holds,
            "outside_program": self.program or None,
            "genuine_accepted": self.genuine_accepted if self.program else None,
            "forged_rejected": self.forged_rejected if self.program else None,
            "forged_proof_rejected": self.forged_proof_rejected,
        }


async def prove(
    auditor: AxisClient, outcomes: Sequence[Outcome], pinned: PinnedKeys, log: Path, directory: Path
) -> Proved:
    """Fetch the evidence of every delivered document, check it, and let an outside program judge the log and a forgery.

    Raises:
        TimeoutError: A receipt was not in the log in time.
    """
    delivered = [one.submission_id for one in outcomes if any(seen.state in DELIVERED for seen in one.recipients)]
    receipts = directory / "receipts"
    receipts.mkdir(parents=True, exist_ok=True)
    proofs: dict[UUID, LogProof] = {}
    for submission in delivered:
        pieces = await _logged(auditor, submission, pinned)
        proofs[submission] = await asyncio.to_thread(_save, receipts, submission, pieces)
    first = delivered[0]
    assert pinned.log is not None, "the local axis pins its log"
    return await asyncio.to_thread(_judge, first, proofs, pinned.log, log, directory / "forged-log")


async def _logged(auditor: AxisClient, submission: UUID, pinned: PinnedKeys) -> list[Mapping[str, Any]]:
    """Wait until all evidence of a submission is in the log."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            pieces = await auditor.evidence(submission)
            kinds = {_kind(piece, pinned) for piece in pieces}
            if EvidenceType.CONTENT_CONSIGNMENT in kinds and all(piece["proof"] for piece in pieces):
                return list(pieces)
            await asyncio.sleep(LOOK_SECONDS)


def _kind(piece: Mapping[str, Any], pinned: PinnedKeys) -> str:
    """Check a piece of evidence, its place in the log included, and give its type."""
    return str(check_evidence(piece, pinned).statement["type"])


def _save(receipts: Path, submission: UUID, pieces: Sequence[Mapping[str, Any]]) -> LogProof:
    text = json.dumps({"evidence": pieces}, ensure_ascii=False, indent=2)
    (receipts / f"{submission}.json").write_text(text + "\n", "utf-8")
    consigned = [piece for piece in pieces if _unchecked_kind(piece) == EvidenceType.CONTENT_CONSIGNMENT]
    data = str(consigned[0]["proof"]).encode()
    (receipts / f"{submission}{PROOF}").write_bytes(data)
    return LogProof.parse(data)


def _unchecked_kind(piece: Mapping[str, Any]) -> str:
    extra = LogProof.parse(str(piece["proof"]).encode()).extra
    assert extra is not None, "proofs of this axis carry their entry"
    return str(json.loads(extra)["type"])


def _judge(submission: UUID, proofs: Mapping[UUID, LogProof], policy: Policy, log: Path, forged: Path) -> Proved:
    proof = proofs[submission]
    forge(log, forged, proof.index)
    genuine, false = (log / CHECKPOINT).read_bytes(), (forged / CHECKPOINT).read_bytes()
    program, vkey = find_openssl(), policy.logs[0].to_vkey()
    return Proved(
        size=policy.open(genuine).checkpoint.size,
        receipts=len(proofs),
        submission_id=submission,
        proof_holds=_holds(proof, policy),
        program=program.version if program else "",
        genuine_accepted=bool(program and program.accepts(genuine, vkey)),
        forged_rejected=bool(program and not program.accepts(false, vkey)),
        forged_proof_rejected=not _holds(LogProof(proof.index, proof.hashes, false, proof.extra), policy),
    )


def _holds(proof: LogProof, policy: Policy) -> bool:
    try:
        proof.check_itself(policy)
    except (TransparencyError, RejectedEvidence):
        return False
    return True
