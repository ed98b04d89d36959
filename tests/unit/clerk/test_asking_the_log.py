"""What an auditor's form asks, and what a page says of the log's head."""

import pytest

from docaxis.clerk.auditing import CHOICES, DAYS, TERMS, RejectedForm, read_criteria, read_head
from docaxis.client.errors import RejectedAnswer
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Algorithm, Note, Signature, Signer
from docaxis_signing.transparency.policy import NONE, Policy

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


def test_a_head_is_told_with_what_its_witnesses_state() -> None:
    text = CHECKPOINT.to_text()
    stranger = Signature("other", b"\x04" * 4, AT.to_bytes(8, "big") + bytes(56))  # too short for a cosignature
    head = read_head(Note(text, (LOG.sign(text), WITNESS.sign(text, seconds=AT), stranger)).to_bytes(), POLICY)
    assert (head.checkpoint, head.trouble) == (CHECKPOINT, "")
    assert [(one.name, int(one.at.timestamp())) for one in head.cosigned] == [("witness.example", AT)]


def test_a_head_that_the_log_did_not_sign_is_said_to_be_false() -> None:
    text, other = CHECKPOINT.to_text(), Signer.from_seed("axis/test", b"\x05" * 32)
    assert read_head(Note(text, (other.sign(text),)).to_bytes(), POLICY).trouble
    forged = text.replace("\n7\n", "\n8\n")
    assert read_head(Note(forged, (LOG.sign(text),)).to_bytes(), POLICY).trouble
    foreign = Checkpoint("another/test", 7, b"\x03" * 32).to_text()
    assert read_head(Note(foreign, (LOG.sign(foreign),)).to_bytes(), POLICY).trouble


@pytest.mark.parametrize("data", [b"", b"axis/test\n7\n", b"\xff\n\n- x\n"])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedAnswer):
        read_head(data, POLICY)
