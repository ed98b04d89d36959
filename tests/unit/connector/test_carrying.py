"""What waits is worked on some at a time, and an axis that is away is told from a packet that fails."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from docaxis.client.errors import ClientError, RejectedAnswer, UnavailableAxis
from docaxis.connector.carrying import AT_ONCE, carry


async def numbers(count: int, then: ClientError | None = None) -> AsyncIterator[int]:
    for number in range(count):
        yield number
    if then is not None:
        raise then


async def test_one_that_takes_long_keeps_its_place_and_nobody_waiting() -> None:
    others, in_hand, most, begun = asyncio.Event(), 0, 0, list[int]()

    async def work(number: int) -> bool:
        nonlocal in_hand, most
        begun.append(number)
        in_hand += 1
        most = max(most, in_hand)
        if number == 0:
            await others.wait()
        elif number == 49:
            others.set()
        await asyncio.sleep(0)
        in_hand -= 1
        return number != 7

    assert await carry(numbers(50), work) == 49
    assert (begun, most) == (list(range(50)), AT_ONCE)


async def test_one_that_the_axis_stays_away_from_stops_no_other_and_is_told() -> None:
    done = []

    async def work(number: int) -> bool:
        if number == 3:
            raise UnavailableAxis("for this one")
        done.append(number)
        return True

    with pytest.raises(UnavailableAxis, match="for this one"):
        await carry(numbers(30), work)
    assert done == [number for number in range(30) if number != 3]


async def test_an_axis_that_is_away_is_not_asked_for_each_of_thousands() -> None:
    begun = []

    async def work(number: int) -> bool:
        begun.append(number)
        await asyncio.sleep(0)
        raise UnavailableAxis("away")

    with pytest.raises(UnavailableAxis, match="away"):
        await carry(numbers(1000), work)
    assert len(begun) < 2 * AT_ONCE


async def test_what_was_begun_ends_when_the_rest_cannot_be_told() -> None:
    done = []

    async def work(number: int) -> bool:
        await asyncio.sleep(0)
        done.append(number)
        return True

    with pytest.raises(RejectedAnswer, match="no page"):
        await carry(numbers(5, RejectedAnswer("no page")), work)
    assert done == [0, 1, 2, 3, 4]
