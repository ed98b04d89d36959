"""Work that is done together: one round for all that come meanwhile, and what is wrong with one fails alone."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from docaxis.storage.decisions import RefusedStatement, UnavailableStorage
from docaxis.storage.grouping import Grouped


async def test_what_comes_while_an_insert_gathers_goes_along() -> None:
    batches: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        return [item * 10 for item in items]

    grouped = Grouped(write, gather=timedelta(milliseconds=1))
    first = asyncio.create_task(grouped.add(1))
    await asyncio.sleep(0)  # the first begins to gather
    assert list(await asyncio.gather(first, grouped.add(2), grouped.add(3))) == [10, 20, 30]
    assert batches == [[1, 2, 3]]


async def test_enough_of_them_wait_for_no_others() -> None:
    async def write(items: Sequence[int]) -> Sequence[int]:
        return items

    grouped = Grouped(write, gather=timedelta(days=1), enough=3)
    async with asyncio.timeout(30):
        assert list(await asyncio.gather(*map(grouped.add, (1, 2, 3)))) == [1, 2, 3]


async def test_who_is_cancelled_while_gathering_takes_nobody_along() -> None:
    batches: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        return items

    grouped = Grouped(write, gather=timedelta(milliseconds=1))
    first, second = asyncio.create_task(grouped.add(1)), asyncio.create_task(grouped.add(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 2
    assert batches == [[2]]


async def test_what_the_database_refuses_fails_alone() -> None:
    rounds: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        rounds.append(list(items))
        if 2 in items:
            raise RefusedStatement("not this one")
        return items

    grouped = Grouped(write, gather=timedelta(milliseconds=1))
    found = await asyncio.gather(*map(grouped.add, (1, 2, 3)), return_exceptions=True)
    assert found[0] == 1
    assert isinstance(found[1], RefusedStatement)
    assert found[2] == 3
    assert rounds == [[1, 2, 3], [1], [2], [3]]


async def test_who_comes_while_a_round_is_under_way_shares_the_next() -> None:
    rounds: list[list[int]] = []
    entered, leave = asyncio.Event(), asyncio.Event()

    async def read(items: Sequence[int]) -> Sequence[int]:
        rounds.append(list(items))
        entered.set()
        await leave.wait()
        return items

    grouped = Grouped(read, limit=2)
    first = asyncio.create_task(grouped.add(1))
    await entered.wait()
    others = [asyncio.create_task(grouped.add(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    leave.set()
    assert await asyncio.gather(first, *others) == [1, 2, 3, 4]
    assert rounds == [[1], [2, 3], [4]]


async def test_who_worked_for_the_others_and_was_interrupted_leaves_nobody_waiting() -> None:
    entered = asyncio.Event()

    async def write(items: Sequence[int]) -> Sequence[int]:
        if 1 in items:
            entered.set()
            await asyncio.Event().wait()
        return items

    grouped = Grouped(write, gather=timedelta(milliseconds=1))
    first, second = asyncio.create_task(grouped.add(1)), asyncio.create_task(grouped.add(2))
    await entered.wait()
    first.cancel()
    with pytest.raises(UnavailableStorage, match="interrupted"):
        await second
    assert await grouped.add(3) == 3
