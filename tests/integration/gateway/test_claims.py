"""A claim is made in one statement: with all of its contents, which are kept for good, or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.claims import Claim, ClaimStore
from docaxis.storage.contents import MissingContent
from docaxis.storage.tables.intake import claims, contents
from docaxis_schemas.topics import SUBMITTED

World = Any
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MEMBER = "so-noi-vu"


def proposed(digest: str = "one") -> Claim:
    return Claim(
        submission_id=uuid4(),
        member=MEMBER,
        own_id=uuid4().hex,
        manifest_digest=digest,
        manifest=b"{}",
        record="",
        record_key=b"",
        acted_by_gateway=False,
        resolution=b"{}",
        acknowledgement="",
        lane=SUBMITTED,
        urgency=1,
        directory_version=1,
        received_at=NOW,
        deadline=NOW,
    )


async def store_contents(engine: AsyncEngine, names: Sequence[str], member: str = MEMBER) -> None:
    row = {"member": member, "size": 1, "wrapped_key": b"", "stored_at": NOW, "leased_until": NOW + timedelta(days=1)}
    async with engine.begin() as connection:
        for name in names:
            await connection.execute(insert(contents).values(sha256=name, location=uuid4().hex, **row))


async def pinned(engine: AsyncEngine) -> dict[str, bool]:
    async with engine.connect() as connection:
        found = await connection.execute(select(contents.c.member, contents.c.sha256, contents.c.pinned))
        return {f"{row.member} {row.sha256}": row.pinned for row in found}


async def test_a_claim_pins_its_contents_and_no_others(world: World) -> None:
    store, claim = ClaimStore(world.engine), proposed()
    await store_contents(world.engine, ["a", "b", "other"])
    await store_contents(world.engine, ["a"], member="bo-mau")
    assert await store.make(claim, ["b", "a", "a"]) is claim
    assert await pinned(world.engine) == {
        f"{MEMBER} a": True,
        f"{MEMBER} b": True,
        f"{MEMBER} other": False,
        "bo-mau a": False,
    }
    assert await store.find(claim.submission_id) == claim


async def test_without_one_of_its_contents_there_is_no_claim_and_nothing_is_pinned(world: World) -> None:
    store, claim = ClaimStore(world.engine), proposed()
    await store_contents(world.engine, ["a"])
    await store_contents(world.engine, ["b"], member="bo-mau")
    with pytest.raises(MissingContent):
        await store.make(claim, ["a", "b"])
    assert await store.find(claim.submission_id) is None
    assert set((await pinned(world.engine)).values()) == {False}


async def test_the_first_claim_stands_whatever_became_of_the_contents(world: World) -> None:
    store, first = ClaimStore(world.engine), proposed()
    await store_contents(world.engine, ["a", "b"])
    await store.make(first, ["a"])
    other = replace(first, manifest_digest="another")
    assert await store.make(other, ["b"]) == first
    assert await store.make(other, ["gone"]) == first
    assert await pinned(world.engine) == {f"{MEMBER} a": True, f"{MEMBER} b": False}


async def test_of_fifty_at_once_one_claim_is_made_and_all_are_given_it(world: World) -> None:
    store, claim = ClaimStore(world.engine), proposed()
    await store_contents(world.engine, ["a", "b"])
    found = await asyncio.gather(*(store.make(replace(claim, record=str(number)), ["a", "b"]) for number in range(50)))
    assert len(set(found)) == 1
    async with world.engine.connect() as connection:
        assert len((await connection.execute(select(claims))).all()) == 1


async def test_a_claim_waits_for_who_removes_its_content_and_then_is_none(world: World) -> None:
    store, claim = ClaimStore(world.engine), proposed()
    await store_contents(world.engine, ["a"])
    async with world.engine.begin() as connection:
        await connection.execute(contents.delete().where(contents.c.sha256 == "a"))
        making = asyncio.create_task(store.make(claim, ["a"]))
        done, _ = await asyncio.wait([making], timeout=0.1)
        assert not done, "it waits for the row"
    with pytest.raises(MissingContent):
        await making
    assert await store.find(claim.submission_id) is None


async def test_marks_are_made_once_and_for_many(world: World) -> None:
    store, ours = ClaimStore(world.engine), [proposed() for _ in range(3)]
    for claim in ours:
        await store.make(claim, [])
    await store.mark_published({claim.submission_id: NOW for claim in ours[:2]})
    await store.mark_published({claim.submission_id: NOW + timedelta(hours=1) for claim in ours})
    found = [await store.find(claim.submission_id) for claim in ours]
    assert [claim.published_at for claim in found if claim] == [NOW, NOW, NOW + timedelta(hours=1)]
    async with world.engine.begin() as connection:
        await connection.execute(update(claims).values(published_at=None))
    waiting = await store.unpublished(NOW + timedelta(seconds=1), 2)
    assert len(waiting) == 2
