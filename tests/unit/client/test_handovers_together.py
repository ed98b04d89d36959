"""Hand-overs that come while one is under way share the next request, and each hears its own result."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from docaxis.client.connection import Connection, Patience
from docaxis.client.errors import RejectedAnswer, RejectedByAxis, UnavailableAxis
from docaxis.client.handing_over import TOGETHER, HandoverQueue, SealedHandover
from docaxis.client.records import SIGNED, UNSIGNED, Sealed
from docaxis_schemas.problems import PROBLEMS, Code


def handover(media_type: str = SIGNED) -> SealedHandover:
    """Make one whose "signed" record is just its delivery's id."""
    name = uuid4()
    return SealedHandover(name, f"handover:{name}", Sealed(media_type, str(name).encode()))


def problem(code: Code) -> dict[str, Any]:
    return {"status": PROBLEMS[code].status, "code": code.value}


class Axis:
    """Answers hand-overs; holds each request until it is let go on."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.wrong: dict[UUID, Code] = {}
        self.knows_several = True
        self.answer: Callable[[list[Any]], Any] = lambda results: {"results": results}
        self.open = asyncio.Event()
        self.opens_once = False
        self.begun = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        several = request.url.path == "/v1/handovers"
        names = json.loads(request.content)["records"] if several else [request.url.path.split("/")[3]]
        self.requests.append(names)
        self.begun.set()
        await self.open.wait()
        if self.opens_once:
            self.open.clear()
        if not several:
            code = self.wrong.get(UUID(names[0]))
            return httpx.Response(202) if code is None else httpx.Response(PROBLEMS[code].status, json=problem(code))
        if not self.knows_several:
            return httpx.Response(404, json=problem(Code.NOT_FOUND))
        return httpx.Response(200, json=self.answer([self._result(name) for name in names]))

    def _result(self, name: str) -> dict[str, Any]:
        code = self.wrong.get(UUID(name))
        if code is None:
            return {"status": 202, "taken": {"delivery_id": name}}
        return {"status": PROBLEMS[code].status, "problem": problem(code)}

    def sizes(self) -> list[int]:
        return [len(names) for names in self.requests]


@asynccontextmanager
async def queue_to(axis: Axis) -> AsyncIterator[HandoverQueue]:
    connection = Connection(
        "http://127.0.0.1", "secret", patience=Patience(0), transport=httpx.MockTransport(axis), pause=asyncio.sleep
    )
    yield HandoverQueue(connection)
    await connection.close()


async def send_all(queue: HandoverQueue, axis: Axis, given: list[SealedHandover]) -> list[Any]:
    """Send one, the others while it is under way, and let the axis answer then."""
    tasks = [asyncio.create_task(queue.send(given[0]))]
    await axis.begun.wait()
    tasks += [asyncio.create_task(queue.send(one)) for one in given[1:]]
    await asyncio.sleep(0)
    axis.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lone_one_goes_at_once_and_who_comes_meanwhile_goes_together() -> None:
    axis = Axis()
    given = [handover() for _ in range(TOGETHER + 8)]
    async with queue_to(axis) as queue:
        assert await send_all(queue, axis, given) == [None] * len(given)
        await queue.send(handover())
    assert axis.sizes() == [1, TOGETHER, 7, 1]
    assert [name for names in axis.requests[:3] for name in names] == [str(one.delivery_id) for one in given]


async def test_each_hears_its_own_problem_and_no_other() -> None:
    axis = Axis()
    given = [handover() for _ in range(5)]
    axis.wrong = {given[2].delivery_id: Code.DELIVERY_ENDED, given[3].delivery_id: Code.OUTCOME_UNKNOWN}
    async with queue_to(axis) as queue:
        found = await send_all(queue, axis, given)
    assert [found[0], found[1], found[4]] == [None] * 3
    assert isinstance(found[2], RejectedByAxis)
    assert found[2].code == "delivery-ended"
    assert isinstance(found[3], UnavailableAxis)
    assert found[3].outcome_unknown
    assert axis.sizes() == [1, 4]


async def test_an_older_axis_gets_them_one_by_one_and_is_asked_once_only() -> None:
    axis = Axis()
    axis.knows_several = False
    async with queue_to(axis) as queue:
        assert await send_all(queue, axis, [handover() for _ in range(4)]) == [None] * 4
        assert axis.sizes() == [1, 3, 1, 1, 1]
        axis.begun.clear()
        axis.open.clear()
        assert await send_all(queue, axis, [handover() for _ in range(3)]) == [None] * 3
    assert axis.sizes()[5:] == [1, 1, 1]


async def test_what_the_axis_signs_for_a_clerk_goes_one_by_one() -> None:
    axis = Axis()
    async with queue_to(axis) as queue:
        assert await send_all(queue, axis, [handover(UNSIGNED) for _ in range(3)]) == [None] * 3
    assert axis.sizes() == [1, 1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        lambda results: {"results": results[:-1]},
        lambda results: {"results": list(reversed(results))},
        lambda results: {"results": [None] * len(results)},
        lambda results: {"results": [{"status": 202}] * len(results)},
        lambda results: {"results": [{"status": 200, "problem": {}}] * len(results)},
        lambda results: {"done": results},
    ],
    ids=("one too few", "in another order", "nothing", "without what was taken", "neither nor", "under another name"),
)
async def test_results_that_are_not_theirs_are_not_taken_for_acknowledgements(
    answer: Callable[[list[Any]], Any],
) -> None:
    axis = Axis()
    axis.answer = answer
    async with queue_to(axis) as queue:
        found = await send_all(queue, axis, [handover() for _ in range(3)])
    assert found[0] is None
    assert all(isinstance(one, RejectedAnswer) for one in found[1:])


async def test_one_that_is_given_up_takes_no_other_along() -> None:
    axis = Axis()
    async with queue_to(axis) as queue:
        first = asyncio.create_task(queue.send(handover()))
        await axis.begun.wait()
        given_up, second = [asyncio.create_task(queue.send(handover())) for _ in range(2)]
        await asyncio.sleep(0)
        given_up.cancel()
        first.cancel()
        axis.open.set()
        found = await asyncio.gather(first, given_up, second, return_exceptions=True)
    assert [type(one) for one in found] == [asyncio.CancelledError, asyncio.CancelledError, type(None)]
    assert axis.sizes() == [1, 1]


async def test_who_waited_for_one_that_was_interrupted_may_send_again() -> None:
    axis = Axis()
    given = [handover() for _ in range(3)]
    async with queue_to(axis) as queue:
        lead = asyncio.create_task(queue.send(given[0]))
        await axis.begun.wait()
        others = [asyncio.create_task(queue.send(one)) for one in given[1:]]
        await asyncio.sleep(0)
        axis.opens_once = True
        axis.begun.clear()
        axis.open.set()
        await lead
        await axis.begun.wait()
        others[0].cancel()  # it sends for both
        found = await asyncio.gather(*others, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert isinstance(found[1], UnavailableAxis)
        assert found[1].outcome_unknown
        axis.open.set()
        await queue.send(given[2])
