"""Several hand-overs in one request: each stands or falls alone, and none says more than it could say by itself."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from docaxis.client import AxisClient
from docaxis.embedded.bench.parties import Party, Recipient
from docaxis.embedded.bench.wire import Wire
from docaxis.gateway.limits import MAX_HANDOVERS, MAX_SIGNED_RECORD
from docaxis.storage.tables.intake import member_records
from docaxis_schemas.submission import HandoverRecord, Kind, ReportRecord
from docaxis_schemas.topics import ACTIONS

World = Any
AXIS, ENVIRONMENT = "truc-test", "test"
SENDER, RECIPIENT, OTHER, SUSPENDED = "so-noi-vu", "bo-mau", "xa-mot", "xa-tam-dung"


class Deliveries:
    """Deliveries of a document each, and what their recipients sign."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hashes: dict[UUID, tuple[str, ...]] = {}

    async def make(self, recipient: str = "G99", member: str = RECIPIENT) -> UUID:
        written = self.world.write(recipients=(recipient,))
        submission = UUID((await self.world.send(written)).json()["submission_id"])
        name: UUID = await self.world.deliver(written, submission, recipient, member)
        self.hashes[name] = tuple(sorted(written.files))
        return name

    def record(self, delivery: UUID, member: str = RECIPIENT, own_id: str | None = None) -> HandoverRecord:
        heading = self.world.heading(Kind.HANDOVER, member, own_id)
        return HandoverRecord(heading, delivery, self.hashes.get(delivery, ("0" * 64,)))

    def sign(self, record: HandoverRecord | ReportRecord, signer: str = RECIPIENT) -> str:
        token: str = self.world.signers[signer].sign(record.to_json())
        return token

    async def post(self, tokens: Sequence[str], who: str = RECIPIENT) -> httpx.Response:
        return await self.raw(json.dumps({"records": list(tokens)}).encode(), who)

    async def raw(self, body: bytes, who: str = RECIPIENT, media_type: str = "application/json") -> httpx.Response:
        headers = self.world.bearer(who) | {"Content-Type": media_type}
        answer: httpx.Response = await self.world.client.post("/v1/handovers", content=body, headers=headers)
        return answer

    def published(self) -> set[tuple[str, str]]:
        """Give member and delivery of every hand-over that the bus has."""
        bodies = [json.loads(event.body) for event in self.world.publisher.events(ACTIONS)]
        return {(body["member"], body["delivery_id"]) for body in bodies}


@pytest.fixture
def given(world: World) -> Deliveries:
    return Deliveries(world)


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["problem"]["code"] if "problem" in one else str(one["status"]) for one in answer.json()["results"]]


async def test_each_is_bound_and_published_for_itself_and_a_repeat_is_answered_alike(
    world: World, given: Deliveries
) -> None:
    names = [await given.make() for _ in range(5)]
    records = [given.record(name) for name in names]
    tokens = [given.sign(record) for record in records]
    first = await given.post(tokens)
    assert [one["taken"]["delivery_id"] for one in first.json()["results"]] == [str(name) for name in names]
    assert {one["status"] for one in first.json()["results"]} == {202}
    assert given.published() == {(RECIPIENT, str(name)) for name in names}
    assert await world.count(member_records) == 5
    assert (await given.post(tokens)).content == first.content
    alone = await world.act(records[2])
    assert (alone.status_code, alone.json()) == (202, first.json()["results"][2]["taken"])
    assert await world.count(member_records) == 5


async def test_whatever_is_wrong_with_one_is_told_of_it_and_harms_no_other(world: World, given: Deliveries) -> None:
    good, second, untouched = [await given.make() for _ in range(3)]
    others = await given.make("H20.20", OTHER)
    record = given.record(untouched)
    elsewhere = replace(record, heading=replace(record.heading, axis="truc-khac"))
    production = replace(record, heading=replace(record.heading, environment="production"))
    theirs = given.record(others, OTHER)
    report = ReportRecord(world.heading(Kind.REPORT, RECIPIENT), untouched, "03")
    again = given.sign(given.record(good))
    tampered = given.sign(record)
    wanted = [
        (again, "202"),
        (given.sign(given.record(others)), "not-found"),
        (given.sign(given.record(uuid4())), "not-found"),
        (given.sign(theirs, OTHER), "manifest-signature-invalid"),
        (given.sign(theirs), "manifest-signature-invalid"),
        (given.sign(record, OTHER), "manifest-signature-invalid"),
        (given.sign(record, SENDER), "manifest-signature-invalid"),
        (tampered[:-8] + ("A" * 8 if tampered[-8:] != "A" * 8 else "B" * 8), "manifest-signature-invalid"),
        (given.sign(replace(record, contents=("0" * 64,))), "content-mismatch"),
        (given.sign(report), "malformed-request"),
        (given.sign(elsewhere), "wrong-axis"),
        (given.sign(production), "wrong-environment"),
        ("", "manifest-signature-invalid"),
        ("a.b.c", "manifest-signature-invalid"),
        (json.dumps(record.to_json()), "manifest-signature-invalid"),
        ("x" * (MAX_SIGNED_RECORD + 1), "content-too-large"),
        (again, "202"),
        (given.sign(given.record(second)), "202"),
    ]
    answer = await given.post([token for token, _ in wanted])
    assert codes(answer) == [code for _, code in wanted]
    assert given.published() == {(RECIPIENT, str(good)), (RECIPIENT, str(second))}
    assert await world.count(member_records) == 2
    problem = answer.json()["results"][1]["problem"]
    assert problem == (await world.act(given.record(others))).json(), "no more is told than alone"


async def test_one_key_binds_one_of_two_records_that_come_together(world: World, given: Deliveries) -> None:
    one, two = await given.make(), await given.make()
    tokens = [given.sign(given.record(name, own_id="the-same")) for name in (one, two)]
    found = codes(await given.post(tokens))
    assert sorted(found) == ["202", "idempotency-conflict"]
    [(_, bound)] = given.published()
    assert bound == str((one, two)[found.index("202")])
    assert codes(await given.post(tokens)) == found


async def test_a_credential_for_some_organisations_hands_over_for_these(world: World, given: Deliveries) -> None:
    its_own, not_its_own = await given.make("G99"), await given.make("G99.01")
    tokens = [given.sign(given.record(name)) for name in (its_own, not_its_own)]
    assert codes(await given.post(tokens, f"part of {RECIPIENT}")) == ["202", "not-found"]
    assert given.published() == {(RECIPIENT, str(its_own))}


async def test_without_the_bus_each_outcome_is_unknown_and_a_repeat_finishes_all(
    world: World, given: Deliveries
) -> None:
    names = [await given.make() for _ in range(3)]
    tokens = [given.sign(given.record(name)) for name in names]
    world.publisher.away = True
    answer = await given.post(tokens)
    assert codes(answer) == ["outcome-unknown"] * 3
    assert [one["status"] for one in answer.json()["results"]] == [503] * 3
    world.publisher.away = False
    assert codes(await given.post(tokens)) == ["202"] * 3
    assert given.published() == {(RECIPIENT, str(name)) for name in names}


async def test_as_many_as_are_allowed_are_taken_and_one_more_is_not(world: World, given: Deliveries) -> None:
    token = given.sign(given.record(await given.make()))
    for count in (MAX_HANDOVERS + 1, 10 * MAX_HANDOVERS):
        assert (await given.post([token] * count)).json()["code"] == "malformed-request"
    assert (await given.post([token] * 10_000)).json()["code"] == "content-too-large"
    assert (await given.post(["x"] * 10_000)).json()["code"] == "malformed-request"
    assert await world.count(member_records) == 0
    assert codes(await given.post([token] * MAX_HANDOVERS)) == ["202"] * MAX_HANDOVERS
    assert await world.count(member_records) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"records": []}',
        b'{"records": "a.b.c"}',
        b'{"records": [1]}',
        b'{"records": [["a.b.c"]]}',
        b'{"records": [null]}',
        '{"records": ["ă.b.c"]}'.encode(),
        b'{"records": ["\\ud800"]}',
        b'{"records": ["a.b.c"], "records": ["d.e.f"]}',
        b'{"records": ["a.b.c"], "more": 1}',
        b'{"records": ' + b"[" * 5000,
        b"\xff",
    ],
)
async def test_a_request_that_is_not_of_its_form_is_refused_whole(given: Deliveries, body: bytes) -> None:
    assert (await given.raw(body)).json()["code"] == "malformed-request"


async def test_who_may_not_hand_over_is_refused_before_anything_is_read(given: Deliveries) -> None:
    token = given.sign(given.record(await given.make()))
    assert (await given.raw(token.encode(), media_type="application/jose")).json()["code"] == "malformed-request"
    assert (await given.post([token], "operator")).json()["code"] == "forbidden"
    assert (await given.post([token], "auditor")).json()["code"] == "forbidden"
    assert (await given.post([token], SUSPENDED)).json()["code"] == "member-suspended"
    assert (await given.post([token], "nobody's secret")).json()["code"] == "unauthenticated"
    assert codes(await given.post([token], SENDER)) == ["manifest-signature-invalid"]
    assert given.published() == set()


async def test_the_sdk_has_what_it_hands_over_at_once_taken_together(world: World, given: Deliveries) -> None:
    names = [await given.make() for _ in range(6)]
    asked: list[str] = []

    class Noting(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return await super().handle_async_request(request)

    axis = AxisClient(
        *("http://127.0.0.1", world.secrets[RECIPIENT], world.signers[RECIPIENT]),
        member=RECIPIENT,
        axis=AXIS,
        environment=ENVIRONMENT,
        transport=Noting(app=world.gateway.app),
        clock=world.time,
    )
    async with axis:
        found = [await axis.delivery(name) for name in names]
        await asyncio.gather(*(delivery.hand_over() for delivery in found))
    posted = [path for path in asked if path.endswith(("/handover", "/handovers"))]
    assert len(posted) < len(names)
    assert "/v1/handovers" in posted
    assert given.published() == {(RECIPIENT, str(name)) for name in names}
    assert await world.count(member_records) == len(names)


async def test_recipients_of_a_load_run_hand_over_once_what_they_are_given_at_once(
    world: World, given: Deliveries
) -> None:
    names = [await given.make() for _ in range(6)]
    address = urlsplit(await world.gateway.start())
    wire = Wire(address.hostname or "", address.port or 0, world.secrets[RECIPIENT])
    party = Party(RECIPIENT, AXIS, ENVIRONMENT, world.signers[RECIPIENT], wire, world.time)
    finished: list[UUID] = []
    done = asyncio.Event()

    def finish(submission: UUID, _: str) -> None:
        finished.append(submission)
        if len(finished) == len(names):
            done.set()

    following = asyncio.create_task(Recipient(party, True, lambda *_: None, finish).follow())
    waiting = asyncio.create_task(done.wait())
    await asyncio.wait([following, waiting], timeout=60, return_when=asyncio.FIRST_COMPLETED)
    assert len(set(finished)) == len(finished) == len(names)
    assert given.published() == {(RECIPIENT, str(name)) for name in names}
    for task in (following, waiting):
        task.cancel()
    await asyncio.gather(following, waiting, return_exceptions=True)
    await wire.close()
