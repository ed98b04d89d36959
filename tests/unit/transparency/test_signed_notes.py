"""Notes, checkpoints and cosignatures: the specification's own example, and one test for each way to break them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.merkle import EMPTY_ROOT
from docaxis_signing.transparency.note import Algorithm, Note, Signer, Verifier, cosigned_at, parse_signatures
from docaxis_signing.transparency.problems import RejectedNote

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
"""The example of c2sp.org/signed-note."""
LOG = Signer.from_seed("log.example/axis", b"\x01" * 32)
WITNESS = Signer.from_seed("witness.example/w1", b"\x02" * 32, Algorithm.COSIGNATURE)
CHECKPOINT = Checkpoint("log.example/axis", 20852163, bytes(range(32)))


def test_the_example_of_the_specification_opens() -> None:
    key = Verifier.from_vkey(VKEY)
    assert key.to_vkey() == VKEY
    note = Note.parse(EXAMPLE)
    assert note.text == "This is an example message.\n"
    assert len(note.open((key,))) == 1
    assert note.to_bytes() == EXAMPLE


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at: int, change: int) -> None:
    forged = EXAMPLE[:at] + bytes([EXAMPLE[at] ^ change]) + EXAMPLE[at + 1 :]
    with pytest.raises(RejectedNote):
        Note.parse(forged).open((Verifier.from_vkey(VKEY),))


@pytest.mark.parametrize("vkey", [
    "",
    "example.com/foo",
    VKEY.replace("530d903a", "530d903b"),
    VKEY.replace("foo", "bar"),
    VKEY[:-4],
    "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    VKEY.replace("+Aek", "+Bek"),
])  # fmt: skip
def test_a_verifier_key_that_contradicts_itself_is_refused(vkey: str) -> None:
    with pytest.raises(RejectedNote):
        Verifier.from_vkey(vkey)


@pytest.mark.parametrize("data", [
    b"",
    b"text\n",
    b"text\n\n",
    b"text\n\n\xe2\x80\x94 name\n",
    b"text\n\n\xe2\x80\x94 name AAAA\n",
    b"text\n\n- name AAAAAAAA\n",
    b"text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
    b"te\x01xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
    b"te\xffxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
    b"text\n\n\xe2\x80\x94 name AAAAAAAA",
    b"t" * 1_000_001,
    b"text\n\n" + "— name AAAAAAAA\n".encode() * 101,
])  # fmt: skip
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedNote):
        Note.parse(data)


def test_strangers_are_ignored_and_known_keys_are_not() -> None:
    note = CHECKPOINT.sign(LOG)
    stranger = Signer("stranger.example", Ed25519PrivateKey.generate()).sign(note.text)
    both = Note(note.text, (stranger, *note.signatures))
    assert both.open((LOG.verifier,)) == note.signatures
    with pytest.raises(RejectedNote, match="no known key"):
        both.open((WITNESS.verifier,))


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    note = CHECKPOINT.sign(LOG)
    false = LOG.sign("something else\n")
    with pytest.raises(RejectedNote, match="does not verify"):
        Note(note.text, (false, *note.signatures)).open((LOG.verifier,))


def test_a_checkpoint_comes_back() -> None:
    opened = SignedCheckpoint.open(CHECKPOINT.sign(LOG).to_bytes(), LOG.verifier)
    assert opened.checkpoint == CHECKPOINT


def test_a_checkpoint_of_another_origin_is_refused_though_signed() -> None:
    other = Checkpoint("log.example/other", 1, bytes(32))
    with pytest.raises(RejectedNote, match="not of"):
        SignedCheckpoint.open(other.sign(LOG).to_bytes(), LOG.verifier)


@pytest.mark.parametrize("text", [
    "log.example/axis\n07\n" + base64.b64encode(bytes(32)).decode() + "\n",
    "log.example/axis\n-7\n" + base64.b64encode(bytes(32)).decode() + "\n",
    "log.example/axis\n٧\n" + base64.b64encode(bytes(32)).decode() + "\n",
    "\n7\n" + base64.b64encode(bytes(32)).decode() + "\n",
    "log.example/axis\n7\n" + base64.b64encode(bytes(31)).decode() + "\n",
    "log.example/axis\n7\n" + base64.b64encode(bytes(32)).decode()[:-2] + "B=\n",
    "log.example/axis\n7\n" + base64.b64encode(bytes(32)).decode() + "\nextension\n",
    "log.example/axis\n7\n",
])  # fmt: skip
def test_a_checkpoint_of_another_form_is_refused_though_signed(text: str) -> None:
    with pytest.raises(RejectedNote):
        SignedCheckpoint.open(Note(text, (LOG.sign(text),)).to_bytes(), LOG.verifier)


def test_a_cosignature_states_its_time_and_covers_it() -> None:
    text = Checkpoint("log.example/axis", 0, EMPTY_ROOT).to_text()
    cosignature = WITNESS.sign(text, seconds=1679315147)
    assert cosigned_at(cosignature) == 1679315147
    assert Verifier.from_vkey(WITNESS.verifier.to_vkey()) == WITNESS.verifier
    WITNESS.verifier.check(text.encode(), cosignature)
    moved = type(cosignature)(cosignature.name, cosignature.key_id, bytes(8) + cosignature.data[8:])
    with pytest.raises(RejectedNote):
        WITNESS.verifier.check(text.encode(), moved)


def test_signature_lines_are_read_as_a_witness_answers_them() -> None:
    line = WITNESS.sign("text\n", seconds=5).to_line()
    assert parse_signatures(line + line)[1].to_line() == line
    for broken in ("", line[:-1], line + "x\n"):
        with pytest.raises(RejectedNote):
            parse_signatures(broken)


def test_the_name_of_a_key_has_no_spaces() -> None:
    with pytest.raises(RejectedNote):
        Signer.from_seed("a name", bytes(32))
