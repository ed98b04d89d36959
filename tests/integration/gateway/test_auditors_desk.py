"""The auditor's desk over HTTP: search with proofs, openings, and every look is itself in the log."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from auditlog import AuditedLog, certificate, verdict
from docaxis.auditor.indexing import Disclosure, derive
from docaxis.client.auditing import AuditClient, RejectedRow
from docaxis.client.connection import Connection, Patience
from docaxis.router.envelopes import Envelopes
from docaxis.router.looks import state_look
from docaxis_schemas.canonical import canonical
from docaxis_schemas.topics import ACTIONS
from docaxis_signing.disposition import Disposition
from docaxis_signing.verdict import Indication

MAU, KHAC = certificate(), certificate("Trần Thị Khác", "99ff", issuer="CN=TEST CA Khác", issuer_sha256="e" * 64)


@pytest.fixture
async def auditor(world: Any) -> AsyncIterator[AuditClient]:
    transport = httpx.ASGITransport(app=world.gateway.app, raise_app_exceptions=False)
    secret = world.secrets["auditor"]
    connection = Connection("http://127.0.0.1", secret, patience=Patience(seconds=0), transport=transport)
    yield AuditClient(connection)
    await connection.close()


async def _judged(world: Any, log: AuditedLog, *signers: Any, number: str, **more: Any) -> UUID:
    written = world.write(document=world.document(number=number, notation="QĐ-SNV"))
    submission = UUID((await world.send(written)).json()["submission_id"])
    disposition = more.pop("disposition", Disposition.DELIVER)
    await log.sign(await log.judged(submission, verdict(*signers, **more), disposition))
    return submission


async def _looks_into_the_log(world: Any, log: AuditedLog) -> None:
    envelopes = Envelopes(log.axis, log.environment, log.slots)
    for action in world.publisher.events(ACTIONS):
        await log.sign(state_look(action, envelopes))


async def test_each_criterion_finds_its_leaves_and_no_others(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    one = await _judged(world, log, MAU, number="15")
    two = await _judged(
        world, log, KHAC, number="16", indication=Indication.TOTAL_FAILED, disposition=Disposition.REFUSE
    )
    await log.publish()
    row = (await auditor.search(submission=str(one), type="submission.received")).found[0].row
    expected: list[tuple[dict[str, Any], set[tuple[UUID, str]]]] = [
        ({"certificate": MAU.sha256.upper()}, {(one, "verdict.given")}),
        ({"serial": "00:99:FF"}, {(two, "verdict.given")}),
        ({"issuer": "e" * 64}, {(two, "verdict.given")}),
        ({"issuer": "test ca khac"}, {(two, "verdict.given")}),
        ({"signer": "nguyen mau"}, {(one, "verdict.given")}),
        ({"signer": "Mẫu", "verdict": "TOTAL-FAILED"}, set()),
        ({"verdict": "TOTAL-FAILED"}, {(two, "verdict.given")}),
        ({"algorithm": "SHA256_RSA", "serial": "1a2b"}, {(one, "verdict.given")}),
        ({"number": "15/qd-snv"}, {(one, "verdict.given"), (one, "submission.received")}),
        ({"number": "16", "type": "verdict.given"}, {(two, "verdict.given")}),
        ({"content": row["facts"]["contents_sha256"][0]}, {(one, "verdict.given"), (one, "submission.received")}),
        ({"organisation": "H20.14"}, {(one, "submission.received"), (two, "submission.received")}),
        ({"submission": str(two)}, {(two, "verdict.given"), (two, "submission.received")}),
        ({"until": "2020-01-01T00:00:00Z"}, set()),
        ({"since": "2020-01-01T00:00:00Z", "type": "verdict.given"}, {(one, "verdict.given"), (two, "verdict.given")}),
    ]
    for asked, wanted in expected:
        page = await auditor.search(**asked)
        found = {(UUID(item.row["submission_id"]), item.row["type"]) for item in page.found}
        assert found == wanted, asked
        for item in page.found:
            item.check(log.policy)


async def test_pages_go_on_where_they_ended(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    for number in range(3):
        await _judged(world, log, MAU, number=str(number))
    await log.publish()
    seen: list[int] = []
    before: int | None = None
    while True:
        page = await auditor.search(before=before, limit=4)
        seen += [int(item.row["leaf_index"]) for item in page.found]
        if (before := page.next) is None:
            break
    assert seen == [5, 4, 3, 2, 1, 0]


async def test_a_row_that_says_something_else_is_refused(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    submission = await _judged(world, log, MAU, number="15")
    await log.publish()
    async with world.engine.begin() as connection:
        forged = {"submission_id": str(submission), "leaf_index": 1, "type": "verdict.given"}
        query = text('UPDATE audit_entries SET "row" = :row WHERE leaf_index = 1')
        await connection.execute(query, {"row": canonical(forged | {"time": "2026-01-01T00:00:00Z", "codes": {}})})
    (found,) = (await auditor.search(serial="1a2b")).found
    with pytest.raises(RejectedRow):
        found.check(log.policy)


async def test_whoever_has_the_openings_derives_the_same_rows(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    await _judged(world, log, MAU, KHAC, number="15")
    shredded = await _judged(world, log, MAU, number="16")
    async with world.engine.begin() as connection:
        query = text("DELETE FROM submission_secrets WHERE submission_id = :id")
        await connection.execute(query, {"id": shredded})
    await log.publish()
    leaves = [one async for one in auditor.disclosures(0, 100)]
    assert len(leaves) == 4
    for one in leaves:
        disclosed = None
        if one.statement is not None and one.salts is not None:
            disclosed = Disclosure(one.statement, one.salts, one.verdict, one.manifest)
        row = derive(one.index, one.leaf, disclosed)
        assert canonical(row) == one.row
        assert row["open"] == (one.index < 2)
        assert str(shredded) not in json.dumps(row)


async def test_every_look_is_evidence_before_it_is_answered(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    submission = await _judged(world, log, MAU, number="15")
    await log.publish()
    await auditor.search(signer="nguyen mau")
    for path in ("", "/verdict", "/evidence"):
        assert (await world.get(f"/v1/submissions/{submission}{path}", "auditor")).status_code == 200
    assert (await world.get(f"/v1/submissions/{submission}")).status_code == 200, "a party looks at its own"
    await _looks_into_the_log(world, log)
    await log.publish()
    asked = [one["query"] for one in await auditor.looks(10) if one["what"] == "search"]
    assert [query["signer"] for query in asked] == ["nguyen mau"]
    page = await auditor.search(type="audit.searched")
    rows = [item.row for item in page.found]
    assert sorted(row["facts"]["look"] for row in rows) == ["evidence", "search", "submission", "verdict"]
    by_hash = {row["facts"]["query_sha256"]: row for row in rows}
    assert hashlib.sha256(canonical(asked[0])).hexdigest() in by_hash
    assert {row["member"] for row in rows} == {"axis.auditor"}
    for item in page.found:
        item.check(log.policy)


async def test_nothing_is_shown_that_cannot_be_stated(world: Any, log: AuditedLog) -> None:
    submission = await _judged(world, log, MAU, number="15")
    await log.publish()
    world.publisher.away = True
    for path in ("/v1/audit/entries", "/v1/audit/disclosures?first=0", f"/v1/submissions/{submission}/verdict"):
        assert (await world.get(path, "auditor")).status_code == 503
    assert (await world.get(f"/v1/submissions/{submission}/verdict")).status_code == 200


@pytest.mark.parametrize("who", ["so-noi-vu", "clerk of so-noi-vu", "operator"])
async def test_the_desk_is_the_auditors_alone(world: Any, who: str) -> None:
    for path in ("entries", "disclosures?first=0", "looks"):
        assert (await world.get(f"/v1/audit/{path}", who)).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        *("signer=%2C", "serial=", "number=%00", "issuer=...", "since=2026-01-01T00:00:00"),
        *("since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-01:00"),
    ],
)
async def test_a_question_that_asks_nothing_is_refused(world: Any, query: str) -> None:
    answer = await world.get(f"/v1/audit/entries?{query}", "auditor")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


async def test_an_emptied_index_fills_again(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    await _judged(world, log, MAU, number="15")
    await log.publish()
    before = await log.index.rows(0, 100)
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM audit_entries"))
    assert (await auditor.search(serial="1a2b")).found == ()
    await log.follow()
    assert await log.index.rows(0, 100) == before
