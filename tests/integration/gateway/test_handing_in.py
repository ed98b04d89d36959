"""Handing in, as it should go: durable, published once, answered alike however often it is repeated."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from docaxis.directory.entries import GATEWAY_KEY
from docaxis.storage.tables.intake import claims, contents
from docaxis_schemas.events import Submitted
from docaxis_schemas.identifiers import submission_id
from docaxis_schemas.moments import from_text
from docaxis_schemas.submission import FileRole, record_digest
from docaxis_schemas.topics import SUBMITTED, SUBMITTED_BULK, SUBMITTED_URGENT
from docaxis_signing.statements import MemberKey, open_statement

World = Any
SENDER, RECIPIENT = "so-noi-vu", "bo-mau"


async def test_a_submission_is_durable_claimed_and_published_before_202(world: World) -> None:
    written = world.write(recipients=("G99", "000.00.14.H20", "H20.22", "X99", "H20.21"))
    response = await world.send(written)
    assert response.status_code == 202, response.text
    answer = response.json()
    name = submission_id(SENDER, written.own_id)
    assert answer["submission_id"] == str(name)
    assert answer["recipients"]["delivered_to"] == 3
    assert [item["successor"] for item in answer["recipients"]["merged"]] == ["H20.20"]
    assert answer["recipients"]["unknown"] == [{"asked": "X99", "reason": "unknown"}]
    assert answer["recipients"]["suspended"] == [{"asked": "H20.21", "reason": "suspended"}]
    [event] = world.publisher.events(SUBMITTED)
    assert isinstance(event, Submitted)
    assert (event.submission_id, event.attempt, event.member) == (name, 1, SENDER)
    assert event.manifest_sha256 == record_digest(written.payload)
    for sha256, body in written.files.items():
        assert await (await world.store.open(SENDER, sha256)).read() == body
    await world.gateway.sweep_outbox()  # what is on the bus is marked soon after the answer, or by the next sweep
    async with world.engine.connect() as connection:
        claim = (await connection.execute(select(claims))).one()
        pinned = (await connection.execute(select(contents.c.pinned))).scalars().all()
    assert claim.published_at is not None
    assert claim.acted_by_gateway is False
    assert json.loads(claim.manifest) == written.payload
    assert [r["organisation"] for r in json.loads(claim.resolution)["recipients"]] == ["G99", "H20.14", "H20.20"]
    assert pinned == [True]


async def test_the_acknowledgement_is_the_gateways_signed_word(world: World) -> None:
    written = world.write()
    answer = (await world.send(written)).json()
    [jwk] = (await world.client.get("/v1/keys")).json()["gateway_keys"]
    key = MemberKey(jwk["kid"], jwk, world.time() - timedelta(days=1), None)
    said = open_statement(
        answer["acknowledgement"], {key.kid: key}.get, at=from_text(answer["received_at"]), limit=10_000
    ).payload
    assert said["kind"] == "acknowledgement"
    assert said["manifest_sha256"] == record_digest(written.payload)
    assert (said["member"], said["id"]) == (SENDER, written.own_id)
    assert from_text(said["deadline"]) - from_text(said["received_at"]) == world.settings.retry.deadline


async def test_fifty_equal_posts_at_once_are_one_submission(world: World) -> None:
    written = world.write()
    token = world.signers[SENDER].sign(written.payload)
    answers = await asyncio.gather(*(world.send(written, token=token) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert await world.count(claims) == 1
    assert {event.submission_id for event in world.publisher.events(SUBMITTED)} == {
        submission_id(SENDER, written.own_id)
    }
    stored = [path for path in world.place.rglob("*") if path.is_file()]
    assert len(stored) == 1


async def test_a_repeat_signed_anew_a_week_later_is_answered_alike(world: World) -> None:
    written = world.write()
    first = await world.send(written)
    world.time.now += timedelta(days=7)
    again = await world.send(written)
    assert again.status_code == 202
    assert again.content == first.content
    resigned = world.write(own_id=written.own_id)
    resigned.payload.update(written.payload | {"time": resigned.payload["time"]})
    assert (await world.send(resigned, files={})).content == first.content


async def test_contents_uploaded_before_need_not_come_along(world: World) -> None:
    written = world.write()
    for sha256, body in written.files.items():
        put = await world.client.put(f"/v1/contents/{sha256}", content=body, headers=world.bearer(SENDER))
        assert put.status_code == 201, put.text
    assert (await world.send(written, files={})).status_code == 202


async def test_every_kind_of_file_is_taken_and_active_content_is_flagged(world: World) -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    docx = b"PK\x03\x04" + b"x" * 5000 + b"word/document.xml" + b"word/vbaProject.bin"
    written = world.write(
        (FileRole.MAIN, "a.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n"),
        (FileRole.ENCLOSURE, "b.docx", word, docx),
        (FileRole.ENCLOSURE, "c.csv", "text/csv", "số,ký hiệu\n".encode()),
    )
    assert (await world.send(written)).status_code == 202
    async with world.engine.connect() as connection:
        resolution = json.loads((await connection.execute(select(claims.c.resolution))).scalar_one())
    assert list(resolution["flags"].values()) == [["macros"]]


async def test_a_clerk_acts_under_the_gateways_key_for_its_member(world: World) -> None:
    written = world.write()
    response = await world.send(
        written, token=json.dumps(written.payload), credential=f"clerk of {SENDER}", media_type="application/json"
    )
    assert response.status_code == 202, response.text
    async with world.engine.connect() as connection:
        claim = (await connection.execute(select(claims))).one()
    assert claim.acted_by_gateway is True
    assert json.loads(claim.record_key)["kid"].startswith(GATEWAY_KEY)
    snapshot = await world.repository.snapshot()
    opened = open_statement(claim.record, snapshot.key_of(SENDER), at=world.time(), limit=100_000)
    assert opened.payload == written.payload


async def test_a_group_resolves_and_remembers_how_it_was_asked(world: World) -> None:
    written = world.write(recipients=("group:xa",))
    assert (await world.send(written)).json()["recipients"]["delivered_to"] == 1
    async with world.engine.connect() as connection:
        resolution = json.loads((await connection.execute(select(claims.c.resolution))).scalar_one())
    assert resolution["recipients"] == [
        {"organisation": "H20.20", "name": "Xã Một", "member": "xa-mot", "role": "action", "via": "xa", "asked": "xa"}
    ]


@pytest.mark.parametrize("change", [{"forwarded": True}, {"form_of_copy": "SY"}])
async def test_another_issuers_document_travels_only_when_it_says_so(world: World, change: dict[str, Any]) -> None:
    forwarded = bool(change.pop("forwarded", False))
    foreign = {"issuer": {"code": "G99"}}
    plain = await world.send(world.write(document=world.document(**foreign), recipients=("H20.20",)))
    assert plain.json()["code"] == "not-authorised-for-issuer"
    written = world.write(document=world.document(**foreign, **change), forwarded=forwarded, recipients=("H20.20",))
    assert (await world.send(written)).status_code == 202


async def test_a_system_sends_for_the_organisations_its_credential_names(world: World) -> None:
    answers = []
    for issuer in ("G99", "G99.01"):
        document = world.document(issuer={"code": issuer})
        written = world.write(member=RECIPIENT, document=document, recipients=("H20.20",))
        sent = await world.send(written, credential=f"part of {RECIPIENT}")
        answers.append((sent.status_code, sent.json().get("code")))
    assert answers == [(202, None), (403, "not-authorised-for-issuer")]


async def test_a_mandate_lets_a_member_send_for_an_issuer(world: World) -> None:
    await world.repository.grant_mandate(SENDER, "G99.01", by="test", valid_from=world.time() - timedelta(days=1))
    written = world.write(document=world.document(issuer={"code": "G99.01"}), recipients=("H20.20",))
    sent = await world.send(written)
    assert sent.status_code == 202
    path = f"/v1/submissions/{sent.json()['submission_id']}"
    assert (await world.get(path, SENDER)).status_code == 200, "its system sees what it sent under a mandate"
    assert (await world.get(path, f"clerk of {SENDER}")).status_code == 404


async def test_urgent_within_the_quota_and_bulk_above_the_bound(world: World) -> None:
    urgent = {"urgency": "hoa-toc"}
    assert (await world.send(world.write(document=world.document(**urgent)))).status_code == 202
    [event] = world.publisher.events(SUBMITTED_URGENT)
    assert isinstance(event, Submitted)
    assert event.urgency == 3
    assert event.deadline - event.received_at == world.settings.retry.urgent_deadline
    bound = world.settings.fairness.bulk_above
    for _ in range(bound):
        assert (await world.send(world.write())).status_code == 202
    assert len(world.publisher.events(SUBMITTED)) == bound - 1
    assert len(world.publisher.events(SUBMITTED_BULK)) == 1
    async with world.engine.begin() as connection:
        await connection.execute(update(claims).values(decided_at=world.time()))
    assert (await world.send(world.write())).status_code == 202
    assert len(world.publisher.events(SUBMITTED)) == bound


async def test_the_same_document_to_new_recipients_is_taken_and_to_the_same_is_answered_with_the_first(
    world: World,
) -> None:
    document = world.document()
    body = b"%PDF-1.7\nthe same\n%%EOF\n"
    file = (FileRole.MAIN, "a.pdf", "application/pdf", body)
    first = world.write(file, document=document)
    name = UUID((await world.send(first)).json()["submission_id"])
    delivery = await world.deliver(first, name, "G99", RECIPIENT)
    repeated = await world.send(world.write(file, document=document))
    assert repeated.status_code == 409
    assert repeated.json()["code"] == "already-delivered"
    assert repeated.json()["deliveries"] == [
        {"recipient": "G99", "submission_id": str(name), "delivery_id": str(delivery)}
    ]
    wider = await world.send(world.write(file, document=document, recipients=("G99", "H20.20")))
    assert wider.status_code == 202


async def test_a_claim_left_unpublished_is_published_by_the_repeat(world: World) -> None:
    written = world.write()
    world.publisher.away = True
    lost = await world.send(written)
    assert lost.status_code == 503
    assert lost.json()["code"] == "outcome-unknown"
    assert await world.count(claims) == 1
    world.publisher.away = False
    again = await world.send(written)
    assert again.status_code == 202
    assert len(world.publisher.events(SUBMITTED)) == 1
    third = await world.send(written)
    assert third.content == again.content
    assert len(world.publisher.events(SUBMITTED)) == 1


async def test_a_claim_left_unpublished_is_published_by_the_sweeper(world: World) -> None:
    world.publisher.away = True
    await world.send(world.write())
    world.publisher.away = False
    assert await world.gateway.sweep_outbox() == 0, "its own request may still be at it"
    world.time.now += timedelta(seconds=11)
    assert await world.gateway.sweep_outbox() == 1
    assert len(world.publisher.events(SUBMITTED)) == 1
    assert await world.gateway.sweep_outbox() == 0


async def test_waiting_answers_with_the_disposition_as_soon_as_it_is_there(world: World) -> None:
    written = world.write()
    name = submission_id(SENDER, written.own_id)
    waiting = asyncio.create_task(world.send(written, headers={"Prefer": "wait=20"}))
    await world.publisher.published.wait()
    await world.judge(name)
    answer = (await waiting).json()
    assert answer["disposition"] == "deliver"
    assert answer["verdict"]["indication"] == "TOTAL-PASSED"


async def test_waiting_in_vain_answers_without_a_disposition(world: World) -> None:
    response = await world.send(world.write(), headers={"Prefer": "respond-async, wait=1"})
    assert response.status_code == 202
    assert "disposition" not in response.json()
