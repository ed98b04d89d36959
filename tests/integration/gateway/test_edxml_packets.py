"""Packets handed in by the same rules as every submission, reports as status packets, deliveries as packets."""

import asyncio
import hashlib
import io
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from docaxis.directory.entries import GATEWAY_KEY
from docaxis.gateway.edxml import spooling
from docaxis.storage.tables.decisions import deliveries
from docaxis.storage.tables.intake import claims, member_records
from docaxis_schemas.document import (
    Business,
    BusinessAction,
    ChangedReceiver,
    DocumentMetadata,
    EarlierDocument,
    Issuer,
    ReceiverChange,
    Replacement,
    Update,
)
from docaxis_schemas.edxml import OutgoingAttachment, Status, examine_packet, write_document, write_status
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.submission import ContentEntry, FileRole

World = Any
SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"
CLERK, RECEIVING_CLERK = f"clerk of {SENDER}", f"clerk of {RECIPIENT}"


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" + f"%{uuid4()}\n".encode()


def packet(world: World, *, data: bytes | None = None, packed: bool = False, **changes: Any) -> bytes:
    body = pdf() if data is None else data
    document = DocumentMetadata.from_json(world.document(), now=datetime.now(UTC) + timedelta(days=1))
    entry = ContentEntry(FileRole.MAIN, "công văn.pdf", "application/pdf", len(body), hashlib.sha256(body).hexdigest())
    pieces = write_document(
        replace(document, **changes), [OutgoingAttachment(entry, lambda: iter([body]))], now=world.time(), packed=packed
    )
    return b"".join(pieces)


async def post(world: World, data: bytes, who: str = CLERK, **headers: str) -> Any:
    return await world.client.post("/v1/edxml", content=data, headers=world.bearer(who) | headers)


def status(code: Report, document_id: str, *, of: str = "G99", to: str = "H20.14", why: str | None = "Lý do") -> bytes:
    told = Status(Issuer(of), EarlierDocument(to, None, document_id), code, why, datetime.now(UTC))
    return write_status(told)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_packet_becomes_a_submission_signed_in_the_members_place(world: World, packed: bool) -> None:  # noqa: FBT001
    body = pdf()
    response = await post(world, packet(world, data=body, packed=packed))
    assert response.status_code == 202, response.text
    answer = response.json()
    assert (answer["kind"], answer["recipients"]["delivered_to"]) == ("document", 1)
    async with world.engine.connect() as connection:
        claim = (await connection.execute(select(claims))).one()
    manifest = json.loads(claim.manifest)
    assert claim.acted_by_gateway
    assert json.loads(claim.record_key)["kid"].startswith(f"{GATEWAY_KEY}{SENDER}")
    assert [(file["sha256"], file["role"]) for file in manifest["contents"]] == [
        (hashlib.sha256(body).hexdigest(), "main")
    ]
    assert manifest["recipients"] == [{"organisation": "G99", "role": "action"}]
    content = await world.store.open(SENDER, hashlib.sha256(body).hexdigest())
    assert await content.read() == body


async def test_the_same_packet_is_the_same_submission_however_often_it_comes(world: World) -> None:
    data = packet(world)
    answers = await asyncio.gather(*[post(world, data) for _ in range(5)])
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["submission_id"] for answer in answers}) == 1
    assert await world.count(claims) == 1
    world.time.now += timedelta(hours=1)
    assert (await post(world, data)).json() == answers[0].json()


async def test_a_system_that_holds_a_key_must_sign_and_a_packet_is_not_signed(world: World) -> None:
    response = await post(world, packet(world), SENDER)
    assert (response.status_code, response.json()["code"]) == (422, "manifest-signature-invalid")
    assert "connector" in response.json()["detail"]
    await world.nothing_was_taken()


RULES: dict[str, tuple[str, Any]] = {
    "another-issuer": ("not-authorised-for-issuer", lambda data: data.replace(b">H20.14<", b">G99<", 1)),
    "nobody-there": ("unknown-recipients", lambda data: data.replace(b"<edXML:OrganId>G99<", b"<edXML:OrganId>G98<")),
    "suspended": ("unknown-recipients", lambda data: data.replace(b"<edXML:OrganId>G99<", b"<edXML:OrganId>H20.21<")),
    "not-a-pdf": (
        "not-a-pdf",
        lambda data: re.sub(rb"(TransferEncoded>).*?<", rb"\1" + b64encode(b"<html>") + b"<", data),
    ),
    "cut-off": ("edxml-invalid", lambda data: data[:-300]),
    "entity": ("edxml-invalid", lambda data: b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + data),
    "empty": ("edxml-invalid", lambda _: b""),
    "pdf": ("edxml-invalid", lambda _: b"%PDF-1.7"),
}


@pytest.mark.parametrize("name", RULES)
async def test_a_packet_meets_the_rules_that_every_submission_meets(world: World, name: str) -> None:
    code, change = RULES[name]
    response = await post(world, change(packet(world)))
    assert response.json()["code"] == code, response.text
    assert 400 <= response.status_code < 500
    await world.nothing_was_taken()


async def test_a_packet_larger_than_any_document_is_not_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "MAX_PACKET", 1000)
    response = await post(world, packet(world))
    assert (response.status_code, response.json()["code"]) == (413, "content-too-large")
    await world.nothing_was_taken()


async def test_all_faults_of_a_packet_come_back_with_what_to_do(world: World) -> None:
    data = re.sub(rb"<edXML:Subject>.*?</edXML:Subject>", b"", packet(world)).replace(b"2026/01/15", b"15-13-2026")
    faults = (await post(world, data)).json()["faults"]
    assert {(fault["element"], fault["rule"]) for fault in faults if fault["refuses"]} == {
        ("MessageHeader/Subject", "required"),
        ("MessageHeader/PromulgationInfo/PromulgationDate", "not-a-date"),
    }
    assert all(fault["what_to_do"]["vi"] for fault in faults)


@pytest.mark.parametrize("action", [BusinessAction.REVOKE, BusinessAction.UPDATE, BusinessAction.REPLACE])
async def test_what_a_packet_does_to_an_earlier_document_is_kept_as_it_was_signed(
    world: World, action: BusinessAction
) -> None:
    named = "H20.14,2026/01/15,1/SNV"
    replacements = (Replacement(named, ("G99",)),) if action is BusinessAction.REPLACE else ()
    receivers = (ChangedReceiver("H20.20", ReceiverChange.ADDED), ChangedReceiver("G99", ReceiverChange.REMOVED))
    update_ = Update(receivers_changed=True, receivers=receivers) if action is BusinessAction.UPDATE else None
    business = Business(action, "Sai", document_id=named, update=update_, replacements=replacements)
    response = await post(world, packet(world, business=business))
    assert response.status_code == 202, response.text
    async with world.engine.connect() as connection:
        claim = (await connection.execute(select(claims))).one()
    manifest = json.loads(claim.manifest)
    assert DocumentMetadata.from_stored(manifest["document"]).business == business
    added = ["H20.20"] if action is BusinessAction.UPDATE else []
    assert [item["organisation"] for item in manifest["recipients"]] == ["G99", *added]


async def test_a_packet_that_changes_nothing_it_names_is_refused(world: World) -> None:
    response = await post(world, packet(world, business=Business(BusinessAction.REVOKE)))
    assert response.status_code == 422
    assert {fault["rule"] for fault in response.json()["faults"]} == {"names-no-document", "required"}
    await world.nothing_was_taken()


async def delivered(world: World) -> tuple[str, UUID, UUID]:
    """Hand a packet in and deliver it; give the document's id, the submission and the delivery."""
    data = packet(world)
    submission = UUID((await post(world, data)).json()["submission_id"])
    async with world.engine.connect() as connection:
        claim = (await connection.execute(select(claims).where(claims.c.submission_id == submission))).one()
    manifest = json.loads(claim.manifest)
    written = type("Written", (), {"payload": manifest})
    delivery = await world.deliver(written, submission, "G99", RECIPIENT)
    document = manifest["document"]
    key = f"H20.14 2026 {document['number']} {document['notation'].upper()} original"
    async with world.engine.begin() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery).values(natural_key=key))
    return f"000.00.14.H20,2026-01-15,{document['number']}/{document['notation']}", submission, delivery


async def test_a_status_packet_is_a_report_about_the_delivery_its_document_names(world: World) -> None:
    document_id, submission, delivery = await delivered(world)
    data = status(Report.ACCEPTED, document_id)
    response = await post(world, data, RECEIVING_CLERK)
    assert response.status_code == 202, response.text
    answer = response.json()
    assert (answer["kind"], answer["submission_id"], answer["delivery_id"]) == (
        "status",
        str(submission),
        str(delivery),
    )
    assert (await post(world, data, RECEIVING_CLERK)).json() == answer
    async with world.engine.connect() as connection:
        record = (await connection.execute(select(member_records))).one()
    assert record.acted_by_gateway
    assert (json.loads(record.body)["code"], json.loads(record.body)["reason"]) == ("03", "Lý do")


@pytest.mark.parametrize("name", ["delivery", "submission"])
async def test_a_status_packet_may_name_a_document_by_our_own_id(world: World, name: str) -> None:
    _, submission, delivery = await delivered(world)
    named = str(delivery if name == "delivery" else submission)
    response = await post(world, status(Report.ARRIVED, named), RECEIVING_CLERK)
    assert response.json()["delivery_id"] == str(delivery)


async def test_a_status_packet_that_may_not_be_taken_is_refused_by_name(world: World) -> None:
    document_id, _, _ = await delivered(world)
    for data, who, code in (
        (status(Report.ACCEPTED, "H20.14,2026/01/15,999/KHONG-CO"), RECEIVING_CLERK, "not-found"),
        (status(Report.ACCEPTED, document_id), CLERK, "report-wrong-party"),
        (status(Report.ACCEPTED, document_id, of="H20.20"), RECEIVING_CLERK, "report-wrong-party"),
        (status(Report.ACCEPTED, document_id), f"clerk of {OTHER}", "report-wrong-party"),
        (status(Report.RECALL_ASKED, document_id, of="G99", to="H20.14"), CLERK, "report-wrong-party"),
        (status(Report.RECALL_ASKED, document_id, of="G99", to="G99"), RECEIVING_CLERK, "not-found"),
        (status(Report.RECALL_ASKED, document_id, of="H20.14", to="H20.20"), CLERK, "not-found"),
        (status(Report.CHANGE_AGREED, document_id), RECEIVING_CLERK, "no-change-asked"),
        (
            status(Report.ACCEPTED, document_id, why=None).replace(b">03<", b">02<"),
            RECEIVING_CLERK,
            "report-reason-missing",
        ),
    ):
        response = await post(world, data, who)
        assert response.json()["code"] == code, response.text
    assert await world.count(member_records) == 0


@pytest.mark.parametrize(("to", "recipients"), [("G99", ["G99"]), ("H20.14", [])])
async def test_a_status_13_recalls_from_whom_it_is_addressed_to(world: World, to: str, recipients: list[str]) -> None:
    document_id, submission, _ = await delivered(world)
    data = status(Report.RECALL_ASKED, document_id, of="H20.14", to=to, why="Gửi nhầm")
    response = await post(world, data)
    assert response.status_code == 202, response.text
    assert response.json()["submission_id"] == str(submission)
    async with world.engine.connect() as connection:
        record = (await connection.execute(select(member_records))).one()
    body = json.loads(record.body)
    assert (record.kind, body["reason"], body["recipients"]) == ("recall", "Gửi nhầm", recipients)
    assert (await post(world, data)).json() == response.json()


@pytest.mark.parametrize("named", ["the document", "the submission", "what replaces it"])
async def test_a_status_15_answers_the_request_that_waits(world: World, named: str) -> None:
    document_id, submission, delivery = await delivered(world)
    newer, replacing, _ = await delivered(world)
    asked = {"change": "replacement", "change_state": "asked", "changed_by": replacing, "change_asked_at": world.time()}
    async with world.engine.begin() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery).values(asked))
    name = {"the document": document_id, "the submission": str(submission), "what replaces it": newer}[named]
    response = await post(world, status(Report.CHANGE_AGREED, name), RECEIVING_CLERK)
    assert (response.status_code, response.json()["delivery_id"]) == (202, str(delivery)), response.text


@pytest.mark.parametrize("packed", [False, True])
async def test_a_delivery_is_given_as_a_packet_that_reads_back(world: World, packed: bool) -> None:  # noqa: FBT001
    body = pdf()
    written = world.write((FileRole.MAIN, "a.pdf", "application/pdf", body), recipients=("G99",))
    submission = UUID((await world.send(written)).json()["submission_id"])
    delivery = await world.deliver(written, submission, "G99", RECIPIENT)
    response = await world.get(f"/v1/deliveries/{delivery}/edxml?packed={str(packed).lower()}", RECIPIENT)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/xml")
    assert response.headers["content-disposition"].startswith("attachment")
    found = examine_packet(io.BytesIO(response.content), io.BytesIO, world.time() + timedelta(days=1))
    assert found.faults == ()
    assert found.document is not None
    assert found.document.subject == written.payload["document"]["subject"]
    assert [file.stream.read() for file in found.attachments] == [body]
    for who in (SENDER, OTHER, f"clerk of {OTHER}"):
        assert (await world.get(f"/v1/deliveries/{delivery}/edxml", who)).status_code == 404


async def test_what_the_axis_delivered_is_given_even_if_the_standard_is_narrower(world: World) -> None:
    document = world.document(subject="x" * 800, recipients=[{"group": "so", "role": "action"}])
    written = world.write(document=document, recipients=("G99",))
    submission = UUID((await world.send(written)).json()["submission_id"])
    delivery = await world.deliver(written, submission, "G99", RECIPIENT)
    response = await world.get(f"/v1/deliveries/{delivery}/edxml", RECIPIENT)
    found = examine_packet(io.BytesIO(response.content), io.BytesIO, world.time() + timedelta(days=1))
    assert found.is_readable
    assert found.recipients == ("G99",)
    assert found.document is not None
    assert len(found.document.subject) == 800
