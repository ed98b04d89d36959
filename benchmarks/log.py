"""Measure the transparency log: writing with fsync, with and without the database, proofs, full verification, receipts.

Run: ``python benchmarks/log.py [--leaves N] [--database-leaves N]``. Prints one JSON object as its last line.
Leaves are as long as those of the demo's statements (1,000 bytes).
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4, uuid5

import psutil
from sqlalchemy import text

from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.forged_log import read_entries
from docaxis.registrar.sequencing import BATCH, Sequencer
from docaxis.storage.database import open_database
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis.storage.log_order import Head, LogOrder, Waiting
from docaxis.storage.migrate import upgrade
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.moments import system_clock
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, check_evidence, evidence_file
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.leaves import leaf, openings
from docaxis_signing.transparency.merkle import inclusion_proof, leaf_hash
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy
from docaxis_signing.transparency.proof import LogProof
from docaxis_signing.transparency.tiles import TileReader

LEAF_BYTES = 1_000
PROOFS = 500
NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
NAMES = UUID(int=1)
DOCAXIS = str(Path(sysconfig.get_path("scripts")) / "docaxis")


@dataclass
class MemoryOrder:
    """An order that costs nothing, so that files and hashes alone are measured."""

    queue: list[Waiting]
    the_head: Head | None = None

    async def begin(self, root: bytes, note: bytes, at: datetime) -> None:
        self.the_head = Head(0, root, 0, note)

    async def head(self) -> Head | None:
        return self.the_head

    async def waiting(self, limit: int) -> Sequence[Waiting]:
        return self.queue[:limit]

    async def append(self, head: Head, size: int, root: bytes, entries: Sequence[Waiting], at: datetime) -> None:
        self.queue = []
        self.the_head = Head(size, root, head.signed_size, head.signed_note)

    async def leaves(self, first: int, end: int) -> Sequence[bytes]:
        return []

    async def signed(self, before: int, size: int, note: bytes) -> None:
        assert self.the_head is not None
        self.the_head = Head(size, self.the_head.root, size, note)


def waiting(first: int, count: int) -> list[Waiting]:
    filler = b"x" * (LEAF_BYTES - 20)
    return [Waiting(n, b"%020d" % n + filler) for n in range(first, first + count)]


async def write(directory: Path, leaves: int, signer: Signer) -> dict[str, Any]:
    order = MemoryOrder([])
    writer = Sequencer(order, LogFiles(LocalDisk(directory)), signer, system_clock)
    await writer.open()
    took, slowest = 0.0, 0.0
    for first in range(0, leaves, BATCH):
        order.queue = waiting(first, min(BATCH, leaves - first))
        began = time.perf_counter()
        await writer.advance()
        one = time.perf_counter() - began
        took, slowest = took + one, max(slowest, one)
    return {"leaves_per_second": round(leaves / took), "batch": BATCH, "slowest_batch_seconds": round(slowest, 3)}


async def write_with_database(directory: Path, leaves: int, signer: Signer) -> dict[str, Any]:
    async with EmbeddedDatabase(directory / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="bench")
        insert = text(
            "INSERT INTO log_queue (event_id, leaf) SELECT * FROM unnest(CAST(:e AS uuid[]), CAST(:l AS bytea[]))"
        )
        for first in range(0, leaves, BATCH):
            some = waiting(first, BATCH)
            async with engine.begin() as connection:
                await connection.execute(insert, {"e": [uuid4() for _ in some], "l": [one.leaf for one in some]})
        files = LogFiles(LocalDisk(directory / "log"))
        (directory / "log").mkdir()
        writer = Sequencer(LogOrder(engine, signer.verifier.name), files, signer, system_clock)
        await writer.open()
        began, used = time.perf_counter(), cpu(database.pids)
        while await writer.advance():
            pass
        took, used = time.perf_counter() - began, cpu(database.pids) - used
        await engine.dispose()
    return {
        "leaves_per_second": round(leaves / took),
        "leaves": leaves,
        "batch": BATCH,
        "cpu_us_a_leaf": round(used / leaves * 1e6, 1),
    }


def cpu(database: Sequence[int]) -> float:
    """Seconds of CPU of this process and of the database's, whose connections stay open meanwhile."""
    processes = [psutil.Process(), *(psutil.Process(pid) for pid in database)]
    family = {one for each in processes for one in (each, *each.children(recursive=True))}
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in family))


def prove(directory: Path, leaves: int) -> dict[str, Any]:
    dice, times = random.Random(7), []
    for _ in range(PROOFS):
        index = dice.randrange(leaves)
        began = time.perf_counter()
        files = LogFiles(LocalDisk(directory))
        assert files.prove(index, b"entry") is not None
        times.append((time.perf_counter() - began) * 1000)
    return {"median_ms": round(median(times), 2), "p99_ms": round(quantiles(times, n=100)[98], 2), "at_leaves": leaves}


def verify(directory: Path, policy: Policy) -> dict[str, Any]:
    """Derive everything anew: every entry, every tile, the root, the signature."""
    began = time.perf_counter()
    entries = read_entries(directory)
    growth = grow(Tree(), [leaf_hash(entry) for entry in entries])
    for tile, data in growth.tiles:
        assert (directory / tile.path).read_bytes() == data
    opened = policy.require((directory / CHECKPOINT).read_bytes())
    assert opened.checkpoint.root == growth.tree.root
    return {"seconds": round(time.perf_counter() - began, 1), "leaves": len(entries)}


def statements(count: int) -> list[bytes]:
    facts = {"contents_sha256": "ab" * 32, "delivery_id": str(uuid4()), "disposition": "deliver", "version": 3}
    kind = EvidenceType.CONTENT_CONSIGNMENT
    return [
        Statement(uuid5(NAMES, str(n)), kind, NAMES, NOW, "so-noi-vu", "H37.02", facts).to_bytes(
            axis="docaxis", environment="test"
        )
        for n in range(count)
    ]


def receipts(directory: Path) -> dict[str, Any]:
    secret, made = bytes(32), statements(2000)
    began = time.perf_counter()
    leaves = [leaf(one, openings(secret, one)) for one in made]
    making = (time.perf_counter() - began) / len(made)
    signer, evidence = Signer.generate("docaxis/test"), EvidenceSigner.generate("e1")
    growth = grow(Tree(), [leaf_hash(one) for one in leaves])
    order = MemoryOrder([Waiting(n, one) for n, one in enumerate(leaves)])

    async def publish() -> None:
        writer = Sequencer(order, LogFiles(LocalDisk(directory)), signer, system_clock)
        await writer.open()
        await writer.advance()

    asyncio.run(publish())
    hashes = inclusion_proof(TileReader(dict(growth.tiles).__getitem__, len(made)), 7, len(made))
    proof = LogProof(7, hashes, (directory / CHECKPOINT).read_bytes(), leaves[7])
    file = evidence_file(
        evidence.sign(made[7], NOW), record=None, record_key=None, proof=proof, salts=openings(secret, made[7])
    )
    pinned = PinnedKeys(
        "docaxis",
        "test",
        (EvidenceKey("e1", evidence.public_jwk(), NOW, None),),
        Policy((signer.verifier,), {}, {}, NONE),
    )
    times = []
    for _ in range(300):
        began = time.perf_counter()
        assert check_evidence(file, pinned).logged is not None
        times.append((time.perf_counter() - began) * 1000)
    return {
        "leaf_of_a_statement_us": round(making * 1e6, 1),
        "library_call_ms": round(median(times), 3),
        "process_ms": round(process(directory, file, pinned), 1),
    }


def process(directory: Path, file: dict[str, Any], pinned: PinnedKeys) -> float:
    (directory / "receipt.json").write_text(json.dumps(file))
    (directory / "pinned.json").write_text(json.dumps(pinned.to_json()))
    command = [DOCAXIS, "verify-evidence", "receipt.json", "--keys", "pinned.json", "--logged", "--json"]
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--database-leaves", type=int, default=4 * BATCH)
    arguments = parser.parse_args()
    signer = Signer.generate("log.example/bench")
    with tempfile.TemporaryDirectory(prefix="docaxis-log-") as name:
        directory = Path(name)
        for part in ("log", "database", "receipts"):
            (directory / part).mkdir()
        figures = {
            "write": asyncio.run(write(directory / "log", arguments.leaves, signer)),
            "proof": prove(directory / "log", arguments.leaves),
            "full_verification": verify(directory / "log", Policy((signer.verifier,), {}, {}, NONE)),
            "write_with_database": asyncio.run(
                write_with_database(directory / "database", arguments.database_leaves, signer)
            ),
            "receipt": receipts(directory / "receipts"),
        }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
