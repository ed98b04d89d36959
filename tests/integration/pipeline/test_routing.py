"""Routes, as decided in a real database. Tests of numbered rules name them (blueprint, "Judging and what follows")."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.router.problems import RejectedWork
from docaxis.router.service import Router
from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.routing import AlreadyDecided, RoutingTransaction
from docaxis_schemas.events import MAX_RECORD, Judged
from docaxis_schemas.identifiers import event_id


async def test_a_passed_document_reaches_each_recipient_once_with_evidence_and_news(world: Any) -> None:
    recipients = tuple(world.recipient(index) for index in range(3))
    submission = await world.hand_in(recipients, number="15")
    told = await world.tell(world.judged(submission))
    for index, code in enumerate(recipients):
        (item,) = told.to(world.member(index))
        body = json.loads(item.body)
        assert (item.kind, item.recipient, item.delivery_id) == ("delivery", code, submission.delivery(code))
        assert body["verdict"]["valid"] is True
        assert body["contents"][0]["sha256"] == submission.contents[0]
        assert (body["recipient"], body["role"], body["sender"]) == (code, "action", world.sender)
    assert told.types == ["SubmissionAcceptance"] + 3 * ["ContentConsignment"]
    (news,) = told.news("accepted")
    assert news["delivered_to"] == 3
    assert news["own_id"] == submission.own_id


async def test_a_record_that_comes_again_gives_the_same_bytes_though_clock_and_directory_have_moved(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,), number="16")
    judged = world.judged(submission)
    first = await world.tell(judged, offset=7)
    world.now += timedelta(hours=3)
    world.directory.members[world.member(1)].compromised_since = world.now
    world.directory.prefix = "X."
    again = await world.tell(judged, offset=7, router=world.make_router())
    assert again.outgoing == first.outgoing
    assert len(first.outgoing) == 4


async def test_the_same_verdict_from_another_record_is_a_duplicate_and_tells_nothing(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    await world.tell(world.judged(submission), offset=1)
    assert (await world.tell(world.judged(submission), offset=2)).outgoing == ()
    assert (await world.tell(world.judged(submission, attempt=2), offset=3)).outgoing == ()
    assert await world.count("deliveries", submission) == 1


async def test_a_crash_before_the_decision_leaves_nothing_behind(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,), number="17")

    async def crash(*_: object) -> None:
        raise ConnectionResetError("the database was killed")

    with monkeypatch.context() as patch:
        patch.setattr(RoutingTransaction, "decide", crash)
        with pytest.raises(UnavailableStorage):
            await world.tell(world.judged(submission))
    assert await world.count("deliveries", submission) == 0
    assert await world.count("timers", submission) == 0
    assert await world.holder("17") is None
    assert (await world.tell(world.judged(submission))).types == ["SubmissionAcceptance", "ContentConsignment"]


async def test_two_processes_that_decide_the_same_record_decide_once(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),), number="18")
    routers = [world.make_router() for _ in range(6)]

    async def decide(router: Router) -> Any:
        while True:
            try:
                return (await world.tell(world.judged(submission), offset=5, router=router)).outgoing
            except AlreadyDecided:
                continue

    told = await asyncio.gather(*map(decide, routers))
    assert all(outgoing == told[0] for outgoing in told)
    assert await world.count("deliveries", submission) == 1


async def test_a_submission_that_was_given_up_is_announced_by_its_replay(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    first = await world.tell(judged, offset=1)
    given_up = await world.router.give_up(world.record(judged, offset=1), judged, "refused by the broker")
    assert len(given_up.outgoing) == 2
    replay = world.judged(submission, attempt=2)
    told = await world.tell(replay, offset=9)
    assert told.outgoing == first.outgoing
    assert (await world.tell(replay, offset=9)).outgoing == told.outgoing
    assert (await world.tell(replay, offset=10)).outgoing == ()


async def test_an_unknown_submission_is_rejected(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    with pytest.raises(RejectedWork, match="no such submission"):
        await world.tell(world.judged(submission, submission_id=event_id(submission.id, "stranger")))


# --- rule 5: dispositions ---------------------------------------------------------------------------------------------


async def test_rule_5_a_warned_delivery_never_shows_as_valid(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    # Even a verdict that passed is not valid once it is delivered with a warning.
    told = await world.tell(world.judged(submission, disposition="deliver_with_warning"))
    (item,) = told.to(world.member(1))
    verdict = json.loads(item.body)["verdict"]
    assert verdict["valid"] is False
    assert verdict["disposition"] == "deliver_with_warning"
    assert "hợp lệ" not in verdict["sentence"]["vi"]
    assert told.news("accepted")[0]["verdict"]["valid"] is False


async def test_rule_5_a_refused_document_reaches_nobody_and_its_sender_learns_why(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,), number="20")
    told = await world.tell(world.judged(submission, indication="TOTAL-FAILED", cause="modified", disposition="refuse"))
    assert told.types == ["SubmissionRejection"]
    (news,) = told.news("rejected")
    assert news["cause"] == "modified"
    assert news["sentence"]["vi"] == "Nội dung tệp đã bị thay đổi sau khi ký."
    assert told.to(world.member(1)) == []
    row = await world.row(submission, code)
    assert (row["state"], row["member"], row["standing"]) == ("refused", None, False)


# --- rule 6: natural keys ---------------------------------------------------------------------------------------------


async def test_rule_6_a_refused_document_reserves_no_natural_key(world: Any) -> None:
    refused = await world.hand_in((world.recipient(1),), number="30")
    await world.tell(world.judged(refused, disposition="refuse", cause="unsigned"))
    assert await world.holder("30") is None
    corrected = await world.deliver(world.recipient(1), number="30")
    assert await world.holder("30") == corrected.id


async def test_rule_6_another_document_under_a_taken_number_is_refused_here(world: Any) -> None:
    code = world.recipient(1)
    first = await world.deliver(code, number="31")
    second = await world.hand_in((code, world.recipient(2)), number="31")
    told = await world.tell(world.judged(second))
    assert told.types == ["SubmissionRejection"]
    assert told.news("rejected")[0]["cause"] == "natural-key-taken"
    assert {(await world.row(second, item))["state"] for item in second.recipients} == {"refused"}
    assert await world.holder("31") == first.id


async def test_rule_6_races_for_a_number_have_one_winner_and_losers_get_a_rejection(world: Any) -> None:
    code = world.recipient(1)
    handed = [await world.hand_in((code,), number="32") for _ in range(6)]
    told = await asyncio.gather(*(world.tell(world.judged(item)) for item in handed))
    outcomes = sorted(item.types[0] for item in told)
    assert outcomes == ["SubmissionAcceptance"] + 5 * ["SubmissionRejection"]
    causes = {item.news("rejected")[0]["cause"] for item in told if item.news("rejected")}
    assert causes == {"natural-key-taken"}


async def test_rule_6_the_same_document_to_new_recipients_is_accepted_and_linked(world: Any) -> None:
    first = await world.deliver(world.recipient(1), number="33", content="same")
    second = await world.hand_in((world.recipient(2),), number="33", content="same", enclosure="no document")
    told = await world.tell(world.judged(second))
    assert told.types == ["SubmissionAcceptance", "ContentConsignment"]
    decision = await world.store.find(event_id(second.id, "route"))
    assert json.loads(decision.body)["linked_to"] == str(first.id)


@pytest.mark.parametrize(("action", "names", "accepted"), [
    ("update", "{issuer},2026/03/04,34/CV-TN", True),
    ("replace", "{issuer},2026/03/04,34/CV-TN", True),
    ("update", "{issuer},2026/03/04,35/CV-TN", False),
    ("update", "not a document id", False),
    ("new", "{issuer},2026/03/04,34/CV-TN", False),
])  # fmt: skip
async def test_rule_6_only_an_update_or_replacement_that_names_it_may_share_a_number(
    new_world: Callable[[], Any],
    action: str,
    names: str,
    accepted: bool,  # noqa: FBT001
) -> None:
    world = new_world()
    await world.deliver(world.recipient(1), number="34")
    business = {"action": action, "document_id": names.format(issuer=world.issuer)}
    second = await world.hand_in((world.recipient(1),), number="34", document={"business": business})
    told = await world.tell(world.judged(second))
    assert (told.types[0] == "SubmissionAcceptance") is accepted


async def test_rule_6_a_returned_document_frees_its_number_for_a_corrected_one(world: Any) -> None:
    code = world.recipient(1)
    first = await world.deliver(code, number="36")
    await world.tell(await world.act(first, code, "report", code="02", reason="Sai thẩm quyền"))
    assert await world.holder("36") is None
    corrected = await world.deliver(code, number="36")
    assert await world.holder("36") == corrected.id
    assert (await world.row(corrected, code))["state"] == "consigned"


async def test_rule_6_a_number_stays_taken_until_every_recipient_returned_it(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    first = await world.deliver(one, two, number="37")
    await world.tell(await world.act(first, one, "report", code="02", reason="r"))
    assert await world.holder("37") == first.id
    await world.tell(await world.act(first, two, "report", code="02", reason="r"))
    assert await world.holder("37") is None


async def test_rule_6_recipients_of_linked_submissions_that_return_at_once_free_the_number(world: Any) -> None:
    codes = [world.recipient(index) for index in range(6)]
    handed = [await world.deliver(code, number="38", content="same") for code in codes]
    actions = [
        await world.act(item, code, "report", code="02", reason="r") for item, code in zip(handed, codes, strict=True)
    ]
    await asyncio.gather(*map(world.tell, actions))
    assert await world.holder("38") is None


async def test_rule_6_a_document_without_a_number_has_no_natural_key(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    assert (await world.row(submission, code))["natural_key"] is None


async def test_rule_6_the_same_contents_to_the_same_recipient_are_answered_with_the_first_delivery(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    first = await world.deliver(one, content="same", number="39")
    second = await world.hand_in((one, two), content="same", number="39")
    told = await world.tell(world.judged(second))
    assert [item.member for item in told.items if item.kind == "delivery"] == [world.member(2)]
    (news,) = told.news("accepted")
    assert news["already_delivered"] == [{"recipient": one, "delivery_id": str(first.delivery(one))}]
    assert await world.count("deliveries", second) == 1


async def test_rule_6_equal_contents_handed_in_at_once_make_one_delivery(world: Any) -> None:
    code = world.recipient(1)
    handed = [await world.hand_in((code,), content="same") for _ in range(5)]
    told = await asyncio.gather(*(world.tell(world.judged(item)) for item in handed))
    assert sum(len(item.to(world.member(1))) for item in told) == 1
    assert sum("already_delivered" in item.news("accepted")[0] for item in told) == 4


async def test_rule_6_equal_contents_go_again_once_the_first_was_returned(world: Any) -> None:
    code = world.recipient(1)
    first = await world.deliver(code, content="same")
    await world.tell(await world.act(first, code, "report", code="02", reason="nhầm"))
    second = await world.hand_in((code,), content="same")
    assert len((await world.tell(world.judged(second))).to(world.member(1))) == 1


async def test_rule_6_another_member_forwarding_the_same_contents_is_no_repeat(world: Any) -> None:
    code = world.recipient(1)
    await world.deliver(code, content="same")
    other = f"f-{world.number}"
    world.directory.members[other] = type(world.directory.members[world.sender])()
    second = await world.hand_in((code,), content="same", sender=other)
    assert len((await world.tell(world.judged(second))).to(world.member(1))) == 1


@pytest.mark.parametrize("passed_on", [{"forwarded": True}, {"document": {"form_of_copy": "SY"}}])
async def test_rule_6_who_passes_a_document_on_takes_no_number_of_its_issuer(world: Any, passed_on: Any) -> None:
    """Else a member could stop the issuer's own document by forwarding an older one under its number."""
    code, other = world.recipient(1), f"f-{world.number}"
    world.directory.members[other] = type(world.directory.members[world.sender])()
    for _ in range(2):  # a copy by another agency has other bytes, and is welcome
        await world.deliver(code, number="41", sender=other, **passed_on)
    assert await world.holder("41") is None
    own = await world.deliver(code, number="41")
    assert await world.holder("41") == own.id
    await world.tell(await world.act(own, code, "report", code="02", reason="r"))
    assert await world.holder("41") is None, "what was passed on keeps no number taken"


async def test_rule_6_what_is_forwarded_must_be_what_stands_under_its_number(world: Any) -> None:
    code, other = world.recipient(1), f"f-{world.number}"
    world.directory.members[other] = type(world.directory.members[world.sender])()
    first = await world.deliver(code, number="42", content="same")
    same = await world.hand_in((world.recipient(2),), number="42", content="same", sender=other, forwarded=True)
    assert (await world.tell(world.judged(same))).types == ["SubmissionAcceptance", "ContentConsignment"]
    assert json.loads((await world.store.find(event_id(same.id, "route"))).body)["linked_to"] == str(first.id)
    another = await world.hand_in((code,), number="42", sender=other, forwarded=True)
    assert (await world.tell(world.judged(another))).types == ["SubmissionRejection"]


# --- rules 7 and 9 ----------------------------------------------------------------------------------------------------


async def test_rule_7_statements_hold_what_they_must_and_no_names(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,), number="40")
    told = await world.tell(world.judged(submission))
    acceptance, consignment = (json.loads(record.statement) for record in told.evidence)
    assert acceptance["facts"] == {"verdict_sha256": "ab" * 32, "recipients": 1}
    assert consignment["recipient"] == code
    assert consignment["facts"]["delivery_id"] == str(submission.delivery(code))
    assert consignment["facts"]["disposition"] == "deliver"
    assert all("thử nghiệm" not in record.statement.decode() for record in told.evidence)


async def test_rule_8_an_organisation_that_no_member_serves_is_unroutable_and_the_rest_is_delivered(world: Any) -> None:
    one, lost = world.recipient(1), world.recipient(2)
    submission = await world.hand_in((one, lost))
    del world.directory.members[world.member(2)]
    told = await world.tell(world.judged(submission))
    assert "ContentConsignmentFailure" in told.types
    assert told.news("unroutable")[0]["recipient"] == lost
    assert told.news("accepted")[0]["delivered_to"] == 1
    row = await world.row(submission, lost)
    assert (row["state"], row["member"]) == ("unroutable", None)


async def test_a_number_is_not_taken_by_a_document_that_reached_nobody(world: Any) -> None:
    lost = world.recipient(1)
    submission = await world.hand_in((lost,), number="41")
    del world.directory.members[world.member(1)]
    await world.tell(world.judged(submission))
    assert await world.holder("41") is None


async def test_rule_9_3400_recipients_travel_in_one_route_and_every_record_fits(world: Any) -> None:
    codes = tuple(world.recipient(index) for index in range(3400))
    submission = await world.hand_in(codes)
    told = await world.tell(world.judged(submission))
    assert len(told.outgoing) == 2 * 3400 + 2
    assert max(len(record.value) for record in told.outgoing) < MAX_RECORD
    assert await world.count("deliveries", submission) == 3400
    (news,) = told.news("accepted")
    assert (news["delivered_to"], len(news["recipients"]), news["recipients_count"]) == (3400, 50, 3400)


async def test_a_number_that_no_index_holds_is_this_documents_fault_and_never_waited_for(world: Any) -> None:
    """The gateway takes none in; a record waited for without end would take a place among the few at work."""
    number = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(4000))
    submission = await world.hand_in((world.recipient(1),), number=number)
    with pytest.raises(RefusedStatement):
        await world.tell(world.judged(submission))
    assert await world.count("deliveries", submission) == 0


async def test_a_document_too_large_for_a_record_travels_by_reference(world: Any) -> None:
    places = [f"Nơi nhận số {index} " + "x" * 200 for index in range(400)]
    submission = await world.hand_in((world.recipient(1),), document={"to_places": places})
    told = await world.tell(world.judged(submission))
    body = json.loads(told.to(world.member(1))[0].body)
    assert body["document_by_reference"] is True
    assert body["document"]["subject"] == "Về việc thử nghiệm"
    assert "to_places" not in body["document"]


# --- members, times --------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "refused"), [(-1, True), (0, True), (1, False)])
async def test_what_a_member_sent_before_its_keys_were_in_other_hands_travels_on(
    new_world: Callable[[], Any],
    hours: int,
    refused: bool,  # noqa: FBT001
) -> None:
    world = new_world()
    submission = await world.hand_in((world.recipient(1),))
    world.directory.members[world.sender].compromised_since = world.now + timedelta(hours=hours)
    told = await world.tell(world.judged(submission))
    assert (told.types[0] == "SubmissionRejection") is refused


async def test_a_recipient_whose_keys_are_in_other_hands_gets_nothing(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,))
    world.directory.members[world.member(1)].compromised_since = world.now
    assert (await world.tell(world.judged(submission))).to(world.member(1)) == []
    assert (await world.row(submission, code))["state"] == "unroutable"


async def test_due_dates_are_the_close_of_office_in_vietnam(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code, document={"due_on": "2026-03-10"})
    assert (await world.row(submission, code))["due_at"] == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


# --- verdicts drawn anew ----------------------------------------------------------------------------------------------


def _revised(world: Any, submission: Any) -> Judged:
    first = event_id(submission.id, "verdict")
    revised: Judged = world.judged(
        submission,
        verdict_event=event_id(submission.id, "verdict", "2"),
        revises=first,
        indication="INDETERMINATE",
        sub_indication="REVOKED_NO_POE",
        cause="revoked_before_reception",
        disposition="refuse",
    )
    return revised


async def test_a_changed_verdict_is_told_to_the_sender_and_every_recipient(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two)
    before = await world.row(submission, one)
    told = await world.tell(_revised(world, submission), offset=50)
    assert told.types == []  # who judged states it
    assert sorted(item.member for item in told.items) == sorted([world.sender, world.member(1), world.member(2)])
    (item,) = told.to(world.member(1))
    assert item.version > before["version"]
    assert json.loads(item.body)["verdict"]["valid"] is False
    again = await world.tell(_revised(world, submission), offset=50)
    assert again.outgoing == told.outgoing
    assert (await world.row(submission, one))["state"] == "consigned"


async def test_news_of_a_submission_rise_in_version(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    held = await world.tell(world.own(submission, "held", {"cause": "revocation_stale"}))
    routed = await world.tell(world.judged(submission))
    revised = await world.tell(_revised(world, submission))
    versions = [told.to(world.sender)[0].version for told in (held, routed, revised)]
    assert versions == sorted(set(versions))
    assert held.news("held")[0]["cause"] == "revocation_stale"


async def test_a_hold_that_was_overtaken_by_the_route_is_not_told(world: Any) -> None:
    submission = await world.deliver(world.recipient(1))
    assert (await world.tell(world.own(submission, "held", {"cause": "revocation_stale"}))).outgoing == ()


async def test_a_dead_letter_of_another_stage_is_told_to_the_sender_once(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    action = world.own(submission, "dead-letter", {"cause": "x"})
    assert len((await world.tell(action, offset=3)).news("dead_letter")) == 1
    assert (await world.tell(action, offset=4)).outgoing == ()


async def test_a_database_that_is_away_is_unavailable_and_nothing_is_rejected(
    world: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConnectionRefusedError

    submission = await world.hand_in((world.recipient(1),))
    with monkeypatch.context() as patch:
        patch.setattr(engine.__class__, "raw_connection", lambda _: refuse())
        await engine.dispose()  # and nothing that was opened before rests in the pool
        with pytest.raises(UnavailableStorage):
            await world.tell(world.judged(submission))
