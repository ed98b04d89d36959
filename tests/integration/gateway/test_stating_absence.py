"""What the log does not have is stated as far as it was searched: never of a content it has, nor of leaves unread."""

import asyncio
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from auditlog import AuditedLog, certificate, verdict
from docaxis.auditor.indexing import LACKS_MANIFEST
from docaxis.cli.application import main
from docaxis.client.profile import Profile, write_profile
from docaxis.router.answers import ANSWERS, state_answer
from docaxis.router.envelopes import Envelopes
from docaxis.router.looks import state_look
from docaxis_schemas.events import LOOK
from docaxis_schemas.submission import FileRole
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.disposition import Disposition
from docaxis_signing.receipts import check_evidence
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Note

STRANGE = hashlib.sha256(b"never handed in").hexdigest()


async def _logged(world: Any, log: AuditedLog) -> tuple[UUID, str]:
    """Log a submission and give it with the SHA-256 of its file."""
    data = b"%PDF-1.7\n%" + uuid4().bytes
    written = world.write((FileRole.MAIN, "a.pdf", "application/pdf", data))
    submission = UUID((await world.send(written)).json()["submission_id"])
    await log.sign(await log.judged(submission, verdict(certificate()), Disposition.DELIVER))
    await log.publish()
    return submission, hashlib.sha256(data).hexdigest()


async def _ask(world: Any, content: str, who: str = "auditor") -> tuple[int, dict[str, Any]]:
    return await _ask_for(world, who, content=content)


async def _ask_for(world: Any, who: str = "auditor", **sought: str) -> tuple[int, dict[str, Any]]:
    answer = await world.client.post("/v1/audit/absences", params=sought, headers=world.bearer(who))
    return answer.status_code, answer.json()


async def _document_of(world: Any, submission: UUID) -> dict[str, Any]:
    """Give the document as its sender described it."""
    async with world.engine.connect() as connection:
        query = text("SELECT manifest FROM claims WHERE submission_id = :id")
        found = (await connection.execute(query, {"id": submission})).scalar_one()
    document: dict[str, Any] = json.loads(found)["document"]
    return document


async def _into_the_log(world: Any, log: AuditedLog) -> None:
    """Do the router's and the registrar's part for every action that was not done yet."""
    envelopes = Envelopes(log.axis, log.environment, log.slots)
    for action in world.publisher.events(ACTIONS):
        await log.sign(state_look(action, envelopes) if action.kind == LOOK else state_answer(action, envelopes))
    await log.publish()


def _stated(world: Any) -> list[Any]:
    return [action for action in world.publisher.events(ACTIONS) if action.kind in ANSWERS]


async def _until_stated(world: Any) -> None:
    for _ in itertools.count():
        if _stated(world):
            return
        await asyncio.sleep(0.01)


async def test_the_statement_says_what_was_searched_how_far_and_is_evidence_itself(world: Any, log: AuditedLog) -> None:
    await _logged(world, log)
    head = Checkpoint.parse(Note.parse(log.files.read("checkpoint") or b"").text)
    status, told = await _ask(world, STRANGE)
    assert (status, told["log_size"], told["root_sha256"]) == (200, head.size, head.root.hex())
    path = f"/v1/audit/absences/{told['absence_id']}/evidence"
    assert (await world.get(path, "auditor")).status_code == 404, "it is not signed yet"
    await _into_the_log(world, log)
    (piece,) = (await world.get(path, "auditor")).json()["evidence"]
    checked = check_evidence(piece, log.pinned())
    assert checked.logged is not None
    assert checked.logged.index >= head.size
    assert checked.statement["type"] == "content.absent"
    assert checked.statement["facts"] == {
        "content_sha256": STRANGE,
        "log_size": head.size,
        "root_sha256": head.root.hex(),
        "unopened": 0,
    }
    assert STRANGE not in piece["proof"], "the leaf commits to what was asked, and does not say it"


async def test_a_content_that_the_log_has_is_never_stated_to_be_absent(world: Any, log: AuditedLog) -> None:
    _, content = await _logged(world, log)
    status, told = await _ask(world, content)
    assert (status, told["code"]) == (409, "content-logged")
    assert _stated(world) == []


async def test_a_submission_is_stated_to_be_absent_by_its_id_and_never_one_that_the_log_has(
    world: Any, log: AuditedLog
) -> None:
    submission, _ = await _logged(world, log)
    assert (await _ask_for(world, submission=str(submission)))[1]["code"] == "submission-logged"
    assert _stated(world) == []
    strange = str(uuid4())
    status, told = await _ask_for(world, submission=strange)
    assert status == 200
    await _into_the_log(world, log)
    (piece,) = (await world.get(f"/v1/audit/absences/{told['absence_id']}/evidence", "auditor")).json()["evidence"]
    checked = check_evidence(piece, log.pinned())
    assert checked.logged is not None
    assert checked.statement["type"] == "submission.absent"
    assert checked.statement["facts"]["sought_submission"] == strange
    assert checked.statement["facts"]["log_size"] == told["log_size"] <= checked.logged.index
    assert strange not in piece["proof"], "the leaf commits to what was asked, and does not say it"


async def test_a_document_is_stated_to_be_absent_by_issuer_and_number_together(world: Any, log: AuditedLog) -> None:
    submission, _ = await _logged(world, log)
    document = await _document_of(world, submission)
    issuer, number = document["issuer"]["code"], document["number"]
    whole = "/".join(part for part in (number, document.get("notation")) if part)
    for written in (number, whole, whole.lower()):
        status, told = await _ask_for(world, issuer=issuer, number=written)
        assert (status, told["code"]) == (409, "submission-logged"), written
    assert _stated(world) == []
    for sought in ({"issuer": issuer, "number": f"{number}9"}, {"issuer": "H99.99", "number": number}):
        status, told = await _ask_for(world, **sought)
        assert (status, told["sought_issuer"], told["sought_number"]) == (200, sought["issuer"], sought["number"])
    assert told["unopened"] == 0


async def test_a_submission_whose_manifest_is_gone_is_found_by_its_files_and_not_vouched_for_by_number(
    world: Any, log: AuditedLog
) -> None:
    submission, content = await _logged(world, log)
    async with world.engine.begin() as connection:  # as it is derived once the manifest is no longer kept
        derived = {"terms": [f"content:{content}", LACKS_MANIFEST], "id": submission}
        await connection.execute(
            text("UPDATE audit_entries SET terms = :terms WHERE submission_id = :id AND type = 'submission.received'"),
            derived,
        )
    assert (await _ask(world, content))[0] == 409, "the statement itself names the files"
    assert (await _ask(world, STRANGE))[1]["unopened"] == 0
    assert (await _ask_for(world, issuer="H99.99", number="1"))[1]["unopened"] == 1


@pytest.mark.parametrize(
    "sought",
    [
        {},
        {"issuer": "H01"},
        {"number": "1"},
        {"issuer": "H01", "number": " "},
        {"issuer": "H01", "number": "1", "content": STRANGE},
        {"submission": str(UUID(int=1)), "content": STRANGE},
        {"submission": "1"},
        {"issuer": "H01", "number": "1\u0000"},
        {"issuer": "H01", "number": "1" * 201},
    ],
)
async def test_exactly_one_thing_is_asked_for_and_what_is_none_is_not_noted(
    world: Any, log: AuditedLog, sought: dict[str, str]
) -> None:
    await _logged(world, log)
    assert (await _ask_for(world, **sought))[0] == 400
    assert world.publisher.events(ACTIONS) == []


async def test_nothing_is_stated_while_the_index_is_behind_the_log(world: Any, log: AuditedLog) -> None:
    assert (await _ask(world, STRANGE))[0] == 503, "there is no checkpoint"
    _, content = await _logged(world, log)
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM audit_entries WHERE leaf_index = 0"))
        columns = 'submission_id, type, at, indication, terms, "row"'
        beyond = f"INSERT INTO audit_entries SELECT 2, {columns} FROM audit_entries WHERE leaf_index = 1"
        await connection.execute(text(beyond))
    for asked in (content, STRANGE):
        status, told = await _ask(world, asked)
        assert (status, told["code"]) == (503, "unavailable")
    assert _stated(world) == []


async def test_what_nothing_opens_any_more_is_counted_and_not_vouched_for(world: Any, log: AuditedLog) -> None:
    submission, content = await _logged(world, log)
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM submission_secrets WHERE submission_id = :id"), {"id": submission})
        await connection.execute(text("DELETE FROM audit_entries"))
    await log.follow()
    assert (await _ask(world, content))[1]["unopened"] == 1


async def test_a_statement_holds_of_its_size_whatever_is_logged_meanwhile(world: Any, log: AuditedLog) -> None:
    """The content comes after the checkpoint that the statement names, and before the statement itself is logged."""
    await _logged(world, log)
    data = b"%PDF-1.7\n%" + uuid4().bytes
    content = hashlib.sha256(data).hexdigest()
    _, told = await _ask(world, content)
    written = world.write((FileRole.MAIN, "a.pdf", "application/pdf", data))
    late = UUID((await world.send(written)).json()["submission_id"])
    await log.sign(await log.judged(late, verdict(certificate()), Disposition.DELIVER))
    await _into_the_log(world, log)
    rows = await log.index.rows(0, 100)
    holding = [index for index, row in rows.items() if content in json.loads(row)["facts"].get("contents_sha256", ())]
    assert holding
    assert min(holding) >= told["log_size"]
    assert (await _ask(world, content))[0] == 409


@pytest.mark.parametrize("who", ["so-noi-vu", "clerk of so-noi-vu", "operator"])
async def test_auditors_alone_are_answered_and_every_question_is_noted(world: Any, log: AuditedLog, who: str) -> None:
    await _logged(world, log)
    assert (await _ask(world, STRANGE, who))[0] == 403
    assert (await world.get(f"/v1/audit/absences/{uuid4()}/evidence", who)).status_code == 403
    assert (await _ask(world, STRANGE.upper()))[0] == 400
    assert world.publisher.events(ACTIONS) == []
    await _ask(world, STRANGE)
    (look,) = (action for action in world.publisher.events(ACTIONS) if action.kind == LOOK)
    assert json.loads(look.body)["what"] == "absence"


async def test_the_command_keeps_evidence_that_verifies_off_line(
    world: Any, log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, content = await _logged(world, log)
    keys, profile, kept = tmp_path / "keys.json", tmp_path / "p.toml", tmp_path / "absent.json"
    keys.write_text(json.dumps(log.pinned().to_json()))
    settings, url = world.settings, await world.gateway.start()
    write_profile(
        profile, Profile(url, world.secrets["auditor"], "auditor", settings.axis, settings.environment, keys=keys)
    )
    strange = tmp_path / "lạ.pdf"
    strange.write_bytes(b"never handed in")
    command = ["audit", "absent", "--profile", str(profile), "--json"]
    asking = asyncio.create_task(asyncio.to_thread(main, [*command, str(strange), "--to", str(kept)]))
    async with asyncio.timeout(60):
        await _until_stated(world)
    await _into_the_log(world, log)
    assert await asking == 0
    assert json.loads(capsys.readouterr().out)["content_sha256"] == STRANGE
    assert main(["verify-evidence", str(kept), "--keys", str(keys), "--logged", "--lang", "en"]) == 0
    assert STRANGE in (said := capsys.readouterr().out)
    assert "no proof" in said
    assert await asyncio.to_thread(main, [*command, content]) == 1
    capsys.readouterr()
    kept = tmp_path / "no such number.json"
    one = ["--issuer", "H99.99", "--number", "7/QĐ"]
    asking = asyncio.create_task(asyncio.to_thread(main, [*command, *one, "--to", str(kept)]))
    before = len(_stated(world))
    async with asyncio.timeout(60):
        while len(_stated(world)) == before:  # noqa: ASYNC110 - the command runs in a thread of its own
            await asyncio.sleep(0.01)
    await _into_the_log(world, log)
    assert await asking == 0
    assert main(["verify-evidence", str(kept), "--keys", str(keys), "--logged", "--lang", "en"]) == 0
    assert "the document 7/QĐ of H99.99" in capsys.readouterr().out
    for wrong in ([], ["--issuer", "H01"], [content, *one]):
        assert await asyncio.to_thread(main, [*command, *wrong]) == 64
