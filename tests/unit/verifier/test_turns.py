"""Fair turns: weights of lanes, shares of members, and a place for the urgent."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import pytest

from docaxis.verifier.turns import Turns

WEIGHTS = {"urgent": 8, "normal": 4, "bulk": 1}


class Hall:
    """Everybody who wants a turn, and those who have one."""

    def __init__(self, places: int, share: float = 0.5) -> None:
        self.turns = Turns(places, WEIGHTS, share=share, reserved=["urgent"])
        self.inside: dict[str, asyncio.Event] = {}
        self.order: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def _visit(self, name: str, lane: str, member: str) -> None:
        async with self.turns.turn(lane, member):
            self.inside[name] = asyncio.Event()
            self.order.append(name)
            try:
                await self.inside[name].wait()
            finally:
                del self.inside[name]

    async def come(self, visitors: Iterable[tuple[str, str, str]]) -> list[asyncio.Task[None]]:
        came = [asyncio.create_task(self._visit(*visitor)) for visitor in visitors]
        self._tasks += came
        await settle()
        return came

    async def leave(self, name: str) -> None:
        self.inside[name].set()
        await settle()

    async def empty(self) -> list[str]:
        while self.inside:
            await self.leave(next(iter(self.inside)))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.order


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def crowd(count: int, lane: str, member: str) -> list[tuple[str, str, str]]:
    return [(f"{member} {number}", lane, member) for number in range(count)]


async def test_one_place_is_kept_for_the_urgent() -> None:
    hall = Hall(3)
    await hall.come(crowd(5, "normal", "a"))
    assert len(hall.inside) == 2
    await hall.come([("fire", "urgent", "a")])
    assert "fire" in hall.inside
    await hall.empty()


async def test_a_pool_of_one_serves_all_lanes() -> None:
    hall = Hall(1)
    await hall.come([*crowd(2, "bulk", "a"), ("fire", "urgent", "b")])
    assert await hall.empty() == ["a 0", "fire", "a 1"]


async def test_a_member_has_no_more_than_its_share_while_others_wait() -> None:
    hall = Hall(5)
    await hall.come([*crowd(10, "normal", "a"), *crowd(10, "normal", "b")])
    for number in range(4):
        await hall.leave(f"a {number}")
    assert Counter(name[0] for name in hall.inside) == {"a": 2, "b": 2}
    await hall.empty()


async def test_a_member_alone_may_have_everything_but_the_urgent_s_place() -> None:
    hall = Hall(5)
    await hall.come(crowd(10, "normal", "a"))
    assert len(hall.inside) == 4
    await hall.come(crowd(1, "normal", "b"))
    await hall.leave("a 0")
    assert "b 0" in hall.inside
    await hall.empty()


async def test_lanes_share_by_weight() -> None:
    hall = Hall(1)
    visitors = [(f"{lane} {n}", lane, f"{lane}-{n}") for lane in WEIGHTS for n in range(26)]
    await hall.come(visitors)
    first = (await hall.empty())[:26]
    assert Counter(name.split()[0] for name in first) == {"urgent": 16, "normal": 8, "bulk": 2}


async def test_a_lane_that_was_idle_has_saved_nothing_up() -> None:
    hall = Hall(1)
    await hall.come(crowd(30, "normal", "a"))
    for number in range(20):
        await hall.leave(f"a {number}")
    await hall.come(crowd(5, "bulk", "b"))
    assert (await hall.empty())[21:].index("b 1") >= 4


async def test_members_of_a_lane_take_turns() -> None:
    hall = Hall(1)
    await hall.come([*crowd(3, "normal", "a"), *crowd(2, "normal", "b")])
    assert await hall.empty() == ["a 0", "a 1", "b 0", "a 2", "b 1"]


async def test_who_gives_up_waiting_leaves_no_gap() -> None:
    hall = Hall(1)
    await hall.come([("a 0", "normal", "a")])
    (waiting,) = await hall.come([("b 0", "normal", "b")])
    waiting.cancel()
    await hall.come([("c 0", "normal", "c")])
    assert hall.turns.waiting == 1
    assert await hall.empty() == ["a 0", "c 0"]


async def test_who_is_cancelled_with_a_place_gives_it_back() -> None:
    hall = Hall(1)
    (inside,) = await hall.come([("a 0", "normal", "a")])
    inside.cancel()
    await settle()
    hall.inside.clear()
    await hall.come([("b 0", "normal", "b")])
    assert "b 0" in hall.inside
    await hall.empty()
    with pytest.raises(asyncio.CancelledError):
        await inside


async def test_waiters_cancelled_together_with_who_holds_a_place_take_no_place_along() -> None:
    """As when a slot is lost: all its records are cancelled at once, those at work and those that wait."""
    hall = Hall(3)
    lost = await hall.come(crowd(6, "normal", "a"))
    others = await hall.come(crowd(3, "normal", "b"))

    for task in lost:
        task.cancel()
    await settle()

    assert all(task.cancelled() for task in lost)
    await hall.empty()
    assert [task.exception() for task in others] == [None, None, None]
    await hall.come(crowd(5, "normal", "c"))
    assert len(hall.inside) == 2
