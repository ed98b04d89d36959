"""What an auditor's form asks, and what a page says of the log's head."""

import pytest

from docaxis.clerk.auditing import CHOICES, DAYS, TERMS, RejectedForm, Standing, read_criteria, read_head
from docaxis.client.errors import RejectedAnswer
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Algorithm, Note, Signature, Signer
from docaxis_signing.transparency.policy import NONE, Policy, Witness

EMPTY = dict.fromkeys((*TERMS, *CHOICES, *DAYS), "")
LOG = Signer.from_seed("axis/test", b"\x01" * 32)
WITNESS = Signer.from_seed("witness.example", b"\x02" * 32, Algorithm.COSIGNATURE)
POLICY = Policy((LOG.verifier,), {}, {}, NONE)
CHECKPOINT = Checkpoint("axis/test", 7, b"\x03" * 32)
AT = 1_772_600_000


def test_days_are_vietnams_and_the_last_one_is_included() -> None:
    asked = read_criteria(EMPTY | {"from": "2026-03-04", "to": "2026-03-04", "signer": "  mẫu ", "verdict": ""})
    assert asked == {
        "signer": "mẫu",
        "since": "2026-03-03T17:00:00.000000Z",
        "until": "2026-03-04T17:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"verdict": "PASSED"}, "audit-no-choice"),
        ({"type": "verdict"}, "audit-no-choice"),
        ({"submission": "15/QĐ"}, "audit-no-id"),
        ({"to": "2026-02-30"}, "audit-no-day"),
    ],
)
def test_what_cannot_be_asked_is_named(typed: dict[str, str], fault: str) -> None:
    with pytest.raises(RejectedForm) as raised:
        read_criteria(EMPTY | typed)
    assert raised.value.fault == fault


def wanting(*witnesses: Signer, quorum: str) -> Policy:
    """Make a policy in which witnesses have other names than their keys, as policies may."""
    named = {f"w{number}": Witness(f"w{number}", one.verifier) for number, one in enumerate(witnesses)}
    return Policy((LOG.verifier,), named, {}, quorum)


def test_a_head_is_told_with_what_its_witnesses_state_and_nothing_of_strangers_is_vouched_for() -> None:
    text = CHECKPOINT.to_text()
    stranger = Signature("other", b"\x04" * 4, AT.to_bytes(8, "big") + bytes(56))  # too short for a cosignature
    note = Note(text, (LOG.sign(text), WITNESS.sign(text, seconds=AT), stranger)).to_bytes()
    head = read_head(note, POLICY, None)
    assert (head.checkpoint, head.trouble, head.quorum) == (CHECKPOINT, "", None)
    (one,) = head.cosigned
    assert (one.name, one.at and int(one.at.timestamp()), one.standing) == ("witness.example", AT, Standing.UNKNOWN)


def test_cosignatures_are_checked_by_the_keys_of_the_policy() -> None:
    text = CHECKPOINT.to_text()
    forger = Signer.from_seed("second.example", b"\x06" * 32, Algorithm.COSIGNATURE)
    second = Signer.from_seed("second.example", b"\x07" * 32, Algorithm.COSIGNATURE)
    other = Signer.from_seed("other.example", b"\x08" * 32, Algorithm.COSIGNATURE)
    forged = forger.sign(text, seconds=AT)
    claimed = Signature(forged.name, second.verifier.key_id, forged.data)
    lines = (WITNESS.sign(text, seconds=AT), claimed, other.sign(text, seconds=AT))
    head = read_head(Note(text, (LOG.sign(text), *lines)).to_bytes(), POLICY, wanting(WITNESS, second, quorum="w0"))
    assert [one.standing for one in head.cosigned] == [Standing.HOLDS, Standing.FALSE, Standing.UNKNOWN]
    assert head.quorum is True
    unmet = read_head(Note(text, (LOG.sign(text), *lines)).to_bytes(), POLICY, wanting(WITNESS, second, quorum="w1"))
    assert unmet.quorum is False, "a false line makes no quorum"


@pytest.mark.parametrize("data", [b"\x01", bytes(72), AT.to_bytes(8, "big") + bytes(56)])
def test_a_known_witness_whose_line_has_no_form_is_false_and_not_left_out(data: bytes) -> None:
    text, known = CHECKPOINT.to_text(), WITNESS.verifier
    line = Signature(known.name, known.key_id, data)
    policy = wanting(WITNESS, quorum="w0")
    head = read_head(Note(text, (LOG.sign(text), line)).to_bytes(), POLICY, policy)
    assert [(one.name, one.standing) for one in head.cosigned] == [(known.name, Standing.FALSE)]
    assert head.quorum is False


def test_a_cosignature_of_another_checkpoint_is_false() -> None:
    text, older = CHECKPOINT.to_text(), Checkpoint("axis/test", 6, b"\x03" * 32).to_text()
    note = Note(text, (LOG.sign(text), WITNESS.sign(older, seconds=AT)))
    head = read_head(note.to_bytes(), POLICY, wanting(WITNESS, quorum="w0"))
    assert [one.standing for one in head.cosigned] == [Standing.FALSE]


def test_a_head_that_the_log_did_not_sign_is_said_to_be_false() -> None:
    text, other = CHECKPOINT.to_text(), Signer.from_seed("axis/test", b"\x05" * 32)
    assert read_head(Note(text, (other.sign(text),)).to_bytes(), POLICY, None).trouble
    forged = text.replace("\n7\n", "\n8\n")
    assert read_head(Note(forged, (LOG.sign(text),)).to_bytes(), POLICY, None).trouble
    foreign = Checkpoint("another/test", 7, b"\x03" * 32).to_text()
    assert read_head(Note(foreign, (LOG.sign(foreign),)).to_bytes(), POLICY, None).trouble


@pytest.mark.parametrize("data", [b"", b"axis/test\n7\n", b"\xff\n\n- x\n"])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedAnswer):
        read_head(data, POLICY, None)
