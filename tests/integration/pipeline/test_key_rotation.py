"""The evidence key is changed over a real database: the files, the log, what was interrupted, and who may go on."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.cli.evidence import verify_evidence
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.rotate_key import rotate_key
from docaxis.registrar import rotation
from docaxis.registrar.rotation import HeldKey, KeyFiles, KeyRotation, RefusedRotation
from docaxis.registrar.sequencing import Sequencer
from docaxis.storage.key_use import KeyUse
from docaxis.storage.log_files import LocalDisk, LogFiles
from docaxis.storage.log_order import LogOrder
from docaxis.storage.receipts import ReceiptStore
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.moments import system_clock
from docaxis_signing.key_history import follow, history_id
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, evidence_file
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.policy import NONE, Policy

ORIGIN = "log.example/rotation"


class House:
    """The registrar's key files, and its log."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.engine = engine
        self.log = Signer.generate(ORIGIN)
        self.files = KeyFiles(directory / "evidence.json", directory / "pinned.json")
        self.first = EvidenceSigner.generate("evidence-1")
        self.files.private.write_text(json.dumps(self.first.private_jwk()))
        self.files.private.chmod(0o600)
        began = datetime.now(UTC) - timedelta(days=400)
        key = EvidenceKey("evidence-1", self.first.public_jwk(), began, None)
        self.old_pins = PinnedKeys("docaxis", "rotation", (key,), Policy((self.log.verifier,), {}, {}, NONE))
        self.pins_file = directory / "pinned.json"
        self.pins_file.write_text(json.dumps(self.old_pins.to_json()))
        self.store, self.order = ReceiptStore(engine), LogOrder(engine, ORIGIN)
        self.use = KeyUse(engine, axis="docaxis", environment="rotation")
        self.rotation = KeyRotation(
            self.store, self.order, self.use, system_clock, axis="docaxis", environment="rotation"
        )
        self.tiles = LogFiles(LocalDisk(directory))

    def key(self) -> EvidenceSigner:
        return EvidenceSigner.from_jwk(json.loads(self.files.private.read_bytes()))

    def pins(self) -> PinnedKeys:
        return PinnedKeys.from_json(json.loads(self.pins_file.read_bytes()))

    async def history(self) -> list[dict[str, Any]]:
        """Log what waits, and give the history as everybody gets it."""
        writer = Sequencer(self.order, self.tiles, self.log, system_clock)
        await writer.open()
        await writer.advance()
        pieces = await self.store.key_history(history_id("docaxis", "rotation"))
        found = []
        for piece in pieces:
            assert piece.leaf_index is not None
            assert piece.leaf is not None
            found.append(piece.file(self.tiles.prove(piece.leaf_index, piece.leaf)))
        return found


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> House:
    async with engine.begin() as connection:
        for table in ("log_queue", "log_leaves", "log_head"):
            await connection.execute(text(f"DELETE FROM {table}"))
        history = {"id": history_id("docaxis", "rotation")}
        await connection.execute(text("DELETE FROM receipts WHERE submission_id = :id"), history)
    return House(engine, tmp_path)


async def test_two_changes_are_two_leaves_and_lead_from_the_first_pins_to_the_last_key(house: House) -> None:
    first = await house.rotation.rotate(house.files, "evidence-2")
    second = await house.rotation.rotate(house.files, "evidence-3")
    assert (first.retired, first.kid, second.retired, second.kid) == (
        "evidence-1",
        "evidence-2",
        "evidence-2",
        "evidence-3",
    )
    assert house.key().kid == "evidence-3"
    assert house.files.private.stat().st_mode & 0o777 == 0o600
    followed = follow(house.old_pins, await house.history())
    assert {key.kid: key for key in followed.keys} == {key.kid: key for key in house.pins().keys}
    assert [key.valid_to for key in house.pins().keys] == [first.since, second.since, None]
    head = await house.order.head()
    assert head is not None
    assert head.size == 2


async def test_a_retired_key_may_not_start_again(house: House) -> None:
    await house.rotation.require_current(house.first)
    await house.rotation.rotate(house.files, "evidence-2")
    with pytest.raises(RefusedRotation, match="evidence-1 was retired at"):
        await house.rotation.require_current(house.first)
    await house.rotation.require_current(house.key())


@pytest.mark.parametrize("step", ["_next_key", "_pin", "move"])
async def test_an_interrupted_change_is_finished_to_the_same_key(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, step, power_cut)
        with pytest.raises(RefusedRotation, match="power cut"):
            await house.rotation.rotate(house.files, "evidence-2")
    assert house.key().kid == "evidence-1"
    if step != "_next_key":
        with pytest.raises(RefusedRotation, match="was begun"):
            await house.rotation.rotate(house.files, "evidence-9")
    done = await house.rotation.rotate(house.files, "evidence-2")
    assert house.key().kid == "evidence-2"
    assert [key.valid_to for key in house.pins().keys] == [done.since, None]
    assert len(await house.history()) == 1
    assert not list(house.files.private.parent.glob("*.next"))


async def test_it_is_refused_while_a_registrar_runs_and_to_the_same_name(house: House) -> None:
    async with LogOrder(house.engine, ORIGIN).alone():
        with pytest.raises(RefusedRotation, match="a registrar runs"):
            await house.rotation.rotate(house.files, "evidence-2")
    with pytest.raises(RefusedRotation, match="called evidence-1 already"):
        await house.rotation.rotate(house.files, "evidence-1")
    assert house.pins() == house.old_pins


async def _lock_holder(engine: AsyncEngine) -> int | None:
    """Give the process of the database that holds the evidence key in common, if one does."""
    query = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted")
    async with engine.connect() as connection:
        found = (await connection.execute(query)).scalars().all()
    assert len(found) <= 1
    return found[0] if found else None


async def _until_held(engine: AsyncEngine, lost: int | None = None) -> int:
    async with asyncio.timeout(30):
        while (holder := await _lock_holder(engine)) in (None, lost):  # noqa: ASYNC110 - of the database
            await asyncio.sleep(0.02)
    assert holder is not None
    return holder


async def test_a_registrar_that_only_signs_keeps_the_key_from_being_changed_through_a_lost_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "LOOK", timedelta(milliseconds=20))
    stopping, held = asyncio.Event(), HeldKey(house.use, house.rotation, house.first)
    await held.require()
    holding = asyncio.create_task(held.serve(stopping))
    holder = await _until_held(house.engine)
    with pytest.raises(RefusedRotation, match="a registrar runs"):
        await house.rotation.rotate(house.files, "evidence-2")
    async with house.engine.begin() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder})
    await _until_held(house.engine, lost=holder)
    with pytest.raises(RefusedRotation, match="a registrar runs"):
        await house.rotation.rotate(house.files, "evidence-2")
    stopping.set()
    await holding
    await house.rotation.rotate(house.files, "evidence-2")


async def test_a_registrar_whose_key_was_changed_while_it_had_lost_its_lock_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "LOOK", timedelta(milliseconds=20))
    held = HeldKey(house.use, house.rotation, house.first)
    async with house.use.changing():
        with pytest.raises(RefusedRotation, match="is being changed"):
            await held.serve(asyncio.Event())
    await house.rotation.rotate(house.files, "evidence-2")
    with pytest.raises(RefusedRotation, match="evidence-1 was retired at"):
        await held.serve(asyncio.Event())
    with pytest.raises(RefusedRotation, match="evidence-1 was retired at"):
        await held.require()


async def test_the_operators_command_and_whoever_checks_with_the_pins_of_before(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AXIS": "docaxis",
        "ENVIRONMENT": "rotation",
        "DATABASE": database_url,
        "LOG__ORIGIN": ORIGIN,
        "KEYS__EVIDENCE_KEY": str(house.files.private),
        "KEYS__EVIDENCE_PUBLIC_KEYS": str(house.pins_file),
    }.items():
        monkeypatch.setenv(f"DOCAXIS_{name}", value)
    assert await rotate_key("evidence-2") == Exit.OK
    with pytest.raises(CommandFailed, match="called evidence-2 already"):
        await rotate_key("evidence-2")
    statement = Statement(
        uuid4(), EvidenceType.SUBMISSION_ACCEPTANCE, uuid4(), datetime.now(UTC), "s-1", None, {"recipients": 1}
    )
    data = statement.to_bytes(axis="docaxis", environment="rotation")
    receipt, pins, history = tmp_path / "receipt.json", tmp_path / "old pins.json", tmp_path / "key-history.json"
    receipt.write_text(
        json.dumps(evidence_file(house.key().sign(data, datetime.now(UTC)), record=None, record_key=None))
    )
    pins.write_text(json.dumps(house.old_pins.to_json()))
    history.write_text(json.dumps({"evidence": await house.history()}))
    assert verify_evidence([receipt], keys=pins) == Exit.REFUSED
    assert verify_evidence([receipt], keys=pins, history=history) == Exit.OK
    assert verify_evidence([receipt, history], keys=house.pins_file) == Exit.OK
    history.write_text(history.read_text().replace('"proof": "', '"proof": "x'))
    assert verify_evidence([receipt], keys=pins, history=history) == Exit.REFUSED
