"""Kill -9 of the log's writer at every named point, and two writers at once, over a real database and disk."""

import asyncio
import errno
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis import composition
from docaxis.composition import Context, MisconfiguredService, open_log
from docaxis.embedded.forged_log import read_entries
from docaxis.failpoints import Point
from docaxis.registrar.sequencing import Sequencer
from docaxis.settings import KeySettings, LogSettings, Settings
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder
from docaxis_schemas.moments import system_clock
from docaxis_signing.transparency.checkpoint import Checkpoint, SignedCheckpoint
from docaxis_signing.transparency.growing import Tree, grow
from docaxis_signing.transparency.merkle import leaf_hash
from docaxis_signing.transparency.note import Signer

POINTS = (
    Point.REGISTRAR_AFTER_ORDER,
    Point.REGISTRAR_WITHIN_TILES,
    Point.REGISTRAR_AFTER_TILES,
    Point.REGISTRAR_AFTER_SIGNING,
    Point.REGISTRAR_AFTER_CHECKPOINT,
)
KILLS = 100 if os.environ.get("DOCAXIS_FULL") else 4
"""At each point; the sixth, after the receipts, is killed in the acceptance tests of the whole axis."""
CHILD = Path(__file__).with_name("log_child.py")


@pytest.fixture
async def empty(engine: AsyncEngine) -> AsyncEngine:
    async with engine.begin() as connection:
        for table in ("log_queue", "log_leaves", "log_head"):
            await connection.execute(text(f"DELETE FROM {table}"))
    return engine


async def _come(engine: AsyncEngine, count: int) -> list[bytes]:
    leaves = [b"entry %s" % uuid4().hex.encode() for _ in range(count)]
    async with engine.begin() as connection:
        query = text("INSERT INTO log_queue (event_id, leaf) VALUES (:event, :leaf)")
        await connection.execute(query, [{"event": uuid4(), "leaf": leaf} for leaf in leaves])
    return leaves


async def _write(url: str, directory: Path, signer: Signer, failpoint: str) -> int:
    arguments = (sys.executable, str(CHILD), url, str(directory), signer.to_skey(), failpoint)
    process = await asyncio.create_subprocess_exec(*arguments)
    return await process.wait()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_writer_leaves_a_log_that_the_next_one_continues(
    point: Point, empty: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    signer = Signer.generate("log.example/kills")
    came: list[bytes] = []
    seen: set[Checkpoint] = set()
    for kill in range(KILLS):
        came += await _come(empty, 60 + 90 * (kill % 3))
        assert await _write(database_url, tmp_path, signer, f"{point}:{1 + kill % 2}") == -9
        if (tmp_path / CHECKPOINT).exists():
            found = SignedCheckpoint.open((tmp_path / CHECKPOINT).read_bytes(), signer.verifier).checkpoint
            assert len(read_entries(tmp_path)) == found.size, "what is published can be read at once"
            seen.add(found)
    assert await _write(database_url, tmp_path, signer, "") == 0
    entries = read_entries(tmp_path)
    assert sorted(entries) == sorted(came)
    hashes = [leaf_hash(entry) for entry in entries]
    for checkpoint in seen:
        assert grow(Tree(), hashes[: checkpoint.size]).tree.root == checkpoint.root


async def test_a_second_registrar_refuses_twenty_times_in_twenty(
    empty: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "PREDECESSOR_SECONDS", 0.02)
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


class FullDisk(LocalDisk):
    """A disk that refuses to be written to for a while."""

    error: int | None = None

    def write(self, path: str, data: bytes) -> None:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        super().write(path, data)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
async def test_a_full_or_broken_disk_stops_signing_and_loses_nothing(
    error: int, empty: AsyncEngine, tmp_path: Path
) -> None:
    signer, disk = Signer.generate("log.example/full"), FullDisk(tmp_path)
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
