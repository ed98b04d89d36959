"""Updates, replacements and recalls by a document of their own, decided in a real database."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from docaxis.router.own_news import timer_action
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import Action


def _business(action: str, **facts: Any) -> dict[str, Any]:
    return {"business": {"action": action, "reason": "Sai phụ lục"} | facts}


def _id(world: Any, number: str) -> str:
    return f"{world.issuer},2026/03/04,{number}/CV-TN"


async def test_a_replacement_asks_whoever_holds_the_documents_it_names(world: Any) -> None:
    one, two, three = world.recipient(1), world.recipient(2), world.recipient(3)
    first = await world.deliver(one, two, number="10")
    second = await world.deliver(one, number="11")
    business = _business(
        "replace",
        replacements=[
            {"document_id": _id(world, "10"), "holders": [two]},
            {"document_id": _id(world, "11")},
        ],
    )
    submission = await world.hand_in((one, three), number="12", document=business)
    told = await world.tell(world.judged(submission))
    asked = {(item.recipient, item.submission_id) for item in told.items if item.kind == "news" and item.delivery_id}
    assert asked == {(two, first.id), (one, second.id)}
    assert told.types.count("change.asked") == 2
    for earlier, code in ((first, two), (second, one)):
        row = await world.row(earlier, code)
        assert (row["change"], row["change_state"], row["changed_by"]) == ("replacement", "asked", submission.id)
        assert row["standing"]
    assert (await world.row(first, one))["change"] is None
    (news,) = told.news("accepted")
    assert {(one_["recipient"], one_["outcome"]) for one_ in news["asks"]} == {(two, "asked"), (one, "asked")}


async def test_an_update_under_the_same_number_stands_once_it_is_agreed(world: Any) -> None:
    one = world.recipient(1)
    first = await world.deliver(one, number="20")
    await world.tell(await world.act(first, one, "handover"))
    update = await world.deliver(one, number="20", document=_business("update", document_id=_id(world, "20")))
    assert (await world.row(update, one))["state"] == "consigned"
    told = await world.tell(await world.act(first, one, "report", code="15"))
    assert told.news("change_answered")[0]["change"] == "update"
    assert [(await world.row(sent, one))["standing"] for sent in (first, update)] == [False, True]
    assert await world.holder("20") == update.id


async def test_the_number_is_the_updates_from_then_on(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    await world.deliver(one, number="21", content="old")
    business = _business("update", document_id=_id(world, "21"))
    update = await world.deliver(one, number="21", content="new", document=business)
    assert await world.holder("21") == update.id
    further = await world.hand_in((two,), number="21", content="new")
    assert (await world.tell(world.judged(further))).news("accepted")[0]["delivered_to"] == 1
    old = await world.hand_in((two,), number="21", content="old")
    assert (await world.tell(world.judged(old))).news("rejected")[0]["cause"] == "natural-key-taken"


async def test_an_update_recalls_from_receivers_it_removes_and_delivers_to_those_it_adds(world: Any) -> None:
    one, two, three = world.recipient(1), world.recipient(2), world.recipient(3)
    first = await world.deliver(one, two, number="22", content="same")
    business = _business(
        "update",
        document_id=_id(world, "22"),
        update={"receivers_changed": True, "receivers": [
            {"code": two, "change": "removed"}, {"code": three, "change": "added"},
        ]},
    )  # fmt: skip
    update = await world.deliver(one, three, number="22", content="same", document=business)
    assert (await world.row(first, two))["change"] == "recall"
    assert (await world.row(first, one))["change"] == "update"
    assert (await world.row(update, three))["state"] == "consigned"


async def test_a_recall_by_a_document_asks_its_own_recipients(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    first = await world.deliver(one, two, number="23")
    business = _business("revoke") | {"response_for": [{"document_id": _id(world, "23")}]}
    letter = await world.hand_in((one,), number="24", document=business)
    told = await world.tell(world.judged(letter))
    (request,) = [item for item in told.to(world.member(1)) if item.kind == "news"]
    body = json.loads(request.body)
    assert (body["change"], body["reason"], body["changed_by"]) == ("recall", "Sai phụ lục", str(letter.id))
    assert [(await world.row(first, code))["change_state"] for code in (one, two)] == ["asked", None]


async def test_a_document_without_a_number_is_named_by_its_submission(world: Any) -> None:
    one = world.recipient(1)
    first = await world.deliver(one)
    await world.deliver(one, document=_business("replace", document_id=str(first.id)))
    assert (await world.row(first, one))["change"] == "replacement"


async def test_nobody_changes_what_another_member_sent(world: Any) -> None:
    one = world.recipient(1)
    first = await world.deliver(one, number="25")
    stranger = f"s-other-{world.number}"
    world.directory.members[stranger] = type(world.directory.members[world.sender])()
    for named in (_id(world, "25"), str(first.id)):
        business = _business("replace", document_id=named)
        told = await world.tell(world.judged(await world.hand_in((one,), sender=stranger, document=business)))
        assert "change.asked" not in told.types
    assert (await world.row(first, one))["change"] is None


async def test_what_is_refused_asks_nothing(world: Any) -> None:
    one = world.recipient(1)
    first = await world.deliver(one, number="26")
    business = _business("replace", document_id=_id(world, "26"))
    submission = await world.hand_in((one,), number="27", document=business)
    await world.tell(world.judged(submission, disposition="refuse", cause="broken"))
    assert (await world.row(first, one))["change"] is None


async def test_a_redone_route_asks_in_the_same_bytes(world: Any) -> None:
    one = world.recipient(1)
    await world.deliver(one, number="28")
    submission = await world.hand_in((one,), number="29", document=_business("replace", document_id=_id(world, "28")))
    judged = world.judged(submission)
    first = await world.tell(judged, offset=90)
    assert (await world.tell(judged, offset=90, router=world.make_router())).outgoing == first.outgoing
    assert "change.asked" in first.types


async def test_what_was_returned_is_corrected_under_the_same_number_and_asks_nothing(world: Any) -> None:
    one = world.recipient(1)
    first = await world.deliver(one, number="30")
    await world.tell(await world.act(first, one, "report", code="02", reason="Thiếu phụ lục"))
    business = _business("replace", document_id=_id(world, "30"))
    told = await world.tell(world.judged(await world.hand_in((one,), number="30", document=business)))
    assert told.news("accepted")[0]["delivered_to"] == 1
    assert "change.asked" not in told.types


async def _looked(world: Any, submission: Any, number: int) -> Any:
    """Let the timer look at what is parked, as `docaxis.router.timers` does."""
    kind = f"parked-{number}"
    async with world.engine.connect() as connection:
        query = text("SELECT 1 FROM timers WHERE submission_id = :id AND kind = :kind")
        found = (await connection.execute(query, {"id": submission.id, "kind": kind})).all()
    assert found, "the timer that looks is there"
    action_id = timer_action(submission.id, kind)
    body = canonical({"timer": kind})
    return await world.tell(Action(action_id, submission.id, "timer", "", None, world.now, body), offset=700 + number)


async def test_a_replacement_that_overtakes_what_it_names_waits_and_then_asks(world: Any) -> None:
    one = world.recipient(1)
    first = await world.hand_in((one,), number="31")
    world.now += timedelta(seconds=1)
    business = _business("replace", document_id=_id(world, "31"))
    second = await world.hand_in((one,), number="32", document=business)

    overtaking = world.judged(second)
    parked = await world.tell(overtaking, offset=600)
    assert (parked.types, len(parked.items)) == (["submission.parked"], 1)
    (news,) = parked.news("held")
    assert (news["cause"], "deadline" in news) == ("named-undecided", True)
    assert (await world.tell(overtaking, offset=600, router=world.make_router())).outgoing == parked.outgoing
    assert (await world.tell(overtaking, offset=601)).outgoing == ()
    assert (await _looked(world, second, 1)).outgoing == ()

    await world.tell(world.judged(first))
    went_on = await _looked(world, second, 2)
    assert went_on.news("accepted")[0]["delivered_to"] == 1
    assert "change.asked" in went_on.types
    row = await world.row(first, one)
    assert (row["change"], row["change_state"], row["changed_by"]) == ("replacement", "asked", second.id)
    assert (await _looked(world, second, 2)).outgoing == went_on.outgoing, "a redo tells the same"
    assert (await world.tell(overtaking, offset=600)).outgoing == parked.outgoing
    assert await world.count("deliveries", second) == 1


async def test_an_update_under_the_number_of_what_it_overtakes_takes_it_only_afterwards(world: Any) -> None:
    one = world.recipient(1)
    first = await world.hand_in((one,), number="33", content="old")
    world.now += timedelta(seconds=1)
    business = _business("update", document_id=_id(world, "33"))
    second = await world.hand_in((one,), number="33", content="new", document=business)
    await world.tell(world.judged(second))
    assert (await world.tell(world.judged(first))).news("accepted")
    await _looked(world, second, 1)
    assert await world.holder("33") == second.id


async def test_it_waits_no_longer_than_it_may_and_not_for_what_was_given_up(world: Any) -> None:
    one = world.recipient(1)
    await world.hand_in((one,), number="34")
    world.now += timedelta(seconds=1)
    business = _business("replace", document_id=_id(world, "34"))
    waiting = await world.hand_in((one,), number="35", document=business)
    assert (await world.tell(world.judged(waiting))).types == ["submission.parked"]
    world.now += timedelta(hours=26)
    late = await _looked(world, waiting, 1)
    assert late.news("accepted")[0]["delivered_to"] == 1
    assert "change.asked" not in late.types

    lost = await world.hand_in((one,), number="36")
    await world.tell(world.own(lost, "dead-letter", {}))
    world.now += timedelta(seconds=1)
    business = _business("replace", document_id=_id(world, "36"))
    told = await world.tell(world.judged(await world.hand_in((one,), number="37", document=business)))
    assert told.news("accepted")


async def test_what_is_refused_does_not_wait(world: Any) -> None:
    one = world.recipient(1)
    await world.hand_in((one,), number="38")
    world.now += timedelta(seconds=1)
    business = _business("replace", document_id=_id(world, "38"))
    refused = await world.hand_in((one,), number="39", document=business)
    told = await world.tell(world.judged(refused, disposition="refuse", cause="broken"))
    assert told.news("rejected")
