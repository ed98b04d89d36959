"""Does a log continue the one that was seen before? Asked of its hash tiles, which are open to everybody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from docaxis.auditor.walking import LogSource, fetch_tile
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.merkle import check_consistency, consistency_proof
from docaxis_signing.transparency.problems import RejectedProof
from docaxis_signing.transparency.tiles import Tile, TileReader

MAX_TILES: Final = 64
"""Tiles that one consistency proof may need: two a level at most, and a tree of 2**63 leaves has eight levels."""


class LogDirectory:
    """A copy of a log on disk, as a `LogSource`."""

    def __init__(self, directory: Path) -> None:
        self._files = LogFiles(LocalDisk(directory))

    async def log_file(self, path: str) -> bytes | None:
        """Give a file of the copy; None if it is not there."""
        return self._files.read(path)


class _Wanted(Exception):
    """A tile that is not in hand."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.path)
        self.tile = tile


async def require_continuation(source: LogSource, old: SignedCheckpoint, new: SignedCheckpoint) -> None:
    """Require that the new tree has the old one as its beginning.

    Raises:
        RejectedProof: It has not: the log was set back, or forked; or a tile is missing.
        RejectedTile: A tile is malformed.
    """
    before, now = old.checkpoint, new.checkpoint
    if now.size < before.size:
        raise RejectedProof(f"the log had {before.size} leaves, and now says {now.size}: it was set back")
    proof = await _proof(source, before.size, now.size) if before.size else ()
    check_consistency(before.size, before.root, now.size, now.root, proof)


async def _proof(source: LogSource, old: int, new: int) -> tuple[bytes, ...]:
    """Make the proof, fetching each tile once it turns out to be needed."""
    held: dict[Tile, bytes] = {}
    for _ in range(MAX_TILES):
        try:
            return consistency_proof(TileReader(lambda tile: _from(held, tile), new), old, new)
        except _Wanted as wanted:
            held[wanted.tile] = await fetch_tile(source, wanted.tile)
    raise RejectedProof(f"the proof from {old} to {new} leaves wants more than {MAX_TILES} tiles")


def _from(held: Mapping[Tile, bytes], tile: Tile) -> bytes:
    if tile not in held:
        raise _Wanted(tile)
    return held[tile]
