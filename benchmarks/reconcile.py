"""Measure reconciling 100,000 deliveries of a month between two members, half of them sent, half received.

The tables are filled directly; the member states them piece by piece over ASGI, so the figures are CPU and wall time of
statement, signature, gateway and database without the network, first with nothing lost, then with everything lost.
Run: ``python benchmarks/reconcile.py [--deliveries N]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.client import AxisClient, Direction, Held, RegisterEntry
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.directory.organisation_list import write_list
from docaxis.directory.signed_list import sign_list
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.gateway.service import build_gateway
from docaxis.gateway.signing import GatewayKeys
from docaxis.settings import Settings
from docaxis.storage.contents import ContentStore, FileStoreKey
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_schemas.moments import system_clock
from docaxis_schemas.organisation import Organisation
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.statements import MemberSigner

MEMBER, OTHER = "co-quan", "co-quan-khac"
BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
AXIS, ENVIRONMENT = "docaxis-bench", "test"
CLAIMS = """
    INSERT INTO claims (submission_id, member, own_id, manifest_digest, manifest, record, record_key, acted_by_gateway,
      resolution, acknowledgement, lane, urgency, directory_version, received_at, deadline)
    SELECT lpad(to_hex(n), 32, '0')::uuid, CASE WHEN n % 2 = 0 THEN :member ELSE :other END, n::text, 'd', '{}', 'r',
      '{}', false, '{}', 'a', 'submitted', 0, 1, CAST(:begin AS timestamptz) + n * CAST(:step AS interval),
      CAST(:begin AS timestamptz)
    FROM generate_series(0, :count - 1) n
"""
DELIVERIES = """
    INSERT INTO deliveries (delivery_id, submission_id, recipient, member, sender, role, state, version,
      contents_sha256, standing, answers_repeats, consigned_at)
    SELECT gen_random_uuid(), lpad(to_hex(n), 32, '0')::uuid, CASE WHEN n % 2 = 0 THEN 'H02' ELSE 'H01' END,
      CASE WHEN n % 2 = 0 THEN :other ELSE :member END, CASE WHEN n % 2 = 0 THEN :member ELSE :other END, 'action',
      'handed_over', 1, repeat('a', 64), true, false, CAST(:begin AS timestamptz) + n * CAST(:step AS interval)
    FROM generate_series(0, :count - 1) n
"""


async def fill(engine: AsyncEngine, count: int) -> list[RegisterEntry]:
    """Put deliveries both ways into the tables and give what the member's register holds of them."""
    step = MONTH / count
    values = {"member": MEMBER, "other": OTHER, "begin": BEGIN, "step": step, "count": count}
    async with engine.begin() as connection:
        for statement in (CLAIMS, DELIVERIES):
            await connection.execute(text(statement), values)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
        rows = await connection.execute(text("SELECT submission_id, sender, recipient, consigned_at FROM deliveries"))
        return [
            RegisterEntry(
                Direction.SENT if sender == MEMBER else Direction.RECEIVED,
                at,
                Held(UUID(str(submission)), recipient, "a" * 64, "handed_over"),
            )
            for submission, sender, recipient, at in rows
        ]


async def enrol(repository: DirectoryRepository, signer: MemberSigner) -> str:
    """Make the two members and give the first one's credential."""
    keeper, founded = Ed25519PrivateKey.generate(), date(2020, 1, 1)
    data = write_list([
        Organisation("H01", "Tỉnh Một", 1, founded, member=MEMBER),
        Organisation("H02", "Tỉnh Hai", 1, founded, member=OTHER),
    ])  # fmt: skip
    signature = sign_list(data, key=keeper, key_id="keeper", serial=1, signed_at=system_clock())
    await repository.load_signed_csv(data, signature, keys={"keeper": keeper.public_key()})
    for member in (MEMBER, OTHER):
        await repository.register_member(member, member, by="bench")
    await repository.add_member_key(MEMBER, signer.public_jwk(), by="bench")
    role, expires = Role.MEMBER_SYSTEM, system_clock() + timedelta(days=1)
    issued = await repository.issue_credential(
        role=role, holder="bench", expires_at=expires, member=MEMBER, organisations=["H01"]
    )
    return str(issued[1])


async def measure(folder: Path, count: int) -> dict[str, Any]:
    """Reconcile and give the figures."""
    async with EmbeddedDatabase(folder / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="bench")
        repository, signer, broker = DirectoryRepository(engine), MemberSigner.generate("key-1"), MemoryBroker()
        secret = await enrol(repository, signer)
        register = await fill(engine, count)
        settings = Settings.model_validate({"axis": AXIS, "environment": ENVIRONMENT, "bus": {"slots": 4}})
        broker.create_topic(ACTIONS, 4)
        place, key = DirectoryStore(folder / "contents"), FileStoreKey(b"k" * 32)
        store = ContentStore(engine, place, key, clock=system_clock, lease=timedelta(hours=1))
        async with MemoryBus(broker).publisher() as publisher:
            gateway = build_gateway(
                settings,
                engine=engine,
                repository=repository,
                contents=store,
                publisher=publisher,
                keys=GatewayKeys.in_memory(),
            )
            axis = AxisClient(
                "http://127.0.0.1",
                secret,
                signer,
                member=MEMBER,
                axis=AXIS,
                environment=ENVIRONMENT,
                transport=httpx.ASGITransport(gateway.app),
            )
            before = peak_mb()
            figures = {"deliveries": count, "load": round(os.getloadavg()[0], 1)}
            async with axis:
                for name, held in (("nothing_lost", register), ("everything_lost", [])):
                    cpu, wall = time.process_time(), time.perf_counter()
                    found = await axis.reconcile(OTHER, held, since=BEGIN, until=BEGIN + MONTH)
                    figures[f"{name}_cpu_seconds"] = round(time.process_time() - cpu, 2)
                    figures[f"{name}_seconds"] = round(time.perf_counter() - wall, 2)
                    figures[f"{name}_statements"] = len(found.comparisons)
                    figures[f"{name}_lacks"] = len(found.lacks)
                    figures[f"{name}_rise_mb"] = round(peak_mb() - before, 1)
        store.close()
        await engine.dispose()
    return figures


def peak_mb() -> float:
    """Give the most memory this process held until now, gateway and member together."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=100_000)
    count = parser.parse_args().deliveries
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(Path(folder), count))))


if __name__ == "__main__":
    main()
