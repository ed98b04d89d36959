"""Evidence with its proof in the log: it holds for its own statement and openings, and for nothing else."""

import copy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.receipts import (
    EvidenceKey,
    EvidenceSigner,
    PinnedKeys,
    RejectedEvidence,
    check_evidence,
    evidence_file,
)
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.leaves import leaf, openings
from docaxis_signing.transparency.merkle import inclusion_proof, leaf_hash
from docaxis_signing.transparency.note import Algorithm, Note, Signer
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader

NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
AXIS = EvidenceSigner.generate("e1")
LOG = Signer.from_seed("docaxis/test", b"\x01" * 32)
WITNESS = Signer.from_seed("witness.example", b"\x02" * 32, Algorithm.COSIGNATURE)
SECRET = b"\x11" * 32


def _statement(number: int) -> bytes:
    facts = {"contents_sha256": "ab" * 32, "disposition": "deliver"}
    kind = EvidenceType.CONTENT_CONSIGNMENT
    return Statement(UUID(int=number), kind, UUID(int=2), NOW, "so-noi-vu", "H37.02", facts).to_bytes(
        axis="docaxis", environment="test"
    )


STATEMENTS = [_statement(number) for number in range(5)]
LEAVES = [leaf(one, openings(SECRET, one)) for one in STATEMENTS]
GROWN = grow(Tree(), [leaf_hash(one) for one in LEAVES])


def _evidence(number: int = 3, *, witnessed: bool = False) -> dict[str, Any]:
    note = Checkpoint("docaxis/test", 5, GROWN.tree.root).sign(LOG)
    cosignature = (WITNESS.sign(note.text, seconds=7),) if witnessed else ()
    reader = TileReader(dict(GROWN.tiles).__getitem__, 5)
    checkpoint = Note(note.text, (*note.signatures, *cosignature)).to_bytes()
    proof = LogProof(number, inclusion_proof(reader, number, 5), checkpoint, LEAVES[number])
    statement = STATEMENTS[number]
    salts = openings(SECRET, statement)
    return evidence_file(AXIS.sign(statement, NOW), record=None, record_key=None, proof=proof, salts=salts)


def _pinned(quorum: str = "none") -> PinnedKeys:
    lines = f"log {LOG.verifier.to_vkey()}\nwitness w {WITNESS.verifier.to_vkey()}\nquorum {quorum}\n"
    key = EvidenceKey("e1", AXIS.public_jwk(), NOW, None)
    return PinnedKeys("docaxis", "test", (key,), Policy.parse(lines))


def test_the_log_shows_the_statement_and_who_saw_it() -> None:
    logged = check_evidence(_evidence(witnessed=True), _pinned("w")).logged
    assert logged is not None
    assert (logged.index, logged.size, logged.origin, logged.witnesses) == (3, 5, "docaxis/test", ("w",))


def test_pinned_keys_with_a_policy_read_back() -> None:
    assert PinnedKeys.from_json(_pinned("w").to_json()) == _pinned("w")
    with pytest.raises(RejectedEvidence):
        PinnedKeys.from_json(_pinned().to_json() | {"log_policy": "nonsense"})


def test_without_a_proof_or_a_pinned_log_nothing_is_said_of_the_log() -> None:
    bare = evidence_file(AXIS.sign(STATEMENTS[3], NOW), record=None, record_key=None)
    assert check_evidence(bare, _pinned()).logged is None
    blind = PinnedKeys("docaxis", "test", _pinned().keys)
    assert check_evidence(_evidence(), blind).logged is None


def test_too_few_witnesses_are_not_enough() -> None:
    with pytest.raises(RejectedEvidence, match="no witness"):
        check_evidence(_evidence(), _pinned("w"))


@pytest.mark.parametrize("change", [
    {"proof": _evidence(2)["proof"]},
    {"openings": _evidence(2)["openings"]},
    {"openings": None},
    {"openings": {"member": "00"}},
    {"openings": {"member": 5}},
    {"proof": "nonsense"},
    {"proof": 5},
    {"receipt": AXIS.sign(STATEMENTS[2], NOW)},
])  # fmt: skip
def test_a_proof_of_something_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RejectedEvidence, match="does not show"):
        check_evidence(_evidence() | change, _pinned())


def test_no_changed_opening_passes() -> None:
    good = _evidence()
    for field, salt in good["openings"].items():
        forged = copy.deepcopy(good)
        forged["openings"][field] = salt[:-1] + ("0" if salt[-1] != "0" else "1")
        with pytest.raises(RejectedEvidence):
            check_evidence(forged, _pinned())


def test_a_log_signed_by_another_key_is_refused() -> None:
    usurper = Signer.from_seed("docaxis/test", b"\x09" * 32)
    lines = f"log {usurper.verifier.to_vkey()}\nquorum none\n"
    pinned = PinnedKeys("docaxis", "test", _pinned().keys, Policy.parse(lines))
    with pytest.raises(RejectedEvidence):
        check_evidence(_evidence(), pinned)
