"""Inserts that wait a little for company: one for all that come meanwhile."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from docaxis.registrar.batching import GroupCommit


async def test_what_comes_while_an_insert_gathers_goes_along() -> None:
    batches: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        return [item * 10 for item in items]

    commit = GroupCommit(write, gather=timedelta(milliseconds=1))
    first = asyncio.create_task(commit.add(1))
    await asyncio.sleep(0)  # the first begins to gather
    assert list(await asyncio.gather(first, commit.add(2), commit.add(3))) == [10, 20, 30]
    assert batches == [[1, 2, 3]]


async def test_who_is_cancelled_while_gathering_takes_nobody_along() -> None:
    batches: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        return items

    commit = GroupCommit(write, gather=timedelta(milliseconds=1))
    first, second = asyncio.create_task(commit.add(1)), asyncio.create_task(commit.add(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 2
    assert batches == [[2]]
