"""Statements become receipts, each once, and each party gets those it may see."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Outcome, Work
from docaxis.registrar.problems import ContradictoryStatement, RejectedStatement
from docaxis.registrar.service import Registrar
from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.receipts import Receipt, ReceiptStore
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import EvidenceRecord, Judged
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.identifiers import event_id
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, RejectedEvidence, check_evidence
from docaxis_signing.transparency.leaves import leaf, openings

SIGNER = EvidenceSigner.generate("evidence-1")


def _registrar(world: Any, store: ReceiptStore | None = None) -> Registrar:
    store = store or ReceiptStore(world.engine)
    return Registrar(store, SIGNER, axis="docaxis", environment="test", clock=world.clock)


def _pinned(world: Any) -> PinnedKeys:
    since = world.now - timedelta(days=1)
    return PinnedKeys("docaxis", "test", (EvidenceKey(SIGNER.kid, SIGNER.public_jwk(), since, None),))


def _work(record: EvidenceRecord, offset: int = 0) -> Work:
    return Work(Received(Partition("evidence", 0), offset, b"", b"", (), 0), record)


def _statement(submission: UUID, *marks: str, axis: str = "docaxis", **facts: Any) -> EvidenceRecord:
    at = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
    event = event_id(submission, "evidence", *marks)
    statement = Statement(event, EvidenceType.SUBMISSION_ACCEPTANCE, submission, at, "s-1", None, facts)
    data = statement.to_bytes(axis=axis, environment="test")
    return EvidenceRecord(event, statement.type.value, submission, "s-1", None, at, data)


async def _sign_all(registrar: Registrar, records: Sequence[EvidenceRecord]) -> None:
    await asyncio.gather(*(registrar.handle(_work(record, index)) for index, record in enumerate(records)))


async def test_receipts_check_out_with_pinned_keys_and_carry_the_members_records(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,), number="60")
    registrar = _registrar(world)
    await _sign_all(registrar, (await world.tell(world.judged(submission))).evidence)
    for kind, facts in (("handover", {}), ("report", {"code": "03"})):
        told = await world.tell(await world.act(submission, code, kind, **facts))
        await _sign_all(registrar, told.evidence)
    pieces = await ReceiptStore(world.engine).evidence_for(submission.id, world.sender)
    files = [piece.file(None) for piece in pieces]
    checked = [check_evidence(file, _pinned(world)) for file in files]
    records = {str(item.statement["type"]): item.record for item in checked}
    assert set(records) == {"SubmissionAcceptance", "ContentConsignment", "ContentHandover", "status.reported"}
    assert records["ContentHandover"] is not None
    assert records["status.reported"] is not None
    assert records["status.reported"].payload["code"] == "03"
    assert records["ContentConsignment"] is None
    other = {**files[-1], "record": files[-2]["record"]}
    with pytest.raises(RejectedEvidence):
        check_evidence(other, _pinned(world))


async def test_rule_7_a_recipient_gets_its_own_line_and_the_verdict_and_nothing_of_others(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.hand_in((one, two))
    judged: Judged = world.judged(submission)
    records = list((await world.tell(judged)).evidence)
    verdict = Statement(
        event_id(submission.id, "evidence", "verdict.given"),
        EvidenceType.VERDICT_GIVEN,
        submission.id,
        world.now,
        world.sender,
        None,
        {"verdict_sha256": judged.verdict_sha256},
    )
    data = verdict.to_bytes(axis="docaxis", environment="test")
    records.append(
        EvidenceRecord(verdict.event_id, verdict.type.value, submission.id, world.sender, None, world.now, data)
    )
    records += (await world.tell(await world.act(submission, two, "handover"))).evidence
    await _sign_all(_registrar(world), records)
    store = ReceiptStore(world.engine)

    async def seen(party: str | None) -> list[tuple[str, str | None]]:
        checked = [
            check_evidence(piece.file(None), _pinned(world)).statement
            for piece in await store.evidence_for(submission.id, party)
        ]
        return sorted((str(item["type"]), item.get("recipient")) for item in checked)

    assert await seen(world.member(1)) == [("ContentConsignment", one), ("verdict.given", None)]
    assert ("ContentHandover", two) in await seen(world.member(2))
    assert len(await seen(world.sender)) == len(await seen(None)) == 5
    assert await seen("stranger") == []


async def test_the_same_statement_again_keeps_the_first_receipt(world: Any, engine: AsyncEngine) -> None:
    record = _statement(event_id(UUID(int=world.number), "submission"), "again")
    registrar = _registrar(world)
    await registrar.handle(_work(record, 1))
    world.now += timedelta(hours=1)
    await registrar.handle(_work(record, 1))
    async with engine.connect() as connection:
        query = text("SELECT signed_at FROM receipts WHERE event_id = :id")
        (row,) = (await connection.execute(query, {"id": record.event_id})).all()
    assert row.signed_at == world.now - timedelta(hours=1)


async def test_another_statement_under_the_same_id_is_never_kept(world: Any, engine: AsyncEngine) -> None:
    submission = event_id(UUID(int=world.number), "submission")
    registrar = _registrar(world)
    await registrar.handle(_work(_statement(submission, "one", recipients=1)))
    with pytest.raises(ContradictoryStatement):
        await registrar.handle(_work(_statement(submission, "one", recipients=2)))
    async with engine.connect() as connection:
        query = text("SELECT statement FROM receipts WHERE submission_id = :id")
        (row,) = (await connection.execute(query, {"id": submission})).all()
    assert json.loads(row.statement)["facts"] == {"recipients": 1}


async def test_contradictions_within_one_batch_are_noticed(world: Any) -> None:
    submission = event_id(UUID(int=world.number), "submission")
    registrar = _registrar(world)
    records = [_statement(submission, "warm"), _statement(submission, "x", n=1), _statement(submission, "x", n=2)]
    done = await asyncio.gather(*(registrar.handle(_work(item)) for item in records), return_exceptions=True)
    assert [type(item) for item in done].count(ContradictoryStatement) == 1


async def test_the_leaf_of_contradictions_is_that_of_the_statement_that_stays(world: Any, engine: AsyncEngine) -> None:
    one, other = (event_id(UUID(int=world.number), mark) for mark in ("one", "other"))
    first, second = _statement(one, "x"), _statement(other, "x")
    said = json.loads(second.statement) | {"event_id": str(first.event_id)}
    second = replace(second, event_id=first.event_id, statement=canonical(said))
    registrar = _registrar(world)
    records = [_statement(one, "warm"), first, second]
    await asyncio.gather(*(registrar.handle(_work(item)) for item in records), return_exceptions=True)
    secret = (await ReceiptStore(engine).secrets([one]))[one]
    async with engine.connect() as connection:
        query = text("SELECT leaf FROM log_queue WHERE event_id = :id")
        (row,) = (await connection.execute(query, {"id": first.event_id})).all()
    assert row.leaf == leaf(first.statement, openings(secret, first.statement))


@pytest.mark.parametrize("change", [
    {"statement": b"{}"},
    {"statement": b"[1]"},
    {"statement": b"\xff"},
    {"type": "ContentHandover"},
    {"member": "other"},
    {"recipient": "H01"},
    {"submission_id": UUID(int=5)},
])  # fmt: skip
async def test_a_record_that_is_not_its_statement_is_rejected(world: Any, change: dict[str, Any]) -> None:
    record = replace(_statement(event_id(UUID(int=world.number), "submission"), "r"), **change)
    with pytest.raises(RejectedStatement):
        await _registrar(world).handle(_work(record))


async def test_a_statement_of_another_axis_is_rejected(world: Any) -> None:
    with pytest.raises(RejectedStatement, match="another axis"):
        await _registrar(world).handle(_work(_statement(UUID(int=1), "a", axis="elsewhere")))


class _Flaky(ReceiptStore):
    """A store that is away once, and counts its batches."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.batches: list[int] = []
        self.away = True

    async def insert(self, receipts: Sequence[Receipt], leaves: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        self.batches.append(len(receipts))
        await asyncio.sleep(0)
        if self.away:
            self.away = False
            raise UnavailableStorage("away")
        return await super().insert(receipts, leaves)


async def test_statements_that_wait_are_inserted_together_and_a_lost_batch_is_tried_again(world: Any) -> None:
    store = _Flaky(world.engine)
    registrar = _registrar(world, store)
    submission = event_id(UUID(int=world.number), "submission")
    records = [_statement(submission, f"n{index}") for index in range(40)]
    first = await asyncio.gather(*(registrar.handle(_work(item)) for item in records), return_exceptions=True)
    assert [type(item) for item in first].count(UnavailableStorage) == 1
    await _sign_all(registrar, records)
    assert store.batches[:2] == [1, 39]
    assert len(store.batches) == 4
    assert await world.count("receipts", type("S", (), {"id": submission})()) == 40


async def test_a_statement_that_no_entry_can_be_made_of_fails_alone(world: Any) -> None:
    submission = event_id(UUID(int=world.number), "submission")
    many: dict[str, Any] = {f"f{number}": 1 for number in range(900)}  # a commitment is longer than such a fact
    records = [_statement(submission, "warm"), _statement(submission, "many", **many), _statement(submission, "other")]
    registrar = _registrar(world)
    done = await asyncio.gather(*(registrar.handle(_work(item)) for item in records), return_exceptions=True)
    assert [type(item) for item in done] == [Outcome, RefusedStatement, Outcome]
    assert await world.count("receipts", type("S", (), {"id": submission})()) == 2


async def test_a_cancelled_caller_takes_nobody_along(world: Any) -> None:
    registrar = _registrar(world)
    submission = event_id(UUID(int=world.number), "submission")
    tasks = [asyncio.create_task(registrar.handle(_work(_statement(submission, f"c{index}")))) for index in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[3], asyncio.CancelledError)
    assert all(not isinstance(done[index], asyncio.CancelledError) for index in (1, 2, 4))
