"""A migrated database, and a small world of members and organisations around a router."""

import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.lookup import RecordLookup
from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.bus.work import Work
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.router.envelopes import Envelopes
from docaxis.router.service import Router
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis.storage.routing import AlreadyDecided, RoutingStore
from docaxis.storage.tables.decisions import deliveries, natural_keys
from docaxis.storage.tables.intake import claims, member_records
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Action, Event, EvidenceRecord, InboxItem, Judged
from docaxis_schemas.identifiers import delivery_id, event_id, submission_id
from docaxis_signing.receipts import thumbprint
from docaxis_signing.statements import MemberSigner

SLOTS = 4
NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("pipeline") / "database") as database:
        await upgrade(database.url)
        yield database.url


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_database(database_url, application="tests")
    yield engine
    await engine.dispose()


@dataclass(slots=True)
class StandIn:
    """A member of the test's directory."""

    compromised_since: datetime | None = None


@dataclass(slots=True)
class SmallDirectory:
    """A directory small enough to be changed by a test."""

    members: dict[str, StandIn] = field(default_factory=dict)
    serves: dict[str, str] = field(default_factory=dict)

    prefix: str = ""

    def canonical(self, code: str) -> str | None:
        return self.prefix + code

    def member_of(self, code: str, at: datetime) -> str | None:
        return self.serves.get(code)


@dataclass(slots=True)
class Submission:
    """What a test handed in."""

    id: UUID
    member: str
    own_id: str
    recipients: tuple[str, ...]
    contents: tuple[str, ...]

    def delivery(self, recipient: str) -> UUID:
        return delivery_id(self.id, recipient)


@dataclass(slots=True)
class Told:
    """Records that a stage sent, decoded."""

    outgoing: tuple[Outgoing, ...]

    @property
    def events(self) -> list[Event]:
        return [decode(record.value) for record in self.outgoing]

    @property
    def items(self) -> list[InboxItem]:
        return [event for event in self.events if isinstance(event, InboxItem)]

    @property
    def evidence(self) -> list[EvidenceRecord]:
        return [event for event in self.events if isinstance(event, EvidenceRecord)]

    def news(self, name: str) -> list[dict[str, Any]]:
        bodies = [_json(item.body) for item in self.items if item.kind == "news"]
        return [body for body in bodies if body["news"] == name]

    def to(self, member: str) -> list[InboxItem]:
        return [item for item in self.items if item.member == member]

    @property
    def types(self) -> list[str]:
        return [record.type for record in self.evidence]


def _json(data: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(data)
    return value


class World:
    """Members ``s-N`` that send and ``r-N-i`` that receive; every world is a stranger to the others."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.number = next(_NUMBERS)
        self.engine = engine
        self.now = NOON
        self.sender = f"s-{self.number}"
        self.issuer = f"H{self.number:03d}"
        self.directory = SmallDirectory({self.sender: StandIn()})
        self.envelopes = Envelopes("docaxis", "test", SLOTS)
        self.store = RoutingStore(engine)
        self.broker = MemoryBroker()
        self.router = self.make_router()
        self.signers: dict[str, MemberSigner] = {}
        self._offsets = itertools.count()
        self._keys = itertools.count(1)

    def make_router(self) -> Router:
        return Router(
            self.store,
            lambda: self.directory,
            self.envelopes,
            self.clock,
            lambda at: at + timedelta(days=1),
            records=RecordLookup(MemoryBus(self.broker)),
        )

    def clock(self) -> datetime:
        return self.now

    def recipient(self, index: int) -> str:
        """Give a connected organisation's code; its member is `member`."""
        code, member = f"{self.issuer}.{index:04d}", self.member(index)
        self.directory.serves[code] = member
        self.directory.members.setdefault(member, StandIn())
        return code

    def member(self, index: int) -> str:
        return f"r-{self.number}-{index}"

    async def hand_in(
        self,
        recipients: tuple[str, ...],
        *,
        sender: str | None = None,
        number: str | None = None,
        content: str | None = None,
        enclosure: str | None = None,
        document: Mapping[str, Any] | None = None,
        role: str = "action",
        forwarded: bool = False,
    ) -> Submission:
        """Write a claim as the gateway would."""
        sender = sender or self.sender
        own_id = f"key-{next(self._keys)}"
        main = hashlib.sha256((content or f"{sender}/{own_id}").encode()).hexdigest()
        files = [{"role": "main", "name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": main}]
        if enclosure is not None:
            sha256 = hashlib.sha256(enclosure.encode()).hexdigest()
            files.append({"role": "enclosure", "name": "b.bin", "media_type": "x/y", "size": 1, "sha256": sha256})
        metadata = {
            "issuer": {"code": self.issuer},
            "type": "cong-van",
            "subject": "Về việc thử nghiệm",
            "place": "Hà Nội",
            "promulgated_on": "2026-03-04",
            "notation": "CV-TN",
            "recipients": [{"organisation": code} for code in recipients[:3]],
        }
        metadata |= ({} if number is None else {"number": number}) | dict(document or {})
        manifest = {
            "v": 1,
            "kind": "submission",
            "axis": "docaxis",
            "environment": "test",
            "member": sender,
            "id": own_id,
            "time": "2026-03-04T04:59:00.000000Z",
            "document": metadata,
            "contents": files,
            "recipients": [{"organisation": code, "role": role} for code in recipients],
            "forwarded": forwarded,
        }
        resolved = [
            {"organisation": code, "name": code, "member": self.directory.serves.get(code), "role": role}
            for code in recipients
        ]
        signer = self.signer(sender)
        found = Submission(
            submission_id(sender, own_id), sender, own_id, recipients, tuple(str(item["sha256"]) for item in files)
        )
        row = {
            "submission_id": found.id,
            "member": sender,
            "own_id": own_id,
            "manifest_digest": hashlib.sha256(canonical(manifest)).hexdigest(),
            "manifest": canonical(manifest),
            "record": signer.sign(manifest),
            "record_key": canonical(signer.public_jwk()),
            "acted_by_gateway": False,
            "resolution": canonical({"recipients": resolved, "unknown": [], "suspended": [], "merged": []}),
            "acknowledgement": "ack",
            "lane": "submitted",
            "urgency": 0,
            "directory_version": 1,
            "received_at": self.now,
            "deadline": self.now + timedelta(hours=24),
            "published_at": self.now,
        }
        async with self.engine.begin() as connection:
            await connection.execute(insert(claims).values(row))
        return found

    def signer(self, member: str) -> MemberSigner:
        return self.signers.setdefault(member, MemberSigner.generate(f"{member}-1"))

    def judged(self, submission: Submission, **changes: Any) -> Judged:
        """Make a verdict: passed and to be delivered, unless told otherwise."""
        values: dict[str, Any] = {
            "submission_id": submission.id,
            "attempt": 1,
            "member": submission.member,
            "verdict_event": event_id(submission.id, "verdict"),
            "verdict_sha256": "ab" * 32,
            "indication": "TOTAL-PASSED",
            "sub_indication": None,
            "cause": None,
            "disposition": "deliver",
            "decided_at": self.now,
        }
        return Judged(**(values | changes))

    async def act(
        self, submission: Submission, recipient: str, kind: str, *, member: str | None = None, **facts: Any
    ) -> Action:
        """Sign a hand-over or report and keep it as the gateway would."""
        member = member or self.directory.serves[recipient]
        own_id = f"act-{next(self._keys)}"
        payload = {
            "v": 1,
            "kind": kind,
            "axis": "docaxis",
            "environment": "test",
            "member": member,
            "id": own_id,
            "time": "2026-03-04T05:00:00.000000Z",
            "delivery_id": str(submission.delivery(recipient)),
        } | ({"contents": sorted(submission.contents)} if kind == "handover" else {})
        payload |= facts
        return await self._signed(submission, kind, member, own_id, payload, recipient=recipient)

    async def recall(
        self,
        submission: Submission,
        *recipients: str,
        reason: str = "Gửi nhầm nơi nhận",
        member: str | None = None,
    ) -> Action:
        """Sign a recall and keep it as the gateway would."""
        member = member or submission.member
        own_id = f"act-{next(self._keys)}"
        payload = {
            "v": 1,
            "kind": "recall",
            "axis": "docaxis",
            "environment": "test",
            "member": member,
            "id": own_id,
            "time": "2026-03-04T05:00:00.000000Z",
            "submission_id": str(submission.id),
            "reason": reason,
            "recipients": sorted(recipients),
        }
        return await self._signed(submission, "recall", member, own_id, payload, recipient=None)

    async def _signed(
        self,
        submission: Submission,
        kind: str,
        member: str,
        own_id: str,
        payload: dict[str, Any],
        *,
        recipient: str | None,
    ) -> Action:
        signer, body = self.signer(member), canonical(payload)
        signature = signer.sign(payload)
        action_id = event_id(submission.id, kind, member, own_id)
        row = {
            "member": member,
            "own_id": own_id,
            "kind": kind,
            "action_id": action_id,
            "submission_id": submission.id,
            "delivery_id": None if recipient is None else submission.delivery(recipient),
            "recipient": recipient,
            "record_digest": "d",
            "record_sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
            "record": signature,
            "record_key": canonical(signer.public_jwk()),
            "acted_by_gateway": False,
            "received_at": self.now,
        }
        async with self.engine.begin() as connection:
            await connection.execute(insert(member_records).values(row))
        return Action(action_id, submission.id, kind, member, recipient, self.now, body, signature)

    def own(self, submission: Submission, kind: str, body: dict[str, Any]) -> Action:
        """Make an action of the axis itself."""
        action_id = event_id(submission.id, kind)
        return Action(action_id, submission.id, kind, submission.member, None, self.now, canonical(body))

    def record(self, event: Event, *, offset: int | None = None) -> Received:
        """Put an event on its topic."""
        topic = "judged" if isinstance(event, Judged) else "actions"
        at = next(self._offsets) if offset is None else offset
        return Received(Partition(topic, 0), at, b"", b"", (), 0)

    async def tell(self, event: Event, *, offset: int | None = None, router: Router | None = None) -> Told:
        """Have the router handle an event."""
        outcome = await (router or self.router).handle(Work(self.record(event, offset=offset), event))
        return Told(outcome.outgoing)

    async def take(self, event: Event) -> Told:
        """Have the router handle an event as the stage does: again when its delivery has moved since it was read."""
        offset = next(self._offsets)
        while True:
            with suppress(AlreadyDecided):
                return await self.tell(event, offset=offset)

    async def deliver(self, *recipients: str, **facts: Any) -> Submission:
        """Hand in and route."""
        submission = await self.hand_in(recipients, **facts)
        await self.tell(self.judged(submission))
        return submission

    async def row(self, submission: Submission, recipient: str) -> dict[str, Any]:
        """Read a delivery from the database."""
        query = select(deliveries).where(deliveries.c.delivery_id == submission.delivery(recipient))
        async with self.engine.connect() as connection:
            return dict((await connection.execute(query)).mappings().one())

    async def holder(self, number: str) -> UUID | None:
        """Say whose a number of this world's issuer is."""
        query = select(natural_keys.c.submission_id).where(
            natural_keys.c.natural_key == f"{self.issuer} 2026 {number} CV-TN original"
        )
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def count(self, table: str, submission: Submission) -> int:
        """Count a submission's rows."""
        query = text(f"SELECT count(*) FROM {table} WHERE submission_id = :id")
        async with self.engine.connect() as connection:
            return int((await connection.execute(query, {"id": submission.id})).scalar_one())

    def key_sha256(self, member: str) -> str:
        return thumbprint(self.signer(member).public_jwk())


@pytest.fixture
def world(engine: AsyncEngine) -> World:
    return World(engine)


@pytest.fixture
def new_world(engine: AsyncEngine) -> Callable[[], World]:
    return lambda: World(engine)
