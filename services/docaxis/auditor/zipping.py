"""Writes files as one ZIP while they are read: bounded memory, and the same files give the same bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SUMS: Final = "SHA256SUMS"
"""The last file: what ``sha256sum -c`` reads."""
NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP can say; when something was exported is in the log, not in the package."""
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16

Chunks = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of a package: its name, which is ours and safe, and its bytes when they are wanted."""

    name: str
    chunks: Chunks
    large: bool = False
    """Whether it may have more than 2 GiB, which the ZIP has to be told before."""

    @classmethod
    def made(cls, name: str, make: Callable[[], bytes]) -> "PackedFile":
        """Make one whose bytes are made, in a thread, when it is its turn."""

        async def chunks() -> AsyncIterator[bytes]:
            yield await asyncio.to_thread(make)

        return cls(name, chunks)


class _Sink:
    """Takes what the archive writes, until somebody sends it. It cannot seek, so nothing sent is ever changed."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def zipped(files: Iterable[PackedFile]) -> AsyncIterator[bytes]:
    """Write the files in their order, and their SHA-256 sums as the last one.

    Raises:
        Exception: What reading a file raises; what was written until then is no ZIP.
    """
    sink, sums = _Sink(), list[str]()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for file in files:
            found = hashlib.sha256()
            with archive.open(_described(file.name), "w", force_zip64=file.large) as out:
                async for chunk in file.chunks():
                    found.update(chunk)
                    await asyncio.to_thread(out.write, chunk)
                    yield sink.take()
            sums.append(f"{found.hexdigest()}  {file.name}\n")
        archive.writestr(_described(SUMS), "".join(sums))
    yield sink.take()


def _described(name: str) -> ZipInfo:
    described = ZipInfo(name, NO_DATE)
    described.create_system, described.external_attr = _UNIX, _READABLE
    described.compress_type = ZIP_DEFLATED
    return described
