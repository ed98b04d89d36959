"""Measure how much an enclosure of 1 GiB raises the gateway's resident memory, and how fast it is taken.

The gateway runs in a process of its own on a real socket, with a real PostgreSQL and the directory store; the client is
another process. Prints one JSON object; the bound it is held to is 64 MiB (a test does the same with 200 MiB).
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.directory.organisation_list import write_list
from docaxis.directory.signed_list import sign_list
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.gateway import build_gateway
from docaxis.gateway.signing import GatewayKeys
from docaxis.settings import Settings
from docaxis.storage.contents import ContentStore, FileStoreKey, open_sealed_store
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_schemas.moments import system_clock
from docaxis_schemas.organisation import Organisation

MIB = 1024 * 1024
CHUNK = 256 * 1024


class Resident:
    """Samples this process's resident memory, in bytes, often enough to see any peak that lasts."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.highest = 0

    def now(self) -> int:
        """Give it now."""
        found = int(self._process.memory_info().rss)
        self.highest = max(self.highest, found)
        return found

    async def watch(self) -> None:
        """Sample for ever."""
        while True:
            self.now()
            await asyncio.sleep(0.02)


async def _credential(repository: DirectoryRepository) -> str:
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    data = write_list([Organisation("H20", "Tỉnh Thử Nghiệm", 1, date(2020, 1, 1), member="tinh")])
    signature = sign_list(data, key=key, key_id="keeper", serial=1, signed_at=now)
    await repository.load_signed_csv(data, signature, keys={"keeper": key.public_key()})
    await repository.register_member("tinh", "Hệ thống tỉnh", by="benchmark")
    expires = now + timedelta(days=1)
    return (
        await repository.issue_credential(
            role=Role.MEMBER_SYSTEM, holder="x", expires_at=expires, member="tinh", organisations=["H20"]
        )
    )[1]


async def _serve(database: str, place: str, pipe: Connection) -> None:
    engine = open_database(database, application="gateway")
    repository = DirectoryRepository(engine)
    credential = await _credential(repository)
    store = ContentStore(
        engine,
        open_sealed_store(Path(place).as_uri()),
        FileStoreKey(b"k" * 32),
        clock=system_clock,
        lease=timedelta(hours=1),
    )
    async with MemoryBus(MemoryBroker()).publisher() as publisher:
        gateway = build_gateway(
            Settings(),
            engine=engine,
            repository=repository,
            contents=store,
            publisher=publisher,
            keys=GatewayKeys.in_memory(),
        )
        pipe.send((await gateway.start(), credential))
        memory = Resident()
        watching = asyncio.create_task(memory.watch())
        while await asyncio.to_thread(pipe.recv) != "stop":
            pipe.send((memory.now(), memory.highest, time.process_time()))
        watching.cancel()
        await gateway.stop()
    store.close()
    await engine.dispose()


def _process(database: str, place: str, pipe: Connection) -> None:
    asyncio.run(_serve(database, place, pipe))


async def _upload(client: httpx.AsyncClient, size: int) -> float:
    """Upload bytes that are cheap to make and never the same; give the seconds."""
    block = hashlib.sha256(str(time.time_ns()).encode()).digest() * (CHUNK // 32)

    async def body() -> AsyncIterator[bytes]:
        left = size
        while left:
            yield block[: min(left, CHUNK)]
            left -= min(left, CHUNK)

    found = hashlib.sha256()
    async for chunk in body():
        found.update(chunk)
    begun = time.perf_counter()
    headers = {"Upload-Length": str(size), "Content-Length": str(size)}
    response = await client.put(f"/v1/contents/{found.hexdigest()}", content=body(), headers=headers)
    response.raise_for_status()
    return time.perf_counter() - begun


async def measure(size: int) -> dict[str, Any]:
    """Upload a small content to warm up, then a large one, and compare."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        async with EmbeddedDatabase(Path(folder) / "database") as database:
            await upgrade(database.url)
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            process = context.Process(target=_process, args=(database.url, f"{folder}/contents", there))
            process.start()
            try:
                url, credential = await asyncio.to_thread(here.recv)
                headers = {"Authorization": f"Bearer {credential}"}
                async with httpx.AsyncClient(base_url=url, headers=headers, timeout=600, trust_env=False) as client:
                    await _upload(client, 4 * MIB)
                    here.send("memory")
                    before, _, cpu_before = await asyncio.to_thread(here.recv)
                    seconds = await _upload(client, size)
                    here.send("memory")
                    after, highest, cpu_after = await asyncio.to_thread(here.recv)
                here.send("stop")
                await asyncio.to_thread(process.join, 30)
            finally:
                process.kill()
    return {
        "size_mib": size // MIB,
        "resident_before_mib": round(before / MIB, 1),
        "resident_after_mib": round(after / MIB, 1),
        "resident_highest_mib": round(highest / MIB, 1),
        "raised_by_mib": round((highest - before) / MIB, 1),
        "bound_mib": 64,
        "seconds": round(seconds, 2),
        "mib_per_second": round(size / MIB / seconds, 1),
        "gateway_cpu_seconds": round(cpu_after - cpu_before, 2),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    print(json.dumps(asyncio.run(measure(parser.parse_args().mib * MIB))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
