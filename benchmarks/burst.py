"""Measure what 38 members cost the database when a submission reaches all of them, and each reads what is its own.

Each asks for a page of its inbox, for a delivery, for where a content lies, and for whom the delivery is between: what
the gateway asks before it takes a hand-over, without HTTP, signatures and contents. All of them at once, and one after
the other.

Run: ``python benchmarks/burst.py [--bursts N]``. Prints one JSON object as its last line, CPU time a delivery.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.bench.usage import Meter, Part
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.contents.port import UNCLAIMED_QUOTA, MissingContent
from docaxis.storage.contents.records import ContentRecords
from docaxis.storage.database import open_database
from docaxis.storage.member_records import MemberRecordStore
from docaxis.storage.migrate import upgrade
from docaxis.storage.readmodels import ReadModels
from docaxis_schemas.moments import system_clock

MEMBERS = 38
FIRST = 3
"""Bursts that are not counted: connections and plans are made."""
PAUSE_SECONDS = 0.02


class Readers:
    """Members that read at the gateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._models = ReadModels(engine)
        self._records = MemberRecordStore(engine)
        self._contents = ContentRecords(engine, clock=system_clock, lease=timedelta(days=1), quota=UNCLAIMED_QUOTA)

    async def read(self, member: str) -> None:
        delivery = uuid4()
        await self._models.inbox_page(member, None, 100)
        await self._models.delivery(member, delivery)
        with suppress(MissingContent):
            await self._contents.content("sender", "00" * 32)
        await self._records.parties(delivery)

    async def at_once(self) -> None:
        await asyncio.gather(*(self.read(f"m{number}") for number in range(MEMBERS)))

    async def one_by_one(self) -> None:
        for number in range(MEMBERS):
            await self.read(f"m{number}")


async def cost(meter: Meter, bursts: int, burst: Callable[[], Awaitable[None]]) -> dict[str, float]:
    """Give CPU milliseconds a delivery, of the database and of this process."""
    for _ in range(FIRST):
        await burst()
    before, began = meter.cpu_seconds()["database"], time.process_time()
    for _ in range(bursts):
        await burst()
        await asyncio.sleep(PAUSE_SECONDS)
    ours, theirs = time.process_time() - began, meter.cpu_seconds()["database"] - before
    scale = 1000 / bursts / MEMBERS
    return {"database": round(theirs * scale, 3), "process": round(ours * scale, 3)}


async def measure(bursts: int, place: Path) -> dict[str, Any]:
    async with EmbeddedDatabase(place) as database:
        await upgrade(database.url)
        meter = Meter({"database": Part(lambda: database.pids[:2], lambda: database.pids[1:2])})
        engine = open_database(database.url, application="bench")
        found = {
            "at_once": await cost(meter, bursts, Readers(engine).at_once),
            "one_by_one": await cost(meter, bursts, Readers(engine).one_by_one),
        }
        await engine.dispose()
    return {"members": MEMBERS, "bursts": bursts, "load_average": os.getloadavg()[0], "cpu_ms_a_delivery": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bursts", type=int, default=50)
    bursts = parser.parse_args().bursts
    with tempfile.TemporaryDirectory(prefix="docaxis-bench-") as place:
        print(json.dumps(asyncio.run(measure(bursts, Path(place) / "database"))))


if __name__ == "__main__":
    main()
