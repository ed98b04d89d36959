"""The tree cut into tiles of 256 hashes, and entries in bundles of 256, as files (c2sp.org/tlog-tiles)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from docaxis_signing.transparency.merkle import HASH_BYTES, fold
from docaxis_signing.transparency.problems import RejectedTile

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
"""Hashes of a full tile, entries of a full bundle."""
MAX_ENTRY: Final = 0xFFFF
"""Bytes of one entry: its length is a 16-bit number."""
ENTRIES: Final = -1
"""The level that stands for entry bundles, which lie beside the tiles of level 0."""
_LENGTH_BYTES: Final = 2


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file of the log: which tile, and how many hashes or entries of it are there."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the log's prefix."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"

    @property
    def bundle(self) -> "Tile":
        """The entries of a tile of level 0."""
        return Tile(ENTRIES, self.index, self.width)


def width_at(level: int, index: int, size: int) -> int:
    """Give how many hashes a tile has in a tree of ``size`` leaves; 0 if it is not there."""
    hashes = size >> (HEIGHT * max(level, 0))
    return max(0, min(WIDTH, hashes - index * WIDTH))


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Name the tiles that a tree of ``new`` leaves has and one of ``old`` leaves has not, from the leaves upwards."""
    level = 0
    while new >> (HEIGHT * level):
        before, after = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if after > before:
            for index in range(before // WIDTH, (after + WIDTH - 1) // WIDTH):
                yield Tile(level, index, width_at(level, index, new))
        level += 1


def split_tile(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Give the hashes of a tile.

    Raises:
        RejectedTile: It is not as long as its name says.
    """
    if len(data) != tile.width * HASH_BYTES:
        raise RejectedTile(f"{tile.path} has {len(data)} bytes instead of {tile.width * HASH_BYTES}")
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries with their lengths before them.

    Raises:
        RejectedTile: One is too large.
    """
    if wrong := next((entry for entry in entries if len(entry) > MAX_ENTRY), None):
        raise RejectedTile(f"an entry of {len(wrong)} bytes; at most {MAX_ENTRY}")
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def decode_bundle(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Give the entries of a bundle.

    Raises:
        RejectedTile: It is cut, or has not as many entries as its name says.
    """
    entries, at = [], 0
    while at < len(data):
        end = at + _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
        if end > len(data) or at + _LENGTH_BYTES > len(data):
            raise RejectedTile(f"{tile.path} ends within an entry")
        entries.append(data[at + _LENGTH_BYTES : end])
        at = end
    if len(entries) != tile.width:
        raise RejectedTile(f"{tile.path} has {len(entries)} entries instead of {tile.width}")
    return tuple(entries)


class TileReader:
    """Reads hashes of a tree of ``size`` leaves out of its tiles. What it gives is as true as the tiles are."""

    def __init__(self, fetch: Callable[[Tile], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._tiles: dict[Tile, tuple[bytes, ...]] = {}

    def read(self, level: int, index: int) -> bytes:
        """Give the hash of a complete subtree: see `HashReader`.

        Raises:
            RejectedTile: The tree has no such subtree, or its tile is malformed.
        """
        tall = level // HEIGHT
        count = 1 << (level - tall * HEIGHT)
        first = index * count
        width = width_at(tall, first // WIDTH, self._size)
        start = first % WIDTH
        if start + count > width:
            raise RejectedTile(f"a tree of {self._size} leaves has no subtree {index} of level {level}")
        return fold(self._hashes(Tile(tall, first // WIDTH, width))[start : start + count])

    def _hashes(self, tile: Tile) -> tuple[bytes, ...]:
        if tile not in self._tiles:
            self._tiles[tile] = split_tile(tile, self._fetch(tile))
        return self._tiles[tile]
