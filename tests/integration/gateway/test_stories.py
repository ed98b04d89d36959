"""One document's full story over HTTP, and what the auditor's page calls shown, false, shut or missing in it."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from auditlog import AuditedLog, certificate, verdict
from docaxis.clerk.stories import Lack, Line, Missing, Standing, layers_of, lines_of, missing_of
from docaxis.router.envelopes import Envelopes
from docaxis.router.looks import state_look
from docaxis.storage.receipt_signatures import ReceiptSignatureStore
from docaxis_schemas.moments import system_clock
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.disposition import Disposition
from docaxis_signing.verdict import Indication

SOON = timedelta(seconds=1)


async def _judged(world: Any, log: AuditedLog, **changes: Any) -> UUID:
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    await log.sign(await log.judged(submission, verdict(certificate(), **changes), Disposition.DELIVER))
    return submission


async def _told(world: Any, submission: UUID) -> dict[str, Any]:
    answer = await world.get(f"/v1/audit/submissions/{submission}", "auditor")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _lines(told: dict[str, Any], log: AuditedLog, after: timedelta = SOON) -> tuple[Line, ...]:
    return lines_of(told, log.pinned(), system_clock() + after)


def _standings(lines: tuple[Line, ...]) -> list[Standing]:
    return [one.standing for one in lines]


async def test_every_statement_is_told_with_its_leaf_and_what_opens_it(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log, indication=Indication.TOTAL_FAILED)
    await log.publish()
    told = await _told(world, submission)
    lines = _lines(told, log)
    assert [(one.leaf_index, one.said["type"] if one.said else "") for one in lines] == [
        (0, "submission.received"),
        (1, "verdict.given"),
    ]
    assert _standings(lines) == [Standing.SHOWN, Standing.SHOWN]
    assert lines[0].signed
    assert {one.field: one.value for one in lines[0].openings}["submission_id"] == str(submission)
    assert lines[1].codes["indication"] == "TOTAL-FAILED"
    (layers,) = layers_of(told)
    assert layers.verdict.indication is Indication.TOTAL_FAILED
    (signature,) = layers.files[0].signatures
    assert signature.checks[0].key == "key"
    assert missing_of(told, lines) == (Missing(Lack.GROUNDS, told["verdicts"][0]["verdict_sha256"]),)


async def test_what_is_not_logged_in_time_is_a_broken_promise(world: Any, log: AuditedLog) -> None:
    told = await _told(world, await _judged(world, log))
    assert set(_standings(_lines(told, log))) == {Standing.WAITING}
    late = _lines(told, log, timedelta(seconds=70))
    assert set(_standings(late)) == {Standing.OVERDUE}
    assert [one.lack for one in missing_of(told, late)] == [Lack.LEAF, Lack.LEAF, Lack.GROUNDS]


async def test_what_is_missing_is_named(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    await log.publish()
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM contents"))
        await connection.execute(text("DELETE FROM audit_entries WHERE leaf_index = 1"))
    told = await _told(world, submission)
    suppressed = {"type": "ContentConsignment", "event_id": str(uuid4())}
    told["submission"]["timeline"].append(suppressed)
    found = {(one.lack, one.what) for one in missing_of(told, _lines(told, log))}
    assert found >= {
        (Lack.RECEIPT, f"ContentConsignment {suppressed['event_id']}"),
        (Lack.INDEX, "1"),
        (Lack.DOCUMENT, told["manifest"]["contents"][0]["name"]),
    }
    undecided = UUID((await world.send(world.write())).json()["submission_id"])
    told = await _told(world, undecided)
    assert Missing(Lack.VERDICT, "") in missing_of(told, _lines(told, log))


async def test_what_was_shredded_is_shut_and_not_called_missing(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    await log.publish()
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM submission_secrets"))
    told = await _told(world, submission)
    lines = _lines(told, log)
    assert set(_standings(lines)) == {Standing.SHUT}
    assert not [one for line in lines for one in line.openings]
    assert Lack.LEAF not in {one.lack for one in missing_of(told, lines)}


@pytest.mark.parametrize("forged", ["proof", "leaf_index", "event_id", "receipt"])
async def test_what_does_not_hold_is_called_false_and_nothing_of_it_is_told(
    world: Any, log: AuditedLog, forged: str
) -> None:
    submission = await _judged(world, log)
    await log.publish()
    told = await _told(world, submission)
    one, other = told["evidence"]
    if forged in {"proof", "receipt"}:
        one["file"][forged] = other["file"][forged]
    else:
        one[forged] = 7 if forged == "leaf_index" else str(uuid4())
    (line,) = (line for line in _lines(told, log) if line.event_id == one["event_id"])
    assert (line.standing, line.said, line.openings) == (Standing.FALSE, None, ())
    assert line.reason


@pytest.mark.parametrize("who", ["so-noi-vu", "clerk of so-noi-vu", "operator"])
async def test_stories_and_files_of_packages_are_the_auditors_alone(world: Any, log: AuditedLog, who: str) -> None:
    submission = await _judged(world, log)
    for path in ("", "/package/keys.json"):
        assert (await world.get(f"/v1/audit/submissions/{submission}{path}", who)).status_code == 403
        assert (await world.get(f"/v1/audit/submissions/{uuid4()}{path}", "auditor")).status_code == 404


async def test_reading_a_story_is_stated_before_it_is_told(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log)
    await _told(world, submission)
    (look,) = world.publisher.events(ACTIONS)
    (record,) = await log.sign(state_look(look, Envelopes(log.axis, log.environment, log.slots)))
    assert record.type == "audit.searched"
    world.publisher.away = True
    for path in ("", "/package/keys.json"):
        assert (await world.get(f"/v1/audit/submissions/{submission}{path}", "auditor")).status_code == 503


async def test_files_of_a_package_are_given_one_by_one_but_no_document(world: Any, log: AuditedLog) -> None:
    address = f"/v1/audit/submissions/{await _judged(world, log)}/package"
    await log.publish()
    with zipfile.ZipFile(io.BytesIO((await world.get(address, "auditor")).content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    documents = [name for name in files if name.startswith("documents/")]
    (report,) = (name for name in files if name.startswith("reports/"))
    assert documents
    for name in (report, "package.json", "log/proofs/0.tlog-proof"):
        answer = await world.get(f"{address}/{name}", "auditor")
        assert (answer.status_code, answer.content) == (200, files[name]), name
        assert answer.headers["content-disposition"].startswith("attachment")
    for name in (*documents, "none", "../package.json"):
        assert (await world.get(f"{address}/{name}", "auditor")).status_code == 404, name


async def test_a_file_of_a_package_asks_for_no_signature_and_says_when_there_will_be_one(
    world: Any, log: AuditedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.gateway._parts.public_keys, "certificates", ["TEST"])
    address = f"/v1/audit/submissions/{await _judged(world, log)}/package/package.json"
    told = json.loads((await world.get(address, "auditor")).content)
    assert {one["signature_missing"]["code"] for one in told["evidence"]} == {"with-package"}
    assert await ReceiptSignatureStore(world.engine).waiting(10) == {}
