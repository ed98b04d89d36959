"""The evidence package over HTTP: whose it is, that it is evidence, and what it holds when things are missing."""

import asyncio
import hashlib
import io
import itertools
import json
import re
import zipfile
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from auditlog import AuditedLog, certificate, verdict
from docaxis.gateway.countersigned import WAITING, signed_within, why_missing
from docaxis.router.envelopes import Envelopes
from docaxis.router.looks import state_look
from docaxis.storage.evidence_objects import DamagedObject, EvidenceObjects
from docaxis.storage.receipt_signatures import ReceiptSignatureStore
from docaxis.verifier.envelopes import verdict_event
from docaxis_schemas.canonical import canonical
from docaxis_schemas.submission import FileRole
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.anchor_files import anchor_path
from docaxis_signing.disposition import Disposition
from docaxis_signing.transparency.proof import LogProof

HOSTILE = "..$(reboot) `id` %2e%2e CON.pdf"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


async def _judged(world: Any, log: AuditedLog, *files: Any) -> UUID:
    submission = UUID((await world.send(world.write(*files))).json()["submission_id"])
    await log.sign(await log.judged(submission, verdict(certificate()), Disposition.DELIVER))
    return submission


async def _package(world: Any, submission: UUID) -> tuple[dict[str, bytes], bytes]:
    answer = await world.get(f"/v1/audit/submissions/{submission}/package", "auditor")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}, answer.content


@pytest.mark.parametrize("who", ["so-noi-vu", "bo-mau", "clerk of so-noi-vu", "operator"])
async def test_a_package_is_the_auditors_alone(world: Any, log: AuditedLog, who: str) -> None:
    submission = await _judged(world, log)
    assert (await world.get(f"/v1/audit/submissions/{submission}/package", who)).status_code == 403
    assert (await world.get(f"/v1/audit/submissions/{uuid4()}/package", "auditor")).status_code == 404


async def test_an_export_is_stated_before_anything_is_given(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    await log.publish()
    await _package(world, submission)
    (look,) = world.publisher.events(ACTIONS)
    (record,) = await log.sign(state_look(look, Envelopes(log.axis, log.environment, log.slots)))
    assert record.type == "evidence.exported"
    world.publisher.away = True
    assert (await world.get(f"/v1/audit/submissions/{submission}/package", "auditor")).status_code == 503


async def test_what_strangers_called_their_files_is_no_name_in_the_package(world: Any, log: AuditedLog) -> None:
    enclosure = (FileRole.ENCLOSURE, "bảng.csv", "text/csv", b"a,b\n")
    main = (FileRole.MAIN, HOSTILE, "application/pdf", b"%PDF-1.7\n%" + uuid4().bytes)
    submission = await _judged(world, log, main, enclosure)
    files, _ = await _package(world, submission)
    assert all(SAFE.fullmatch(name) and ".." not in name for name in files)
    told = json.loads(files["package.json"])
    assert [one["name"] for one in told["documents"]] == [HOSTILE, "bảng.csv"]
    assert [files[one["file"]] for one in told["documents"]] == [main[3], b"a,b\n"]
    sums = {line[66:]: line[:64] for line in files.pop("SHA256SUMS").decode().splitlines()}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


async def test_what_is_not_there_yet_or_no_more_is_said_and_not_made_up(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    files, _ = await _package(world, submission)
    told = json.loads(files["package.json"])
    assert (told["log"], [one["leaf_index"] for one in told["evidence"]]) == (None, [None, None])
    assert {one["signature_missing"]["code"] for one in told["evidence"]} == {"no-certificate"}
    assert [one["record"] for one in told["verdicts"]] == [None], "nothing was kept of what it was drawn from"
    assert not [name for name in files if name.startswith(("verdicts/", "trust/", "log/"))]
    await log.publish()
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM submission_secrets"))
        await connection.execute(text("DELETE FROM contents"))
    files, _ = await _package(world, submission)
    told = json.loads(files["package.json"])
    assert (told["log"]["anchored"], told["documents"][0]["file"]) == (False, None)
    assert not [name for name in files if name.startswith("documents/")]
    pieces = [json.loads(files[one["receipt"]]) for one in told["evidence"]]
    assert [piece["openings"] for piece in pieces] == [None, None], "what was shredded stays shut"


@pytest.mark.parametrize("damaged", ["shared", "rests on"])
async def test_nothing_is_given_of_evidence_that_was_damaged_where_it_is_kept(
    world: Any, log: AuditedLog, damaged: str
) -> None:
    submission = await _judged(world, log)
    await log.publish()
    crl = uuid4().bytes
    listed = hashlib.sha256(crl).hexdigest()
    named = {"answers": [], "rules": [], "lists": [{"authority": "ca", "sha256": listed}], "trust": "0" * 64}
    shared = hashlib.sha256(canonical(named)).hexdigest()
    objects = EvidenceObjects(world.engine, world.time)
    await objects.keep({listed: crl, shared: canonical(named)})
    async with world.engine.begin() as connection:
        query = "INSERT INTO verdict_inputs VALUES (:event, :submission, :shared, '{}')"
        values = {"submission": submission, "event": verdict_event(submission)}
        await connection.execute(text(query), values | {"shared": shared})
    files, _ = await _package(world, submission)
    assert files[f"objects/{listed}"] == crl
    bad = listed if damaged == "rests on" else shared
    async with world.engine.begin() as connection:
        query = "UPDATE evidence_objects SET content = content || ' '::bytea WHERE sha256 = :bad"
        await connection.execute(text(query), {"bad": bad})
    answer = await world.get(f"/v1/audit/submissions/{submission}/package", "auditor")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert bad in answer.json()["detail"]
    assert bad in answer.json()["detail_vi"]
    with pytest.raises(DamagedObject):
        await objects.read(bad)


async def test_an_export_waits_for_the_signatures_it_asks_for_but_not_for_ever(world: Any, log: AuditedLog) -> None:
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    records = await log.sign(await log.judged(submission, verdict(certificate()), Disposition.DELIVER))
    one, two = (record.event_id for record in records)
    store = ReceiptSignatureStore(world.engine)
    assert why_missing((await signed_within(store, [one], world.time, 0)).get(one)) == WAITING
    asked = asyncio.create_task(signed_within(store, [one, two], world.time, 60))
    await store.keep({one: b"signature"}, world.time())
    async with asyncio.timeout(60):
        for _ in itertools.count():
            if two in await store.waiting(10):
                break
            await asyncio.sleep(0.01)
    assert not asked.done()
    await store.keep({two: b"another"}, world.time())
    assert {event: kept.signature for event, kept in (await asked).items()} == {one: b"signature", two: b"another"}


async def test_proofs_lead_to_the_first_time_stamped_checkpoint_that_covers_them(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    await log.publish()
    checkpoint = log.files.read("checkpoint")
    assert checkpoint is not None
    log.files.put(
        [("anchors/0000000000000000002.tst", b"token"), ("anchors/0000000000000000002.checkpoint", checkpoint)]
    )
    files, first = await _package(world, submission)
    await _judged(world, log)
    await log.publish()
    later = log.files.read("checkpoint") or b""
    log.files.put([(anchor_path(4, ".tst"), b"other"), (anchor_path(4, ".checkpoint"), later)])
    assert (await _package(world, submission))[1] == first, "the same bytes, though the log has grown and was anchored"
    assert (files["log/checkpoint"], files["log/checkpoint.tst"]) == (checkpoint, b"token")
    for name in ("log/proofs/0.tlog-proof", "log/proofs/1.tlog-proof"):
        proof = LogProof.parse(files[name])
        assert proof.checkpoint == checkpoint
        assert proof.check_itself(log.policy) == files[name.replace("proofs", "leaves").replace(".tlog-proof", ".json")]
