"""Measure how fast the connector catches up packets that wait in its folder and in the inbox, beside the SDK alone.

The gateway runs in a process of its own on a real socket, with a real PostgreSQL, the directory store and records kept
in memory, so it takes documents faster than a whole axis would. The SDK sends as many documents, as many at a time, as
the connector does, from files that lie ready; then the connector sends packets of the same size from ``out/``. What was
sent is put into the inbox directly, fetched and signed for by the SDK, and by the connector.
Run: ``python benchmarks/connector.py [--packets N] [--connector-alone]``. Prints one JSON object as its last line.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.client import AxisClient, OutgoingFile, load_profile
from docaxis.connector import Connector
from docaxis.connector.carrying import AT_ONCE
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
from docaxis_schemas.document import DocumentMetadata, Issuer, Recipient
from docaxis_schemas.document_types import DocumentType
from docaxis_schemas.edxml import OutgoingAttachment, write_document
from docaxis_schemas.moments import system_clock
from docaxis_schemas.organisation import Organisation
from docaxis_schemas.submission import ContentEntry, FileRole
from docaxis_schemas.topics import ACTIONS, LANES
from docaxis_signing.statements import MemberSigner

AXIS, ENVIRONMENT, SLOTS = "docaxis-bench", "test", 4
SENDER, RECIPIENT = ("co-quan", "H01"), ("co-quan-khac", "H02")
SIZE: Final = 113_000
"""Bytes of a document, as in the other measurements."""
FILLER: Final = hashlib.shake_256(b"a document").digest(SIZE)
DOCUMENT: Final = DocumentMetadata(
    issuer=Issuer(SENDER[1]),
    type=DocumentType.CONG_VAN,
    subject="V/v đo tốc độ",
    place="Thử Nghiệm",
    promulgated_on=date(2026, 1, 5),
    recipients=(Recipient(RECIPIENT[1]),),
    notation="UBND-VP",
)
DELIVER = """
    WITH found AS (
        SELECT submission_id, member, convert_from(manifest, 'UTF8')::jsonb AS manifest,
          row_number() OVER (ORDER BY received_at, submission_id) AS number
        FROM claims WHERE own_id LIKE :own
    ), delivered AS (
        INSERT INTO deliveries (delivery_id, submission_id, recipient, member, sender, role, state, version,
          contents_sha256, standing, answers_repeats, consigned_at)
        SELECT gen_random_uuid(), submission_id, :code, :member, member, 'action', 'consigned', 1,
          encode(sha256(convert_to(
            '["' || (manifest->'contents'->0->>'sha256') || '"]', 'UTF8')), 'hex'), true, false, now() FROM found
        RETURNING delivery_id, submission_id
    )
    INSERT INTO inbox_items (event_id, member, epoch, "offset", kind, submission_id, recipient, delivery_id, version,
      at, body)
    SELECT gen_random_uuid(), :member, 1, :first + number, 'delivery', submission_id, :code, delivery_id, 1, now(),
      convert_to(jsonb_build_object('document', manifest->'document', 'contents', manifest->'contents',
        'issuer', CAST(:sender AS text), 'recipient', CAST(:code AS text), 'role', 'action',
        'verdict', '{"indication": "TOTAL-PASSED", "disposition": "deliver"}'::jsonb)::text, 'UTF8')
    FROM found JOIN delivered USING (submission_id)
"""


async def enrol(repository: DirectoryRepository, place: Path) -> None:
    """Make the two members, each with a profile but for the address."""
    keeper, founded = Ed25519PrivateKey.generate(), date(2020, 1, 1)
    parties = (SENDER, RECIPIENT)
    data = write_list([Organisation(code, code, 1, founded, member=member) for member, code in parties])
    signature = sign_list(data, key=keeper, key_id="keeper", serial=1, signed_at=system_clock())
    await repository.load_signed_csv(data, signature, keys={"keeper": keeper.public_key()})
    for member, code in parties:
        signer = MemberSigner.generate(f"{member}-key")
        await repository.register_member(member, member, by="bench")
        await repository.add_member_key(member, signer.public_jwk(), by="bench")
        expires = system_clock() + timedelta(days=1)
        issued = await repository.issue_credential(
            role=Role.MEMBER_SYSTEM, holder=member, expires_at=expires, member=member, organisations=[code]
        )
        (place / f"{member}.jwk").write_text(json.dumps(signer.private_jwk()), "utf-8")
        (place / f"{member}.secret").write_text(str(issued[1]), "utf-8")


async def _serve(database: str, place: Path, pipe: Connection) -> None:
    engine = open_database(database, application="gateway")
    repository = DirectoryRepository(engine)
    await enrol(repository, place)
    broker = MemoryBroker()
    for topic in (*LANES, ACTIONS):
        broker.create_topic(topic, SLOTS)
    store = ContentStore(
        engine,
        open_sealed_store((place / "contents").as_uri()),
        FileStoreKey(b"k" * 32),
        clock=system_clock,
        lease=timedelta(hours=1),
    )
    settings = Settings.model_validate({"axis": AXIS, "environment": ENVIRONMENT, "bus": {"slots": SLOTS}})
    async with MemoryBus(broker).publisher() as publisher:
        gateway = build_gateway(
            settings,
            engine=engine,
            repository=repository,
            contents=store,
            publisher=publisher,
            keys=GatewayKeys.in_memory(),
        )
        pipe.send(await gateway.start())
        while await asyncio.to_thread(pipe.recv) != "stop":
            pipe.send(time.process_time())
        await gateway.stop()
    store.close()
    await engine.dispose()


def _process(database: str, place: Path, pipe: Connection) -> None:
    asyncio.run(_serve(database, place, pipe))


class Bench:
    """Sends and takes, by the SDK and by the connector, and meters each."""

    def __init__(
        self, engine: AsyncEngine, place: Path, url: str, gateway_cpu: Callable[[], float], count: int
    ) -> None:
        self._engine, self._place, self._url, self._gateway_cpu, self._count = engine, place, url, gateway_cpu, count
        self._profiles = {member: self._profile(member, code) for member, code in (SENDER, RECIPIENT)}
        self.figures: dict[str, Any] = {"packets": count, "document_bytes": SIZE}

    def _profile(self, member: str, code: str) -> Path:
        path = self._place / f"{member}.toml"
        path.write_text(
            f'url = "{self._url}"\nmember = "{member}"\naxis = "{AXIS}"\nenvironment = "{ENVIRONMENT}"\n'
            f'credential_file = "{member}.secret"\nsigning_key = "{member}.jwk"\n',
            "utf-8",
        )
        return path

    def _client(self, member: str) -> AxisClient:
        return load_profile(self._profiles[member]).connect()

    async def metered(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """Do the work on everything that waits and keep its rate and what it cost a document."""
        begun, cpu, gateway = time.perf_counter(), time.process_time(), self._gateway_cpu()
        done = await work()
        seconds = time.perf_counter() - begun
        if done != self._count:
            raise RuntimeError(f"{name}: {done} of {self._count}")
        self.figures[name] = {
            "per_second": round(done / seconds, 1),
            "client_cpu_ms": round((time.process_time() - cpu) * 1000 / done, 2),
            "gateway_cpu_ms": round((self._gateway_cpu() - gateway) * 1000 / done, 2),
            "load": round(os.getloadavg()[0], 1),
        }

    async def run(self, *, connector_alone: bool) -> dict[str, Any]:
        """Go through all four, or the two of the connector."""
        folder = self._place / "folder"
        (folder / "out").mkdir(parents=True)
        for document, path, entry in self._documents("connector", self._count):
            packet = write_document(document, [OutgoingAttachment(entry, _reader(path))], now=datetime.now(UTC))
            (folder / "out" / f"{document.number}.edxml").write_bytes(b"".join(packet))
        if not connector_alone:
            await self._by_sdk()
        sender = Connector(folder, load_profile(self._profiles[SENDER[0]]))
        await self.metered("connector_sends", lambda: _settled(sender))
        await self._deliver("edxml:%", self._count)
        receiver = Connector(self._place / "receiver", load_profile(self._profiles[RECIPIENT[0]]))
        await self._forget()
        await self.metered("connector_takes", lambda: _deliveries(receiver))
        return self.figures

    async def _by_sdk(self) -> None:
        documents = list(self._documents("sdk", 0))
        await self.metered("sdk_sends", lambda: self._send(documents))
        await self._deliver("sdk-%", 0)
        await self.metered("sdk_takes", self._take)

    def _documents(self, name: str, first: int) -> Iterator[tuple[DocumentMetadata, Path, ContentEntry]]:
        place = self._place / name
        place.mkdir()
        for number in range(first, first + self._count):
            data = b"%PDF-1.7\n% " + str(number).encode() + b"\n" + FILLER
            path = place / f"{number}.pdf"
            path.write_bytes(data)
            entry = ContentEntry(
                FileRole.MAIN, path.name, "application/pdf", len(data), hashlib.sha256(data).hexdigest()
            )
            yield replace(DOCUMENT, number=str(number + 1)), path, entry

    async def _send(self, documents: list[tuple[DocumentMetadata, Path, ContentEntry]]) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(document: DocumentMetadata, path: Path) -> None:
            async with gate:
                await axis.send(document, [OutgoingFile(path)], own_id=f"sdk-{document.number}")

        async with self._client(SENDER[0]) as axis, asyncio.TaskGroup() as group:
            for document, path, _ in documents:
                group.create_task(one(document, path))
        return len(documents)

    async def _take(self) -> int:
        place, done = self._place / "taken", 0
        async with self._client(RECIPIENT[0]) as axis:
            async for delivery in axis.inbox(follow=False):
                async with delivery:
                    await delivery.save(place / str(delivery.delivery_id))
                done += 1
        return done

    async def _deliver(self, own: str, first: int) -> None:
        values = {"own": own, "first": first, "sender": SENDER[1], "member": RECIPIENT[0], "code": RECIPIENT[1]}
        async with self._engine.begin() as connection:
            await connection.execute(text(DELIVER), values)

    async def _forget(self) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(text('DELETE FROM inbox_items WHERE "offset" <= :count'), {"count": self._count})


def _reader(path: Path) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([path.read_bytes()])


async def _settled(connector: Connector) -> int:
    return (await connector.once()).settled


async def _deliveries(connector: Connector) -> int:
    return (await connector.once()).deliveries


@asynccontextmanager
async def gateway(database: str, place: Path) -> AsyncIterator[tuple[str, Callable[[], float]]]:
    """Run a gateway in a process of its own; give its address and what asks for its CPU seconds."""
    pipe, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_process, args=(database, place, theirs))
    process.start()

    def cpu() -> float:
        pipe.send("cpu")
        return float(pipe.recv())

    try:
        yield await asyncio.to_thread(pipe.recv), cpu
    finally:
        pipe.send("stop")
        await asyncio.to_thread(process.join)


async def measure(place: Path, count: int, *, connector_alone: bool) -> dict[str, Any]:
    """Make what is needed and give the figures."""
    async with EmbeddedDatabase(place / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="bench")
        try:
            async with gateway(database.url, place) as (url, cpu):
                return await Bench(engine, place, url, cpu, count).run(connector_alone=connector_alone)
        finally:
            await engine.dispose()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=2_000)
    parser.add_argument("--connector-alone", action="store_true", help="leave out the SDK, which takes one at a time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen.packets, connector_alone=chosen.connector_alone)
        print(json.dumps(asyncio.run(figures)))


if __name__ == "__main__":
    main()
