"""Files that are there whole and durable, or not at all: a scratch file beside them, synced, takes their place.

One writer a path: two that write the same at once would share the scratch file.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any


def write_whole(path: Path, *pieces: bytes, mode: int = 0o666) -> None:
    """Write a file in the place of what is there; ``mode`` is what the process's mask leaves of it.

    Raises:
        OSError: It cannot be written; what was there before is still there.
    """
    write_pieces(path, pieces, mode=mode)


def write_pieces(path: Path, pieces: Iterable[bytes], *, mode: int = 0o666) -> None:
    """Write a file as `write_whole` does, of pieces that are asked for one by one and never held together."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)  # left by a writer that was killed, perhaps with wider rights
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.writelines(pieces)
        sync_file(file)
    move(scratch, path)


def write_private(path: Path, *pieces: bytes) -> None:
    """Write a file that only its owner can read."""
    write_whole(path, *pieces, mode=0o600)


def move(path: Path, target: Path) -> None:
    """Put a file in another one's place, for good."""
    path.replace(target)
    sync_directory(target.parent)


def sync_file(file: IO[Any]) -> None:
    """Make what was written to an open file durable."""
    file.flush()
    os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
