"""Reads a log from outside, leaf by leaf, and derives its tree anew: nothing that its files say is believed.

Memory stays small whatever the size: of the tree its right edge is kept, of the entries one bundle.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedProof
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, decode_bundle, encode_bundle, width_at

CHECKPOINT: Final = "checkpoint"


class LogSource(Protocol):
    """Where a log's files come from: over HTTP, or a directory."""

    async def log_file(self, path: str) -> bytes | None:
        """Give a file by its name below the log's prefix; None if it is not there."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries in a row, and the place of the first."""

    first: int
    entries: tuple[bytes, ...]


async def open_checkpoint(source: LogSource, policy: Policy) -> SignedCheckpoint:
    """Give the log's checkpoint, signed and cosigned as the policy wants.

    Raises:
        RejectedProof: There is none.
        RejectedNote: No log of the policy signed it.
        RejectedPolicy: Too few witnesses.
    """
    data = await source.log_file(CHECKPOINT)
    if data is None:
        raise RejectedProof("the log has no checkpoint")
    return policy.require(data)


async def fetch_tile(source: LogSource, tile: Tile) -> bytes:
    """Give a tile or bundle; a partial one may have been replaced by the full one meanwhile.

    Raises:
        RejectedProof: The log has neither.
        RejectedTile: The full one is malformed.
    """
    data = await source.log_file(tile.path)
    if data is not None or tile.width == WIDTH:
        if data is None:
            raise RejectedProof(f"the log has no {tile.path}")
        return data
    full = Tile(tile.level, tile.index)
    data = await source.log_file(full.path)
    if data is None:
        raise RejectedProof(f"the log has no {tile.path}")
    if tile.level == ENTRIES:
        return encode_bundle(decode_bundle(full, data)[: tile.width])
    return data[: tile.width * len(leaf_hash(b""))]


async def walk(
    source: LogSource, opened: SignedCheckpoint, *, first: int = 0, tree: Tree | None = None, tiles: bool = False
) -> AsyncIterator[Bundle]:
    """Give every bundle of a checkpoint's tree; at its end the tree of all entries must have the signed root.

    ``first`` and ``tree`` go on from a tree that was derived before, at the edge of a bundle; with ``tiles`` every
    tile of hashes is compared too. What was given counts only once the iteration has ended by itself.

    Raises:
        RejectedProof: Something is missing, or the entries do not make the signed root, or a tile is not theirs.
        RejectedTile: A bundle is malformed.
    """
    size, grown = opened.checkpoint.size, tree or Tree()
    for index in range(first // WIDTH, (size + WIDTH - 1) // WIDTH):
        tile = Tile(ENTRIES, index, width_at(0, index, size))
        entries = decode_bundle(tile, await fetch_tile(source, tile))
        growth = grow(grown, [leaf_hash(entry) for entry in entries])
        grown = growth.tree
        for made, data in growth.tiles if tiles else ():
            final = made.width == width_at(made.level, made.index, size)
            if final and await fetch_tile(source, made) != data:
                raise RejectedProof(f"{made.path} does not follow from the entries")
        yield Bundle(index * WIDTH, entries)
    if grown.root != opened.checkpoint.root:
        raise RejectedProof(f"the {size} entries do not have the root that the checkpoint signs")
