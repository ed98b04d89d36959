"""Inbox, deliveries, downloads, hand-overs and reports: everybody sees its own and nothing of others."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from docaxis.directory.entries import GATEWAY_KEY
from docaxis.storage.tables.intake import claims, member_records
from docaxis.storage.tables.readmodels import dead_letters, delivery_lines
from docaxis_schemas.events import Action, Submitted
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.submission import HandoverRecord, Kind, ReportRecord
from docaxis_schemas.topics import ACTIONS, SUBMITTED

World = Any
SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"


class Delivered:
    """One submission of the sender, delivered to `G99` and to `H20.20`."""

    def __init__(self, world: World, written: Any, submission: UUID, delivery: UUID, others: UUID) -> None:
        self.world, self.written, self.submission = world, written, submission
        self.delivery, self.others = delivery, others

    @property
    def hashes(self) -> tuple[str, ...]:
        return tuple(sorted(self.written.files))

    def handover(self, member: str = RECIPIENT, **changes: Any) -> HandoverRecord:
        given: dict[str, Any] = {"delivery_id": self.delivery, "contents": self.hashes} | changes
        return HandoverRecord(self.world.heading(Kind.HANDOVER, member), **given)

    def report(self, code: str, member: str = RECIPIENT, own_id: str | None = None, **changes: Any) -> ReportRecord:
        return ReportRecord(self.world.heading(Kind.REPORT, member, own_id), self.delivery, code, **changes)


@pytest.fixture
async def delivered(world: World) -> Delivered:
    written = world.write(recipients=("G99", "H20.20"))
    submission = UUID((await world.send(written)).json()["submission_id"])
    delivery = await world.deliver(written, submission, "G99", RECIPIENT)
    others = await world.deliver(written, submission, "H20.20", OTHER)
    async with world.engine.begin() as connection:
        for recipient in ("G99", "H20.20"):
            line = {"recipient": recipient, "state": "consigned", "version": 1, "changed_at": world.time()}
            await connection.execute(insert(delivery_lines).values(submission_id=submission, **line))
    await world.judge(submission)
    return Delivered(world, written, submission, delivery, others)


# --- inbox ------------------------------------------------------------------------------------------------------------


async def test_the_inbox_is_read_page_by_page_behind_a_cursor(world: World) -> None:
    names = []
    for _ in range(5):
        written = world.write()
        submission = UUID((await world.send(written)).json()["submission_id"])
        names.append(await world.deliver(written, submission, "G99", RECIPIENT))
    seen, cursor = [], ""
    while True:
        page = (await world.get(f"/v1/inbox?limit=2{cursor}", RECIPIENT)).json()
        if not page["items"]:
            break
        seen += [UUID(item["delivery_id"]) for item in page["items"]]
        cursor = f"&cursor={page['cursor']}"
    assert seen == names
    assert (await world.get("/v1/inbox", OTHER)).json()["items"] == []


@pytest.mark.parametrize("cursor", ["x", "1", "1.2.3", "-1.0", "1.1' OR '1'='1", "9" * 30 + ".1"])
async def test_a_cursor_that_is_none(world: World, cursor: str) -> None:
    for path in ("/v1/inbox", "/v1/inbox/events"):
        response = await world.client.get(path, params={"cursor": cursor}, headers=world.bearer(RECIPIENT))
        assert (response.status_code, response.json()["code"]) == (400, "cursor-invalid")


async def test_a_waiting_reader_is_woken_by_what_comes(world: World) -> None:
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    waiting = asyncio.create_task(world.get("/v1/inbox?wait=30", RECIPIENT))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    async with asyncio.timeout(4):  # sooner than it would look by itself
        name = await world.deliver(written, submission, "G99", RECIPIENT)
        page = (await waiting).json()
    assert [item["delivery_id"] for item in page["items"]] == [str(name)]


@pytest.mark.parametrize("who", ["clerk", "part"])
async def test_a_credential_sees_the_deliveries_of_its_own_organisations(world: World, who: str) -> None:
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    own = await world.deliver(written, submission, "G99", RECIPIENT)
    other = await world.deliver(written, submission, "G99.01", RECIPIENT)
    clerk = f"{who} of {RECIPIENT}"
    page = (await world.get("/v1/inbox?limit=1", clerk)).json()
    assert [item["delivery_id"] for item in page["items"]] == [str(own)]
    rest = (await world.get(f"/v1/inbox?limit=1&cursor={page['cursor']}", clerk)).json()
    assert rest["items"] == []
    assert (await world.get(f"/v1/deliveries/{own}", clerk)).status_code == 200
    assert (await world.get(f"/v1/deliveries/{other}", clerk)).status_code == 404
    assert (await world.get(f"/v1/deliveries/{other}", RECIPIENT)).status_code == 200


# --- submissions ------------------------------------------------------------------------------------------------------


async def test_the_sender_sees_every_line_and_a_recipient_its_own(world: World, delivered: Delivered) -> None:
    path = f"/v1/submissions/{delivered.submission}"
    sender = (await world.get(path, SENDER)).json()
    assert [line["recipient"] for line in sender["deliveries"]] == ["G99", "H20.20"]
    assert sender["verdict"]["indication"] == "TOTAL-PASSED"
    recipient = (await world.get(path, RECIPIENT)).json()
    assert [line["recipient"] for line in recipient["deliveries"]] == ["G99"]
    assert "H20.20" not in json.dumps(recipient)
    auditor = (await world.get(path, "auditor")).json()
    assert len(auditor["deliveries"]) == 2


@pytest.mark.parametrize("who", ["clerk", "part"])
async def test_a_credential_sees_submissions_to_its_own_organisations(world: World, who: str) -> None:
    """The credential of the ministry works for `G99`, not for `G99.01`, which the same member receives for."""
    written = world.write(recipients=("G99.01",))
    submission = UUID((await world.send(written)).json()["submission_id"])
    await world.deliver(written, submission, "G99.01", RECIPIENT)
    await world.judge(submission)
    clerk = f"{who} of {RECIPIENT}"
    for what in ("", "/verdict", "/evidence", "/evidence/signatures"):
        assert (await world.get(f"/v1/submissions/{submission}{what}", RECIPIENT)).status_code == 200
        assert (await world.get(f"/v1/submissions/{submission}{what}", clerk)).status_code == 404
    await world.deliver(written, submission, "G99", RECIPIENT)
    assert (await world.get(f"/v1/submissions/{submission}", clerk)).json()["role"] == "recipient"


async def test_a_system_acts_on_deliveries_of_the_organisations_its_credential_names(world: World) -> None:
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    answers = []
    for recipient in ("G99", "G99.01"):
        delivery = await world.deliver(written, submission, recipient, RECIPIENT)
        record = HandoverRecord(world.heading(Kind.HANDOVER, RECIPIENT), delivery, tuple(written.files))
        answers.append((await world.act(record, who=f"part of {RECIPIENT}")).status_code)
    assert answers == [202, 404]


async def test_a_clerk_sees_what_was_sent_for_its_own_organisations(world: World) -> None:
    document = world.document() | {"issuer": {"code": "G99.01", "name": "Cục Một, Bộ Mẫu"}}
    clerk, own = f"clerk of {RECIPIENT}", {"code": "G99", "name": "Bộ Mẫu"}
    seen = {}
    for name, issuer in (("own", own), ("another's", document["issuer"])):
        given = document | {"issuer": issuer}
        written = world.write(document=given, member=RECIPIENT, recipients=("H20.14",))
        answer = await world.send(written, credential=RECIPIENT)
        assert answer.status_code == 202, answer.text
        [content] = written.files
        path = f"/v1/submissions/{answer.json()['submission_id']}"
        paths = (path, f"{path}/evidence", f"{path}/evidence/signatures", f"{path}/contents/{content}")
        assert {(await world.get(each, RECIPIENT)).status_code for each in paths} == {200}
        seen[name] = {(await world.get(each, clerk)).status_code for each in paths}
    assert seen == {"own": {200}, "another's": {404}}


@pytest.mark.parametrize("what", ["", "/verdict", "/evidence", "/evidence/signatures"])
async def test_a_stranger_hears_the_same_as_about_nothing(world: World, what: str) -> None:
    submission = (await world.send(world.write())).json()["submission_id"]
    strangers = await world.get(f"/v1/submissions/{submission}{what}", OTHER)
    nothing = await world.get(f"/v1/submissions/{uuid4()}{what}", OTHER)
    assert strangers.status_code == 404
    assert strangers.content == nothing.content


async def test_ids_that_are_none(world: World) -> None:
    response = await world.get("/v1/submissions/no-uuid", SENDER)
    assert (response.status_code, response.json()["code"]) == (400, "malformed-request")
    assert (await world.get("/v1/nothing", SENDER)).json()["code"] == "not-found"
    assert (await world.client.delete("/v1/inbox")).status_code == 405


# --- downloads --------------------------------------------------------------------------------------------------------


async def test_a_recipient_fetches_whole_and_in_ranges(world: World, delivered: Delivered) -> None:
    [(name, body)] = delivered.written.files.items()
    path = f"/v1/deliveries/{delivered.delivery}/contents/{name}"
    whole = await world.get(path, RECIPIENT)
    assert (whole.status_code, whole.content) == (200, body)
    assert whole.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''c%C3%B4ng%20v%C4%83n.pdf" in whole.headers["content-disposition"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["etag"] == f'"{name}"'
    part = await world.get(path, RECIPIENT, Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, body[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(body)}"
    assert (await world.get(path, RECIPIENT, Range="bytes=-4")).content == body[-4:]
    assert (await world.get(path, RECIPIENT, Range=f"bytes={len(body)}-")).status_code == 416
    assert (await world.get(path, RECIPIENT, Range="bytes=1-2,4-5")).content == body


async def test_a_content_is_fetched_through_ones_own_delivery_only(world: World, delivered: Delivered) -> None:
    [name] = delivered.written.files
    assert (await world.get(f"/v1/deliveries/{delivered.delivery}/contents/{name}", OTHER)).status_code == 404
    assert (await world.get(f"/v1/deliveries/{delivered.delivery}/contents/{'0' * 64}", RECIPIENT)).status_code == 404
    path = f"/v1/submissions/{delivered.submission}/contents/{name}"
    assert (await world.get(path, SENDER)).status_code == 200
    assert (await world.get(path, RECIPIENT)).status_code == 404


# --- hand-overs and reports -------------------------------------------------------------------------------------------


async def test_a_handover_is_bound_once_and_published(world: World, delivered: Delivered) -> None:
    record = delivered.handover()
    answers = await asyncio.gather(*(world.act(record) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    name = event_id(delivered.submission, "handover", RECIPIENT, record.heading.own_id)
    events = world.publisher.events(ACTIONS)
    assert {event.action_id for event in events} == {name}
    [event] = events[:1]
    assert isinstance(event, Action)
    assert (event.kind, event.member, event.recipient) == ("handover", RECIPIENT, "G99")
    assert json.loads(event.body) == record.to_json()
    assert await world.count(member_records) == 1


async def test_a_report_left_unpublished_is_published_by_repeat_or_sweeper(world: World, delivered: Delivered) -> None:
    report = delivered.report("03", register_number="12/2026")
    world.publisher.away = True
    assert (await world.act(report)).json()["code"] == "outcome-unknown"
    assert (await world.act(delivered.report("01"))).status_code == 503
    world.publisher.away = False
    assert (await world.act(report)).status_code == 202
    world.time.now += timedelta(seconds=11)
    assert await world.gateway.sweep_outbox() == 1
    assert [json.loads(event.body)["code"] for event in world.publisher.events(ACTIONS)] == ["03", "01"]


async def test_a_clerk_reports_under_the_gateways_key(world: World, delivered: Delivered) -> None:
    report = delivered.report("02", reason="Thiếu phụ lục")
    response = await world.client.post(
        f"/v1/deliveries/{delivered.delivery}/reports",
        json=report.to_json(),
        headers=world.bearer(f"clerk of {RECIPIENT}"),
    )
    assert response.status_code == 202, response.text
    async with world.engine.connect() as connection:
        row = (await connection.execute(select(member_records))).one()
    assert row.acted_by_gateway is True
    assert json.loads(row.record_key)["kid"].startswith(GATEWAY_KEY)


async def test_reports_that_are_refused(world: World, delivered: Delivered) -> None:
    for report, code in (
        (delivered.report("99"), "report-code-unknown"),
        (delivered.report("13", reason="x"), "report-code-unknown"),
        (delivered.report("02"), "report-reason-missing"),
        (delivered.report("02", reason="  "), "report-reason-missing"),
        (delivered.report("01", SENDER), "report-wrong-party"),
        (delivered.report("01", OTHER), "not-found"),
    ):
        response = await world.act(report)
        assert response.json()["code"] == code, response.text
        assert response.json()["title_vi"]
    assert world.publisher.events(ACTIONS) == []
    assert await world.count(member_records) == 0


async def test_handovers_that_are_refused(world: World, delivered: Delivered) -> None:
    wrong = await world.act(delivered.handover(contents=("0" * 64,)))
    assert wrong.json()["code"] == "content-mismatch"
    record = delivered.handover()
    elsewhere = await world.client.post(
        f"/v1/deliveries/{delivered.others}/handover",
        content=world.signers[OTHER].sign(record.to_json() | {"member": OTHER}),
        headers=world.bearer(OTHER) | {"Content-Type": "application/jose"},
    )
    assert elsewhere.json()["code"] == "malformed-request"
    assert (await world.act(delivered.handover(delivery_id=uuid4()))).json()["code"] == "not-found"
    forged = await world.client.post(
        f"/v1/deliveries/{delivered.delivery}/handover",
        content=world.signers[OTHER].sign(record.to_json()),
        headers=world.bearer(RECIPIENT) | {"Content-Type": "application/jose"},
    )
    assert forged.json()["code"] == "manifest-signature-invalid"
    assert world.publisher.events(ACTIONS) == []


async def test_a_key_says_one_thing_for_ever(world: World, delivered: Delivered) -> None:
    assert (await world.act(delivered.report("01", own_id="one"))).status_code == 202
    world.time.now += timedelta(days=3)
    assert (await world.act(delivered.report("01", own_id="one"))).status_code == 202
    assert (await world.act(delivered.report("03", own_id="one"))).json()["code"] == "idempotency-conflict"
    late = delivered.report("03")
    world.time.now += timedelta(hours=25)
    assert (await world.act(late)).json()["code"] == "manifest-expired"


# --- running it -------------------------------------------------------------------------------------------------------


async def dead_letter(world: World, **changes: Any) -> UUID:
    """Put a dead letter on record as the projector would."""
    name = uuid4()
    row = {
        "dead_letter_id": name,
        "stage": "verifier",
        "topic": SUBMITTED,
        "partition": 0,
        "offset": 1,
        "record_sha256": "0" * 64,
        "submission_id": None,
        "attempt": None,
        "cause": "killed its worker",
        "at": world.time(),
    }
    async with world.engine.begin() as connection:
        await connection.execute(insert(dead_letters).values(row | changes))
    return name


async def replay(world: World, name: UUID) -> Any:
    return await world.client.post(f"/v1/dead-letters/{name}/replay", headers=world.bearer("operator"))


async def test_an_operator_puts_a_dead_letter_back(world: World) -> None:
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    name = await dead_letter(world, submission_id=submission, attempt=3)
    listed = (await world.get("/v1/dead-letters", "auditor")).json()["dead_letters"]
    assert [item["dead_letter_id"] for item in listed] == [str(name)]
    for _ in range(2):
        answer = (await replay(world, name)).json()
        assert answer == {"submission_id": str(submission), "stage": "verifier", "attempt": 4}
    attempts = [event.attempt for event in world.publisher.events(SUBMITTED) if isinstance(event, Submitted)]
    assert attempts == [1, 4]
    (order,) = [event for event in world.publisher.events(ACTIONS) if isinstance(event, Action)]
    assert (order.kind, order.submission_id) == ("replay", submission)
    assert (await world.get("/v1/dead-letters", "operator")).json()["dead_letters"] == []


@pytest.mark.parametrize(("stage", "topic"), [("router", "judged"), ("router", "actions"), ("registrar", "evidence")])
async def test_what_other_stages_gave_up_is_ordered_to_be_done_again(world: World, stage: str, topic: str) -> None:
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    name = await dead_letter(world, submission_id=submission, stage=stage, topic=topic, partition=1, offset=7)
    response = await replay(world, name)
    assert (response.status_code, response.json()) == (202, {"submission_id": str(submission), "stage": stage})
    (order,) = [event for event in world.publisher.events(ACTIONS) if isinstance(event, Action)]
    assert json.loads(order.body) == {
        "dead_letter_id": str(name),
        "stage": stage,
        "topic": topic,
        "partition": 1,
        "offset": 7,
        "record_sha256": "0" * 64,
    }
    attempts = [event.attempt for event in world.publisher.events(SUBMITTED) if isinstance(event, Submitted)]
    assert attempts == [1], "only what the verifier gave up is attempted anew"


async def test_a_dead_letter_that_says_nothing_of_a_submission_is_not_replayed(world: World) -> None:
    submission = UUID((await world.send(world.write())).json()["submission_id"])
    unreadable = await dead_letter(world, stage="router", topic="judged")
    stranger = await dead_letter(world, stage="router", topic="judged", submission_id=uuid4(), offset=2)
    wrong_kind = await dead_letter(world, submission_id=submission, offset=3)
    for name in (unreadable, stranger, wrong_kind):
        response = await replay(world, name)
        assert (response.status_code, response.json()["code"]) == (409, "not-replayable")
    assert len((await world.get("/v1/dead-letters", "operator")).json()["dead_letters"]) == 3
    assert world.publisher.events(ACTIONS) == []


async def test_organisations_are_found_without_diacritics_and_by_either_code(world: World) -> None:
    found = (await world.get("/v1/organisations?q=so noi vu")).json()["organisations"]
    assert [item["code"] for item in found] == ["H20.14"]
    assert (await world.get("/v1/organisations/000.00.14.H20")).json()["name"] == "Sở Nội vụ tỉnh Thử Nghiệm"
    merged = (await world.get("/v1/organisations/H20.22")).json()
    assert (merged["exists"], merged["successor"]) == (False, "H20.20")
    earlier = (await world.get("/v1/organisations/H20.22?at=2025-01-01T00:00:00Z")).json()
    assert (earlier["exists"], earlier["successor"]) == (True, None)
    assert (await world.get("/v1/organisations/X1")).status_code == 404
    assert (await world.get("/v1/organisations/H20.22?at=9999-12-31T23:59:59Z")).status_code == 400


async def test_health_readiness_metrics_and_the_description(world: World) -> None:
    assert (await world.client.get("/healthz")).json() == {"status": "ok"}
    ready = (await world.client.get("/readyz")).json()
    assert ready["checks"] == {"database": "ok", "contents": "ok", "directory": "ok"}
    assert "not scanned" in ready["scanner"]
    await world.send(world.write())
    metrics = (await world.client.get("/metrics")).text
    assert 'docaxis_gateway_submissions_total{outcome="accepted"} 1.0' in metrics
    assert 'route="/v1/submissions"' in metrics
    paths = (await world.client.get("/openapi.json")).json()["paths"]
    assert {"/v1/submissions", "/v1/contents/{sha256}", "/v1/inbox", "/v1/deliveries/{delivery_id}/reports"} <= set(
        paths
    )


async def test_the_evidence_key_table_is_public_and_claims_stay_private(world: World) -> None:
    keys = (await world.client.get("/v1/keys")).json()
    assert (keys["axis"], keys["environment"]) == ("truc-test", "test")
    assert all("d" not in key for key in keys["gateway_keys"])
    assert await world.count(claims) == 0
