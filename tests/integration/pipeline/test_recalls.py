"""Recalls, their answers, and what nobody fetched, decided in a real database."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from docaxis.router.problems import RejectedWork
from docaxis.router.service import DAYS_TO_FETCH
from docaxis.router.timers import Timers
from docaxis.storage.timers import TimerStore
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Action


async def test_a_recall_before_routing_cancels_and_the_recipient_never_hears_of_it(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.hand_in((one, two), number="71")
    told = await world.tell(await world.recall(submission, one))
    assert told.types == ["recall.received"]
    assert told.news("recall")[0]["cancelled"] == [one]
    routed = await world.tell(world.judged(submission))
    assert (routed.to(world.member(1)), len(routed.to(world.member(2)))) == ([], 1)
    assert sorted(routed.types) == ["ContentConsignment", "SubmissionAcceptance", "delivery.cancelled"]
    assert routed.news("accepted")[0]["cancelled"] == [one]
    row = await world.row(submission, one)
    assert (row["state"], row["member"], row["standing"]) == ("recalled", None, False)


async def test_a_submission_recalled_from_everybody_leaves_its_number_free(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.hand_in((one,), number="72")
    await world.tell(await world.recall(submission))
    await world.tell(world.judged(submission))
    assert await world.holder("72") is None
    corrected = await world.deliver(one, number="72")
    assert await world.holder("72") == corrected.id


async def test_who_has_the_document_is_asked_and_keeps_it_until_it_answers(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two, number="73")
    await world.tell(await world.act(submission, one, "handover"))
    told = await world.tell(await world.recall(submission, one, reason="Sai số liệu"))
    (request,) = told.to(world.member(1))
    asked = json.loads(request.body)
    assert (asked["news"], asked["change"], asked["reason"]) == ("change_asked", "recall", "Sai số liệu")
    assert request.delivery_id == submission.delivery(one)
    assert told.to(world.member(2)) == []
    assert sorted(told.types) == ["change.asked", "recall.received"]
    assert told.news("recall")[0]["asked"] == [one]
    row = await world.row(submission, one)
    assert (row["state"], row["change"], row["change_state"], row["standing"]) == (
        "handed_over",
        "recall",
        "asked",
        True,
    )
    assert request.version == row["version"]


async def test_an_agreement_frees_the_number_and_a_delivery_handed_over_stays_so(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one, number="74")
    await world.tell(await world.act(submission, one, "handover"))
    await world.tell(await world.recall(submission))
    told = await world.tell(await world.act(submission, one, "report", code="15", note="Đã xóa"))
    assert told.types == ["change.answered"]
    (news,) = told.news("change_answered")
    assert (news["code"], news["change"], news["note"]) == ("15", "recall", "Đã xóa")
    row = await world.row(submission, one)
    assert (row["state"], row["change_state"], row["standing"]) == ("handed_over", "agreed", False)
    assert row["report"] is None
    assert await world.holder("74") is None


async def test_an_agreement_about_what_was_never_handed_over_ends_it_as_recalled(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    await world.tell(await world.recall(submission))
    await world.tell(await world.act(submission, one, "report", code="15"))
    assert (await world.row(submission, one))["state"] == "recalled"
    late = await world.tell(await world.act(submission, one, "handover"))
    assert late.outgoing == ()
    assert (await world.row(submission, one))["state"] == "recalled"


async def test_a_refusal_wants_a_reason_and_lets_the_document_stand(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one, number="75")
    await world.tell(await world.recall(submission))
    with pytest.raises(RejectedWork, match="without a reason"):
        await world.tell(await world.act(submission, one, "report", code="16"))
    told = await world.tell(await world.act(submission, one, "report", code="16", reason="Đã xử lý xong"))
    assert told.news("change_answered")[0]["reason"] == "Đã xử lý xong"
    row = await world.row(submission, one)
    assert (row["change_state"], row["standing"], row["state"]) == ("refused", True, "consigned")
    again = await world.tell(await world.recall(submission))
    assert again.news("recall")[0]["asked"] == [one]


async def test_only_the_first_of_two_answers_counts(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    await world.tell(await world.recall(submission))
    await world.tell(await world.act(submission, one, "report", code="16", reason="Không"))
    late = await world.tell(await world.act(submission, one, "report", code="15"))
    assert late.outgoing == ()
    row = await world.row(submission, one)
    assert (row["change_state"], row["standing"]) == ("refused", True)


async def test_a_second_recall_while_one_waits_is_told_so_and_asks_nobody_twice(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    await world.tell(await world.recall(submission))
    told = await world.tell(await world.recall(submission))
    assert told.news("recall")[0]["asked_already"] == [one]
    assert told.to(world.member(1)) == []


@pytest.mark.parametrize("end", ["returned", "agreed", "expired"])
async def test_what_has_ended_is_not_recalled_again(world: Any, end: str) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    if end == "returned":
        await world.tell(await world.act(submission, one, "report", code="02", reason="Sai"))
    elif end == "agreed":
        await world.tell(await world.recall(submission))
        await world.tell(await world.act(submission, one, "report", code="15"))
    else:
        await _expire(world)
    told = await world.tell(await world.recall(submission))
    assert told.news("recall")[0]["ended"] == [one]
    assert told.to(world.member(1)) == []


async def test_a_recall_by_another_member_is_rejected(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    with pytest.raises(RejectedWork, match="did not send"):
        await world.tell(await world.recall(submission, member=world.member(1)))
    assert (await world.row(submission, one))["change_state"] is None


async def test_a_recall_that_is_not_what_was_signed_is_rejected(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two)
    action = await world.recall(submission, one)
    forged = replace(action, body=canonical(json.loads(action.body) | {"recipients": []}))
    with pytest.raises(RejectedWork, match="signed"):
        await world.tell(forged)


async def test_a_redone_recall_gives_the_same_bytes_and_one_from_another_record_nothing(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    action = await world.recall(submission)
    first = await world.tell(action, offset=80)
    world.now += timedelta(hours=1)
    assert (await world.tell(action, offset=80, router=world.make_router())).outgoing == first.outgoing
    assert (await world.tell(action, offset=81)).outgoing == ()


async def test_a_recall_that_meets_the_routing_cancels_or_asks_and_never_neither(world: Any) -> None:
    one = world.recipient(1)
    for _ in range(8):
        submission = await world.hand_in((one,))
        action = await world.recall(submission)
        recalled, routed = await asyncio.gather(world.tell(action), world.tell(world.judged(submission)))
        (news,) = recalled.news("recall")
        delivered = [item for item in routed.to(world.member(1)) if item.kind == "delivery"]
        assert (news.get("asked"), len(delivered)) in [(None, 0), ([one], 1)]
        state = (await world.row(submission, one))["state"]
        assert state == ("consigned" if delivered else "recalled")


async def test_a_recall_that_meets_the_handover_asks_whoever_was_first(world: Any) -> None:
    one = world.recipient(1)
    for _ in range(8):
        submission = await world.deliver(one)
        recall, handover = await world.recall(submission), await world.act(submission, one, "handover")
        recalled, handed = await asyncio.gather(world.take(recall), world.take(handover))
        assert recalled.news("recall")[0]["asked"] == [one]
        assert handed.types == ["ContentHandover"]
        row = await world.row(submission, one)
        assert (row["state"], row["change_state"]) == ("handed_over", "asked")


async def test_an_agreement_that_meets_the_handover_leaves_one_of_two_ends(world: Any) -> None:
    one = world.recipient(1)
    for _ in range(8):
        submission = await world.deliver(one)
        await world.tell(await world.recall(submission))
        agree = await world.act(submission, one, "report", code="15")
        handover = await world.act(submission, one, "handover")
        _, handed = await asyncio.gather(world.take(agree), world.take(handover))
        row = await world.row(submission, one)
        assert row["change_state"] == "agreed"
        assert (row["state"], handed.types) in [("handed_over", ["ContentHandover"]), ("recalled", [])]


async def _fired(world: Any) -> list[Action]:
    published: list[Action] = []

    class Collecting:
        async def publish(self, outgoing: Any) -> None:
            for record in outgoing:
                event = decode(record.value)
                assert isinstance(event, Action)
                published.append(event)

    await Timers(TimerStore(world.engine), Collecting(), world.envelopes, world.clock).fire_due()
    return published


async def _expire(world: Any) -> list[Any]:
    """Let the time of everything in this world be over; give what was told last."""
    world.now += timedelta(days=2)
    for action in await _fired(world):
        await world.tell(action)
    world.now += timedelta(days=DAYS_TO_FETCH)
    return [await world.tell(action) for action in await _fired(world)]


async def test_what_nobody_fetched_expires_with_evidence_and_is_told_to_both_sides(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two, number="76")
    await world.tell(await world.act(submission, two, "handover"))
    (told,) = [told for told in await _expire(world) if told.items and told.items[0].submission_id == submission.id]
    assert told.types == ["delivery.expired"]
    assert [item.member for item in told.items] == [world.sender, world.member(1)]
    assert told.news("expired")[0]["recipients"] == [one]
    assert (await world.row(submission, one))["state"] == "expired"
    assert (await world.row(submission, two))["state"] == "handed_over"
    assert await world.holder("76") == submission.id
    late = await world.tell(await world.act(submission, one, "handover"))
    assert late.outgoing == ()


async def test_what_expired_may_be_sent_again_under_its_number(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one, number="77", content="the same")
    await _expire(world)
    assert await world.holder("77") is None
    again = await world.deliver(one, number="77", content="the same")
    assert (await world.row(again, one))["state"] == "consigned"
    assert submission.id != again.id


async def test_what_was_fetched_in_time_never_expires(world: Any) -> None:
    one = world.recipient(1)
    submission = await world.deliver(one)
    await world.tell(await world.act(submission, one, "handover"))
    assert all(told.types == [] for told in await _expire(world))
    assert (await world.row(submission, one))["state"] == "handed_over"
