"""Prefetching: configured addresses only, no redirects, limits, and the old list stays until it goes stale."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from docaxis_signing.trust import fetching
from docaxis_signing.trust.fetching import refresh
from docaxis_signing.trust.lists import MAX_LIST_BYTES
from docaxis_signing.trust.revocation import RevocationSnapshot

World = Any
Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=False, trust_env=False)


def serving(world: World, asked: list[str] | None = None) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(str(request.url))
        return httpx.Response(200, content=world.crl(request.url.path.split("/")[-1].removesuffix(".crl")))

    return answer


async def test_every_configured_list_is_fetched_from_its_address_and_no_other(world: World) -> None:
    asked: list[str] = []
    async with client(serving(world, asked)) as http:
        got = await refresh(world.trust, RevocationSnapshot(), client=http, now=world.now)
    assert {item.authority for item in got.snapshot.lists} == {item.name for item in world.trust.authorities}
    assert sorted(asked) == sorted(address for _, address in world.trust.revocation_addresses())
    assert (got.snapshot.epoch, got.unavailable, got.refused) == (1, (), ())


async def test_the_same_lists_again_begin_no_epoch(world: World) -> None:
    async with client(serving(world)) as http:
        first = await refresh(world.trust, RevocationSnapshot(), client=http, now=world.now)

        def same(request: httpx.Request) -> httpx.Response:
            held = first.snapshot.of(request.url.path.split("/")[-1].removesuffix(".crl"))
            assert held is not None
            return httpx.Response(200, content=held.der)

    async with client(same) as http:
        second = await refresh(world.trust, first.snapshot, client=http, now=world.now)
    assert second.snapshot is first.snapshot


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/latest"}),
        lambda _: httpx.Response(200, content=b"x" * (MAX_LIST_BYTES + 1)),
    ],
    ids=["unavailable", "redirect", "too-large"],
)
async def test_what_cannot_be_had_leaves_the_old_lists_in_force(world: World, answer: Answer) -> None:
    async with client(answer) as http:
        got = await refresh(world.trust, world.lists, client=http, now=world.now)
    assert got.snapshot is world.lists
    assert len(got.unavailable) == len(world.trust.authorities)


async def test_a_broken_connection_is_unavailable(world: World) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with client(fail) as http:
        got = await refresh(world.trust, world.lists, client=http, now=world.now)
    assert got.snapshot is world.lists
    assert "ConnectError" in str(got.unavailable[0])


async def test_a_slow_address_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(fetching, "SECONDS_PER_LIST", 0.01)
    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as http:
        got = await refresh(world.trust, world.lists, client=http, now=world.now)
    assert "TimeoutError" in str(got.unavailable[0])


async def test_a_replayed_or_foreign_list_is_refused_and_told(world: World) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.split("/")[-1].removesuffix(".crl")
        if name == "gov-local":
            return httpx.Response(200, content=world.crl(name, issued=world.now - timedelta(hours=5)))
        return httpx.Response(200, content=world.crl("gov-state"))

    async with client(answer) as http:
        got = await refresh(world.trust, world.lists, client=http, now=world.now)
    assert got.snapshot.of("gov-local") == world.lists.of("gov-local")
    assert {str(error).split(":")[0] for error in got.refused} == {
        item.name for item in world.trust.authorities if item.name != "gov-state"
    }


def test_the_client_follows_nothing_and_trusts_no_environment() -> None:
    made = fetching.new_client()
    assert (made.follow_redirects, made.trust_env) == (False, False)
