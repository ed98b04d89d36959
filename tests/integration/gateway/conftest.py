"""A gateway on a real PostgreSQL and a real directory of contents; the bus is the one in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from auditlog import AuditedLog
from docaxis.bus.memory import MemoryBroker
from docaxis.bus.port import Outgoing, Partition, UnavailableBus
from docaxis.client.auditing import AuditClient
from docaxis.client.connection import Connection, Patience
from docaxis.directory import DirectoryRepository
from docaxis.directory.entries import Role
from docaxis.directory.organisation_list import write_list
from docaxis.directory.signed_list import sign_list
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.gateway import Gateway, build_gateway
from docaxis.gateway.limits import Limits
from docaxis.gateway.signing import GatewayKeys
from docaxis.settings import Settings
from docaxis.storage.contents import ContentStore, FileStoreKey
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.database import open_database
from docaxis.storage.migrate import all_tables, upgrade
from docaxis.storage.tables import directory as directory_tables
from docaxis.storage.tables.decisions import decisions, deliveries
from docaxis.storage.tables.intake import claims, contents
from docaxis.storage.tables.readmodels import inbox_items
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.events import Event
from docaxis_schemas.identifiers import delivery_id, event_id
from docaxis_schemas.organisation import Organisation
from docaxis_schemas.submission import (
    Addressee,
    ContentEntry,
    FileRole,
    HandoverRecord,
    Heading,
    Kind,
    Manifest,
    RecallRecord,
    ReportRecord,
)
from docaxis_schemas.topics import SLOTTED
from docaxis_signing.statements import MemberSigner

AXIS, ENVIRONMENT, SLOTS = "truc-test", "test", 2
SINCE = date(2020, 1, 1)
SENDER, RECIPIENT, OTHER, SUSPENDED = "so-noi-vu", "bo-mau", "xa-mot", "xa-tam-dung"
ORGANISATIONS = (
    Organisation("H20", "Tỉnh Thử Nghiệm", 1, SINCE, member=OTHER),
    Organisation("H20.14", "Sở Nội vụ tỉnh Thử Nghiệm", 2, SINCE, "000.00.14.H20", "H20", SENDER, groups=("so",)),
    Organisation("H20.15", "Sở Cũ", 2, SINCE, None, "H20", None, date(2025, 6, 30), "H20.14"),
    Organisation("G99", "Bộ Mẫu", 1, SINCE, "000.00.00.G99", member=RECIPIENT),
    Organisation("G99.01", "Cục Một, Bộ Mẫu", 2, SINCE, None, "G99", RECIPIENT),
    Organisation("H20.20", "Xã Một", 3, SINCE, None, "H20", OTHER, groups=("xa",)),
    Organisation("H20.21", "Xã Tạm Dừng", 3, SINCE, None, "H20", SUSPENDED, groups=("xa",)),
    Organisation("H20.22", "Xã Đã Nhập", 3, SINCE, None, "H20", OTHER, date(2025, 6, 30), "H20.20"),
)
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MEMBERS = (SENDER, RECIPIENT, OTHER, SUSPENDED)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass
class Time:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Publisher:
    """The bus in memory, which can be taken away."""

    broker: MemoryBroker
    away: bool = False
    published: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        if self.away:
            raise UnavailableBus("taken away by the test")
        await self.broker.append(outgoing, transaction=False)
        self.published.set()

    def events(self, topic: str) -> list[Event]:
        return [
            decode(record.value) for number in range(SLOTS) for record in self.broker.records(Partition(topic, number))
        ]


def a_pdf() -> bytes:
    """Give bytes that pass for a PDF at the gateway and are like no others."""
    return PDF + f"%{uuid4()}\n".encode()


@dataclass(frozen=True)
class Written:
    """A manifest with its files, ready to be sent in any wrong way."""

    payload: dict[str, Any]
    files: dict[str, bytes]

    @property
    def own_id(self) -> str:
        return str(self.payload["id"])


@dataclass
class World:
    """Everything a test of the gateway uses."""

    engine: AsyncEngine
    repository: DirectoryRepository
    store: ContentStore
    place: Path
    publisher: Publisher
    gateway: Gateway
    client: httpx.AsyncClient
    time: Time
    signers: Mapping[str, MemberSigner]
    secrets: Mapping[str, str]
    settings: Settings
    numbers: list[int] = field(default_factory=lambda: [0])

    def heading(self, kind: Kind, member: str, own_id: str | None = None) -> Heading:
        return Heading(kind, AXIS, ENVIRONMENT, member, own_id or str(uuid4()), self.time())

    def document(self, **changes: Any) -> dict[str, Any]:
        self.numbers[0] += 1
        return {
            "issuer": {"code": "H20.14"},
            "type": "cong-van",
            "subject": "V/v thử nghiệm trục liên thông",
            "place": "Thử Nghiệm",
            "promulgated_on": "2026-01-15",
            "number": str(self.numbers[0]),
            "notation": f"SNV-{uuid4().hex[:6]}",
            "recipients": [{"organisation": "G99", "role": "action"}],
        } | changes

    def write(
        self,
        *files: tuple[FileRole, str, str, bytes],
        document: Mapping[str, Any] | None = None,
        recipients: Sequence[str] = ("G99",),
        member: str = SENDER,
        own_id: str | None = None,
        forwarded: bool = False,
    ) -> Written:
        given = files or ((FileRole.MAIN, "công văn.pdf", "application/pdf", a_pdf()),)
        entries = tuple(ContentEntry(role, name, kind, len(body), sha256(body)) for role, name, kind, body in given)
        addressees = tuple(
            Addressee(None, name.removeprefix("group:"), "action")
            if name.startswith("group:")
            else Addressee(name, None, "action")
            for name in recipients
        )
        heading = self.heading(Kind.SUBMISSION, member, own_id)
        manifest = Manifest(heading, dict(document or self.document()), entries, addressees, forwarded)
        return Written(manifest.to_json(), {sha256(body): body for _, _, _, body in given})

    async def send(
        self,
        written: Written,
        *,
        signer: MemberSigner | None = None,
        token: str | None = None,
        credential: str = SENDER,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        media_type: str = "application/jose",
    ) -> httpx.Response:
        sealed = token or (signer or self.signers[str(written.payload["member"])]).sign(written.payload)
        parts: list[tuple[str, Any]] = [("manifest", (None, sealed.encode(), media_type))]
        parts += [(name, (name, body)) for name, body in (written.files if files is None else files).items()]
        return await self.client.post(
            "/v1/submissions",
            files=parts,
            headers={"Idempotency-Key": written.own_id} | self.bearer(credential) | dict(headers or {}),
        )

    def bearer(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets.get(who, who)}"}

    async def get(self, path: str, who: str = SENDER, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=self.bearer(who) | headers)

    async def act(
        self, record: HandoverRecord | ReportRecord | RecallRecord, *, who: str | None = None
    ) -> httpx.Response:
        member = record.heading.member
        if isinstance(record, RecallRecord):
            path = f"/v1/submissions/{record.submission_id}/recalls"
        else:
            what = "handover" if isinstance(record, HandoverRecord) else "reports"
            path = f"/v1/deliveries/{record.delivery_id}/{what}"
        return await self.client.post(
            path,
            content=self.signers[member].sign(record.to_json()),
            headers=self.bearer(who or member) | {"Content-Type": "application/jose"},
        )

    async def count(self, table: Any) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def nothing_was_taken(self) -> None:
        """Assert that there is neither claim nor record nor pinned content, and that the bus is empty."""
        assert await self.count(claims) == 0
        async with self.engine.connect() as connection:
            pinned = await connection.execute(select(func.count()).where(contents.c.pinned))
            assert pinned.scalar_one() == 0
        assert [event for topic in SLOTTED for event in self.publisher.events(topic)] == []

    async def deliver(self, written: Written, submission: UUID, recipient: str, member: str) -> UUID:
        """Do what router and projector do with a submission that was judged well, as far as the gateway sees it."""
        name = delivery_id(submission, recipient)
        at = self.time()
        body = {"contents": written.payload["contents"], "document": written.payload["document"], "sender": SENDER}
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(deliveries).values(
                    delivery_id=name,
                    submission_id=submission,
                    recipient=recipient,
                    member=member,
                    sender=SENDER,
                    role="action",
                    state="consigned",
                    version=1,
                    contents_sha256=contents_digest(item["sha256"] for item in written.payload["contents"]),
                    standing=True,
                    answers_repeats=True,
                    consigned_at=at,
                )
            )
            place = select(func.coalesce(func.max(inbox_items.c.offset) + 1, 0)).where(inbox_items.c.member == member)
            await connection.execute(
                insert(inbox_items).values(
                    event_id=uuid4(),
                    member=member,
                    epoch=0,
                    offset=place.scalar_subquery(),
                    kind="delivery",
                    submission_id=submission,
                    recipient=recipient,
                    delivery_id=name,
                    version=1,
                    at=at,
                    body=canonical(body),
                )
            )
            await connection.execute(text("SELECT pg_notify('docaxis_inbox', :member)"), {"member": member})
        return name

    async def route(self, submission: UUID) -> None:
        """Decide a route, as far as the gateway sees it."""
        await self._decide(event_id(submission, "route"), submission, "route", {})

    async def judge(self, submission: UUID, **verdict: Any) -> None:
        """Do what verifier and router do when they decide, as far as the gateway sees it."""
        body = {"indication": "TOTAL-PASSED", "disposition": "deliver"} | verdict
        await self._decide(event_id(submission, "verdict"), submission, "verdict", body)
        async with self.engine.begin() as connection:
            await connection.execute(
                update(claims).where(claims.c.submission_id == submission).values(decided_at=self.time())
            )

    async def _decide(self, event: UUID, submission: UUID, kind: str, body: Mapping[str, Any]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(decisions).values(
                    event_id=event,
                    submission_id=submission,
                    kind=kind,
                    version=1,
                    decided_at=self.time(),
                    body=canonical(dict(body)),
                )
            )


@pytest.fixture(scope="session")
async def gateway_engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("gateway-database")) as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="test")
        async with engine.begin() as connection:
            await connection.execute(text("ALTER ROLE CURRENT_USER SET synchronous_commit = off"))
        await engine.dispose()
        yield engine
        await engine.dispose()


@dataclass(frozen=True)
class Registered:
    """The directory as every test finds it."""

    signers: Mapping[str, MemberSigner]
    secrets: Mapping[str, str]


async def register(repository: DirectoryRepository, now: datetime) -> Registered:
    keeper = Ed25519PrivateKey.generate()
    data = write_list(ORGANISATIONS)
    signature = sign_list(data, key=keeper, key_id="keeper", serial=1, signed_at=now)
    await repository.load_signed_csv(data, signature, keys={"keeper": keeper.public_key()})
    signers = {member: MemberSigner.generate(f"{member}-1") for member in MEMBERS}
    secrets: dict[str, str] = {}
    expires = now + timedelta(days=365)
    for member in MEMBERS:
        await repository.register_member(member, f"Hệ thống {member}", by="test")
        await repository.add_member_key(
            member, signers[member].public_jwk(), by="test", valid_from=now - timedelta(days=30)
        )
        own = [entry.code for entry in ORGANISATIONS if entry.member == member and entry.valid_to is None]
        secrets[member] = (
            await repository.issue_credential(
                role=Role.MEMBER_SYSTEM, holder="hệ thống", expires_at=expires, member=member, organisations=own
            )
        )[1]
        secrets[f"part of {member}"] = (
            await repository.issue_credential(
                role=Role.MEMBER_SYSTEM, holder="phân hệ", expires_at=expires, member=member, organisations=own[:1]
            )
        )[1]
        secrets[f"clerk of {member}"] = (
            await repository.issue_credential(
                role=Role.CLERK, holder="văn thư", expires_at=expires, member=member, organisations=own[:1]
            )
        )[1]
    await repository.suspend_member(SUSPENDED, by="test")
    for role in (Role.OPERATOR, Role.AUDITOR):
        issued = await repository.issue_credential(role=role, holder="vận hành", expires_at=expires)
        secrets[role.value] = issued[1]
    return Registered(signers, secrets)


@pytest.fixture(scope="session")
async def registered(gateway_engine: AsyncEngine) -> Registered:
    now = datetime.now(UTC) - timedelta(minutes=1)  # a test's clock begins with a whole second
    return await register(DirectoryRepository(gateway_engine, clock=lambda: now), now)


@pytest.fixture
async def world(gateway_engine: AsyncEngine, registered: Registered, tmp_path: Path) -> AsyncIterator[World]:
    async with gateway_engine.begin() as connection:
        for table in reversed(all_tables().sorted_tables):  # some rows each: TRUNCATE would make and sync new files
            if getattr(directory_tables, table.name, None) is not table:
                await connection.execute(delete(table))
    time = Time(datetime.now(UTC).replace(microsecond=0))
    repository = DirectoryRepository(gateway_engine, clock=time)
    broker = MemoryBroker(time)
    for topic in SLOTTED:
        broker.create_topic(topic, SLOTS)
    publisher = Publisher(broker)
    log = {"directory": str(tmp_path / "log")}
    settings = Settings.model_validate({"axis": AXIS, "environment": ENVIRONMENT, "bus": {"slots": SLOTS}, "log": log})
    store = ContentStore(
        gateway_engine,
        DirectoryStore(tmp_path / "contents"),
        FileStoreKey(b"k" * 32),
        clock=time,
        lease=timedelta(hours=24),
    )
    gateway = build_gateway(
        settings,
        engine=gateway_engine,
        repository=repository,
        contents=store,
        publisher=publisher,
        keys=GatewayKeys.in_memory(),
        limits=Limits(pdf=100 * 1024**2, file=2 * 1024**3, minimum_rate=16 * 1024, grace=0.3),
        clock=time,
    )
    gateway.start_background()
    transport = httpx.ASGITransport(app=gateway.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield World(
            gateway_engine,
            repository,
            store,
            tmp_path / "contents",
            publisher,
            gateway,
            client,
            time,
            registered.signers,
            registered.secrets,
            settings,
        )
    await gateway.stop()
    store.close()


@pytest.fixture
def log(world: Any) -> AuditedLog:
    settings = world.settings
    return AuditedLog(
        world.engine, settings.log.directory, settings.axis, settings.environment, world.time, settings.bus.slots
    )


@pytest.fixture
async def auditor(world: Any) -> AsyncIterator[AuditClient]:
    url = await world.gateway.start()
    connection = Connection(url, world.secrets["auditor"], patience=Patience(seconds=0))
    yield AuditClient(connection)
    await connection.close()
