"""Packets as they come in: read piece by piece, their files in temporary storage that no name leads to."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final, cast

from docaxis.gateway.bodies import too_large
from docaxis.gateway.refusals import Refused
from docaxis_schemas.edxml import Examination, PacketReader, RejectedPacket, Spools
from docaxis_schemas.problems import Code

IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of a file that are held before it goes to disk: nearly all packets never touch it."""


MAX_PACKET: Final = 3 * 1024**3
"""Bytes of a packet: the largest file that the axis carries, in base64, and room for some more."""


def spools() -> Spools:
    """Give temporary storage for one packet; what goes to disk is unlinked from the beginning and gone at the end."""
    return Spools(lambda: cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)))


@dataclass(frozen=True, slots=True)
class SpooledPacket:
    """A packet that may be taken, and the SHA-256 of its bytes as lower-case hex."""

    examination: Examination
    sha256: str


async def spool_packet(chunks: AsyncIterator[bytes], room: Spools, now: datetime) -> SpooledPacket:
    """Read a packet.

    Raises:
        Refused: Too large, or with everything that is wrong with it.
    """
    reader, digest, size = PacketReader(room, now), hashlib.sha256(), 0
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > MAX_PACKET:
                raise too_large(MAX_PACKET)
            digest.update(chunk)
            reader.feed(chunk)
        # Unpacking and hashing a large file takes seconds: not in the loop that serves everybody.
        found = await asyncio.to_thread(reader.finish)
        return SpooledPacket(found.require(), digest.hexdigest())
    except RejectedPacket as error:
        count = sum(fault.refuses for fault in error.faults)
        raise Refused(
            Code.EDXML_INVALID, f"Có {count} lỗi.", f"There are {count} faults.", faults=error.faults
        ) from error
