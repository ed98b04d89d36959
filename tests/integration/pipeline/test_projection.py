"""Read models: every record once through any kill, each party its own view."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.memory import MemoryBroker, MemoryBus
from docaxis.bus.port import Bus, LostOffsets, MissingTopic, Outgoing, Partition, Publisher, Reader, SlotSession
from docaxis.bus.work import dead_letter
from docaxis.projector import service
from docaxis.projector.service import Projector, ProjectorMetrics
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.projection import NOTIFICATIONS, ProjectionStore, ProjectionTransaction
from docaxis.storage.readmodels import ReadModels, RejectedCursor
from docaxis_schemas.codec import MARKER, RejectedRecordBytes, UnknownSchema, decode, encode
from docaxis_schemas.events import Event, InboxItem

SLOTS = 4


class Stand:
    """A broker in memory, a projector on it, and the models it fills."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.broker = MemoryBroker()
        self.bus = MemoryBus(self.broker)
        self.broker.create_topic("evidence", SLOTS)
        self.broker.create_topic("dead-letters", 1)
        self.members: list[str] = []
        self.store = ProjectionStore(world.engine)
        self.models = ReadModels(world.engine)
        self.registry = CollectorRegistry()
        self.join(world.sender)

    def join(self, *members: str) -> None:
        for member in members:
            self.broker.create_topic(f"inbox.{member}", 1)
            self.members.append(member)

    def projector(self, bus: Bus | None = None) -> Projector:
        return Projector(
            bus or self.bus,
            self.store,
            members=lambda: list(self.members),
            slots=SLOTS,
            metrics=ProjectorMetrics(CollectorRegistry()),
            refresh=timedelta(milliseconds=20),
        )

    async def publish(self, told: Sequence[Outgoing]) -> None:
        async with self.bus.publisher() as publisher:
            await publisher.publish(told)

    async def project(self, projector: Projector | None = None) -> None:
        """Read until nothing is left."""
        projector, stopping = projector or self.projector(), asyncio.Event()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(projector.run(stopping))
            await self._caught_up()
            stopping.set()

    async def _caught_up(self) -> None:
        ends = {Partition("evidence", slot) for slot in range(SLOTS)} | {Partition("dead-letters", 0)}
        ends |= {Partition(f"inbox.{member}", 0) for member in self.members}
        while True:
            async with self.store.transaction() as transaction:
                positions = await transaction.positions()
            if all(
                not (held := self.broker.records(part))
                or (part in positions and positions[part].offset > held[-1].offset)
                for part in ends
            ):
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def stand(world: Any, engine: AsyncEngine) -> Stand:
    async with engine.begin() as connection:  # every world has a broker of its own
        await connection.execute(text("DELETE FROM projector_positions"))
    return Stand(world)


async def _story(stand: Stand) -> tuple[Any, str, str]:
    world = stand.world
    one, two = world.recipient(1), world.recipient(2)
    stand.join(world.member(1), world.member(2))
    submission = await world.hand_in((one, two), number="70")
    await stand.publish((await world.tell(world.judged(submission))).outgoing)
    world.now += timedelta(minutes=1)
    for kind, facts in (("handover", {}), ("report", {"code": "03", "register_number": "7"})):
        told = await world.tell(await world.act(submission, one, kind, **facts))
        await stand.publish(told.outgoing)
    return submission, one, two


async def test_the_sender_sees_every_line_and_the_recipient_its_own(stand: Stand) -> None:
    submission, one, two = await _story(stand)
    world = stand.world
    await stand.project()
    view = await stand.models.submission_view(world.sender, submission.id)
    assert view is not None
    value = view.to_json()
    assert (value["role"], value["state"], value["id"]) == ("sender", "accepted", submission.own_id)
    lines = {line["recipient"]: line for line in value["deliveries"]}
    assert (lines[one]["state"], lines[one]["report"]) == ("handed_over", "03")
    assert lines[two]["state"] == "consigned"
    own = await stand.models.submission_view(world.member(2), submission.id)
    assert own is not None
    assert [line["recipient"] for line in own.to_json()["deliveries"]] == [two]
    assert not {"news", "state", "id"} & own.to_json().keys()
    assert await stand.models.submission_view("stranger", submission.id) is None


async def test_both_sides_see_what_was_asked_and_answered(stand: Stand) -> None:
    submission, one, two = await _story(stand)
    world = stand.world
    await stand.publish((await world.tell(await world.recall(submission))).outgoing)
    await stand.publish((await world.tell(await world.act(submission, two, "report", code="15"))).outgoing)
    await stand.publish((await world.tell(await world.act(submission, one, "report", code="05"))).outgoing)
    await stand.project()
    view = await stand.models.submission_view(world.sender, submission.id)
    assert view is not None
    lines = {line["recipient"]: line for line in view.to_json()["deliveries"]}
    assert [(lines[code]["change"], lines[code]["change_state"]) for code in (one, two)] == [
        ("recall", "asked"),
        ("recall", "agreed"),
    ]
    assert [(lines[code]["state"], lines[code].get("report")) for code in (one, two)] == [
        ("handed_over", "05"),
        ("recalled", None),
    ]
    own = await stand.models.delivery(world.member(2), submission.delivery(two))
    assert own is not None
    assert (own.change, own.change_state, own.has_ended) == ("recall", "agreed", True)


async def test_what_is_asked_and_what_is_reported_may_overtake_each_other(stand: Stand) -> None:
    submission, one, _ = await _story(stand)
    world = stand.world
    asked = await world.tell(await world.recall(submission, one))
    reported = await world.tell(await world.act(submission, one, "report", code="05"))
    await stand.publish(reported.outgoing)
    await stand.publish(asked.outgoing)
    await stand.project()
    view = await stand.models.submission_view(world.sender, submission.id)
    assert view is not None
    (line,) = [line for line in view.to_json()["deliveries"] if line["recipient"] == one]
    assert (line["report"], line["change_state"], line["state"]) == ("05", "asked", "handed_over")


async def test_a_recipients_timeline_holds_nothing_of_other_recipients(stand: Stand) -> None:
    submission, one, two = await _story(stand)
    await stand.project()
    world = stand.world
    full = await stand.models.timeline(world.sender, submission.id)
    part = await stand.models.timeline(world.member(2), submission.id)
    assert full is not None
    assert part is not None
    assert [entry["recipient"] for entry in part] == [two]
    assert {entry["recipient"] for entry in full} == {None, one, two}
    assert await stand.models.timeline("stranger", submission.id) is None


async def test_an_inbox_is_paged_by_an_opaque_cursor_without_gap_or_repeat(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    for _ in range(7):
        submission = await world.hand_in((code,))
        await stand.publish((await world.tell(world.judged(submission))).outgoing)
    await stand.project()
    seen, cursor = [], None
    while (page := await stand.models.inbox_page(world.member(1), cursor, 3)).entries:
        seen += [entry.event_id for entry in page.entries]
        cursor = page.cursor
    assert len(seen) == len(set(seen)) == 7
    assert (await stand.models.inbox_page(world.member(1), cursor, 3)).cursor == cursor
    assert (await stand.models.inbox_page("nobody", None, 3)).entries == ()
    for wrong in ("x", "1", "1.-1", "1.2.3", "99999999999.1"):
        with pytest.raises(RejectedCursor):
            await stand.models.inbox_page(world.member(1), wrong, 3)


async def test_a_delivery_is_shown_to_its_recipient_alone_and_whole(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    places = ["x" * 250 for _ in range(400)]
    submission = await world.hand_in((code,), document={"to_places": places})
    await stand.publish((await world.tell(world.judged(submission))).outgoing)
    await stand.project()
    found = await stand.models.delivery(world.member(1), submission.delivery(code))
    assert found is not None
    value = found.to_json()
    assert value["body"]["document"]["to_places"] == places
    assert "document_by_reference" not in value["body"]
    assert (value["state"], found.sender) == ("consigned", world.sender)
    assert await stand.models.delivery(world.sender, submission.delivery(code)) is None
    assert await stand.models.delivery("stranger", submission.delivery(code)) is None


async def test_a_kill_before_the_commit_repeats_and_loses_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission, _, _ = await _story(stand)
    failures = iter([True, True, False])
    notify = ProjectionTransaction.notify

    async def killed(self: ProjectionTransaction, members: Sequence[str]) -> None:
        if next(failures, False):
            raise UnavailableStorage("killed before the commit")
        await notify(self, members)

    monkeypatch.setattr(ProjectionTransaction, "notify", killed)
    await stand.project()
    page = await stand.models.inbox_page(stand.world.sender, None, 100)
    assert len(page.entries) == 3
    assert await stand.world.count("timeline", submission) == 5


async def test_a_second_run_over_the_same_records_changes_nothing(stand: Stand, engine: AsyncEngine) -> None:
    submission, _, _ = await _story(stand)
    await stand.project()
    before = await stand.models.submission_view(stand.world.sender, submission.id)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM projector_positions"))
    await stand.project()
    assert await stand.models.submission_view(stand.world.sender, submission.id) == before
    assert len((await stand.models.inbox_page(stand.world.sender, None, 100)).entries) == 3


async def test_an_inbox_of_a_new_member_is_found_while_running(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stopping = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(stand.projector().run(stopping))
        await asyncio.sleep(0.05)
        stand.join(world.member(1))
        submission = await world.hand_in((code,))
        await stand.publish((await world.tell(world.judged(submission))).outgoing)
        await stand._caught_up()
        stopping.set()
    assert len((await stand.models.inbox_page(world.member(1), None, 10)).entries) == 1


async def test_a_topic_made_anew_begins_a_new_epoch_and_cursors_go_on(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    for _ in range(3):
        submission = await world.hand_in((code,))
        await stand.publish((await world.tell(world.judged(submission))).outgoing)
    await stand.project()
    cursor = (await stand.models.inbox_page(world.member(1), None, 10)).cursor
    stand.broker.create_topic(f"inbox.{world.member(1)}", 1)
    submission = await world.hand_in((code,))
    await stand.publish((await world.tell(world.judged(submission))).outgoing)
    await stand.project(stand.projector(_Ranged(stand.bus, stand.broker)))
    page = await stand.models.inbox_page(world.member(1), cursor, 10)
    assert [entry.submission_id for entry in page.entries] == [submission.id]
    assert page.cursor.split(".")[0] == "1"
    assert len((await stand.models.inbox_page(world.member(1), None, 10)).entries) == 4


class _Ranged:
    """A bus whose reader complains of positions beyond the end and of missing topics, as Kafka's does."""

    def __init__(self, bus: Bus, broker: MemoryBroker, missing: str = "") -> None:
        self._missing = missing
        self._bus = bus
        self._broker = broker

    def slot(self, stage: str, number: int) -> AbstractAsyncContextManager[SlotSession]:
        return self._bus.slot(stage, number)

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        return self._bus.publisher()

    def reader(self, positions: Mapping[Partition, int]) -> AbstractAsyncContextManager[Reader]:
        return self._reader(positions)

    @asynccontextmanager
    async def _reader(self, positions: Mapping[Partition, int]) -> AsyncIterator[Reader]:
        for partition, offset in positions.items():
            if partition.topic == self._missing:
                raise MissingTopic(partition.topic)
            held = self._broker.records(partition)
            if held and offset > held[-1].offset + 2:
                raise LostOffsets("out of range")
        async with self._bus.reader(positions) as reader:
            yield reader


async def test_a_missing_inbox_is_named_as_a_cause_and_holds_up_nobody_else(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    submission = await world.hand_in((code,))
    await stand.publish((await world.tell(world.judged(submission))).outgoing)
    projector = stand.projector(_Ranged(stand.bus, stand.broker, missing="inbox.not-there"))
    assert projector.causes == ("projector: not read yet",)
    stand.members.append("not-there")
    stopping = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(projector.run(stopping))
        while True:
            if (await stand.models.inbox_page(world.member(1), None, 1)).entries:
                break
            await asyncio.sleep(0.01)
        stopping.set()
    assert projector.causes == ("topic inbox.not-there is missing",)


async def test_a_schema_from_tomorrow_holds_up_its_own_partition_until_it_is_known(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    submission = await world.hand_in((code,))
    told = (await world.tell(world.judged(submission))).outgoing
    inbox = Partition(f"inbox.{world.sender}", 0)
    await stand.publish([Outgoing(inbox, b"k", MARKER + b"tomorrow" + bytes(20), ()), *told])
    monkeypatch.setattr(service, "UNKNOWN_FOR", timedelta(milliseconds=100))
    projector, stopping = stand.projector(), asyncio.Event()

    async def until(held: Callable[[], Awaitable[bool]]) -> None:
        while True:
            if await held():
                return
            await asyncio.sleep(0.01)

    async def holds(member: str) -> bool:
        return bool((await stand.models.inbox_page(member, None, 1)).entries)

    async def says(*causes: str) -> bool:
        return projector.causes == causes

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(projector.run(stopping))
        await until(lambda: holds(world.member(1)))
        await until(lambda: says(f"{inbox.topic}-0 waits for a reader that knows its schema"))
        assert not await holds(world.sender), "what lies behind it waits: an inbox has one order"
        monkeypatch.setattr(service, "decode", _knows_tomorrow)
        await until(lambda: holds(world.sender))
        await until(says)
        stopping.set()


def _knows_tomorrow(value: bytes | None) -> Event:
    try:
        return decode(value)
    except UnknownSchema as error:
        raise RejectedRecordBytes("known now, and of no interest") from error


async def test_garbage_is_skipped_and_a_strangers_item_shows_nowhere(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    submission = await world.hand_in((code,))
    told = (await world.tell(world.judged(submission))).outgoing
    inbox = Partition(f"inbox.{world.member(1)}", 0)
    garbage = Outgoing(inbox, b"k", b"garbage", ())
    strange = [Outgoing(inbox, record.key, record.value, record.headers) for record in told]
    await stand.publish([garbage, *strange, *told])
    await stand.project()
    page = await stand.models.inbox_page(world.member(1), None, 10)
    assert [entry.kind for entry in page.entries] == ["delivery"]


async def test_a_record_that_the_database_refuses_stops_no_other(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    stand.join(world.member(1))
    submission = await world.hand_in((code,))
    told = (await world.tell(world.judged(submission))).outgoing
    inbox = Partition(f"inbox.{world.member(1)}", 0)
    unfit = InboxItem(
        uuid4(), "delivery", world.member(1), submission.id, "H\x0001", uuid4(), 2, world.now, b"{}"
    )  # a text with a zero byte, which PostgreSQL cannot hold (SQLSTATE 22021)
    poison = Outgoing(inbox, b"k", encode(unfit), ())
    await stand.publish([*told, poison])
    projector = stand.projector()
    await stand.project(projector)
    later = await world.hand_in((code,))
    await stand.publish((await world.tell(world.judged(later))).outgoing)
    await stand.project(projector)
    page = await stand.models.inbox_page(world.member(1), None, 10)
    assert [entry.submission_id for entry in page.entries] == [submission.id, later.id]
    assert projector.causes == ()


async def test_whoever_waits_for_an_inbox_is_woken(stand: Stand, database_url: str) -> None:
    heard: set[str] = set()
    expected = {stand.world.sender, stand.world.member(1), stand.world.member(2)}
    complete = asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, member: object) -> None:
        heard.add(str(member))
        if expected <= heard:
            complete.set()

    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await connection.add_listener(NOTIFICATIONS, hear)
    try:
        await _story(stand)
        await stand.project()
        async with asyncio.timeout(5):
            await complete.wait()
    finally:
        await connection.close()
    assert expected <= heard


async def test_dead_letters_wait_for_an_operator_until_they_are_replayed(stand: Stand) -> None:
    world = stand.world
    submission = await world.hand_in((world.recipient(1),))
    judged = world.judged(submission)
    letter = dead_letter("router", world.record(judged, offset=world.number), judged, "broke", world.now)
    await stand.publish([letter])
    await stand.project()
    (mine,) = [item for item in await stand.models.dead_letters(50) if item["submission_id"] == str(submission.id)]
    assert (mine["cause"], mine["stage"], mine["replayed_at"]) == ("broke", "router", None)
    await stand.models.mark_replayed(UUID(mine["dead_letter_id"]), world.now)
    assert mine["dead_letter_id"] not in {item["dead_letter_id"] for item in await stand.models.dead_letters(50)}
    kept = await stand.models.dead_letter(UUID(mine["dead_letter_id"]))
    assert kept is not None
    assert kept["replayed_at"] is not None


async def test_an_outbox_lists_own_submissions_newest_first(stand: Stand) -> None:
    world, code = stand.world, stand.world.recipient(1)
    handed = []
    for _ in range(3):
        world.now += timedelta(seconds=1)
        handed.append(await world.hand_in((code,)))
    found = await stand.models.outbox_page(world.sender, None, 2)
    assert [item["submission_id"] for item in found] == [str(handed[2].id), str(handed[1].id)]
    rest = await stand.models.outbox_page(world.sender, world.now - timedelta(seconds=1), 5)
    assert [item["submission_id"] for item in rest] == [str(handed[0].id)]
