"""A growing tree, of which only the right edge is kept: the incomplete tile of each level.

Growing is a function from a tree and new leaves to a larger tree and the tiles to write; nothing is changed in place,
so a tree whose tiles could not be written is simply forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from docaxis_signing.transparency.merkle import EMPTY_ROOT, HashReader, fold
from docaxis_signing.transparency.tiles import HEIGHT, WIDTH, Tile


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree by its size and its right edge: of each level the hashes of the last, incomplete tile."""

    size: int = 0
    edge: tuple[tuple[bytes, ...], ...] = ()

    @classmethod
    def load(cls, reader: HashReader, size: int) -> Self:
        """Read the right edge of a tree from its tiles."""
        edge = []
        level = 0
        while hashes := size >> (HEIGHT * level):
            first = hashes - hashes % WIDTH
            edge.append(tuple(reader.read(HEIGHT * level, index) for index in range(first, hashes)))
            level += 1
        return cls(size, tuple(edge))

    @property
    def root(self) -> bytes:
        """Its root (RFC 6962, 2.1)."""
        below: tuple[bytes, ...] = ()
        for hashes in self.edge:
            row = hashes + below
            below = (fold(row),) if row else ()
        return below[0] if below else EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of a tree: the larger one, and the tiles with their bytes, from the leaves upwards."""

    tree: Tree
    tiles: tuple[tuple[Tile, bytes], ...]


def grow(tree: Tree, leaves: Sequence[bytes]) -> Growth:
    """Add leaf hashes to a tree."""
    edge: list[tuple[bytes, ...]] = []
    tiles: list[tuple[Tile, bytes]] = []
    added, level = tuple(leaves), 0
    while added or level < len(tree.edge):
        known = tree.edge[level] if level < len(tree.edge) else ()
        first = (tree.size >> (HEIGHT * level)) // WIDTH
        row = known + added
        full = len(row) // WIDTH
        chunks = [row[at : at + WIDTH] for at in range(0, len(row), WIDTH)] if added else []
        tiles += [(Tile(level, first + number, len(chunk)), b"".join(chunk)) for number, chunk in enumerate(chunks)]
        edge.append(row[full * WIDTH :])
        added = tuple(fold(chunk) for chunk in chunks[:full])
        level += 1
    return Growth(Tree(tree.size + len(leaves), tuple(edge)), tuple(tiles))
