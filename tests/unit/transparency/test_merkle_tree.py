"""Roots and proofs against the RFC's own recursion, written out over plain lists, and against published roots."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis_signing.transparency.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    consistency_proof,
    fold,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
)
from docaxis_signing.transparency.problems import RejectedProof

LARGEST = 300
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(LARGEST)]
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The tree of the Certificate Transparency reference implementation, one root for each size."""


def plain_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


class Listed:
    """Hashes computed from the leaves each time."""

    def read(self, level: int, index: int) -> bytes:
        return plain_root(LEAVES[index << level : (index + 1) << level])


READER = Listed()
SIZES = st.integers(1, LARGEST)


@st.composite
def members(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(SIZES)
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    new = draw(SIZES)
    return draw(st.integers(0, new)), new


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_come_out(size: int) -> None:
    assert fold([leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_hash(READER, 0) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(SIZES)
def test_a_root_is_the_recursion_of_the_rfc(size: int) -> None:
    assert root_hash(READER, size) == plain_root(LEAVES[:size]) == fold(LEAVES[:size])


@given(members())
def test_every_leaf_is_proved(member: tuple[int, int]) -> None:
    index, size = member
    proof = inclusion_proof(READER, index, size)
    assert len(proof) <= size.bit_length()
    check_inclusion(LEAVES[index], index, size, proof, plain_root(LEAVES[:size]))


@given(growths())
def test_every_growth_is_proved(growth: tuple[int, int]) -> None:
    old, new = growth
    proof = consistency_proof(READER, old, new)
    check_consistency(old, plain_root(LEAVES[:old]), new, plain_root(LEAVES[:new]), proof)


@given(members(), st.data())
def test_an_inclusion_proof_holds_for_nothing_else(member: tuple[int, int], data: st.DataObject) -> None:
    index, size = member
    proof, root = inclusion_proof(READER, index, size), plain_root(LEAVES[:size])
    wrong_leaf = data.draw(st.binary(min_size=32, max_size=32))
    other = data.draw(st.integers(0, size + 2).filter(lambda one: one != index))
    broken = [
        (wrong_leaf, index, size, proof, root),
        (LEAVES[index], other, size, proof, root),
        (LEAVES[index], index, size, (*proof, b"\x00" * 32), root),
        (LEAVES[index], index, size, proof, b"\x00" * 32),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        broken += [
            (LEAVES[index], index, size, proof[:-1], root),
            (LEAVES[index], index, size, (*proof[:at], flipped, *proof[at + 1 :]), root),
        ]
    for leaf, place, count, hashes, top in broken:
        with pytest.raises(RejectedProof):
            check_inclusion(leaf, place, count, hashes, top)


@given(growths(), st.data())
def test_a_changed_past_cannot_be_proved(growth: tuple[int, int], data: st.DataObject) -> None:
    old, new = growth
    if not 0 < old < new:
        return
    proof = consistency_proof(READER, old, new)
    old_root, new_root = plain_root(LEAVES[:old]), plain_root(LEAVES[:new])
    changed = data.draw(st.integers(0, old - 1))
    forged = plain_root([*LEAVES[:changed], b"\x00" * 32, *LEAVES[changed + 1 : new]])
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = (*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :])
    broken = [
        (old, old_root, new, forged, proof),
        (old, old_root, new, new_root, flipped),
        (old, old_root, new, new_root, proof[:-1]),
        (old, old_root, new, new_root, (*proof, b"\x00" * 32)),
        (old, old_root, new, new_root, ()),
        (old, new_root, new, old_root, proof),
    ]
    for first, first_root, second, second_root, hashes in broken:
        with pytest.raises(RejectedProof):
            check_consistency(first, first_root, second, second_root, hashes)


def test_what_a_tree_does_not_have_is_not_proved() -> None:
    with pytest.raises(RejectedProof):
        inclusion_proof(READER, 3, 3)
    with pytest.raises(RejectedProof):
        consistency_proof(READER, 4, 3)
    with pytest.raises(RejectedProof):
        check_consistency(4, EMPTY_ROOT, 3, EMPTY_ROOT, ())
    with pytest.raises(RejectedProof):
        check_consistency(0, b"\x00" * 32, 3, plain_root(LEAVES[:3]), ())
    with pytest.raises(RejectedProof):
        check_consistency(3, EMPTY_ROOT, 3, plain_root(LEAVES[:3]), ())
