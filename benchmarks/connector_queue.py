"""Measure what the connector's queue costs beside its folder: rows into ``out/``, and what came and became into rows.

A real PostgreSQL holds packets of 113 kB documents. Nothing is sent: each packet's receipt is written as the connector
writes it, and a packet that came is put beside. CPU is that of the connector's process alone.
Run: ``python benchmarks/connector_queue.py [--packets N]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg

from docaxis.connector.folder import Folder
from docaxis.connector.queue import TABLES, Queue
from docaxis.embedded.database import EmbeddedDatabase
from docaxis_signing.durable import write_whole

PACKET: Final = os.urandom(113_000 * 4 // 3)
"""As large as a packet with one document in base64."""
RECEIPT: Final = json.dumps({"acknowledgement": "a" * 1_200}).encode()


async def measure(place: Path, packets: int) -> dict[str, Any]:
    """Take so many packets out of the table, and put as many back with their receipts."""
    async with EmbeddedDatabase(place / "database") as database:
        address = database.url.replace("+asyncpg", "")
        system = await asyncpg.connect(address)
        await system.execute(TABLES)
        await system.executemany("INSERT INTO docaxis_queue.outgoing (packet) VALUES ($1)", [(PACKET,)] * packets)
        folder = Folder(place / "folder")
        await asyncio.to_thread(folder.prepare)
        async with Queue.open(address, folder) as queue:
            found = {"brought": await _timed(queue.bring, lambda: _settle(folder), packets)}
            found["given"] = await _timed(queue.give, lambda: None, packets)
        rows = await system.fetchval("SELECT count(*) FROM docaxis_queue.incoming")
        await system.close()
    return {"packets": packets, "rows": rows, **found, "load": os.getloadavg()[0]}


async def _timed(step: Callable[[], Awaitable[int]], between: Callable[[], None], packets: int) -> dict[str, float]:
    """Repeat a step until it has nothing to do; what lies between is not measured."""
    wall = cpu = 0.0
    done = -1
    while done:
        begun = time.perf_counter(), time.process_time()
        done = await step()
        wall, cpu = wall + time.perf_counter() - begun[0], cpu + time.process_time() - begun[1]
        await asyncio.to_thread(between)
    return {"packets_per_second": round(packets / wall, 1), "cpu_ms_per_packet": round(cpu * 1000 / packets, 2)}


def _settle(folder: Folder) -> None:
    for path in folder.out.iterdir():
        write_whole(folder.sent / f"{path.name}.receipt.json", RECEIPT)
        path.replace(folder.come / f"{uuid4()}.edxml")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=2_000)
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asyncio.run(measure(Path(place), parser.parse_args().packets))))


if __name__ == "__main__":
    main()
