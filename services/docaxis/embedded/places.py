"""Where things lie: the cache, the lock that keeps a directory to one axis, and the space that must be free."""

import asyncio
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from docaxis.embedded.problems import DirectoryInUse, DiskFull

MEBIBYTE: Final = 1024 * 1024
LOCK_PATIENCE_SECONDS: Final = 20.0
"""An axis killed a moment ago still stops its broker; its supervisor keeps the lock for so long."""


def cache_directory(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Give the directory for what can be brought or made again: ``$DOCAXIS_CACHE``, else the system's own place."""
    if chosen := environ.get("DOCAXIS_CACHE"):
        return Path(chosen).expanduser().absolute()
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "docaxis"
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "docaxis"


def require_free_space(directory: Path, mebibytes: int) -> None:
    """Refuse to begin what would fill the disk half-way.

    Raises:
        DiskFull: Less than so many MiB are free.
    """
    free = shutil.disk_usage(directory).free // MEBIBYTE
    if free < mebibytes:
        raise DiskFull(
            f"Only {free} MiB are free under {directory}, {mebibytes} MiB are needed: "
            "free some space or choose another directory."
        )


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold an exclusive file lock, waiting for whoever has it; the system frees it when a process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class DirectoryLock:
    """Keeps one data directory to one running component.

    The lock's descriptor is handed to the supervisor process too, so a directory is free only when the component
    that wrote to it has really ended, even if this process was killed before.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The descriptor to hand to a supervisor."""
        if self._descriptor is None:
            raise RuntimeError("the lock is not held")
        return self._descriptor

    async def acquire(self, patience: float | None = None) -> None:
        """Take the lock, waiting for a predecessor that is just ending.

        Raises:
            DirectoryInUse: Somebody still has it after ``patience`` seconds.
        """
        if self._descriptor is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + (LOCK_PATIENCE_SECONDS if patience is None else patience)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    await asyncio.sleep(0.1)
                    continue
                os.close(descriptor)
                raise DirectoryInUse(
                    f"Another axis is running on {self._directory}: stop it first, or choose another directory."
                ) from None
            self._descriptor = descriptor
            return

    def release(self) -> None:
        """Give the directory up."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
