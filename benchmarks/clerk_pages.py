"""Measure the clerk's pages with 100,000 documents of one organisation.

The tables are filled directly: 50,000 incoming and 50,000 outgoing documents of one organisation and as many of another
member beside them, each with its lines, claims and decisions; then lists, registers, search, deadlines, drafts and
accounts are asked over ASGI as a signed-in clerk asks them, and ask a gateway on loopback where they ask one.
Run: ``python benchmarks/clerk_pages.py [--documents N]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.clerk import build_clerk_pages
from docaxis.clerk.enrolling import NewClerk, enrol
from docaxis.clerk.ledger import Ledger
from docaxis.clerk.passwords import Passwords
from docaxis.clerk.places import place_after
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.directory.organisation_list import write_list
from docaxis.directory.organisations import OrganisationIndex
from docaxis.directory.signed_list import sign_list
from docaxis.directory.snapshot import DirectorySnapshot
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.gateway import build_gateway
from docaxis.gateway.signing import GatewayKeys
from docaxis.settings import Settings
from docaxis.storage.clerk_accounts import ClerkAccount, ClerkAccountStore, ClerkRole
from docaxis.storage.clerk_documents import ClerkDocuments
from docaxis.storage.clerk_registers import ClerkRegisters
from docaxis.storage.contents import ContentStore, FileStoreKey
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis.storage.tables.directory import credentials
from docaxis_schemas.moments import system_clock
from docaxis_schemas.organisation import Organisation

MEMBER, OTHER, CODE, OTHER_CODE = "co-quan", "co-quan-khac", "H01", "H02"
BEGIN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
BATCH = 2_000
DRAFTS, ACCOUNTS = 48, 300
"""Drafts of the one person, of whom nobody has more than 50, and people of the organisation."""
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
    to = [{"organisation": recipient, "role": "action"} for recipient in (OTHER_CODE, "H03")]
    sent = {
        "document": document | {"issuer": {"code": code}},
        "contents": body["contents"],
        "recipients": to,
        "forwarded": False,
    }
    manifest = json.dumps(sent, ensure_ascii=False).encode()
    resolved = [one | {"member": OTHER, "asked": one["organisation"], "via": ""} for one in to]
    resolution = json.dumps({"recipients": resolved}).encode()
    own = (went, member, str(went), "d", manifest, "r", b"k", False, resolution, "a", "submitted", 0, 1, at, at, at)
    rows["claims"].append(own)
    verdict = (UUID(int=rng.getrandbits(128)), went, "verdict", 1, at, b'{"disposition": "deliver"}')
    rows["decisions"].append(verdict)
    for one in to:
        rows["delivery_lines"].append((went, one["organisation"], None, "consigned", None, 1, at, at))


async def measured(client: httpx.AsyncClient, address: str) -> dict[str, float]:
    """Ask again and again and give milliseconds, the first (cold) one on its own; CPU without the database's."""
    taken, spent, rows = [], [], 0
    for _ in range(ROUNDS):
        begun, cpu = time.perf_counter(), time.process_time()
        answer = await client.get(address)
        taken.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{address}: {answer.status_code}")
        rows = max(answer.text.count("<tr") - 1, 0)
    figures = {"first_ms": taken[0], "median_ms": median(taken), "worst_ms": max(taken), "cpu_ms": median(spent)}
    return {name: round(value, 1) for name, value in figures.items()} | {"rows": rows}


SINCE = date(2020, 1, 1)
BODIES = [
    Organisation(CODE, "Tỉnh Thử Nghiệm", 1, SINCE, member=MEMBER),
    Organisation(OTHER_CODE, "Tỉnh Mô Phỏng", 1, SINCE, member=OTHER),
]


def snapshot() -> DirectorySnapshot:
    """Give the directory of two members."""
    return DirectorySnapshot(1, OrganisationIndex.of(BODIES))


async def load_directory(engine: AsyncEngine) -> None:
    """Load it, and the two members, into the database, where the gateway reads them."""
    keeper, data, repository = Ed25519PrivateKey.generate(), write_list(BODIES), DirectoryRepository(engine)
    signature = sign_list(data, key=keeper, key_id="keeper", serial=1, signed_at=system_clock())
    await repository.load_signed_csv(data, signature, keys={"keeper": keeper.public_key()})
    for member in (MEMBER, OTHER):
        await repository.register_member(member, member, by="bench")


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
        "deadlines": "/deadlines",
        "deadlines_kept": "/deadlines/kept?month=2026-02",
        "reconcile_asked": "/reconcile",
        "accounts": "/accounts",
        "drafts": "/drafts",
    }


async def begun(client: httpx.AsyncClient) -> dict[str, str]:
    """Begin drafts of all kinds, as a clerk does, and give where their pages are."""
    shown = await client.get("/outbox")
    newest = re.findall(r'href="(/outbox/[0-9a-f-]{36})"', shown.text)[0]
    [token] = set(re.findall(r'name="form_token" value="([^"]+)"', shown.text))
    places = {}
    for name, address in (("sending", "/send"), ("update", f"{newest}/update"), ("replace", f"{newest}/replace")):
        for _ in range(DRAFTS // 3):
            answer = await client.post(address, data={"form_token": token})
        places[name] = answer.headers["Location"].removesuffix("/document")
    return {
        "submission": newest,
        "sending_document": f"{places['sending']}/document",
        "sending_recipients": f"{places['sending']}/recipients",
        "update_document": f"{places['update']}/document",
        "update_check": f"{places['update']}/check",
        "replace_which": f"{places['replace']}/replaced",
        "replace_which_searched": f"{places['replace']}/replaced?q=dat+dai",
    }


async def pages(engine: AsyncEngine, count: int) -> dict[str, Any]:
    """Ask the pages themselves, as a signed-in clerk, without a network between."""
    key = FileStoreKey(bytes(32))
    roles = frozenset({ClerkRole.CLERK, ClerkRole.ADMINISTRATOR})
    clerk = NewClerk("vanthu", "Văn thư TEST", "mật khẩu", "dax_benchmark", MEMBER, (CODE,), roles)
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
    accounts = ClerkAccountStore(engine)
    await enrol(accounts, key, Passwords(), clerk, at=BEGIN)
    for number in range(ACCOUNTS):
        name = f"nguoi-{number}"
        one = ClerkAccount(UUID(int=number), name, name, MEMBER, (CODE,), frozenset({ClerkRole.CLERK}), "", b"")
        await accounts.add(one, at=BEGIN)
    found: dict[str, Any] = {}
    async with gateway(engine) as url:
        served = build_clerk_pages(
            Settings(), engine=engine, directory=snapshot, key=key, gateway=url, clock=system_clock
        )
        transport = httpx.ASGITransport(served.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://pages", timeout=60) as client:
            await client.post("/sign-in", data={"name": clerk.name, "password": clerk.password})
            for name, address in ((await begun(client)) | addresses(count)).items():
                found[name] = await measured(client, address)
        await served.visitors.close()
    return found


@asynccontextmanager
async def gateway(engine: AsyncEngine) -> AsyncIterator[str]:
    """Serve a gateway over the same database, whose records nobody takes; give its address."""
    with tempfile.TemporaryDirectory() as folder:
        place, key = DirectoryStore(Path(folder)), FileStoreKey(bytes(32))
        store = ContentStore(engine, place, key, clock=system_clock, lease=timedelta(hours=1))
        async with MemoryBus(MemoryBroker()).publisher() as publisher:
            served = build_gateway(
                Settings(),
                engine=engine,
                repository=DirectoryRepository(engine),
                contents=store,
                publisher=publisher,
                keys=GatewayKeys.in_memory(),
            )
            yield await served.start()
            await served.stop()
        store.close()


async def run(count: int) -> dict[str, Any]:
    """Fill, catch up, measure."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedDatabase(Path(folder) / "database") as database:
            await upgrade(database.url)
            engine = open_database(database.url, application="bench")
            await load_directory(engine)
            for member, code in ((MEMBER, CODE), (OTHER, OTHER_CODE)):
                await fill(engine, member, code, count)
            async with engine.connect() as connection:
                options = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await options.execute(text("ANALYZE"))  # a database that grew over months has its statistics
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
