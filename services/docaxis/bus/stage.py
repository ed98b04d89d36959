"""Runs a stage: one task a slot, each of which takes its slot, works ahead, and commits what is finished.

Theory of operation. A slot's records are read into a hand of bounded size and handled concurrently, in order by key.
What is finished is committed with its outputs in one transaction, whatever is still unfinished before it (see
`progress`). A record whose dependency is away is tried again in place; one that fails by itself three times becomes a
dead letter. Any error of the bus ends the session: the slot is taken again from what is committed, so nothing is lost
or done twice in the eyes of a `read_committed` reader.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from docaxis.bus.hand import Hand, Item
from docaxis.bus.port import Bus, LostOffsets, Partition, Received, RefusedRecord, SlotSession
from docaxis.bus.report import StageReport
from docaxis.bus.work import FAILURES, Hopeless, Outcome, Stage, StagePlan, Work, dead_letter, place
from docaxis.cancellation import being_cancelled
from docaxis_schemas.codec import RejectedRecordBytes, UnknownSchema, decode
from docaxis_schemas.events import Event
from docaxis_schemas.moments import Clock, system_clock
from docaxis_schemas.topics import STAGE_INPUTS

WAIT_SECONDS: Final = 1.0
"""How long an idle slot waits at a time, so that a stop is noticed."""
ROUND: Final = 16
"""Records taken of one input before the next input has its turn."""
FINISHED_BATCHES: Final = 4
"""Transactions' worth of finished records above which no more are read: the broker is slower than the work."""

T = TypeVar("T")

__all__ = ["Outcome", "Stage", "StagePlan", "Work", "run_stage"]


async def run_stage(
    bus: Bus,
    stage: Stage,
    plan: StagePlan,
    *,
    report: StageReport,
    stopping: asyncio.Event,
    clock: Clock = system_clock,
) -> None:
    """Serve the slots of the plan until ``stopping`` is set; then finish or hand back what is in hand."""
    async with asyncio.TaskGroup() as group:
        for slot in plan.slots:
            group.create_task(_Slot(bus, stage, plan, slot, report=report, stopping=stopping, clock=clock).run())


class _Slot:
    """One slot over all its sessions."""

    def __init__(
        self,
        bus: Bus,
        stage: Stage,
        plan: StagePlan,
        number: int,
        *,
        report: StageReport,
        stopping: asyncio.Event,
        clock: Clock,
    ) -> None:
        self.bus = bus
        self.stage = stage
        self.plan = plan
        self.number = number
        self.report = report
        self.stopping = stopping
        self.clock = clock
        self.refusals: dict[str, int] = {}
        self.alone = 0

    async def run(self) -> None:
        """Take the slot again and again."""
        misses = 0
        while not self.stopping.is_set():
            began = asyncio.get_running_loop().time()
            cause = await self._own()
            if cause is not None:
                self.report.lost(self.number, cause)
            quick = asyncio.get_running_loop().time() - began < self.plan.pace.pause_limit.total_seconds()
            misses = misses + 1 if quick else 0
            pace = self.plan.pace
            await _until(self.stopping, min(pace.pause * 2 ** min(misses, 6), pace.pause_limit).total_seconds())

    async def _own(self) -> str | None:
        """Work for one session; gives the cause of its end, None at a stop."""
        try:
            async with self.bus.slot(self.stage.name, self.number) as session:
                self.report.owned(self.number)
                await _Session(session, self).work()
        except asyncio.CancelledError as error:
            if being_cancelled():
                raise
            return _cause(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the slot is taken again from what is committed
            return _cause(error)
        return None

    def refused(self, batch: list[Item]) -> None:
        """Note that the broker refused something of a transaction: who it was shows when each goes alone."""
        self.alone = len(batch) if len(batch) > 1 else self.alone
        if len(batch) == 1:
            where = place(batch[0].record)
            self.refusals[where] = self.refusals.get(where, 0) + 1


class _Session:
    """One session: a pump that fills the hand, a task for each record, and the loop that commits."""

    def __init__(self, session: SlotSession, slot: _Slot) -> None:
        self._session = session
        self._slot = slot
        self._pace = slot.plan.pace
        self._hand = Hand(self._pace)
        self._inputs = [Partition(topic, slot.number) for topic in STAGE_INPUTS[slot.stage.name]]
        self._tasks: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(self._pump(group))
            notice = group.create_task(self._notice_stop())
            await self._commit_until_stopped()
            for task in (pump, notice, *self._tasks):
                task.cancel()

    async def _notice_stop(self) -> None:
        await self._slot.stopping.wait()
        self._hand.changed.set()
        self._hand.room.set()

    async def _pump(self, group: asyncio.TaskGroup) -> None:
        while not self._slot.stopping.is_set():
            taken = 0
            for partition in self._inputs:
                room = min(self._room(partition), ROUND)
                for record in await self._session.poll(partition, room) if room else ():
                    task = group.create_task(self._process(self._hand.take(record, _now())))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                    taken += 1
            self._slot.report.in_hand(self._slot.number, self._hand.count)
            if taken:
                await asyncio.sleep(0)
            else:
                await self._wait_for_more()

    def _room(self, partition: Partition) -> int:
        if self._hand.finished >= FINISHED_BATCHES * self._pace.batch:
            return 0
        ahead = self._slot.plan.ahead_of.get(partition.topic, self._pace.ahead)
        return max(0, ahead - self._hand.working(partition))

    async def _wait_for_more(self) -> None:
        """Wait for records where there is room, or for room."""
        self._hand.room.clear()
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._hand.room.wait())]
        if roomy := [partition for partition in self._inputs if self._room(partition)]:
            waits.append(asyncio.ensure_future(self._session.wait(roomy, WAIT_SECONDS)))
        try:
            done, _ = await asyncio.wait(waits, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        for wait in done:
            wait.result()

    async def _process(self, item: Item) -> None:
        if item.before is not None:
            await item.before.done.wait()
        outcome = await self._outcome(item.record)
        self._hand.finish(item, outcome, _now())

    async def _outcome(self, record: Received) -> Outcome:
        try:
            event = await self._decoded(record)
        except RejectedRecordBytes as error:
            return await self._give_up(record, None, f"undecodable: {error}")
        cause, failures = "the broker refused what it sends", self._slot.refusals.get(place(record), 0)
        while failures < FAILURES:
            try:
                outcome = await self._retrying(record, lambda: self._slot.stage.handle(Work(record, event)))
                await self._require(record, outcome)
            except Hopeless as error:
                return await self._give_up(record, event, str(error))
            except Exception as error:  # noqa: BLE001 - a fault of this record; others must not suffer from it
                failures += 1
                cause = f"{type(error).__name__}: {error}"
                self._slot.report.waiting(self._slot.number, place(record), f"failed {failures}: {cause}")
            else:
                return outcome
        return await self._give_up(record, event, cause)

    async def _decoded(self, record: Received) -> Event:
        async def attempt() -> Event:
            return decode(record.value)

        return await self._retrying(record, attempt, also=UnknownSchema)

    async def _require(self, record: Received, outcome: Outcome) -> None:
        """Wait until what is to be sent can be sent, so that no transaction is begun in vain."""
        if targets := [outgoing.partition for outgoing in outcome.outgoing]:
            await self._retrying(record, lambda: self._session.require(targets))

    async def _give_up(self, record: Received, event: Event | None, cause: str) -> Outcome:
        slot = self._slot
        slot.report.dead_letter(slot.number, place(record), cause)
        letter = dead_letter(slot.stage.name, record, event, cause, slot.clock())
        try:
            besides = await self._retrying(record, lambda: slot.stage.give_up(record, event, cause))
            await self._require(record, besides)
        except Exception as error:  # noqa: BLE001 - the letter itself must go out whatever else cannot
            slot.report.waiting(slot.number, place(record), f"nobody is told: {type(error).__name__}: {error}")
            besides = Outcome()
        return Outcome((letter, *besides.outgoing))

    async def _retrying(
        self, record: Received, work: Callable[[], Awaitable[T]], also: type[Exception] | None = None
    ) -> T:
        """Do something until what it needs is there; others go on meanwhile."""
        delay, retried = self._pace.retry, self._slot.plan.retried + ((also,) if also else ())
        while True:
            try:
                return await work()
            except retried as error:
                self._slot.report.waiting(self._slot.number, place(record), f"{type(error).__name__}: {error}")
            await asyncio.sleep(delay.total_seconds())
            delay = min(2 * delay, self._pace.retry_limit)

    async def _commit_until_stopped(self) -> None:
        stop_by: float | None = None
        while True:
            stopping, now = self._slot.stopping.is_set(), _now()
            if stopping and stop_by is None:
                stop_by = now + self._pace.grace.total_seconds()
            due = self._hand.due_in(now, hurry=stopping)
            if due == 0:
                await self._commit()
                continue
            if stop_by is not None and (now >= stop_by or not self._hand.fresh(now)):
                return
            self._hand.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(WAIT_SECONDS, due or WAIT_SECONDS)):
                    await self._hand.changed.wait()

    async def _commit(self) -> None:
        slot, began = self._slot, _now()
        batch = self._hand.next_batch(1 if slot.alone else self._pace.batch)
        self._hand.committing(began)
        outgoing = [record for item in batch for record in item.outgoing]
        try:
            await self._session.commit(outgoing, [item.record for item in batch])
        except RefusedRecord:
            slot.refused(batch)
            raise
        slot.alone = max(0, slot.alone - 1)
        self._hand.room.set()
        slot.report.committed(slot.number, len(batch), _now() - began)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, LostOffsets):
        return f"ALARM, the slot stops: {error}"
    return f"{type(error).__name__}: {error}"


async def _until(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
