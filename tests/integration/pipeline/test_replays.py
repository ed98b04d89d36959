"""What was given up is done once more on an operator's order, whatever it was, and once only."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from docaxis.bus.memory import MemoryBus
from docaxis.bus.port import Outgoing, Partition
from docaxis.bus.report import LoggedReport
from docaxis.bus.stage import StagePlan, run_stage
from docaxis.bus.work import Pace, Work
from docaxis.router.problems import RejectedWork
from docaxis.storage.routing import RoutingTransaction
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode, encode, headers
from docaxis_schemas.events import REPLAY, Action, DeadLetter, Event, InboxItem
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.topics import DEAD_LETTERS, EVIDENCE, JUDGED, SLOTTED, inbox_topic, partition_of

SLOTS = 4
REPLAYED = "submission.replayed"
PACE = Pace(linger=timedelta(0), spacing=timedelta(0), pause=timedelta(milliseconds=20), gather=1)


@pytest.fixture
def topics(world: Any) -> None:
    for topic in SLOTTED:
        world.broker.create_topic(topic, SLOTS)
    for topic in (DEAD_LETTERS, inbox_topic(world.sender), inbox_topic(world.member(1))):
        world.broker.create_topic(topic, 1)


async def put(world: Any, topic: str, event: Any) -> tuple[Partition, int]:
    """Put a record where it lies when it is given up; gives its coordinates."""
    partition = Partition(topic, partition_of(event.submission_id, SLOTS))
    value = encode(event)
    told = headers(event, source="test", event_id=uuid4(), subject=event.submission_id, at=world.now)
    async with MemoryBus(world.broker).publisher() as publisher:
        await publisher.publish([Outgoing(partition, event.submission_id.bytes, value, told)])
    return partition, world.broker.records(partition)[-1].offset


def order(
    world: Any, submission: UUID, event: Any, place: tuple[Partition, int], name: UUID | None = None, **changes: Any
) -> Action:
    """Write the order as the gateway would."""
    (partition, offset), name = place, name or uuid4()
    body = {
        "dead_letter_id": str(name),
        "stage": "router",
        "topic": partition.topic,
        "partition": partition.number,
        "offset": offset,
        "record_sha256": hashlib.sha256(encode(event)).hexdigest(),
    }
    action_id = event_id(submission, REPLAY, str(name))
    return Action(action_id, submission, REPLAY, world.sender, None, world.now, canonical(body | changes))


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("decided", [False, True])
async def test_a_route_that_was_given_up_is_announced_once(world: Any, decided: bool) -> None:  # noqa: FBT001 - a case
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    place = await put(world, JUDGED, judged)
    record = world.broker.records(place[0])[-1]
    if decided:  # and given up when it was to be announced
        await world.router.handle(Work(record, judged))
    await world.router.give_up(record, judged, "a test's")

    ordered = order(world, submission.id, judged, place)
    told = await world.tell(ordered, offset=50)
    assert told.types == [REPLAYED, "SubmissionAcceptance", "ContentConsignment"]
    assert [item.kind for item in told.to(world.member(1))] == ["delivery"]
    assert (await world.tell(ordered, offset=50)).outgoing == told.outgoing, "a redo sends the same bytes"
    assert (await world.tell(ordered, offset=51)).outgoing == (), "a second order does nothing"
    assert await world.count("deliveries", submission) == 1


@pytest.mark.usefixtures("topics")
async def test_a_hand_over_that_was_given_up_is_done(world: Any) -> None:
    code = world.recipient(1)
    submission = await world.hand_in((code,))
    await world.tell(world.judged(submission))
    handed = await world.act(submission, code, "handover")
    place = await put(world, "actions", handed)
    told = await world.tell(order(world, submission.id, handed, place), offset=60)
    assert told.types == [REPLAYED, "ContentHandover"]
    assert (await world.row(submission, code))["state"] == "handed_over"


@pytest.mark.usefixtures("topics")
async def test_an_order_that_was_given_up_itself_can_be_ordered_again(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    first = order(world, submission.id, judged, await put(world, JUDGED, judged))
    second = order(world, submission.id, first, await put(world, "actions", first))
    assert (await world.tell(second, offset=70)).types == [
        REPLAYED,
        REPLAYED,
        "SubmissionAcceptance",
        "ContentConsignment",
    ]


@pytest.mark.usefixtures("topics")
async def test_a_statement_that_was_given_up_goes_to_the_registrar_again(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    statement = (await world.tell(world.judged(submission))).evidence[0]
    partition, offset = place = await put(world, EVIDENCE, statement)
    told = await world.tell(order(world, submission.id, statement, place, stage="registrar"), offset=80)
    assert told.types == [REPLAYED, statement.type]
    again = told.outgoing[-1]
    kept = world.broker.records(partition)[offset]
    assert (again.partition, again.value, again.headers) == (partition, kept.value, kept.headers)


@pytest.mark.usefixtures("topics")
async def test_of_a_further_attempt_the_router_states_the_order_alone(world: Any) -> None:
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    nowhere = (Partition("retry.short", 0), 5)
    told = await world.tell(order(world, submission.id, judged, nowhere, stage="verifier"), offset=90)
    assert told.types == [REPLAYED]
    assert len(told.outgoing) == 1


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"offset": 12_345}, "not there any more"),
        ({"record_sha256": "0" * 64}, "not there any more"),
        ({"topic": "submitted"}, "reads no submitted"),
        ({"stage": "gateway"}, "reads no judged"),
        ({"partition": "x"}, "names no dead letter"),
        ({"dead_letter_id": 1}, "names no dead letter"),
    ],
)
async def test_an_order_for_something_else_is_rejected(world: Any, changes: dict[str, Any], why: str) -> None:
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    place = await put(world, JUDGED, judged)
    with pytest.raises(RejectedWork, match=why):
        await world.tell(order(world, submission.id, judged, place, **changes))
    assert await world.count("deliveries", submission) == 0


@pytest.mark.usefixtures("topics")
async def test_an_order_for_another_submissions_record_is_rejected(world: Any) -> None:
    mine, other = await world.hand_in((world.recipient(1),)), await world.hand_in((world.recipient(1),))
    judged = world.judged(other)
    with pytest.raises(RejectedWork, match="another submission"):
        await world.tell(order(world, mine.id, judged, await put(world, JUDGED, judged)))


@pytest.mark.usefixtures("topics")
async def test_the_way_of_a_record_through_the_dead_letters_and_back(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = await world.hand_in((world.recipient(1),))
    bus, stopping = MemoryBus(world.broker), asyncio.Event()
    faulty, decide = True, RoutingTransaction.decide

    async def deciding(self: RoutingTransaction, decision: Any, *more: Any) -> None:
        if faulty and decision.kind == "route":
            raise ValueError("a fault of this record")
        await decide(self, decision, *more)

    async def events(topic: str, count: int) -> list[Event]:
        async with bus.reader({Partition(topic, 0): -1}) as reader:
            found = list(await reader.read(100, 0.2))
            while len(found) < count:
                found.extend(await reader.read(100, 0.2))
        return [decode(record.value) for record in found]

    monkeypatch.setattr(RoutingTransaction, "decide", deciding)
    plan = StagePlan(tuple(range(SLOTS)), pace=replace(PACE, retry=timedelta(milliseconds=5)))
    report = LoggedReport("router", CollectorRegistry())
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(run_stage(bus, world.router, plan, report=report, stopping=stopping))
        await put(world, JUDGED, world.judged(submission))
        (letter,) = await events(DEAD_LETTERS, 1)
        assert isinstance(letter, DeadLetter)
        faulty, letter_name = False, letter.dead_letter_id
        place = (Partition(letter.topic, letter.partition), letter.offset)
        for _ in range(2):  # as often as an operator may press the button
            await put(world, "actions", order(world, submission.id, world.judged(submission), place, name=letter_name))
        sent = await events(inbox_topic(world.sender), 2)  # that it was given up, and that it was accepted
        stopping.set()
    delivered = [decode(record.value) for record in world.broker.records(Partition(inbox_topic(world.member(1)), 0))]
    assert [(event.kind, event.submission_id) for event in delivered if isinstance(event, InboxItem)] == [
        ("delivery", submission.id)
    ]
    assert len(sent) == 2
