"""Looks single records up where they lie, by coordinates."""

import asyncio
from typing import Final

from docaxis.bus.port import Bus, LostOffsets, Partition, Received, UnavailableBus

LOOKUP_SECONDS: Final = 20.0
WAIT_SECONDS: Final = 0.5


class RecordLookup:
    """Reads one record at a time; rare, so each opens a reader of its own."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def record_at(self, partition: Partition, offset: int) -> Received | None:
        """Give the committed record at an offset; None if there is none any more.

        Raises:
            UnavailableBus: The brokers are away or do not answer in time.
        """
        try:
            async with asyncio.timeout(LOOKUP_SECONDS), self._bus.reader({partition: offset}) as reader:
                while not (found := await reader.read(1, WAIT_SECONDS)):
                    if not await reader.lag():
                        return None
        except LostOffsets:
            return None
        except TimeoutError as error:
            raise UnavailableBus(f"{partition.topic}-{partition.number}@{offset} was not read in time") from error
        return found[0] if found[0].offset == offset else None
