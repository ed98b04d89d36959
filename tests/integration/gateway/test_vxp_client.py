"""Existing software at our gateway: a client that knows only the field's interface does its whole work with it."""

import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert, select, update

from docaxis.gateway.vxp.codes import RETRYABLE, TITLES, VxpCode, code_of
from docaxis.storage.tables.decisions import deliveries
from docaxis.storage.tables.exchange import message_states
from docaxis.storage.tables.intake import claims, member_records
from docaxis.storage.tables.readmodels import delivery_lines, inbox_items
from docaxis_schemas.canonical import canonical
from docaxis_schemas.document import DocumentMetadata, EarlierDocument, Issuer
from docaxis_schemas.edxml import OutgoingAttachment, Status, examine_packet, write_document, write_status
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import ContentEntry, FileRole

World = Any
SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"


class PermanentError(Exception):
    """What a client of the field does not try again; ``args[0]`` is the error code."""


class TemporaryError(Exception):
    """What it tries again."""


@dataclass
class FieldClient:
    """Speaks as the integrations of the field do: their headers, their multipart form, their reading of answers."""

    http: httpx.AsyncClient
    system: str
    secret: str

    async def call(self, method: str, name: str, **options: Any) -> Any:
        headers = {"X-SystemId": self.system, "X-SecretKey": self.secret} | options.pop("headers", {})
        answer = await self.http.request(method, f"/v1/{name}", headers=headers, **options)
        value = answer.json()
        if answer.status_code >= 500:
            raise TemporaryError(value["ErrorCode"])
        if not value["success"]:
            assert value["status"] == "FAIL"
            assert value["data"]["errorCode"] == value["ErrorCode"]
            raise PermanentError(value["ErrorCode"], value["ErrorDesc"])
        assert (value["status"], value["ErrorCode"]) == ("OK", "0")
        return value

    async def send(self, packet: bytes, kind: str = "edoc") -> str:
        files = {"edocFile": ("15_QD.edxml", packet, "application/xml")}
        value = await self.call("POST", "sendEdoc", files=files, data={"messageType": kind})
        assert value["docId"] == value["DocId"]
        return str(value["docId"])

    async def received(self, kind: str = "edoc", **window: str) -> list[dict[str, Any]]:
        value = await self.call("GET", "getReceivedEdocList", params={"messageType": kind} | window)
        assert value["count"] == len(value["data"])
        return list(value["data"])

    async def fetch(self, name: str) -> bytes:
        value = await self.call("GET", "getEdoc", params={"docId": name})
        return str(value["data"]["edxml"]).encode()

    async def mark(self, name: str, state: str) -> Any:
        return await self.call("POST", "updateStatus", json={"docId": name, "status": state})


def client(world: World, member: str, system: str) -> FieldClient:
    return FieldClient(world.client, system, world.secrets[f"clerk of {member}"])


def packet(world: World, **changes: Any) -> bytes:
    body = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" + f"%{uuid4()}\n".encode()
    document = DocumentMetadata.from_json(world.document(**changes), now=datetime.now(UTC) + timedelta(days=1))
    entry = ContentEntry(FileRole.MAIN, "a.pdf", "application/pdf", len(body), hashlib.sha256(body).hexdigest())
    return b"".join(write_document(document, [OutgoingAttachment(entry, lambda: iter([body]))], now=world.time()))


async def deliver(world: World, submission: str, state: str = "consigned") -> UUID:
    """Do what router and projector do with what was handed in."""
    async with world.engine.connect() as connection:
        query = select(claims).where(claims.c.submission_id == UUID(submission))
        manifest = json.loads((await connection.execute(query)).one().manifest)
    delivery = await world.deliver(type("W", (), {"payload": manifest}), UUID(submission), "G99", RECIPIENT)
    document = manifest["document"]
    key = f"H20.14 2026 {document['number']} {document['notation'].upper()} original"
    line = {"recipient": "G99", "delivery_id": delivery, "state": state, "version": 1, "changed_at": world.time()}
    async with world.engine.begin() as connection:
        await connection.execute(
            update(deliveries).where(deliveries.c.delivery_id == delivery).values(natural_key=key, state=state)
        )
        await connection.execute(insert(delivery_lines).values(submission_id=UUID(submission), **line))
    return UUID(str(delivery))


async def report_news(world: World, submission: str, delivery: UUID) -> UUID:
    """Put the news of a report into the sender's inbox, as router and projector do."""
    body = {"news": "report", "recipient": "G99", "code": "02", "reason": "Sai thẩm quyền", "own_id": "x"}
    return await _news(world, SENDER, submission, delivery, body)


async def _news(world: World, member: str, submission: str, delivery: UUID, body: dict[str, str]) -> UUID:
    event = uuid4()
    async with world.engine.begin() as connection:
        await connection.execute(
            insert(inbox_items).values(
                event_id=event,
                member=member,
                epoch=0,
                offset=7,
                kind="news",
                submission_id=UUID(submission),
                recipient="G99",
                delivery_id=delivery,
                version=2,
                at=world.time(),
                body=canonical(body),
            )
        )
    return event


async def test_a_recall_comes_to_the_recipient_as_a_status_13_and_to_nobody_else(world: World) -> None:
    sender, receiver = client(world, SENDER, "000.00.14.H20"), client(world, RECIPIENT, "G99")
    submission = await sender.send(packet(world))
    delivery = await deliver(world, submission)
    body = {"news": "change_asked", "change": "recall", "recipient": "G99", "reason": "Gửi nhầm", "own_id": "x"}
    event = await _news(world, RECIPIENT, submission, delivery, body)
    [message] = await receiver.received("status")
    assert (message["docId"], message["from"], message["to"]) == (str(event), "H20.14", "G99")
    found = examine_packet(io.BytesIO(await receiver.fetch(message["docId"])), io.BytesIO, world.time())
    assert (found.business, found.sender, found.recipients) == ("13", "H20.14", ("G99",))
    assert found.status is not None
    assert found.status.description == "Gửi nhầm"
    assert await sender.received("status") == []


async def test_an_existing_client_sends_receives_and_answers(world: World) -> None:
    sender, receiver = client(world, SENDER, "000.00.14.H20"), client(world, RECIPIENT, "G99")
    sent = packet(world)
    submission = await sender.send(sent)
    assert await sender.send(sent) == submission
    assert await receiver.received() == []
    delivery = await deliver(world, submission)

    [message] = await receiver.received()
    assert (message["docId"], message["from"], message["to"]) == (str(delivery), "H20.14", "G99")
    assert (message["status"], message["messageType"], message["serviceType"]) == ("initial", "edoc", "eDoc")
    fetched = await receiver.fetch(message["docId"])
    found = examine_packet(io.BytesIO(fetched), io.BytesIO, world.time() + timedelta(days=1))
    given = examine_packet(io.BytesIO(sent), io.BytesIO, world.time() + timedelta(days=1))
    assert found.document == given.document
    assert [file.sha256 for file in found.attachments] == [file.sha256 for file in given.attachments]
    assert [item["status"] for item in await receiver.received()] == ["processing"]

    await receiver.mark(message["docId"], "done")
    async with world.engine.connect() as connection:
        [record] = (await connection.execute(select(member_records))).all()
    assert (record.kind, record.delivery_id, record.acted_by_gateway) == ("handover", delivery, True)
    assert await receiver.received() == []
    [listed] = await receiver.received(fromDate="2020/01/01", toDate="2099/12/31")
    assert listed["status"] == "done"
    await receiver.mark(message["docId"], "done")
    assert await world.count(member_records) == 1

    assert found.document_id is not None
    told = Status(
        Issuer("G99"), EarlierDocument("H20.14", None, found.document_id), Report.REJECTED, "Sai", world.time()
    )
    await receiver.send(write_status(told), "status")
    assert await world.count(member_records) == 2

    event = await report_news(world, submission, delivery)
    [news] = await sender.received("status")
    assert (news["docId"], news["from"], news["to"], news["messageType"]) == (str(event), "G99", "H20.14", "status")
    back = examine_packet(io.BytesIO(await sender.fetch(news["docId"])), io.BytesIO, world.time())
    assert back.status is not None
    assert (back.business, back.status.description) == ("02", "Sai thẩm quyền")
    assert back.document_id == found.document_id
    await sender.mark(news["docId"], "done")
    assert await sender.received("status") == []

    [line] = (await sender.call("GET", "getSentEdocList"))["data"]
    assert (line["senderDocId"], line["receiverDocId"]) == (submission, str(delivery))
    assert (line["fromCode"], line["toCode"], line["sendStatus"]) == ("H20.14", "G99", "done")
    assert line["receiveStatus"] == "processing"


async def test_the_form_of_the_sdk_works_too(world: World) -> None:
    sender, receiver = client(world, SENDER, "H20.14"), client(world, RECIPIENT, "000.00.00.G99")
    value = await sender.call(
        "POST", "sendEdoc", content=packet(world), headers={"Content-Type": "application/xml", "messagetype": "edoc"}
    )
    delivery = await deliver(world, value["DocId"])
    headers = {"servicetype": "eDoc", "messagetype": "edoc"}
    [message] = (await receiver.call("POST", "getReceivedEdocList", headers=headers))["data"]
    assert message["docId"] == str(delivery)
    raw = await world.client.get(
        f"/v1/getEdoc?docId={delivery}",
        headers={"X-SystemId": "G99", "X-SecretKey": receiver.secret, "Accept": "application/xml"},
    )
    assert raw.headers["content-type"].startswith("application/xml")
    assert examine_packet(io.BytesIO(raw.content), io.BytesIO, world.time() + timedelta(days=1)).is_readable
    await receiver.call("POST", "updateStatus", headers={"docid": str(delivery), "status": "fail"})
    assert await receiver.received() == []


@pytest.mark.parametrize("state", ["03", "1", "16"])
async def test_a_business_status_given_as_a_transport_state_is_refused_with_a_word_why(
    world: World, state: str
) -> None:
    receiver = client(world, RECIPIENT, "G99")
    delivery = await deliver(world, await client(world, SENDER, "H20.14").send(packet(world)))
    with pytest.raises(PermanentError) as caught:
        await receiver.mark(str(delivery), state)
    assert caught.value.args[0] == "22"
    assert "sendEdoc" in caught.value.args[1]
    assert await world.count(message_states) == 0
    assert await world.count(member_records) == 0


async def test_a_packet_of_the_other_kind_than_the_call_says_is_refused(world: World) -> None:
    told = Status(
        Issuer("H20.14"), EarlierDocument("G99", None, "G99,2026/01/15,1/X"), Report.ARRIVED, None, world.time()
    )
    sender = client(world, SENDER, "H20.14")
    for data, kind in ((packet(world), "status"), (write_status(told), "edoc")):
        with pytest.raises(PermanentError) as caught:
            await sender.send(data, kind)
        assert caught.value.args[0] == "22"
    await world.nothing_was_taken()


async def test_every_error_has_the_code_that_clients_know(world: World) -> None:
    sender = client(world, SENDER, "H20.14")
    good = packet(world)
    cases: list[tuple[str, FieldClient, bytes]] = [
        ("15", FieldClient(world.client, "H20.14", "wrong"), good),
        ("15", FieldClient(world.client, "G99", sender.secret), good),
        ("15", FieldClient(world.client, "", sender.secret), good),
        ("15", FieldClient(world.client, "H20.14", world.secrets[SENDER]), good),
        ("18", sender, good.replace(b"<edXML:OrganId>G99<", b"<edXML:OrganId>Z1<")),
        ("23", sender, good.replace(b"<edXML:OrganId>G99<", b"<edXML:OrganId>H20.21<")),
        ("19", sender, good.replace(b"<edXML:OrganId>H20.14<", b"<edXML:OrganId>H20.20<", 1)),
        ("22", sender, good.replace(b"<edXML:Subject>", b"<edXML:Subject><b/>")),
        ("22", sender, good[:500]),
        ("21", sender, re.sub(rb"(TransferEncoded>).*?<", rb"\1PGh0bWw+<", good)),
    ]
    for code, who, data in cases:
        with pytest.raises(PermanentError) as caught:
            await who.send(data)
        assert caught.value.args[0] == code, caught.value.args
    with pytest.raises(PermanentError) as caught:
        await sender.call("POST", "sendEdoc", files={"other": ("a", b"b")})
    assert caught.value.args[0] == "10"
    await world.nothing_was_taken()
    world.publisher.away = True
    with pytest.raises(TemporaryError) as away:
        await sender.send(good)
    assert away.value.args[0] == "20"
    world.publisher.away = False
    assert await sender.send(good)


def test_only_an_error_of_the_axis_is_worth_trying_again() -> None:
    assert set(TITLES) == set(VxpCode)
    assert {code.value for code in VxpCode} == {"0", "10", "15", "18", "19", "20", "21", "22", "23"}
    assert {code.value for code in RETRYABLE} == {"20"}
    for code in Code:
        assert code_of(code) is not VxpCode.OK


async def test_nobody_sees_or_marks_the_messages_of_others(world: World) -> None:
    delivery = await deliver(world, await client(world, SENDER, "H20.14").send(packet(world)))
    other = client(world, OTHER, "H20")
    assert await other.received(fromDate="2020/01/01") == []
    assert (await other.call("GET", "getSentEdocList"))["data"] == []
    for name in (str(delivery), str(uuid4()), "x"):
        for call in (other.fetch(name), other.mark(name, "done")):
            with pytest.raises(PermanentError) as caught:
                await call
            assert caught.value.args[0] == "10"
    assert await world.count(member_records) == 0


async def test_long_lists_are_given_in_pages_and_say_so(world: World) -> None:
    sender, receiver = client(world, SENDER, "H20.14"), client(world, RECIPIENT, "G99")
    expected = [str(await deliver(world, await sender.send(packet(world)))) for _ in range(3)]
    for who, name, key in ((receiver, "getReceivedEdocList", "docId"), (sender, "getSentEdocList", "receiverDocId")):
        seen, page, more = [], 0, True
        while more:
            page += 1
            answer = await who.call("GET", name, params={"pageSize": "2", "pageIndex": str(page)})
            seen += [item[key] for item in answer["data"]]
            more = answer["more"]
        assert (sorted(seen), page) == (sorted(expected), 2)


async def test_the_directory_is_read_and_cannot_be_changed_by_a_call(world: World) -> None:
    sender = client(world, SENDER, "H20.14")
    agencies = {item["code"]: item for item in (await sender.call("POST", "getAgenciesList", json={}))["data"]}
    assert agencies["H20.14"]["oldCode"] == "000.00.14.H20"
    assert agencies["H20.14"]["pid"] == "H20"
    assert "H20.15" not in agencies
    units = {item["code"]: item for item in (await sender.call("GET", "getSynchronizeUnit"))["data"]}
    assert units["H20.15"]["deleted"]
    assert not units["H20.14"]["deleted"]
    await sender.call("POST", "registerAgency", json={"code": "H20.14", "name": "Sở Nội vụ"})
    await sender.call("POST", "deleteAgency", headers={"AgencyCode": "H20.15"})
    for name, body in (("registerAgency", {"code": "H20.99", "name": "Mới"}), ("deleteAgency", {"code": "G99"})):
        with pytest.raises(PermanentError) as caught:
            await sender.call("POST", name, json=body)
        assert caught.value.args[0] == "19"


async def test_parameters_that_are_none_are_refused_and_never_an_error_of_ours(world: World) -> None:
    for params in (
        {"messageType": "fax"},
        {"fromDate": "hôm qua"},
        {"toDate": "2026/02/30"},
        {"fromDate": "0000/01/01"},
        {"pageIndex": "0"},
        {"pageSize": "-1"},
        {"pageIndex": "9" * 30},
    ):
        with pytest.raises(PermanentError) as caught:
            await client(world, SENDER, "H20.14").call("GET", "getReceivedEdocList", params=params)
        assert caught.value.args[0] == "10"


@pytest.mark.parametrize(
    "body",
    [
        rb'{"agencyCode": "\ud800"}',
        rb'{"\udfff": 1}',
        b'{"docId": 1, "docId": 2}',
        b'{"docId": NaN}',
        b"[" * 10_000,
        b"[]",
        b"\xff",
        b'{"docId": ' + b"9" * 5000 + b"}",
    ],
)
@pytest.mark.parametrize("name", ["updateStatus", "getEdoc", "getAgenciesList", "registerAgency", "deleteAgency"])
async def test_json_that_is_not_one_thing_is_refused(world: World, name: str, body: bytes) -> None:
    sender = client(world, SENDER, "H20.14")
    with pytest.raises(PermanentError) as refused:
        await sender.call("POST", name, content=body, headers={"Content-Type": "application/json"})
    assert refused.value.args[0] == VxpCode.FILE_INVALID.value
