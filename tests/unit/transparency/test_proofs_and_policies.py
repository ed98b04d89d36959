"""The proof file, the policy that says whom to believe, and the rule by which a witness cosigns."""

from http import HTTPStatus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash
from docaxis_signing.transparency.note import Algorithm, Note, Signer
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedNote, RejectedPolicy, RejectedProof, TransparencyError
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader
from docaxis_signing.transparency.witnessing import AddCheckpoint, RefusedCheckpoint, cosign, examine, origin_of

ORIGIN = "log.example/axis"
LOG = Signer.from_seed(ORIGIN, b"\x01" * 32)
WITNESSES = [Signer.from_seed(f"w{n}.example", bytes([n] * 32), Algorithm.COSIGNATURE) for n in (2, 3, 4)]
ENTRIES = [b"entry %d" % number for number in range(300)]
GROWN = grow(Tree(), [leaf_hash(entry) for entry in ENTRIES])
FILES = dict(GROWN.tiles)


def _reader(size: int = len(ENTRIES)) -> TileReader:
    tiles = dict(grow(Tree(), [leaf_hash(entry) for entry in ENTRIES[:size]]).tiles)
    return TileReader(tiles.__getitem__, size)


def _checkpoint(size: int = len(ENTRIES), signer: Signer = LOG) -> Checkpoint:
    tree = grow(Tree(), [leaf_hash(entry) for entry in ENTRIES[:size]]).tree
    return Checkpoint(signer.verifier.name, size, tree.root)


def _witnessed(*witnesses: Signer) -> bytes:
    note = _checkpoint().sign(LOG)
    return Note(note.text, (*note.signatures, *(one.sign(note.text, seconds=9) for one in witnesses))).to_bytes()


def _policy(quorum: str, *groups: str) -> Policy:
    lines = [f"log {LOG.verifier.to_vkey()}  https://log.example/axis", "# three agencies", ""]
    lines += [f"witness w{n}\t{one.verifier.to_vkey()}" for n, one in enumerate(WITNESSES, 1)]
    return Policy.parse("\n".join([*lines, *groups, f" quorum {quorum}", ""]))


ANYBODY = _policy("none")


def _proof(index: int = 7, checkpoint: bytes | None = None) -> LogProof:
    hashes = inclusion_proof(_reader(), index, len(ENTRIES))
    return LogProof(index, hashes, checkpoint or _witnessed(), ENTRIES[index])


@given(st.integers(0, len(ENTRIES) - 1))
def test_a_proof_file_comes_back_and_holds(index: int) -> None:
    proof = _proof(index)
    again = LogProof.parse(proof.to_bytes())
    assert again == proof
    assert again.check_itself(ANYBODY) == ENTRIES[index]
    with pytest.raises(RejectedProof):
        again.check(b"another entry", ANYBODY)


@given(st.integers(0, len(_proof().to_bytes()) - 1), st.integers(1, 255))
@example(len(_proof().to_bytes()) - 3, 1)
def test_no_changed_byte_of_a_proof_file_passes(at: int, change: int) -> None:
    data = _proof().to_bytes()
    forged = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    try:
        found = LogProof.parse(forged).check_itself(ANYBODY)
    except TransparencyError:
        return
    pytest.fail(f"it passed with {found!r}")


def test_a_proof_without_its_entry_is_checked_against_one() -> None:
    bare = LogProof.parse(LogProof(7, _proof().hashes, _witnessed()).to_bytes())
    bare.check(ENTRIES[7], ANYBODY)
    with pytest.raises(RejectedProof, match="carry"):
        bare.check_itself(ANYBODY)


@pytest.mark.parametrize("data", [
    b"",
    b"c2sp.org/tlog-proof@v1\n\n",
    b"c2sp.org/tlog-proof@v2\nindex 0\n\nx",
    b"c2sp.org/tlog-proof@v1\nindex 00\n\nx",
    b"c2sp.org/tlog-proof@v1\nindex -1\n\nx",
    b"c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx",
    b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx",
    b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\nx",
    b"\xff",
])  # fmt: skip
def test_a_malformed_proof_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedProof):
        LogProof.parse(data)


def test_a_proof_in_another_log_is_refused() -> None:
    stranger = Signer.from_seed("other.example", b"\x09" * 32)
    proof = _proof(checkpoint=_checkpoint(signer=stranger).sign(stranger).to_bytes())
    with pytest.raises(RejectedNote, match="no log of the policy"):
        proof.check_itself(ANYBODY)
    usurper = Signer.from_seed(ORIGIN, b"\x09" * 32)
    with pytest.raises(RejectedNote):
        _proof(checkpoint=_checkpoint().sign(usurper).to_bytes()).check_itself(ANYBODY)


@pytest.mark.parametrize(("quorum", "groups", "enough", "too_few"), [
    ("w1", (), (0,), (1, 2)),
    ("two", ("group two 2 w1 w2 w3",), (0, 2), (1,)),
    ("all", ("group all all w1 w2 w3",), (0, 1, 2), (0, 1)),
    ("both", ("group any any w1 w2", "group both all any w3"), (1, 2), (0, 1)),
])  # fmt: skip
def test_a_quorum_is_counted(
    quorum: str, groups: tuple[str, ...], enough: tuple[int, ...], too_few: tuple[int, ...]
) -> None:
    policy = _policy(quorum, *groups)
    assert Policy.parse(policy.to_text()).require(_witnessed(*(WITNESSES[n] for n in enough)))
    with pytest.raises(RejectedPolicy, match="not the quorum"):
        policy.require(_witnessed(*(WITNESSES[n] for n in too_few)))
    with pytest.raises(RejectedPolicy, match="no witness"):
        policy.require(_witnessed())


def test_a_false_cosignature_of_a_known_witness_spoils_the_checkpoint() -> None:
    note = _checkpoint().sign(LOG)
    false = WITNESSES[0].sign("another text\n", seconds=9)
    with pytest.raises(RejectedNote):
        _policy("w1").require(Note(note.text, (*note.signatures, false)).to_bytes())


@pytest.mark.parametrize("text", [
    "",
    "quorum none\nquorum none\n",
    "quorum nobody\n",
    "log nonsense\nquorum none\n",
    f"log {LOG.verifier.to_vkey()}\nlog {LOG.verifier.to_vkey()}\nquorum none\n",
    f"log {WITNESSES[0].verifier.to_vkey()}\nquorum none\n",
    f"witness w {LOG.verifier.to_vkey()}\nquorum w\n",
    f"witness w {WITNESSES[0].verifier.to_vkey()}\nwitness v {WITNESSES[0].verifier.to_vkey()}\nquorum w\n",
    f"witness none {WITNESSES[0].verifier.to_vkey()}\nquorum none\n",
    f"witness w {WITNESSES[0].verifier.to_vkey()}\ngroup g 2 w\nquorum g\n",
    f"witness w {WITNESSES[0].verifier.to_vkey()}\ngroup g 0 w\nquorum g\n",
    f"witness w {WITNESSES[0].verifier.to_vkey()}\ngroup g all w w\nquorum g\n",
    f"witness w {WITNESSES[0].verifier.to_vkey()}\ngroup g all w\ngroup h all w\nquorum h\n",
    f"group g all w\nwitness w {WITNESSES[0].verifier.to_vkey()}\nquorum g\n",
    "quorum none\nmirror x\n",
])  # fmt: skip
def test_a_policy_without_meaning_is_refused(text: str) -> None:
    with pytest.raises(RejectedPolicy):
        Policy.parse(text)


def _request(old: int, new: int, **changes: bytes | tuple[bytes, ...]) -> AddCheckpoint:
    hashes = consistency_proof(_reader(new), old, new) if old <= new else ()
    values = {"hashes": hashes, "checkpoint": _checkpoint(new).sign(LOG).to_bytes()} | changes
    return AddCheckpoint(old, **values)  # type: ignore[arg-type]


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_witness_cosigns_a_continuation_of_what_it_saw(one: int, other: int) -> None:
    old, new = sorted((one, other))
    request = AddCheckpoint.parse(_request(old, new).to_bytes())
    assert origin_of(request) == ORIGIN
    opened = examine(request, LOG.verifier, _checkpoint(old) if old else None)
    cosigned = cosign(opened, WITNESSES[0], 1_700_000_000)
    assert Policy.parse(_policy("w1").to_text()).require(cosigned.to_bytes()).checkpoint == _checkpoint(new)


FORK = Checkpoint(ORIGIN, 200, b"\x05" * 32)


@pytest.mark.parametrize(("latest", "asked", "status"), [
    (100, _request(100, 200, checkpoint=FORK.sign(LOG).to_bytes()), HTTPStatus.UNPROCESSABLE_ENTITY),
    (200, _request(200, 200, checkpoint=FORK.sign(LOG).to_bytes()), HTTPStatus.UNPROCESSABLE_ENTITY),
    (100, _request(100, 200, hashes=()), HTTPStatus.UNPROCESSABLE_ENTITY),
    (0, _request(0, 200, hashes=(b"\x00" * 32,)), HTTPStatus.UNPROCESSABLE_ENTITY),
    (100, _request(0, 200), HTTPStatus.CONFLICT),
    (200, _request(100, 150), HTTPStatus.CONFLICT),
    (100, _request(200, 100), HTTPStatus.BAD_REQUEST),
    (0, _request(0, 0, checkpoint=Checkpoint(ORIGIN, 0, b"\x05" * 32).sign(LOG).to_bytes()),
     HTTPStatus.UNPROCESSABLE_ENTITY),
    (100, _request(100, 200, checkpoint=_checkpoint(200).sign(Signer.from_seed(ORIGIN, b"\x07" * 32)).to_bytes()),
     HTTPStatus.FORBIDDEN),
])  # fmt: skip
def test_a_witness_refuses_the_rest(latest: int, asked: AddCheckpoint, status: HTTPStatus) -> None:
    with pytest.raises(RefusedCheckpoint) as refused:
        examine(asked, LOG.verifier, _checkpoint(latest) if latest else None)
    assert refused.value.status == status
    assert refused.value.size == (latest if status is HTTPStatus.CONFLICT else None)


@pytest.mark.parametrize("body", [b"", b"old 1\n", b"old 01\n\nx", b"new 1\n\nx", b"old 1\nAA\n\nx", b"\xff\n\nx"])
def test_a_witness_answers_a_malformed_request_with_400(body: bytes) -> None:
    with pytest.raises(RefusedCheckpoint) as refused:
        AddCheckpoint.parse(body)
    assert refused.value.status == HTTPStatus.BAD_REQUEST


def test_a_request_without_a_checkpoint_names_no_log() -> None:
    with pytest.raises(RefusedCheckpoint):
        origin_of(AddCheckpoint(0, (), b"nothing"))
    assert _checkpoint(0).root == EMPTY_ROOT
