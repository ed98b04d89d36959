"""The log's files on disk: written whole and durable or not at all, and read as outsiders read them.

A file is written under another name, synced, renamed, and its directory synced: after `put` returns it survives a power
cut, and until then the old state does. A failed sync is never tried again on the same file (the kernel may have dropped
what it could not write): whoever wrote starts anew from what is known to be durable.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from docaxis_signing.anchor_files import ANCHORS, TOKEN, anchor_path
from docaxis_signing.anchor_files import CHECKPOINT as ANCHORED
from docaxis_signing.durable import sync_directory, sync_file
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.merkle import HASH_BYTES, inclusion_proof
from docaxis_signing.transparency.problems import RejectedProof
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import ENTRIES, WIDTH, Tile, TileReader, decode_bundle, encode_bundle

CHECKPOINT: Final = "checkpoint"
VKEY: Final = "vkey"
_NEW: Final = ".new"
WRITERS: Final = 4
"""Files that are synced at once: each waits for the disk by itself, and 256 take 0.3 s so instead of 1."""


class Disk(Protocol):
    """What is asked of a file system, so that a simulated one can lose and tear what was not synced."""

    def read(self, path: str) -> bytes:
        """Give a file's bytes; FileNotFoundError if it is not there."""

    def names(self, path: str) -> list[str]:
        """Name what is in a directory; nothing if it is not there."""

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write files anew and sync their bytes, in any order or at once."""

    def rename(self, path: str, target: str) -> None:
        """Put a file in another one's place."""

    def make_directory(self, path: str) -> None:
        """Make a directory if it is not there."""

    def sync_directory(self, path: str) -> None:
        """Make the names in a directory durable."""

    def remove_tree(self, path: str) -> None:
        """Remove a directory with all that is in it, if it is there."""


class LocalDisk:
    """A directory of this machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, path: str) -> bytes:
        """Give a file's bytes."""
        return (self._directory / path).read_bytes()

    def names(self, path: str) -> list[str]:
        """Name what is in a directory."""
        try:
            return [found.name for found in (self._directory / path).iterdir()]
        except FileNotFoundError:
            return []

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write files anew and sync their bytes."""
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(self._write, files):
                pass

    def _write(self, one: tuple[str, bytes]) -> None:
        with (self._directory / one[0]).open("wb") as file:
            file.write(one[1])
            sync_file(file)

    def rename(self, path: str, target: str) -> None:
        """Put a file in another one's place."""
        (self._directory / path).replace(self._directory / target)

    def make_directory(self, path: str) -> None:
        """Make a directory if it is not there."""
        (self._directory / path).mkdir(exist_ok=True)

    def sync_directory(self, path: str) -> None:
        """Make the names in a directory durable."""
        sync_directory(self._directory / path)

    def remove_tree(self, path: str) -> None:
        """Remove a directory with all that is in it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._directory / path)


class LogFiles:
    """The files of one log by their names below its prefix."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._known: set[str] = set()

    def read(self, path: str) -> bytes | None:
        """Give a file; None if it is not there."""
        try:
            return self._disk.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def anchors(self) -> list[int]:
        """Give the sizes of the log at which it was time-stamped, the smallest first."""
        names = (PurePosixPath(name) for name in self._disk.names(ANCHORS))
        return sorted(int(name.stem) for name in names if name.suffix == ANCHORED and name.stem.isdecimal())

    def anchor(self, size: int) -> tuple[bytes, bytes] | None:
        """Give a time-stamped checkpoint with its token; None if there is none of this size."""
        checkpoint, token = self.read(anchor_path(size, ANCHORED)), self.read(anchor_path(size, TOKEN))
        return None if checkpoint is None or token is None else (checkpoint, token)

    def put(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write files so that all of them are durable when this returns.

        Raises:
            OSError: Any of them may be there or not; none is half there.
        """
        try:
            self._put(files)
        except OSError:
            self._known.clear()  # a directory that was thought to be there may not be
            raise

    def _put(self, files: Sequence[tuple[str, bytes]]) -> None:
        touched: dict[str, None] = {}
        for path, _ in files:
            parent = str(PurePosixPath(path).parent)
            self._make(parent, touched)
            touched[parent] = None
        self._disk.write([(path + _NEW, data) for path, data in files])
        for path, _ in files:
            self._disk.rename(path + _NEW, path)
        for directory in reversed(touched):
            self._disk.sync_directory(directory)
        self._known.update(touched)

    def forget_partial(self, tile: Tile) -> None:
        """Remove the partial forms of a tile that is there in full, as the specification allows."""
        full = Tile(tile.level, tile.index)
        self._disk.remove_tree(full.path + ".p")

    def tile(self, tile: Tile) -> bytes:
        """Give a tile or bundle; a partial one is cut out of the full one if that has taken its place.

        Raises:
            RejectedProof: It is not there.
        """
        found = self.read(tile.path)
        if found is None and tile.width < WIDTH:
            found = self.read(Tile(tile.level, tile.index).path)
            if found is not None and tile.level == ENTRIES:
                return encode_bundle(decode_bundle(Tile(ENTRIES, tile.index), found)[: tile.width])
            found = None if found is None else found[: tile.width * HASH_BYTES]
        if found is None:
            raise RejectedProof(f"the log has no {tile.path}")
        return found

    def prove(self, index: int, entry: bytes) -> LogProof | None:
        """Make the proof of an entry in the published checkpoint; None if it is younger than that.

        Raises:
            RejectedProof: A tile is missing.
            RejectedTile: A tile is malformed.
            RejectedNote: So is the checkpoint.
        """
        data = self.read(CHECKPOINT)
        if data is None:
            return None
        size = Checkpoint.stated(data).size
        if index >= size:
            return None
        return LogProof(index, inclusion_proof(TileReader(self.tile, size), index, size), data, entry)

    def _make(self, directory: str, touched: dict[str, None]) -> None:
        """Make a directory and its parents; each one's name is durable once its parent is synced."""
        if directory in self._known or directory in touched or directory == ".":
            return
        parent = str(PurePosixPath(directory).parent)
        self._make(parent, touched)
        self._disk.make_directory(directory)
        touched[parent] = None


@contextmanager
def only_writer(directory: Path) -> Iterator[bool]:
    """Hold the lock of a log's directory; False if somebody else has it. The system frees it when a process dies."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
