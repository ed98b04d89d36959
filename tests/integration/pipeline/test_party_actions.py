"""Hand-overs, reports and timers, applied in a real database."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.port import Outgoing, UnavailableBus
from docaxis.router.problems import RejectedWork
from docaxis.router.timers import Timers
from docaxis.storage.decisions import Decision
from docaxis.storage.delivered import Move, Settled, Wanted, settle_deliveries
from docaxis.storage.driver import Database
from docaxis.storage.routing import AlreadyDecided
from docaxis.storage.timers import TimerStore
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Action


async def test_rule_7_a_handover_is_evidence_with_the_members_record_and_news_for_the_sender(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    action = await world.act(submission, code, "handover")
    told = await world.tell(action)
    assert told.types == ["ContentHandover"]
    facts = json.loads(told.evidence[0].statement)["facts"]
    assert facts["contents_sha256"] == list(submission.contents)
    assert facts["record_key_sha256"] == world.key_sha256(world.member(1))
    assert told.news("handed_over") == [{"news": "handed_over", "own_id": submission.own_id, "recipient": code}]
    row = await world.row(submission, code)
    assert (row["state"], row["handed_over_at"]) == ("handed_over", world.now)


async def test_a_redone_handover_gives_the_same_bytes_and_one_from_another_record_nothing(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    action = await world.act(submission, code, "handover")
    first = await world.tell(action, offset=70)
    world.now += timedelta(hours=1)
    assert (await world.tell(action, offset=70, router=world.make_router())).outgoing == first.outgoing
    assert (await world.tell(action, offset=71)).outgoing == ()


async def test_a_second_handover_under_another_key_changes_and_tells_nothing(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    await world.tell(await world.act(submission, code, "handover"))
    before = await world.row(submission, code)
    world.now += timedelta(hours=1)
    assert (await world.tell(await world.act(submission, code, "handover"))).outgoing == ()
    assert await world.row(submission, code) == before


async def test_a_handover_of_other_contents_is_rejected(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    with pytest.raises(RejectedWork, match="other contents"):
        await world.tell(await world.act(submission, code, "handover", contents=["00" * 32]))
    assert (await world.row(submission, code))["state"] == "consigned"


async def test_rule_8_forward_skips_are_accepted_and_marked_and_times_are_kept(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    steps = []
    moments = {}
    for number in ("01", "03", "06"):
        world.now += timedelta(hours=1)
        moments[number] = world.now
        told = await world.tell(await world.act(submission, code, "report", code=number, register_number="12"))
        (news,) = told.news("report")
        steps.append((news["code"], news["step"], news["register_number"]))
    assert steps == [("01", "forward", "12"), ("03", "forward", "12"), ("06", "skipped", "12")]
    row = await world.row(submission, code)
    assert (row["report"], row["state"]) == ("06", "consigned")
    assert (row["accepted_at"], row["finished_at"]) == (moments["03"], moments["06"])


async def test_rule_8_backward_steps_are_kept_and_flagged_and_change_no_state(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    await world.tell(await world.act(submission, code, "report", code="05"))
    told = await world.tell(await world.act(submission, code, "report", code="03"))
    assert told.news("report")[0]["step"] == "backward"
    assert told.types == ["status.reported"]
    row = await world.row(submission, code)
    assert (row["report"], row["accepted_at"]) == ("05", None)


async def test_rule_8_a_repeat_of_the_same_status_changes_nothing_but_is_kept(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    await world.tell(await world.act(submission, code, "report", code="03"))
    accepted_at = world.now
    world.now += timedelta(hours=1)
    told = await world.tell(await world.act(submission, code, "report", code="03"))
    assert told.news("report")[0]["step"] == "repeated"
    assert (await world.row(submission, code))["accepted_at"] == accepted_at


async def test_rule_8_a_returned_delivery_stays_returned_and_its_reason_reaches_the_sender(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code, number="50")
    told = await world.tell(await world.act(submission, code, "report", code="02", reason="Gửi nhầm"))
    assert told.news("report")[0]["reason"] == "Gửi nhầm"
    late = await world.tell(await world.act(submission, code, "report", code="03"))
    assert late.news("report")[0]["step"] == "backward"
    row = await world.row(submission, code)
    assert (row["report"], row["standing"], row["returned_at"]) == ("02", False, world.now)


@pytest.mark.parametrize("facts", [
    {"code": "02"}, {"code": "02", "reason": "  "}, {"code": "13", "reason": "r"}, {"code": "15"},
    {"code": "16", "reason": "r"}, {"code": "99"}, {},
])  # fmt: skip
async def test_rule_8_missing_reasons_and_unknown_codes_are_rejected(world: Any, facts: dict[str, str]) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    with pytest.raises(RejectedWork):
        await world.tell(await world.act(submission, code, "report", **facts))
    assert (await world.row(submission, code))["report"] is None


async def test_rule_8_another_members_delivery_is_rejected(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two)
    with pytest.raises(RejectedWork, match="does not receive"):
        await world.tell(await world.act(submission, one, "report", member=world.member(2), code="03"))
    with pytest.raises(RejectedWork, match="does not receive"):
        await world.tell(await world.act(submission, one, "report", member=world.sender, code="03"))


async def test_an_action_that_is_not_what_was_signed_is_rejected(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    action = await world.act(submission, code, "report", code="03")
    forged = replace(action, body=canonical(json.loads(action.body) | {"code": "06"}))
    with pytest.raises(RejectedWork, match="signed"):
        await world.tell(forged)
    assert (await world.row(submission, code))["report"] is None


async def test_an_action_that_names_another_submissions_delivery_is_rejected(world: Any) -> None:
    code = world.recipient(1)
    first, second = await world.deliver(code), await world.deliver(code)
    action = await world.act(first, code, "report", code="03")
    with pytest.raises(RejectedWork, match="another submission"):
        await world.tell(replace(action, submission_id=second.id))


async def test_a_recipient_never_hears_of_another_recipients_status(world: Any) -> None:
    one, two = world.recipient(1), world.recipient(2)
    submission = await world.deliver(one, two)
    for kind, facts in (("handover", {}), ("report", {"code": "03"})):
        told = await world.tell(await world.act(submission, one, kind, **facts))
        assert {item.member for item in told.items} == {world.sender}


async def test_versions_of_a_delivery_rise_by_one_with_everything_that_is_told(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,))
    first = (await world.tell(world.judged(submission))).to(world.member(1))[0].version
    versions = [first]
    for kind, facts in (("report", {"code": "01"}), ("handover", {}), ("report", {"code": "03"})):
        told = await world.tell(await world.act(submission, code, kind, **facts))
        versions.append(told.items[0].version)
    assert versions == list(range(first, first + 4))


async def test_reports_at_once_are_applied_one_after_another(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    actions = [await world.act(submission, code, "report", code="03") for _ in range(6)]
    told = await asyncio.gather(*map(world.take, actions))
    steps = sorted(item.news("report")[0]["step"] for item in told)
    assert steps == 5 * ["repeated"] + ["skipped"]
    assert len({item.items[0].version for item in told}) == 6


async def test_what_many_say_at_once_is_settled_together_and_who_was_overtaken_alone_waits(world: Any) -> None:
    codes = [world.recipient(number) for number in (1, 2, 3)]
    submission = await world.deliver(*codes)
    actions = [await world.act(submission, code, "handover") for code in codes]
    wanted = [
        Wanted(submission.delivery(code), action.action_id, action.member, "")
        for code, action in zip(codes, actions, strict=True)
    ]
    before = [await world.store.delivery(one) for one in wanted]
    await world.tell(actions[1])
    move = Move("handed_over", None, None, world.now, ends=False, answered=None)
    settled = [
        Settled(one, Decision(action.action_id, submission.id, "handover", one.version + 1, world.now, b"{}"), move)
        for one, action in zip(before, actions, strict=True)
    ]
    second = replace(settled[0], decision=replace(settled[0].decision, event_id=uuid4()))
    async with Database(world.engine).connection() as connection:
        assert await settle_deliveries(connection, [*settled, second]) == [True, False, True, False]
        assert await settle_deliveries(connection, settled) == [False, False, False]
    rows = [await world.row(submission, code) for code in codes]
    assert [row["version"] for row in rows] == [one.version + 1 for one in before]
    assert {row["state"] for row in rows} == {"handed_over"}


async def test_a_delivery_that_somebody_holds_keeps_no_other_waiting(world: Any) -> None:
    held, free = world.recipient(1), world.recipient(2)
    submission = await world.deliver(held, free)
    actions = [await world.act(submission, code, "handover") for code in (held, free)]
    async with world.engine.begin() as connection:
        name = {"name": submission.delivery(held)}
        await connection.execute(text("SELECT 1 FROM deliveries WHERE delivery_id = :name FOR UPDATE"), name)
        async with asyncio.timeout(1):  # less than any lock is waited for
            found = await asyncio.gather(*map(world.tell, actions), return_exceptions=True)
    assert isinstance(found[0], AlreadyDecided)
    assert not isinstance(found[1], BaseException)
    assert found[1].types == ["ContentHandover"]
    assert (await world.tell(actions[0])).types == ["ContentHandover"]


# --- timers -----------------------------------------------------------------------------------------------------------


class _Published:
    """A publisher that keeps what it was given."""

    def __init__(self, failures: int = 0) -> None:
        self.actions: list[Action] = []
        self.came = asyncio.Event()
        self._failures = failures

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        if self._failures:
            self._failures -= 1
            raise UnavailableBus("the broker is away")
        for record in outgoing:
            event = decode(record.value)
            assert isinstance(event, Action)
            self.actions.append(event)
            self.came.set()

    def of(self, submission: Any) -> list[Action]:
        return [action for action in self.actions if action.submission_id == submission.id]


def _timers(world: Any, published: _Published) -> Timers:
    return Timers(TimerStore(world.engine), published, world.envelopes, world.clock)


async def test_rule_8_consigned_alarms_after_the_working_day_and_only_for_those_who_did_not_fetch(world: Any) -> None:
    one, two, three = (world.recipient(index) for index in (1, 2, 3))
    submission = await world.deliver(one, two, three)
    await world.tell(await world.act(submission, one, "handover"))
    await world.tell(await world.act(submission, three, "report", code="02", reason="nhầm"))
    published = _Published()
    await _timers(world, published).fire_due()
    assert published.of(submission) == []
    world.now += timedelta(days=1, seconds=1)
    await _timers(world, published).fire_due()
    (action,) = published.of(submission)
    told = await world.tell(action, offset=80)
    assert told.news("not_fetched")[0]["recipients"] == [two]
    assert (await world.tell(action, offset=81)).outgoing == ()


async def test_a_timer_fires_again_when_publishing_failed_and_never_after_it_was_done(
    world: Any, engine: AsyncEngine
) -> None:
    submission = await world.deliver(world.recipient(1))
    world.now += timedelta(days=2)
    published = _Published(failures=1)
    with pytest.raises(UnavailableBus):
        await _timers(world, published).fire_due()
    await _timers(world, published).fire_due()
    await _timers(world, published).fire_due()
    assert len(published.of(submission)) == 1
    async with engine.connect() as connection:
        query = text("SELECT count(*) FROM timers WHERE submission_id = :id AND done_at IS NOT NULL")
        assert (await connection.execute(query, {"id": submission.id})).scalar_one() == 1


async def test_timers_of_several_processes_fire_once(world: Any) -> None:
    submissions = [await world.deliver(world.recipient(1)) for _ in range(5)]
    world.now += timedelta(days=2)
    published = _Published()
    await asyncio.gather(*(_timers(world, published).fire_due() for _ in range(4)))
    assert [len(published.of(item)) for item in submissions] == [1] * 5


async def test_a_timer_for_a_delivery_that_was_fetched_tells_nothing(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.deliver(code)
    await world.tell(await world.act(submission, code, "handover"))
    world.now += timedelta(days=2)
    published = _Published()
    await _timers(world, published).fire_due()
    (action,) = published.of(submission)
    assert (await world.tell(action)).outgoing == ()


async def test_the_timer_loop_waits_while_the_broker_is_away_and_stops_when_told(world: Any) -> None:
    submission = await world.deliver(world.recipient(1))
    world.now += timedelta(days=2)
    published, stopping = _Published(failures=2), asyncio.Event()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(_timers(world, published).serve(stopping, timedelta(milliseconds=5)))
        await published.came.wait()
        stopping.set()
    assert len(published.of(submission)) == 1
