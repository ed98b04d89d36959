"""From a key that was pinned long ago to the present one along the log, and what each key may have signed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.key_history import follow, history_id, key_change
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
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader

FIRST, SECOND, THIRD = (EvidenceSigner.generate(f"evidence-{number}") for number in (1, 2, 3))
LOG = Signer.generate("docaxis/test")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CHANGE = datetime(2027, 1, 1, tzinfo=UTC)
AGAIN = datetime(2028, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = bytes(32)


def _file(statement: Statement, signer: EvidenceSigner, at: datetime, *, logged: bool = True) -> dict[str, Any]:
    data = statement.to_bytes(axis="docaxis", environment="test")
    salts = openings(SECRET, data)
    entry = leaf(data, salts)
    growth = grow(Tree(), [leaf_hash(entry), leaf_hash(b"another")])
    checkpoint = Checkpoint("docaxis/test", 2, growth.tree.root).sign(LOG).to_bytes()
    hashes = inclusion_proof(TileReader(dict(growth.tiles).__getitem__, 2), 0, 2)
    proof = LogProof(0, hashes, checkpoint, entry) if logged else None
    return evidence_file(signer.sign(data, at), record=None, record_key=None, proof=proof, salts=salts)


def _accepted(at: datetime) -> Statement:
    return Statement(UUID(int=1), EvidenceType.SUBMISSION_ACCEPTANCE, UUID(int=2), at, "s-1", None, {"recipients": 1})


def _change(
    old: EvidenceSigner, new: EvidenceSigner, since: datetime, *, by: EvidenceSigner | None = None, logged: bool = True
) -> dict[str, Any]:
    statement = key_change(
        old.public_jwk(), new.public_jwk(), axis="docaxis", environment="test", said=since - MINUTE, since=since
    )
    return _file(statement, by or old, since - MINUTE, logged=logged)


PINNED = PinnedKeys(
    "docaxis",
    "test",
    (EvidenceKey("evidence-1", FIRST.public_jwk(), BEGAN, None),),
    Policy((LOG.verifier,), {}, {}, NONE),
)
HISTORY = [_change(FIRST, SECOND, CHANGE), _change(SECOND, THIRD, AGAIN)]


@pytest.mark.parametrize(("signer", "dated", "signed"), [
    (FIRST, CHANGE - MINUTE, CHANGE - MINUTE),
    (SECOND, CHANGE, CHANGE),
    (SECOND, CHANGE - timedelta(days=9), CHANGE + MINUTE),  # it waited while the key was changed
    (SECOND, AGAIN - MINUTE, AGAIN - MINUTE),
    (THIRD, AGAIN, AGAIN),
])  # fmt: skip
def test_what_a_key_signed_in_its_life_stays_valid(signer: EvidenceSigner, dated: datetime, signed: datetime) -> None:
    known = follow(PINNED, HISTORY)
    assert check_evidence(_file(_accepted(dated), signer, signed), known).kid == signer.kid


@pytest.mark.parametrize(("signer", "dated", "signed"), [
    (FIRST, CHANGE, CHANGE),
    (FIRST, CHANGE - MINUTE, CHANGE),
    (FIRST, CHANGE + MINUTE, CHANGE - MINUTE),
    (FIRST, BEGAN - MINUTE, BEGAN - MINUTE),
    (SECOND, CHANGE - MINUTE, CHANGE - MINUTE),
    (SECOND, AGAIN, AGAIN),
    (THIRD, AGAIN, AGAIN - MINUTE),
])  # fmt: skip
def test_what_it_signed_outside_of_it_is_refused(signer: EvidenceSigner, dated: datetime, signed: datetime) -> None:
    with pytest.raises(RejectedEvidence, match="outside the life"):
        check_evidence(_file(_accepted(dated), signer, signed), follow(PINNED, HISTORY))


def test_a_receipt_that_does_not_say_when_it_was_signed_is_as_old_as_what_it_says() -> None:
    from joserfc import jws  # noqa: PLC0415 - as receipts were made before they said it
    from joserfc.jwk import OKPKey  # noqa: PLC0415 - the same

    def old(at: datetime) -> dict[str, Any]:
        data = _accepted(at).to_bytes(axis="docaxis", environment="test")
        header = {"alg": "Ed25519", "kid": "evidence-1", "typ": "docaxis-receipt+jws"}
        key = OKPKey.import_key(FIRST.private_jwk())
        return evidence_file(
            jws.serialize_compact(header, data, key, algorithms=["Ed25519"]), record=None, record_key=None
        )

    known = follow(PINNED, HISTORY)
    assert check_evidence(old(CHANGE - MINUTE), known).kid == "evidence-1"
    with pytest.raises(RejectedEvidence, match="outside the life"):
        check_evidence(old(CHANGE), known)


def test_whoever_has_not_followed_does_not_know_the_new_key() -> None:
    with pytest.raises(RejectedEvidence, match="not pinned"):
        check_evidence(_file(_accepted(AGAIN), THIRD, AGAIN), PINNED)


def test_who_pinned_all_of_it_may_follow_it_too() -> None:
    known = follow(PINNED, HISTORY)
    assert sorted(follow(known, HISTORY).keys, key=lambda key: key.kid) == sorted(known.keys, key=lambda key: key.kid)
    assert PinnedKeys.from_json(json.loads(json.dumps(known.to_json()))) == known


@pytest.mark.parametrize(("history", "why"), [
    ([_change(FIRST, SECOND, CHANGE, logged=False)], "the log does not show"),
    ([_change(FIRST, SECOND, CHANGE, by=SECOND)], "not pinned"),
    ([HISTORY[1]], "not pinned"),
    ([HISTORY[0], _change(FIRST, THIRD, CHANGE)], "two changes of one key"),
    ([HISTORY[0], _change(FIRST, THIRD, AGAIN)], "outside the life"),
    ([HISTORY[0], _change(SECOND, THIRD, AGAIN, by=FIRST)], "outside the life"),
    ([_file(_accepted(BEGAN), FIRST, BEGAN)], "not a change"),
    ([_change(FIRST, EvidenceSigner.generate("evidence-1"), CHANGE)], "another key of that name"),
    ([_change(SECOND, THIRD, CHANGE, by=FIRST)], "did not sign"),
])  # fmt: skip
def test_a_history_that_does_not_hold_is_refused(history: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(RejectedEvidence, match=why):
        follow(PINNED, history)


def test_a_history_counts_only_with_the_log_pinned() -> None:
    with pytest.raises(RejectedEvidence, match="only with the log pinned"):
        follow(replace(PINNED, log=None), HISTORY)


def test_every_axis_and_environment_has_a_history_of_its_own() -> None:
    assert len({history_id("docaxis", "test"), history_id("docaxis", "production"), history_id("x", "test")}) == 3


def test_the_entry_of_a_change_shows_the_keys_to_everybody() -> None:
    data = key_change(
        FIRST.public_jwk(), SECOND.public_jwk(), axis="docaxis", environment="test", said=CHANGE - MINUTE, since=CHANGE
    ).to_bytes(axis="docaxis", environment="test")
    codes = json.loads(leaf(data, openings(SECRET, data)))["codes"]
    assert (codes["retired_kid"], codes["kid"]) == ("evidence-1", "evidence-2")
    assert codes["public_key"] == SECOND.public_jwk()["x"]
