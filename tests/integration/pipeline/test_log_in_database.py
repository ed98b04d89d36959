"""The log over a real database: statements become leaves once, proofs reach the parties, and there is one writer."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Work
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.service import Registrar
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder, LostHead
from docaxis.storage.receipts import ReceiptStore
from docaxis_schemas.events import EvidenceRecord
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, check_evidence
from docaxis_signing.transparency.merkle import EMPTY_ROOT
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy

SIGNER = EvidenceSigner.generate("evidence-1")


class Log:
    """A log of one world over the shared database, and the registrar that feeds it."""

    def __init__(self, world: Any, directory: Path) -> None:
        self.world = world
        self.signer = Signer.generate(f"log.example/{world.number}")
        self.order = LogOrder(world.engine, self.signer.verifier.name)
        self.files = LogFiles(LocalDisk(directory))
        self.registrar = Registrar(
            ReceiptStore(world.engine), SIGNER, axis="docaxis", environment="test", clock=world.clock
        )

    def writer(self) -> Sequencer:
        return Sequencer(self.order, self.files, self.signer, self.world.clock)

    async def sign(self, records: list[EvidenceRecord]) -> None:
        works = [Work(Received(Partition("evidence", 0), at, b"", b"", (), 0), one) for at, one in enumerate(records)]
        await asyncio.gather(*(self.registrar.handle(work) for work in works))

    def pinned(self) -> PinnedKeys:
        key = EvidenceKey(SIGNER.kid, SIGNER.public_jwk(), self.world.now - timedelta(days=1), None)
        return PinnedKeys("docaxis", "test", (key,), Policy((self.signer.verifier,), {}, {}, NONE))


@pytest.fixture
async def log(new_world: Callable[[], Any], engine: AsyncEngine, tmp_path: Path) -> Log:
    """Begin a log on an empty queue: other tests of this database leave what they signed there."""
    async with engine.begin() as connection:
        for table in ("log_queue", "log_leaves", "log_head"):
            await connection.execute(text(f"DELETE FROM {table}"))
    return Log(new_world(), tmp_path)


async def _evidence(log: Log, *recipients: str) -> tuple[Any, list[EvidenceRecord]]:
    submission = await log.world.hand_in(recipients, number="71")
    return submission, (await log.world.tell(log.world.judged(submission))).evidence


async def test_each_party_gets_its_statements_with_proofs(log: Log) -> None:
    one, two = log.world.recipient(1), log.world.recipient(2)
    submission, records = await _evidence(log, one, two)
    await log.sign(records)
    writer = log.writer()
    await writer.open()
    advanced = await writer.advance()
    assert advanced is not None
    assert advanced.checkpoint.size == len(records) == 3
    for party, count in ((log.world.sender, 3), (log.world.member(1), 1)):
        pieces = await ReceiptStore(log.world.engine).evidence_for(submission.id, party)
        assert len(pieces) == count
        for piece in pieces:
            assert piece.leaf_index is not None
            assert piece.leaf is not None
            file = json.loads(json.dumps(piece.file(log.files.prove(piece.leaf_index, piece.leaf))))
            logged = check_evidence(file, log.pinned()).logged
            assert logged is not None
            assert (logged.index, logged.size) == (piece.leaf_index, 3)


async def test_a_topic_redelivered_from_the_start_makes_no_leaf_twice(log: Log) -> None:
    _, records = await _evidence(log, log.world.recipient(1))
    await log.sign(records)
    writer = log.writer()
    await writer.open()
    assert await writer.advance()
    await log.sign(records)
    assert await writer.advance() is None
    assert await log.writer().open()
    await log.sign(records)
    head = await log.order.head()
    assert head is not None
    assert (head.size, len(await log.order.leaves(0, 99))) == (len(records), len(records))


async def test_what_does_not_wait_any_more_gets_no_place(log: Log, engine: AsyncEngine) -> None:
    await log.sign((await _evidence(log, log.world.recipient(1)))[1])
    await log.order.begin(EMPTY_ROOT, b"note", log.world.now)
    head, waiting = await log.order.head(), await log.order.waiting(99)
    assert head is not None
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM log_queue WHERE number = :number"), {"number": waiting[0].number})
    with pytest.raises(LostHead):
        await log.order.append(head, len(waiting), bytes(32), waiting, log.world.now)
    assert (await log.order.head(), await log.order.leaves(0, 99)) == (head, [])
    assert await log.order.waiting(99) == waiting[1:]


async def test_leaves_have_their_places_in_the_order_in_which_they_waited(log: Log) -> None:
    await log.sign((await _evidence(log, log.world.recipient(1), log.world.recipient(2)))[1])
    waiting = await log.order.waiting(99)
    writer = log.writer()
    await writer.open()
    assert await writer.advance()
    assert await log.order.leaves(0, 99) == [one.leaf for one in waiting]


async def test_a_destroyed_secret_shreds_the_openings_and_the_tree_stands(log: Log, engine: AsyncEngine) -> None:
    submission, records = await _evidence(log, log.world.recipient(1))
    await log.sign(records)
    writer = log.writer()
    await writer.open()
    before = await writer.advance()
    async with engine.begin() as connection:
        query = text("DELETE FROM submission_secrets WHERE submission_id = :id")
        await connection.execute(query, {"id": submission.id})
    pieces = await ReceiptStore(engine).evidence_for(submission.id, None)
    assert {piece.salts for piece in pieces} == {None}
    assert pieces[0].leaf_index is not None
    assert pieces[0].leaf is not None
    proof = log.files.prove(pieces[0].leaf_index, pieces[0].leaf)
    assert proof is not None
    assert proof.check_itself(Policy((log.signer.verifier,), {}, {}, NONE)) == pieces[0].leaf
    assert pieces[0].file(proof)["proof"] is None, "what nobody can open is not handed out as a proof of it"
    assert (await log.writer().open()).checkpoint == (before and before.checkpoint)


async def test_a_head_that_moved_is_noticed(log: Log) -> None:
    first, second = log.writer(), log.writer()
    await first.open()
    await second.open()
    await log.sign((await _evidence(log, log.world.recipient(1)))[1])
    assert await first.advance()
    await log.sign((await _evidence(log, log.world.recipient(2)))[1])
    with pytest.raises(LostHead):
        await second.advance()
    head = await log.order.head()
    assert head is not None
    with pytest.raises(LostHead):
        await log.order.signed(head.signed_size + 1, head.size, b"")


async def test_only_one_is_alone(log: Log) -> None:
    other = LogOrder(log.world.engine, log.signer.verifier.name)
    async with log.order.alone() as first:
        assert first
        async with other.alone() as second:
            assert not second
    async with other.alone() as third:
        assert third


async def test_a_log_that_was_never_begun_has_no_head(log: Log) -> None:
    assert await log.order.head() is None
    await log.order.begin(EMPTY_ROOT, b"note", log.world.now)
    await log.order.begin(bytes(32), b"another", log.world.now)
    head = await log.order.head()
    assert head is not None
    assert (head.root, head.signed_note) == (EMPTY_ROOT, b"note")


async def test_openings_differ_between_events_of_one_submission(log: Log) -> None:
    submission, records = await _evidence(log, log.world.recipient(1), log.world.recipient(2))
    await log.sign(records)
    pieces = await ReceiptStore(log.world.engine).evidence_for(submission.id, None)
    salts = [salt for piece in pieces if piece.salts for salt in piece.salts.values()]
    assert len(salts) == len(set(salts)) > 10
