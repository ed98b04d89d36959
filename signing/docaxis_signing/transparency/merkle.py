"""The Merkle tree of RFC 6962, section 2.1: roots, inclusion and consistency proofs, over any reader of hashes.

Proofs are made by the RFC's own recursions (2.1.1, 2.1.2) and checked by the iterations of RFC 9162 (2.1.3.2, 2.1.4.2),
so the two sides share no code that could be wrong on both.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from docaxis_signing.transparency.problems import RejectedProof

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962, 2.1)."""
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class HashReader(Protocol):
    """Gives hashes of complete subtrees."""

    def read(self, level: int, index: int) -> bytes:
        """Give the Merkle tree hash of leaves ``index * 2**level`` up to ``(index + 1) * 2**level``, exclusive."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry of the log."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees together."""
    return hashlib.sha256(_NODE + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Give the root over subtrees in a row: all but the last complete and of one size, the last no larger.

    The split of RFC 6962, at the largest power of two below the number of leaves, is then also the largest power of two
    below the number of subtrees.
    """
    count = len(hashes)
    if count == 0:
        return EMPTY_ROOT
    if count == 1:
        return hashes[0]
    split = _split(count)
    return node_hash(fold(hashes[:split]), fold(hashes[split:]))


def range_hash(reader: HashReader, start: int, end: int) -> bytes:
    """Give the Merkle tree hash of leaves ``start`` to ``end``, exclusive; ``start`` is where a subtree may begin."""
    count = end - start
    if count & (count - 1) == 0 and start % count == 0:
        level = count.bit_length() - 1
        return reader.read(level, start >> level)
    split = _split(count)
    return node_hash(range_hash(reader, start, start + split), range_hash(reader, start + split, end))


def root_hash(reader: HashReader, size: int) -> bytes:
    """Give the root of the tree of the first ``size`` leaves."""
    return EMPTY_ROOT if size == 0 else range_hash(reader, 0, size)


def inclusion_proof(reader: HashReader, index: int, size: int) -> tuple[bytes, ...]:
    """Prove that the tree of ``size`` leaves holds its leaf ``index``: hashes from the leaf's sibling upwards.

    Raises:
        RejectedProof: There is no such leaf.
    """
    if not 0 <= index < size:
        raise RejectedProof(f"a tree of {size} leaves has no leaf {index}")
    return tuple(_path(reader, index, 0, size))


def _path(reader: HashReader, index: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, 2.1.1."""
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(reader, index, start, middle), range_hash(reader, middle, end)]
    return [*_path(reader, index, middle, end), range_hash(reader, start, middle)]


def consistency_proof(reader: HashReader, old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the tree of ``new`` leaves begins with the tree of ``old`` leaves.

    Raises:
        RejectedProof: The older tree is the larger one.
    """
    if not 0 <= old <= new:
        raise RejectedProof(f"a tree of {new} leaves cannot continue one of {old}")
    if old in {0, new}:
        return ()
    return tuple(_subproof(reader, old, 0, new, whole=True))


def _subproof(reader: HashReader, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962, 2.1.2, with ``old`` counted from the tree's first leaf."""
    if old == end:
        return [] if whole else [range_hash(reader, start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(reader, old, start, middle, whole=whole), range_hash(reader, middle, end)]
    return [*_subproof(reader, old, middle, end, whole=False), range_hash(reader, start, middle)]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash is in the tree with this root, by RFC 9162, 2.1.3.2.

    Raises:
        RejectedProof: It is not shown to be.
    """
    if not 0 <= index < size:
        raise RejectedProof(f"a tree of {size} leaves has no leaf {index}")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise RejectedProof("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last or found != root:
        raise RejectedProof("the inclusion proof does not lead to the root")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that one tree continues the other, by RFC 9162, 2.1.4.2.

    Raises:
        RejectedProof: It is not shown to.
    """
    if not 0 <= old <= new:
        raise RejectedProof(f"a tree of {new} leaves cannot continue one of {old}")
    if old in {0, new}:
        if proof or old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise RejectedProof("trees of these sizes are consistent without a proof, or not at all")
        return
    if not proof:
        raise RejectedProof("the consistency proof is empty")
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if _climb(old - 1, new - 1, hashes) != (old_root, new_root):
        raise RejectedProof("the consistency proof does not lead from one root to the other")


def _climb(node: int, last: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Give the two roots that a consistency proof leads to: steps 3 to 7 of RFC 9162, 2.1.4.2."""
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise RejectedProof("the consistency proof is too long")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise RejectedProof("the consistency proof is too short")
    return first, second


def _split(count: int) -> int:
    """Give the largest power of two below ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)
