"""Kill -9 of the registrar at every named point, writers that race, old backups, full disks: over a real database."""

import asyncio
import base64
import errno
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.composition import log as composed_log
from docaxis.composition.log import open_log
from docaxis.composition.parts import Context, MisconfiguredService
from docaxis.embedded.forged_log import read_entries
from docaxis.failpoints import Point
from docaxis.registrar.problems import RefusedToSign
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.witnesses import Witnesses
from docaxis.settings import KeySettings, LogSettings, Settings
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder
from docaxis.witness import WitnessService
from docaxis.witness.state import WitnessState
from docaxis_schemas.codec import encode
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.moments import system_clock
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.leaves import leaf, openings
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.note import Algorithm, Signer
from docaxis_signing.transparency.policy import Policy

POINTS = (
    Point.REGISTRAR_AFTER_RECEIPTS,
    Point.REGISTRAR_AFTER_ORDER,
    Point.REGISTRAR_WITHIN_TILES,
    Point.REGISTRAR_AFTER_TILES,
    Point.REGISTRAR_AFTER_SIGNING,
    Point.REGISTRAR_AFTER_CHECKPOINT,
)
FULL = bool(os.environ.get("DOCAXIS_FULL"))
KILLS = 100 if FULL else 20
"""At each point."""
RACES = 20 if FULL else 5
LOST = 3
"""How a writer of `log_child` ends that another one has overtaken."""
CHILD = Path(__file__).with_name("log_child.py")
TABLES = ("log_queue", "log_leaves", "log_head")


@pytest.fixture
async def empty(engine: AsyncEngine) -> AsyncEngine:
    async with engine.begin() as connection:
        for table in TABLES:
            await connection.execute(text(f"DELETE FROM {table}"))
    return engine


def _statement(recipient: int, submission: UUID) -> EvidenceRecord:
    kind, at = EvidenceType.CONTENT_CONSIGNMENT, system_clock()
    statement = Statement(uuid4(), kind, submission, at, "s-1", f"H01.{recipient}", {"version": 1})
    data = statement.to_bytes(axis="docaxis", environment="test")
    return EvidenceRecord(statement.event_id, kind.value, submission, "s-1", statement.recipient, at, data)


class Registrars:
    """Starts registrars on one topic, database and directory, and knows what must come of it."""

    def __init__(self, server: asyncio.subprocess.Process, engine: AsyncEngine, url: str, directory: Path) -> None:
        self._server = server
        self._engine = engine
        self._topic = directory / "topic"
        self._topic.touch()
        self.logs = (directory / "log", directory / "another machine")
        for log in self.logs:
            log.mkdir()
        self.signer = Signer.generate("log.example/kills")
        self._order = {"database": url, "skey": self.signer.to_skey()}
        self._events: list[EvidenceRecord] = []
        self._seen: set[Checkpoint] = set()

    def come(self, count: int) -> None:
        """Put so many statements of one submission on the topic."""
        submission = uuid4()
        events = [_statement(number, submission) for number in range(count)]
        self._events += events
        with self._topic.open("ab") as file:
            file.writelines(base64.b64encode(encode(event)) + b"\n" for event in events)

    async def run(self, failpoint: str = "", *, count: int = 1, batch: int = 15) -> list[int]:
        """Run so many at once to their end, note what is published then, and give how they ended."""
        logs = self.logs[:count]
        order = {"topic": str(self._topic), "failpoint": failpoint, "batch": batch, "directories": list(map(str, logs))}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(self._order | order).encode() + b"\n")
        ends: list[int] = json.loads(await self._server.stdout.readline())
        for log in logs:
            if (log / CHECKPOINT).exists():
                found = SignedCheckpoint.open((log / CHECKPOINT).read_bytes(), self.signer.verifier).checkpoint
                assert len(read_entries(log)) == found.size, "what is published can be read at once"
                self._seen.add(found)
        return ends

    async def each_is_logged_once(self) -> None:
        """Every statement of the topic is one leaf, and every checkpoint that was ever seen is a prefix of the log."""
        entries = read_entries(self.logs[0])
        async with self._engine.connect() as connection:
            query = text("SELECT submission_id, secret FROM submission_secrets WHERE submission_id = ANY(:ids)")
            ids = list({event.submission_id for event in self._events})
            secrets = {row.submission_id: row.secret for row in await connection.execute(query, {"ids": ids})}
        wanted = [
            leaf(event.statement, openings(secrets[event.submission_id], event.statement)) for event in self._events
        ]
        assert sorted(entries) == sorted(wanted)
        hashes = [leaf_hash(entry) for entry in entries]
        for checkpoint in self._seen:
            assert grow(Tree(), hashes[: checkpoint.size]).tree.root == checkpoint.root


@pytest.fixture
async def registrars(empty: AsyncEngine, database_url: str, tmp_path: Path) -> AsyncIterator[Registrars]:
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(sys.executable, str(CHILD), stdin=pipe, stdout=pipe)
    assert server.stdin is not None
    try:
        yield Registrars(server, empty, database_url, tmp_path)
    finally:
        server.stdin.close()
        await server.wait()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_registrar_leaves_a_log_that_the_next_one_continues(
    point: Point, registrars: Registrars
) -> None:
    for kill in range(KILLS):
        registrars.come(20 + 30 * (kill % 3))
        assert await registrars.run(f"{point}:{1 + kill % 2}") == [-9]
    assert await registrars.run() == [0]
    await registrars.each_is_logged_once()


@pytest.mark.timeout(1800)
async def test_registrars_that_race_without_their_locks_on_two_machines_make_one_log(registrars: Registrars) -> None:
    lost = 0
    for _ in range(RACES):
        registrars.come(40)
        ends = await registrars.run(count=2, batch=5)
        assert set(ends) <= {0, LOST}
        lost += ends.count(LOST)
    assert lost, "they never met"
    assert await registrars.run() == [0]
    await registrars.each_is_logged_once()


class Backup:
    """The log's tables as they were."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self) -> None:
        async with self._engine.begin() as connection:
            for table in TABLES:
                await connection.execute(text(f"DROP TABLE IF EXISTS backup_{table}"))
                await connection.execute(text(f"CREATE TABLE backup_{table} AS SELECT * FROM {table}"))

    async def restore(self) -> None:
        async with self._engine.begin() as connection:
            for table in TABLES:
                await connection.execute(text(f"DELETE FROM {table}"))
                override = "OVERRIDING SYSTEM VALUE" if table == "log_queue" else ""
                await connection.execute(text(f"INSERT INTO {table} {override} SELECT * FROM backup_{table}"))
                await connection.execute(text(f"DROP TABLE backup_{table}"))


async def _come(engine: AsyncEngine, count: int) -> list[bytes]:
    leaves = [b"entry %s" % uuid4().hex.encode() for _ in range(count)]
    async with engine.begin() as connection:
        query = text("INSERT INTO log_queue (event_id, leaf) VALUES (:event, :leaf)")
        await connection.execute(query, [{"event": uuid4(), "leaf": leaf} for leaf in leaves])
    return leaves


async def test_an_old_backup_is_refused_by_the_files_and_without_them_by_the_witness(
    empty: AsyncEngine, tmp_path: Path
) -> None:
    signer, key = Signer.generate("log.example/backup"), Signer.generate("witness.vn", Algorithm.COSIGNATURE)
    (tmp_path / "seen").mkdir()
    service = WitnessService(key, (signer.verifier,), WitnessState(LocalDisk(tmp_path / "seen")), system_clock)
    line = f"witness w {key.verifier.to_vkey()} http://witness.vn"
    policy = Policy.parse(f"log {signer.verifier.to_vkey()}\n{line}\nquorum w\n")
    backup = Backup(empty)

    def writer(directory: str) -> Sequencer:
        (tmp_path / directory).mkdir(exist_ok=True)
        files = LogFiles(LocalDisk(tmp_path / directory))
        return Sequencer(LogOrder(empty, signer.verifier.name), files, signer, system_clock)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app)) as client:
        witnesses, first = Witnesses(policy, signer.verifier, client), writer("log")
        await _come(empty, 30)
        assert (await witnesses.cosign(await first.open(), first)).enough
        assert await first.advance()
        await backup.take()
        await _come(empty, 300)
        advanced = await first.advance()
        assert advanced is not None
        assert (await witnesses.cosign(advanced, first)).enough
        await backup.restore()
        with pytest.raises(RefusedToSign, match=r"330 leaves is published, and the database knows only 30"):
            await writer("log").open()
        second = writer("empty disk")
        standing = await second.open()
        assert second.rebuilt
        with pytest.raises(
            RefusedToSign, match=r"witness w has a checkpoint of 330 leaves .* knows only 30: an old copy"
        ):
            await Witnesses(policy, signer.verifier, client).cosign(standing, second)
        await _come(empty, 400)
        assert await second.advance(), "had nobody asked, it would have signed another history"
        forked = await second.open()
        with pytest.raises(
            RefusedToSign, match=r"witness w has a checkpoint of 330 leaves .* do not continue it: a fork"
        ):
            await Witnesses(policy, signer.verifier, client).cosign(forked, second)


async def test_a_second_registrar_refuses_twenty_times_in_twenty(
    empty: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composed_log, "PREDECESSOR_SECONDS", 0.02)
    key = tmp_path / "log.skey"
    key.write_text(Signer.generate("docaxis/test").to_skey())

    def context(directory: Path, stack: AsyncExitStack) -> Context:
        settings = Settings(keys=KeySettings(log_key=key), log=LogSettings(directory=directory))
        directory_of_members: Any = SimpleNamespace()
        return Context(settings, empty, directory_of_members, system_clock, CollectorRegistry(), stack)

    async with AsyncExitStack() as first:
        assert await open_log(context(tmp_path / "log", first))
        for attempt in range(20):
            where = tmp_path / ("log" if attempt % 2 else f"elsewhere-{attempt}")
            async with AsyncExitStack() as second:
                with pytest.raises(MisconfiguredService, match="one writer only"):
                    await open_log(context(where, second))
    async with AsyncExitStack() as third:
        assert await open_log(context(tmp_path / "log", third))


class FailingDisk(LocalDisk):
    """A disk of which one operation fails for a while, after or before it has had its effect."""

    error: int | None = None
    operation = "write"

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        if self.error is not None and self.operation == "write":
            super().write([(path, data[: len(data) // 2]) for path, data in files])
            self._fail()
        super().write(files)
        if self.operation == "sync":
            self._fail()

    def rename(self, path: str, target: str) -> None:
        if self.operation == "rename":
            self._fail()
        super().rename(path, target)

    def sync_directory(self, path: str) -> None:
        if self.operation == "sync_directory":
            self._fail()
        super().sync_directory(path)

    def _fail(self) -> None:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("operation", ["write", "sync", "rename", "sync_directory"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
async def test_a_full_or_broken_disk_stops_signing_and_loses_nothing(
    error: int, operation: str, empty: AsyncEngine, tmp_path: Path
) -> None:
    signer, disk = Signer.generate("log.example/full"), FailingDisk(tmp_path)
    disk.operation = operation
    order = LogOrder(empty, signer.verifier.name)
    came = await _come(empty, 30)
    writer = Sequencer(order, LogFiles(disk), signer, system_clock)
    await writer.open()
    await writer.advance()
    before = (tmp_path / CHECKPOINT).read_bytes()
    came += await _come(empty, 300)
    disk.error = error
    with pytest.raises(OSError, match=os.strerror(error)):
        await writer.advance()
    head = await order.head()
    assert head is not None
    assert (head.signed_size, (tmp_path / CHECKPOINT).read_bytes()) == (30, before), "nothing more was signed"
    with pytest.raises(OSError, match=os.strerror(error)):
        await writer.open()
    disk.error = None
    await writer.open()
    await writer.advance()
    assert sorted(read_entries(tmp_path)) == sorted(came)


@pytest.mark.skipif(sys.platform != "linux", reason="a device that is always full is Linux's")
async def test_a_device_that_is_full_stops_signing(empty: AsyncEngine, tmp_path: Path) -> None:
    signer = Signer.generate("log.example/device")
    came = await _come(empty, 30)
    writer = Sequencer(LogOrder(empty, signer.verifier.name), LogFiles(LocalDisk(tmp_path)), signer, system_clock)
    await writer.open()
    full = tmp_path / "tile" / "0" / "000.p" / "30.new"
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        await writer.advance()
    full.unlink()
    assert (await writer.open()).checkpoint.size == 0
    await writer.advance()
    assert sorted(read_entries(tmp_path)) == sorted(came)
