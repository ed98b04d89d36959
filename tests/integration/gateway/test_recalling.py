"""Recalls and their answers at the gateway: who may, when, and what each is told."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update

from docaxis.storage.tables.decisions import deliveries
from docaxis.storage.tables.intake import member_records
from docaxis.storage.tables.readmodels import delivery_lines
from docaxis_schemas.events import Action
from docaxis_schemas.submission import Kind, RecallRecord, ReportRecord

SENDER, RECIPIENT, OTHER = "so-noi-vu", "bo-mau", "xa-mot"


async def _handed_in(world: Any, recipients: tuple[str, ...] = ("G99",)) -> tuple[Any, UUID]:
    written = world.write(recipients=recipients)
    answer = await world.send(written)
    assert answer.status_code == 202, answer.text
    return written, UUID(answer.json()["submission_id"])


async def _delivered(world: Any) -> tuple[UUID, UUID]:
    written, submission = await _handed_in(world)
    await world.judge(submission)
    await world.route(submission)
    return submission, await world.deliver(written, submission, "G99", RECIPIENT)


def _recall(world: Any, submission: UUID, member: str = SENDER, **facts: Any) -> RecallRecord:
    values = {"reason": "Gửi nhầm nơi nhận", "recipients": ()} | facts
    return RecallRecord(world.heading(Kind.RECALL, member, values.pop("own_id", None)), submission, **values)


def _answer(world: Any, delivery: UUID, code: str, reason: str | None = None) -> ReportRecord:
    return ReportRecord(world.heading(Kind.REPORT, RECIPIENT), delivery, code, reason)


async def _ask(world: Any, delivery: UUID, state: str = "asked") -> None:
    """Do what the router does with a recall, as far as the gateway sees it."""
    async with world.engine.begin() as connection:
        asked = {"change": "recall", "change_state": state, "version": deliveries.c.version + 1}
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery).values(asked))


async def test_a_recall_is_kept_published_and_answered_alike_when_it_is_repeated(world: Any) -> None:
    _, submission = await _handed_in(world, ("000.00.00.G99",))
    record = _recall(world, submission, recipients=("000.00.00.G99",))
    first, second = await world.act(record), await world.act(record)
    assert (first.status_code, first.json()) == (202, second.json())
    assert "delivery_id" not in first.json()
    (action,) = [event for event in world.publisher.events("actions") if isinstance(event, Action)]
    assert (action.kind, action.recipient, action.submission_id) == ("recall", None, submission)
    assert await world.count(member_records) == 1


@pytest.mark.parametrize("who", [RECIPIENT, OTHER, f"part of {OTHER}"])
async def test_nobody_but_the_sender_learns_that_there_is_something_to_recall(world: Any, who: str) -> None:
    submission, _ = await _delivered(world)
    member = who.removeprefix("part of ")
    answer = await world.act(_recall(world, submission, member), who=who)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    unknown = await world.act(_recall(world, uuid4(), member), who=who)
    assert unknown.json() | {"instance": None} == answer.json() | {"instance": None}


async def test_a_recall_wants_a_reason_and_names_recipients_it_went_to(world: Any) -> None:
    _, submission = await _handed_in(world)
    blank = await world.act(_recall(world, submission, reason="  "))
    assert (blank.status_code, blank.json()["code"]) == (422, "report-reason-missing")
    stranger = await world.act(_recall(world, submission, recipients=("H20.20",)))
    assert stranger.json()["code"] == "unknown-recipients"
    assert await world.count(member_records) == 0


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, 202),
        ({"state": "handed_over"}, 202),
        ({"change": "recall", "change_state": "refused"}, 202),
        ({"change": "recall", "change_state": "asked"}, 409),
        ({"change": "recall", "change_state": "agreed"}, 409),
        ({"report": "02"}, 409),
        ({"state": "expired"}, 409),
    ],
)
async def test_what_has_ended_or_waits_for_an_answer_is_not_recalled(
    world: Any, values: dict[str, str], status: int
) -> None:
    submission, delivery = await _delivered(world)
    if values:
        async with world.engine.begin() as connection:
            await connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery).values(values))
    answer = await world.act(_recall(world, submission))
    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["code"] == "nothing-to-recall"


async def test_15_and_16_answer_what_was_asked_and_only_once(world: Any) -> None:
    _, delivery = await _delivered(world)
    early = await world.act(_answer(world, delivery, "15"))
    assert (early.status_code, early.json()["code"]) == (409, "no-change-asked")
    await _ask(world, delivery)
    blank = await world.act(_answer(world, delivery, "16"))
    assert blank.json()["code"] == "report-reason-missing"
    record = _answer(world, delivery, "16", "Đã ban hành văn bản trả lời")
    assert (await world.act(record)).status_code == 202
    await _ask(world, delivery, "refused")
    assert (await world.act(record)).status_code == 202, "the same answer again is the same answer"
    other = await world.act(_answer(world, delivery, "15"))
    assert (other.status_code, other.json()["code"]) == (409, "no-change-asked")


async def test_the_sender_does_not_answer_itself_and_13_is_not_reported_about_a_delivery(world: Any) -> None:
    _, delivery = await _delivered(world)
    await _ask(world, delivery)
    own = ReportRecord(world.heading(Kind.REPORT, SENDER), delivery, "15")
    assert (await world.act(own)).json()["code"] == "report-wrong-party"
    assert (await world.act(_answer(world, delivery, "13", "lý do"))).json()["code"] == "report-code-unknown"


@pytest.mark.parametrize("ended", [{"state": "expired"}, {"state": "recalled", "change_state": "agreed"}])
async def test_what_has_ended_is_neither_reported_on_nor_fetched(world: Any, ended: dict[str, str]) -> None:
    submission, delivery = await _delivered(world)
    async with world.engine.begin() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery).values(ended))
        line = {"submission_id": submission, "recipient": "G99", "delivery_id": delivery, "version": 3}
        line |= {"changed_at": world.time()} | ended
        await connection.execute(insert(delivery_lines).values(line))
    report = await world.act(_answer(world, delivery, "03"))
    assert (report.status_code, report.json()["code"]) == (410, "delivery-ended")
    view = await world.get(f"/v1/deliveries/{delivery}", RECIPIENT)
    assert view.json()["state"] == ended["state"]
    (content,) = view.json()["body"]["contents"]
    fetched = await world.get(f"/v1/deliveries/{delivery}/contents/{content['sha256']}", RECIPIENT)
    assert (fetched.status_code, fetched.json()["code"]) == (410, "delivery-ended")


async def test_both_sides_see_what_was_asked(world: Any) -> None:
    submission, delivery = await _delivered(world)
    async with world.engine.begin() as connection:
        line = {"submission_id": submission, "recipient": "G99", "delivery_id": delivery, "state": "handed_over"}
        line |= {"version": 2, "change": "recall", "change_state": "asked", "change_asked_at": world.time()}
        await connection.execute(insert(delivery_lines).values(line | {"changed_at": world.time()}))
    sent = (await world.get(f"/v1/submissions/{submission}")).json()["deliveries"][0]
    assert (sent["change"], sent["change_state"]) == ("recall", "asked")
    got = (await world.get(f"/v1/deliveries/{delivery}", RECIPIENT)).json()
    assert (got["change"], got["change_state"]) == ("recall", "asked")
