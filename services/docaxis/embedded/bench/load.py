"""The load generator, a process of its own: ``python -m docaxis.embedded.bench.load PARENT_PID ORDERS``.

It says in JSON lines which phase begins, so that the process that started it can meter the axis meanwhile, and at the
end what it saw. First documents travel one at a time over an idle axis; then a closed loop keeps so many under way.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from docaxis.embedded.bench.orders import Orders
from docaxis.embedded.bench.parties import Party, Recipient, hand_in
from docaxis.embedded.bench.wire import Wire
from docaxis.embedded.ending import end_with
from docaxis_schemas.moments import system_clock
from docaxis_signing.statements import MemberSigner


class Journey:
    """One document under way, from just before it is handed in."""

    def __init__(self, recipients: int) -> None:
        self.began = time.perf_counter()
        self.arrived: list[float] = []
        self.left = recipients
        self.in_inboxes = asyncio.Event()
        self.handed_over = asyncio.Event()
        self._recipients = recipients

    def arrive(self) -> None:
        """Note an arrival in an inbox."""
        self.arrived.append(time.perf_counter() - self.began)
        if len(self.arrived) == self._recipients:
            self.in_inboxes.set()

    def finish(self) -> None:
        """Note a durable hand-over."""
        self.left -= 1
        if not self.left:
            self.handed_over.set()


class Generator:
    """Drives the members of a load run."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        address = urlsplit(orders.url)
        self._parties = {
            name: Party(
                name,
                orders.axis,
                orders.environment,
                MemberSigner.from_jwk(value["jwk"]),
                Wire(address.hostname or "", address.port or 80, value["credential"]),
                system_clock,
            )
            for name, value in orders.members.items()
        }
        self._documents = iter(enumerate(orders.documents))
        self._journeys: dict[UUID, Journey] = {}
        self._early: list[tuple[UUID, bool]] = []
        self._recipients = [
            Recipient(self._parties[member], orders.hand_over, self._arrived, self._finished)
            for _, member in orders.recipients
        ]
        self.accepted: list[tuple[str, str]] = []
        self.completed: list[tuple[float, Journey]] = []
        self.failures: list[str] = []

    async def run(self) -> None:
        """Go through the phases."""
        orders = self._orders
        following = [asyncio.create_task(one.follow()) for one in self._recipients]
        try:
            say(phase="rehearsal")
            await self._one_by_one(orders.rehearsed)
            say(phase="idle")
            idle = await self._one_by_one(orders.one_by_one)
            say(phase="warm-up")
            await self._closed_loop()
            broken = [repr(task.exception()) for task in following if task.done() and not task.cancelled()]
            say(phase="result", idle_ms=[milliseconds(one) for one in idle], **self._result(broken))
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
            for party in self._parties.values():
                await party.wire.close()

    def _result(self, broken: list[str]) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "handed_over": sum(one.handed_over.is_set() for one in self._journeys.values()),
            "seen_twice": sum(count - 1 for one in self._recipients for count in one.seen.values()),
            "failures": (self.failures + broken)[:20],
        }

    async def _one_by_one(self, count: int) -> list[Journey]:
        found = []
        for number, (member, document, path) in self._take(count):
            journey = await self._travel(number, member, document, path, fan_out=1)
            if journey is not None:
                found.append(journey)
        return found

    def _take(self, count: int) -> Iterator[tuple[int, tuple[str, dict[str, Any], str]]]:
        for _ in range(count):
            if (one := next(self._documents, None)) is not None:
                yield one

    async def _closed_loop(self) -> None:
        orders, stopping = self._orders, asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(orders.in_flight):
                group.create_task(self._send_on(stopping))
            await asyncio.sleep(orders.warm_up)
            begun = time.perf_counter()
            say(phase="measuring")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), orders.seconds)
            ended = time.perf_counter()
            stopping.set()
            counted = [journey for at, journey in self.completed if begun <= at < ended]
            say(
                phase="measured",
                seconds=ended - begun,
                documents=len(counted),
                loaded_ms=sorted(map(milliseconds, counted)),
            )

    async def _send_on(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            one = next(self._documents, None)
            if one is None:
                stopping.set()  # none left to send: what was measured until now counts
                return
            number, (member, document, path) = one
            await self._travel(number, member, document, path, fan_out=self._orders.fan_out)

    async def _travel(
        self, number: int, member: str, document: dict[str, Any], path: str, *, fan_out: int
    ) -> Journey | None:
        chosen = [self._orders.recipients[(number + place) % len(self._orders.recipients)] for place in range(fan_out)]
        codes = [code for code, _ in chosen]
        journey = Journey(fan_out)
        try:
            submission_id = await hand_in(self._parties[member], f"bench-{number}", Path(path), document, codes)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and told
            self.failures.append(repr(error))
            return None
        self._begin(submission_id, journey)
        self.accepted += [(str(submission_id), code) for code in codes]
        try:
            async with asyncio.timeout(self._orders.patience):
                await journey.handed_over.wait()
        except TimeoutError:
            self.failures.append(f"{submission_id}: {len(journey.arrived)} arrived, {journey.left} not handed over")
            return None
        self.completed.append((time.perf_counter(), journey))
        return journey

    def _begin(self, submission_id: UUID, journey: Journey) -> None:
        self._journeys[submission_id] = journey
        early, self._early = self._early, []
        for other, is_arrival in early:  # it may have arrived before its sender read the answer
            (self._arrived if is_arrival else self._finished)(other, "")

    def _arrived(self, submission_id: UUID, _recipient: str) -> None:
        if (journey := self._journeys.get(submission_id)) is None:
            self._early.append((submission_id, True))
        else:
            journey.arrive()

    def _finished(self, submission_id: UUID, _recipient: str) -> None:
        if (journey := self._journeys.get(submission_id)) is None:
            self._early.append((submission_id, False))
        else:
            journey.finish()


def milliseconds(journey: Journey) -> float:
    """Give the time from just before the sending to the arrival in the last inbox."""
    return round(max(journey.arrived) * 1000, 1)


def say(**line: Any) -> None:
    """Tell the process that started this one."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Carry the orders out, unless the parent ends before."""
    end_with(int(sys.argv[1]))
    asyncio.run(Generator(Orders.read(Path(sys.argv[2]))).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
