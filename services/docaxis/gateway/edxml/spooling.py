"""Packets as they come in: read piece by piece, their files in temporary storage that no name leads to.

Reading costs CPU, unpacking and hashing a large file seconds of it, so it is done in threads, a few packets at a time;
the loop that serves everybody only gathers pieces. What packets in hand may hold together is bounded (`SpoolRoom`).
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, cast

from docaxis.gateway.bodies import too_large
from docaxis.gateway.refusals import Refused
from docaxis.spooling import AGAIN_SECONDS, NoRoom, SpoolRoom, SpoolShare, TooLargeForRoom
from docaxis_schemas.edxml import Examination, PacketReader, RejectedPacket, Spools
from docaxis_schemas.problems import Code

IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of a packet's files that are held before they go to disk: nearly all packets never touch it."""
MAX_PACKET: Final = 3 * 1024**3
"""Bytes of a packet: the largest file that the axis carries, in base64, and room for some more."""
PIECE: Final = 256 * 1024
"""Bytes read at a time: some milliseconds of CPU, against which handing them to a thread costs nothing."""
READ_AT_ONCE: Final = 2
"""Packets whose pieces are read in the same moment: reading needs the interpreter, of which there is one."""


@dataclass(frozen=True, slots=True)
class SpooledPacket:
    """A packet that may be taken, and the SHA-256 of its bytes as lower-case hex."""

    examination: Examination
    sha256: str


class PacketRoom:
    """Reads packets for one gateway."""

    def __init__(self, room: SpoolRoom) -> None:
        self._room = room
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    @contextmanager
    def spools(self, member: str) -> Iterator[Spools]:
        """Give temporary storage for one packet of a member's, gone at the end.

        Raises:
            Refused: Too many packets are in hand (503, with Retry-After).
        """
        with _told(self._room), self._room.share(member) as share, Spools(lambda: _spool(share)) as spools:
            yield spools

    async def read(self, chunks: AsyncIterator[bytes], spools: Spools, now: datetime) -> SpooledPacket:
        """Read a packet.

        Raises:
            Refused: Too large, no room for it now, or with everything that is wrong with it.
        """
        reader, digest, size = PacketReader(spools, now), hashlib.sha256(), 0

        def feed(piece: bytes) -> None:
            digest.update(piece)
            reader.feed(piece)

        def end(piece: bytes) -> Examination:
            feed(piece)
            return reader.finish()

        gathered = bytearray()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_PACKET:
                    raise too_large(MAX_PACKET)
                gathered += chunk
                if len(gathered) >= PIECE:
                    piece, gathered = bytes(gathered), bytearray()
                    await self._aside(feed, piece)
            found = await self._aside(end, bytes(gathered))
            return SpooledPacket(found.require(), digest.hexdigest())
        except RejectedPacket as error:
            count = sum(fault.refuses for fault in error.faults)
            raise Refused(Code.EDXML_INVALID, f"Có {count} lỗi.", f"Faults: {count}.", faults=error.faults) from error

    async def _aside(self, work: Callable[[bytes], Any], piece: bytes) -> Any:
        async with self._reading:
            return await asyncio.to_thread(work, piece)


class _CountedSpool(tempfile.SpooledTemporaryFile[bytes]):
    """What goes to disk is unlinked from the beginning; everything is counted before it is written."""

    def __init__(self, share: SpoolShare) -> None:
        super().__init__(max_size=IN_MEMORY)
        self._share = share

    def write(self, data: Any) -> int:
        self._share.take(len(data))
        if self._share.taken > IN_MEMORY:  # all files of the packet together
            self.rollover()
        return super().write(data)


def _spool(share: SpoolShare) -> BinaryIO:
    return cast("BinaryIO", _CountedSpool(share))


@contextmanager
def _told(room: SpoolRoom) -> Iterator[None]:
    try:
        yield
    except NoRoom as error:
        raise Refused(
            Code.UNAVAILABLE,
            "Đang nhận nhiều gói tin lớn; gói này chưa được nhận.",
            "Many large packets are being taken in; this one was not.",
            headers={"Retry-After": str(AGAIN_SECONDS)},
        ) from error
    except TooLargeForRoom as error:
        raise too_large(room.most) from error
