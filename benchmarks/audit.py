"""Measure the auditor's search on a full index: fills the tables of a log with leaves, asks, and proves what was found.

Run: ``python benchmarks/audit.py [--leaves N] [--questions N]``. Prints one JSON object as its last line. Each document
makes five leaves (received, verdict of two signatures, accepted, two recipients) of 20,000 certificates by five
authorities. A question is the search itself, what opens the 20 rows it finds, and their proofs; without HTTP.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.auditor import indexing
from docaxis.auditor.proving import prove_all
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.embedded.forged_log import write_log
from docaxis.storage.audit_index import AuditIndex, Criteria
from docaxis.storage.database import open_database
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis.storage.migrate import upgrade
from docaxis_schemas.canonical import canonical
from docaxis_schemas.moments import to_text
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Signer

NAMES = UUID(int=6)
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE, BATCH, BEYOND = 20, 10_000, 2**53 - 1
CERTIFICATES, AUTHORITIES, ORGANISATIONS = 20_000, 5, 14_000
FAMILIES = tuple("Nguyễn,Trần,Lê,Phạm,Hoàng,Vũ,Võ,Đặng,Bùi,Đỗ,Hồ,Ngô,Dương,Lý".split(","))  # noqa: SIM905 - one line
GIVEN = tuple("An,Bình,Chi,Dũng,Giang,Hà,Hải,Hùng,Lan,Linh,Long,Mai,Minh,Nam,Nga,Quân,Sơn,Tuấn,Yến".split(","))  # noqa: SIM905
ALGORITHMS = ("sha256_rsa",) * 8 + ("sha256_ecdsa", "sha1_rsa")
SENT = ("submission.received", "verdict.given", "SubmissionAcceptance", "ContentConsignment", "ContentConsignment")


def person(number: int) -> str:
    dice = random.Random(number)
    return f"{dice.choice(FAMILIES)} {dice.choice(GIVEN)} {dice.choice(GIVEN)}"


def signature(number: int, dice: random.Random) -> dict[str, Any]:
    authority = number % AUTHORITIES
    certificate = {
        "sha256": f"{number:064x}",
        "serial": f"{number + 0x1000:x}",
        "issuer": f"CN=CA {authority}, O=Nhà cung cấp {authority}",
        "issuer_sha256": f"{authority:064x}",
        "subject": f"CN={person(number)}, O=Cơ quan {number % ORGANISATIONS}",
    }
    algorithm = dice.choice(ALGORITHMS)
    return {"signature_algorithm": algorithm, "digest_algorithm": algorithm[:6], "certificate": certificate}


def rows(leaves: int) -> Iterator[tuple[Any, ...]]:
    dice = random.Random(1)
    for index in range(leaves):
        document, kind = index // len(SENT), SENT[index % len(SENT)]
        submission, at = uuid5(NAMES, str(document)), START + timedelta(seconds=index)
        failed = dice.random() < 0.01
        codes = {"indication": "TOTAL-FAILED" if failed else "TOTAL-PASSED"} if kind == "verdict.given" else {}
        row: dict[str, Any] = {"leaf_index": index, "type": kind, "time": to_text(at), "codes": codes, "facts": {}}
        row["submission_id"] = str(submission)
        if kind == "ContentConsignment":
            row["recipient"] = f"H{dice.randrange(ORGANISATIONS)}"
        elif kind == "verdict.given":
            row["signatures"] = [signature(dice.randrange(CERTIFICATES), dice) for _ in range(2)]
        elif kind == "submission.received":
            issuer, number = f"H{document % ORGANISATIONS}", str(document // ORGANISATIONS + 1)
            row["document"] = {"issuer": issuer, "number": number, "notation": f"CV-{issuer}"}
            row["facts"] = {"contents_sha256": [f"{document:064x}"]}
        yield index, submission, kind, at, codes.get("indication"), indexing.terms(row), canonical(row)


async def fill(engine: AsyncEngine, leaves: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text("DROP INDEX audit_entries_by_term"))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        batch: list[tuple[Any, ...]] = []
        for row in rows(leaves):
            batch.append(row)
            if len(batch) == BATCH or row[0] == leaves - 1:
                await driver.copy_records_to_table("audit_entries", records=batch)
                batch.clear()
        await connection.execute(text("CREATE INDEX audit_entries_by_term ON audit_entries USING gin (terms)"))
        await connection.execute(
            text("""
            INSERT INTO log_leaves (leaf_index, event_id, leaf)
            SELECT n, CAST(lpad(to_hex(n), 32, '0') AS uuid), convert_to(lpad(n::text, 20, '0'), 'UTF8')
            FROM generate_series(0, CAST(:last AS bigint)) AS n
        """),
            {"last": leaves - 1},
        )
        await connection.execute(
            text("""
            INSERT INTO receipts (event_id, type, submission_id, member, at, statement, receipt, kid, signed_at,
              topic_partition, topic_offset)
            SELECT e.event_id, a.type, a.submission_id, 'm', a.at, convert_to(repeat('x', 600), 'UTF8'),
              repeat('y', 900), 'k', a.at, 0, a.leaf_index
            FROM audit_entries a JOIN log_leaves e USING (leaf_index)
        """)
        )
    async with engine.connect() as connection:
        vacuum = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await vacuum.execute(text("SET statement_timeout = 0"))
        for table in ("audit_entries", "log_leaves", "receipts"):
            await vacuum.execute(text(f"VACUUM ANALYZE {table}"))


def write_tiles(directory: Path, leaves: int) -> None:
    signer = Signer.generate("docaxis/test")
    tree = write_log(directory, [b"%020d" % index for index in range(leaves)])
    note = Checkpoint("docaxis/test", tree.size, tree.root).sign(signer)
    (directory / CHECKPOINT).write_bytes(note.to_bytes())


def questions(leaves: int, dice: random.Random) -> dict[str, Criteria]:
    """Ask one of each kind, from what nearly every leaf has to what one has."""
    number = dice.randrange(CERTIFICATES)
    document = dice.randrange(leaves // len(SENT))
    issuer = f"H{document % ORGANISATIONS}"
    day = START + timedelta(seconds=dice.randrange(leaves))
    signer, name = tuple(indexing.signer_terms(person(number))), indexing.signer_terms(person(number))[:1]
    authority = indexing.issuer_term(f"{number % AUTHORITIES:064x}")
    number_term = indexing.number_term(f"{document // ORGANISATIONS + 1}/CV-{issuer}")
    return {
        "certificate": Criteria(terms=(indexing.certificate_term(f"{number:064x}"),)),
        "serial": Criteria(terms=(indexing.serial_term(f"{number + 0x1000:x}"),)),
        "issuer": Criteria(terms=(authority,)),
        "issuer and a day": Criteria(terms=(authority,), since=day, until=day + timedelta(days=1)),
        "organisation": Criteria(terms=(indexing.organisation_term(issuer),)),
        "signer": Criteria(terms=signer),
        "family name": Criteria(terms=tuple(name)),
        "signer and verdict": Criteria(terms=signer, indication="TOTAL-FAILED"),
        "day": Criteria(since=day, until=day + timedelta(days=1)),
        "verdict": Criteria(indication="TOTAL-FAILED"),
        "type": Criteria(type="ContentConsignment"),
        "algorithm": Criteria(terms=(indexing.algorithm_term("sha1_rsa"),)),
        "algorithm and verdict": Criteria(
            terms=(indexing.algorithm_term("sha1_rsa"), authority), indication="TOTAL-FAILED"
        ),
        "document number": Criteria(of_document=(number_term,)),
        "file": Criteria(of_document=(indexing.content_term(f"{document:064x}"),)),
        "submission": Criteria(submission=uuid5(NAMES, str(document))),
        "nothing": Criteria(terms=(indexing.serial_term("dead"),)),
        "everything": Criteria(),
    }


async def ask(index: AuditIndex, files: LogFiles, criteria: Criteria) -> int:
    found = await index.search(criteria, before=BEYOND, limit=PAGE)
    opened = {one.index: one.leaf for one in await index.opened(found)}
    proofs = await asyncio.to_thread(prove_all, files, opened)
    assert proofs.keys() == found.keys()
    return len(found)


async def measure(engine: AsyncEngine, files: LogFiles, leaves: int, count: int) -> dict[str, Any]:
    index, dice = AuditIndex(engine, "docaxis/test"), random.Random(2)
    times: dict[str, list[float]] = {}
    for _ in range(count):
        for name, criteria in questions(leaves, dice).items():
            began = time.perf_counter()
            await ask(index, files, criteria)
            times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    every = [one for some in times.values() for one in some]
    by_kind = {name: round(quantiles(some, n=20)[18], 1) for name, some in times.items()}
    cuts = quantiles(every, n=100)
    return {"p50_ms": round(cuts[49], 1), "p95_ms": round(cuts[94], 1), "p99_ms": round(cuts[98], 1), "p95_of": by_kind}


async def run(directory: Path, leaves: int, count: int) -> dict[str, Any]:
    async with EmbeddedDatabase(directory / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="bench")
        began = time.perf_counter()
        await fill(engine, leaves)
        filled = time.perf_counter() - began
        await asyncio.to_thread(write_tiles, directory / "log", leaves)
        figures = await measure(engine, LogFiles(LocalDisk(directory / "log")), leaves, count)
        await engine.dispose()
    return {"leaves": leaves, "questions": count, "fill_seconds": round(filled, 1)} | figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=50, help="of each kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docaxis-bench-") as directory:
        print(json.dumps(asyncio.run(run(Path(directory), arguments.leaves, arguments.questions))))


if __name__ == "__main__":
    main()
