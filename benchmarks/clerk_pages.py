"""Measure the clerk's lists, registers and search with 100,000 documents of one organisation.

The tables are filled directly: 50,000 incoming and 50,000 outgoing documents of one organisation and as many of another
member beside them, each with its lines, claims and decisions; then the pages are asked over ASGI as a signed-in clerk
asks them. Run: ``python benchmarks/clerk_pages.py [--documents N]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import hashlib
import json
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.clerk import build_clerk_pages
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.ledger import Ledger
from docaxis.clerk.passwords import Passwords
from docaxis.clerk.places import place_after
from docaxis.directory.entries import Role
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.settings import Settings
from docaxis.storage.clerk_accounts import ClerkAccountStore
from docaxis.storage.clerk_documents import ClerkDocuments
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.contents import FileStoreKey
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis.storage.tables.directory import credentials, members
from docaxis_schemas.moments import system_clock
from docaxis_schemas.organisation import Organisation

MEMBER, OTHER, CODE, OTHER_CODE = "co-quan", "co-quan-khac", "H01", "H02"
BEGIN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
BATCH = 2_000
ROUNDS = 15
TOPICS = """kế hoạch triển khai chuyển đổi số quản lý đất đai giáo dục y tế đầu tư công ngân sách phòng chống thiên tai
cải cách hành chính đào tạo cán bộ giao thông xây dựng môi trường nông thôn mới an toàn thực phẩm"""
FILL = {
    "inbox_items": "event_id, member, epoch, offset, kind, submission_id, recipient, delivery_id, version, at, body",
    "claims": "submission_id, member, own_id, manifest_digest, manifest, record, record_key, acted_by_gateway, "
    "resolution, acknowledgement, lane, urgency, directory_version, received_at, deadline, decided_at",
    "decisions": "event_id, submission_id, kind, version, decided_at, body",
    "delivery_lines": "submission_id, recipient, delivery_id, state, report, version, consigned_at, changed_at",
}


def made(number: int, rng: random.Random) -> dict[str, Any]:
    """Make the metadata of a document."""
    subject = "Về việc " + " ".join(rng.choices(TOPICS.split(), k=14))
    return {
        "issuer": {"code": CODE},
        "type": "cong-van",
        "subject": subject,
        "place": "Thử Nghiệm",
        "promulgated_on": (BEGIN + timedelta(minutes=number)).date().isoformat(),
        "number": str(number),
        "notation": "UBND-VP",
    }


async def fill(engine: AsyncEngine, member: str, code: str, count: int) -> None:
    """Write incoming and outgoing documents of one member, half of each."""
    rng = random.Random(member)
    for start in range(0, count // 2, BATCH):
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in FILL}
        for number in range(start, min(start + BATCH, count // 2)):
            add(rows, member, code, number, rng)
        connection = await engine.raw_connection()
        driver: Any = connection.driver_connection
        for table, columns in FILL.items():
            names = [name.strip() for name in columns.split(",")]
            await driver.copy_records_to_table(table, records=rows[table], columns=names)
        connection.close()


def add(rows: dict[str, list[tuple[Any, ...]]], member: str, code: str, number: int, rng: random.Random) -> None:
    """Write one incoming and one outgoing document."""
    at = BEGIN + timedelta(minutes=number)
    delivery, came, went = (UUID(int=rng.getrandbits(128)) for _ in range(3))
    document = made(number, rng)
    body = {
        "document": document,
        "issuer": OTHER_CODE,
        "recipient": code,
        "role": "action",
        "verdict": {"valid": True, "indication": "TOTAL-PASSED", "disposition": "deliver", "sentence": {"vi": "Đúng"}},
        "contents": [{"role": "main", "name": "van-ban.pdf", "size": 113_000, "sha256": "0" * 64}],
    }
    answered = "03" if number % 50 else None
    event = UUID(int=rng.getrandbits(128))
    told = json.dumps(body, ensure_ascii=False).encode()
    rows["inbox_items"].append((event, member, 1, number, "delivery", came, code, delivery, 1, at, told))
    rows["delivery_lines"].append((came, code, delivery, "handed_over", answered, 3, at, at))
    manifest = json.dumps({"document": document | {"issuer": {"code": code}}}, ensure_ascii=False).encode()
    own = (went, member, str(went), "d", manifest, "r", b"k", False, b"{}", "a", "submitted", 0, 1, at, at, at)
    rows["claims"].append(own)
    verdict = (UUID(int=rng.getrandbits(128)), went, "verdict", 1, at, b'{"disposition": "deliver"}')
    rows["decisions"].append(verdict)
    for recipient in (OTHER_CODE, "H03"):
        rows["delivery_lines"].append((went, recipient, None, "consigned", None, 1, at, at))


async def measured(client: httpx.AsyncClient, address: str) -> dict[str, float]:
    """Ask again and again and give milliseconds, the first (cold) one on its own."""
    taken, rows = [], 0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        answer = await client.get(address)
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{address}: {answer.status_code}")
        rows = max(answer.text.count("<tr") - 1, 0)
    figures = {"first_ms": taken[0], "median_ms": median(taken), "worst_ms": max(taken)}
    return {name: round(value, 1) for name, value in figures.items()} | {"rows": rows}


def snapshot() -> DirectorySnapshot:
    """Give the directory of two members."""
    since = BEGIN.date().replace(year=2020)
    bodies = [
        Organisation(CODE, "Tỉnh Thử Nghiệm", 1, since, member=MEMBER),
        Organisation(OTHER_CODE, "Tỉnh Mô Phỏng", 1, since, member=OTHER),
    ]
    return DirectorySnapshot(1, OrganisationIndex.of(bodies))


def addresses(count: int) -> dict[str, str]:
    """Give what is asked for; places in the middle and at the end of lists among it."""
    middle = place_after(BEGIN + timedelta(minutes=count // 4), UUID(int=0))
    last = place_after(BEGIN + timedelta(minutes=60), UUID(int=0))
    return {
        "inbox": "/inbox",
        "inbox_waiting": "/inbox?waiting=1",
        "inbox_last_page": f"/inbox?after={quote(last)}",
        "outbox": "/outbox",
        "outbox_middle": f"/outbox?after={quote(middle)}",
        "register_incoming": "/registers/incoming?year=2026",
        "register_outgoing": "/registers/outgoing?year=2026",
        "register_outgoing_oldest": "/registers/outgoing?year=2026&before=101",
        "print_of_1000": "/registers/outgoing/print?year=2026",
        "search_common_words": "/search?q=dat+dai",
        "search_three_words": "/search?q=giao+duc+y+te",
        "search_number": f"/search?q={count // 4}/ubnd",
        "search_nothing": "/search?q=khong-co-tu-nay",
        "search_days": "/search?q=dat&from=2026-01-05&to=2026-01-07",
    }


async def pages(engine: AsyncEngine, count: int) -> dict[str, Any]:
    """Ask the pages themselves, as a signed-in clerk, without a network between."""
    key = FileStoreKey(bytes(32))
    clerk = NewClerk("vanthu", "Văn thư TEST", "mật khẩu", "dax_benchmark", MEMBER, (CODE,))
    async with engine.begin() as connection:
        credential = {
            "credential_id": UUID(int=1),
            "secret_sha256": hashlib.sha256(clerk.credential.encode()).digest(),
            "member": MEMBER,
            "organisations": [CODE],
            "role": Role.CLERK.value,
            "holder": clerk.name,
            "valid_from": BEGIN,
            "expires_at": BEGIN.replace(year=2036),
        }
        await connection.execute(insert(credentials).values(credential))
    await enrol(ClerkAccountStore(engine), key, Passwords(), clerk, at=BEGIN)
    served = build_clerk_pages(
        Settings(), engine=engine, directory=snapshot, key=key, gateway="http://127.0.0.1:9", clock=system_clock
    )
    found: dict[str, Any] = {}
    transport = httpx.ASGITransport(served.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://pages", timeout=60) as client:
        await client.post("/sign-in", data={"name": clerk.name, "password": clerk.password})
        for name, address in addresses(count).items():
            found[name] = await measured(client, address)
    await served.visitors.close()
    return found


async def run(count: int) -> dict[str, Any]:
    """Fill, catch up, measure."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedDatabase(Path(folder) / "database") as database:
            await upgrade(database.url)
            engine = open_database(database.url, application="bench")
            async with engine.begin() as connection:
                for member in (MEMBER, OTHER):
                    await connection.execute(
                        insert(members).values(member=member, name=member, state="active", registered_at=BEGIN)
                    )
            for member, code in ((MEMBER, CODE), (OTHER, OTHER_CODE)):
                await fill(engine, member, code, count)
            ledger = Ledger(ClerkDocuments(engine), ClerkRegisters(engine), snapshot, lambda: datetime.now(UTC))
            begun, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
            for member in (MEMBER, OTHER):
                await ledger.catch_up(member, batches=1_000)
            caught_up = {
                "seconds": round(time.perf_counter() - begun, 1),
                "cpu_seconds": round(resource.getrusage(resource.RUSAGE_SELF).ru_utime - cpu, 1),
                "documents": 2 * count,
            }
            async with engine.connect() as connection:
                numbering = text("""
                    UPDATE clerk_documents d SET year = 2026, register_number = n.number FROM (
                      SELECT document_id, row_number() OVER (PARTITION BY member ORDER BY at, document_id) AS number
                      FROM clerk_documents WHERE register = 'incoming') n
                    WHERE d.register = 'incoming' AND d.document_id = n.document_id
                """)
                await connection.execute(numbering)
                await connection.commit()
                options = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await options.execute(text("VACUUM ANALYZE"))
            result = {"documents": count, "catching_up": caught_up, "pages": await pages(engine, count)}
            await engine.dispose()
    return result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    print(json.dumps(asyncio.run(run(parser.parse_args().documents))))


if __name__ == "__main__":
    main()
