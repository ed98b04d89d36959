"""Statements follow from what was stored before they were first said: a redo, however late, is the same leaf."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Partition, Received
from docaxis.bus.work import Work
from docaxis.registrar.service import Registrar
from docaxis.storage.receipts import ReceiptStore
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord
from docaxis_signing.receipts import EvidenceSigner


async def _life(world: Any) -> list[tuple[Any, int]]:
    """Let everything happen that the router states, and give the records that led to it."""
    code, nobody = world.recipient(1), f"{world.issuer}.9999"
    delivered = await world.hand_in((code, nobody), number="81")
    refused = await world.hand_in((code,), number="82")
    events = [
        world.judged(delivered),
        world.judged(refused, indication="TOTAL-FAILED", disposition="refuse", cause="modified"),
    ]
    for event in events:
        await world.tell(event, offset=events.index(event))
    events += [await world.act(delivered, code, "handover"), await world.act(delivered, code, "report", code="03")]
    for number in (2, 3):
        await world.tell(events[number], offset=number)
    return [(event, number) for number, event in enumerate(events)]


async def _said(world: Any, life: list[tuple[Any, int]]) -> dict[str, list[bytes]]:
    """Have a new router read all of it from the start, and give the statements by type."""
    found: dict[str, list[bytes]] = {}
    router = world.make_router()
    for event, offset in life:
        for record in (await world.tell(event, offset=offset, router=router)).evidence:
            found.setdefault(record.type, []).append(record.statement)
    return found


async def test_whatever_the_router_stated_it_states_again_in_the_same_bytes(world: Any) -> None:
    life = await _life(world)
    first = await _said(world, life)
    assert set(first) == {
        "SubmissionAcceptance",
        "SubmissionRejection",
        "ContentConsignment",
        "ContentConsignmentFailure",
        "ContentHandover",
        "status.reported",
    }
    world.now += timedelta(days=40)
    world.directory.prefix = "X."
    world.directory.serves.clear()
    world.directory.members[world.member(1)].compromised_since = world.now
    assert await _said(world, life) == first


async def test_what_was_given_up_is_stated_again_in_the_same_bytes(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    record = world.record(judged, offset=5)
    first = await world.router.give_up(record, judged, "refused by the broker")
    world.now += timedelta(days=40)
    again = await world.make_router().give_up(record, judged, "another cause, from another process")
    assert again.outgoing == first.outgoing
    assert any(isinstance(decode(one.value), EvidenceRecord) for one in first.outgoing)


async def test_a_redo_leads_to_the_leaf_that_is_there(world: Any, engine: AsyncEngine) -> None:
    life = await _life(world)
    signer = EvidenceSigner.generate("evidence-1")

    async def leaves() -> dict[Any, bytes]:
        store = ReceiptStore(world.engine)
        registrar = Registrar(store, signer, axis="docaxis", environment="test", clock=world.clock)
        for event, offset in life:
            for record in (await world.tell(event, offset=offset, router=world.make_router())).evidence:
                at = Received(Partition("evidence", 0), 0, b"", b"", (), 0)
                await registrar.handle(Work(at, record))
        query = text("SELECT event_id, leaf FROM log_queue q JOIN receipts r USING (event_id) WHERE r.member = :member")
        async with engine.connect() as connection:
            return {row.event_id: row.leaf for row in await connection.execute(query, {"member": world.sender})}

    first = await leaves()
    world.now += timedelta(days=40)
    assert len(first) == 6
    assert await leaves() == first


@pytest.fixture(autouse=True)
async def _nothing_waits(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM log_queue"))
