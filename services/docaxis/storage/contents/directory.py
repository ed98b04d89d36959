"""Contents in a directory: a temporary name, fsync after each segment, one hard link, fsync of the directory.

`obstore` never fsyncs, so its local store promises less than a 202 of ours does.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from docaxis.storage.contents.port import DamagedContent, StoreFull, WrongOffset
from docaxis.storage.contents.sealing import SEALED_SEGMENT
from docaxis.storage.decisions import UnavailableStorage
from docaxis_signing.durable import sync_directory

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def _reported() -> Iterator[None]:
    """Say what an error of the file system means to who stores."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull("no room is left in the content store") from error
        raise UnavailableStorage(f"the content store: {error.strerror}") from error


class DirectoryUpload:
    """A file under a temporary name, locked: the lock ends with the process, so a crash never leaves it behind."""

    def __init__(self, descriptor: int, temporary: Path, final: Path) -> None:
        self._descriptor = descriptor
        self._temporary = temporary
        self._final = final

    def count(self) -> int:
        with _reported():
            return -(-os.fstat(self._descriptor).st_size // SEALED_SEGMENT)

    def read(self, number: int) -> bytes:
        with _reported():
            return os.pread(self._descriptor, SEALED_SEGMENT, number * SEALED_SEGMENT)

    def truncate(self, count: int) -> None:
        with _reported():
            os.ftruncate(self._descriptor, count * SEALED_SEGMENT)

    def append(self, data: bytes) -> None:
        end = os.fstat(self._descriptor).st_size
        try:
            with _reported():
                written = 0
                while written < len(data):
                    written += os.pwrite(self._descriptor, data[written:], end + written)
                os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)
        except StoreFull:
            os.ftruncate(self._descriptor, end)
            raise

    def finish(self) -> None:
        with _reported():
            self._final.parent.mkdir(exist_ok=True)
            try:
                os.link(self._temporary, self._final)
            except FileExistsError:
                if not os.path.samestat(os.fstat(self._descriptor), self._final.stat()):
                    raise
            sync_directory(self._final.parent)


class DirectoryStore:
    """Sealed contents below one directory: ``unfinished/`` and ``finished/``, the latter in 256 folders."""

    def __init__(self, root: Path) -> None:
        self._unfinished = root / "unfinished"
        self._finished = root / "finished"
        with _reported():
            self._unfinished.mkdir(parents=True, exist_ok=True)
            self._finished.mkdir(exist_ok=True)
            sync_directory(root)

    @contextmanager
    def upload(self, location: str) -> Iterator[DirectoryUpload]:
        temporary = self._unfinished / location
        with _reported():
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WrongOffset(None) from error
            yield DirectoryUpload(descriptor, temporary, self._path(location))
        finally:
            os.close(descriptor)

    def read(self, location: str, number: int) -> bytes:
        try:
            with _reported():
                descriptor = os.open(self._path(location), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except UnavailableStorage as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise DamagedContent("a content on record is not in the store") from error
            raise
        try:
            with _reported():
                return os.pread(descriptor, SEALED_SEGMENT, number * SEALED_SEGMENT)
        finally:
            os.close(descriptor)

    def settle(self, location: str) -> None:
        with _reported():
            (self._unfinished / location).unlink(missing_ok=True)

    def delete(self, location: str) -> None:
        with _reported():
            (self._unfinished / location).unlink(missing_ok=True)
            self._path(location).unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> Iterator[str]:
        with _reported():
            for folder in (self._unfinished, *self._finished.iterdir()):
                for entry in os.scandir(folder):
                    if entry.stat(follow_symlinks=False).st_mtime < moment.timestamp():
                        yield entry.name

    def probe(self) -> None:
        path = self._unfinished / f".probe-{os.getpid()}"
        with _reported():
            path.write_bytes(b"probe")
            path.unlink()

    def _path(self, location: str) -> Path:
        return self._finished / location[:2] / location
