"""What the content store promises, over each place for sealed bytes, on a real PostgreSQL."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.contents import (
    SEGMENT,
    ContentMismatch,
    ContentStore,
    ContentWriter,
    DamagedContent,
    FileStoreKey,
    MissingContent,
    QuotaExceeded,
    SealedStore,
    Unclaimed,
    WrongOffset,
)
from docaxis.storage.contents.directory import DirectoryStore
from docaxis.storage.contents.records import ContentRecords
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.tables.intake import contents, uploads


class Clock(Protocol):
    def __call__(self) -> datetime: ...

    def advance(self, by: timedelta) -> None: ...


MEMBER = "so-noi-vu-test"
BODY = os.urandom(2 * SEGMENT + 4321)


def name_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def member() -> str:
    return f"m-{uuid4().hex[:12]}"


async def send(writer: ContentWriter, body: bytes, portion: int = 100_000) -> None:
    async with writer:
        for start in range(0, len(body), portion):
            await writer.write(body[start : start + portion])
        await writer.finish()


async def put(store: ContentStore, member: str, body: bytes) -> str:
    await send(store.receive(member, name_of(body), len(body)), body)
    return name_of(body)


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT])
async def test_a_content_of_any_size_comes_back(store: ContentStore, member: str, size: int) -> None:
    body = os.urandom(size)
    found = await store.open(member, await put(store, member, body))
    assert found.size == size
    assert await found.read() == body
    assert b"".join([part async for part in found.stream()]) == body


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (SEGMENT - 5, SEGMENT + 5), (2 * SEGMENT, None), (5, 2**40)])
async def test_a_range_is_the_same_bytes(store: ContentStore, member: str, start: int, stop: int | None) -> None:
    found = await store.open(member, await put(store, member, BODY))
    assert b"".join([part async for part in found.stream(start, stop)]) == BODY[start:stop]


async def test_a_content_belongs_to_its_member_alone(store: ContentStore, member: str) -> None:
    name = await put(store, member, b"only here")
    assert await store.find("another", [name]) == {}
    with pytest.raises(MissingContent):
        await store.open("another", name)
    assert await store.progress("another", name) is None


async def test_the_same_content_twice_is_kept_once(
    store: ContentStore, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    first = await store.open(member, await put(store, member, BODY))
    second = await store.open(member, await put(store, member, BODY))
    assert first.location == second.location
    hand_clock.advance(timedelta(days=2))
    assert list(sealed.older_than(hand_clock())) == [first.location]


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_content_survives_a_database_that_goes_away_while_it_is_put_on_record(
    store: ContentStore, member: str, monkeypatch: pytest.MonkeyPatch, *, recorded: bool
) -> None:
    """Nobody knows then whether the row was committed. If it was, its bytes must be there for the repeat."""
    put_on_record = ContentRecords.store

    async def going_away(self: ContentRecords, *given: Any, **more: Any) -> str:
        if recorded:
            await put_on_record(self, *given, **more)
        raise UnavailableStorage("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(ContentRecords, "store", going_away)
        with pytest.raises(UnavailableStorage):
            await put(store, member, BODY)
    name = await put(store, member, BODY)
    assert await (await store.open(member, name)).read() == BODY


async def test_whoever_begins_anew_takes_nothing_from_who_is_about_to_finish(store: ContentStore, member: str) -> None:
    name = name_of(BODY)
    async with await store.resume(member, name, len(BODY), 0) as first:
        await first.write(BODY[: 2 * SEGMENT + 1])
        with contextlib.suppress(WrongOffset):  # where the place knows that somebody is writing
            async with await store.resume(member, name, len(BODY), 0) as second:
                await second.write(BODY[:10])
        await first.write(BODY[2 * SEGMENT + 1 :])
        await first.finish()
    assert await (await store.open(member, name)).read() == BODY


async def test_whoever_begins_anew_takes_nothing_from_what_was_finished_meanwhile(
    store: ContentStore, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was read before the other one ended, of which nobody could say whether it was put on record."""
    name, begin, put_on_record = name_of(BODY), ContentRecords.begin_upload, ContentRecords.store

    async def going_away(self: ContentRecords, *given: Any, **more: Any) -> str:
        await put_on_record(self, *given, **more)
        raise UnavailableStorage("the database is away")

    async def overtaken(self: ContentRecords, *given: Any) -> Any:
        row = await begin(self, *given)
        with pytest.raises(UnavailableStorage):
            await send(first, BODY)
        return row

    first = await store.resume(member, name, len(BODY), 0)
    with monkeypatch.context() as patch:
        patch.setattr(ContentRecords, "store", going_away)
        patch.setattr(ContentRecords, "begin_upload", overtaken)
        with pytest.raises(WrongOffset) as told:
            await store.resume(member, name, len(BODY), 0)
    assert told.value.offset == len(BODY)
    assert await (await store.open(member, name)).read() == BODY


async def test_an_upload_that_is_begun_anew_ends_as_one_content(
    store: ContentStore, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    async with await store.resume(member, name_of(BODY), len(BODY), 0) as given_up:
        await given_up.write(os.urandom(SEGMENT + 1))
    await send(await store.resume(member, name_of(BODY), len(BODY), 0), BODY)
    found = await store.open(member, name_of(BODY))
    assert await found.read() == BODY
    hand_clock.advance(timedelta(days=2))
    await store.sweep(orphans=True)
    hand_clock.advance(timedelta(days=2))
    assert set(sealed.older_than(hand_clock())) <= {found.location}


async def test_other_bytes_than_announced_are_not_kept(
    store: ContentStore, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    with pytest.raises(ContentMismatch):
        await send(store.receive(member, name_of(b"other"), len(BODY)), BODY)
    hand_clock.advance(timedelta(days=2))
    assert await store.find(member, [name_of(b"other"), name_of(BODY)]) == {}
    assert list(sealed.older_than(hand_clock())) == []


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1])
async def test_another_size_than_announced_is_refused(store: ContentStore, member: str, size: int) -> None:
    with pytest.raises(ContentMismatch):
        await send(store.receive(member, name_of(BODY), size), BODY)
    assert await store.find(member, [name_of(BODY)]) == {}


async def test_an_upload_goes_on_after_the_process_was_killed(
    content_engine: AsyncEngine, reopen: Callable[[], SealedStore], member: str, hand_clock: Clock
) -> None:
    def process() -> ContentStore:
        return ContentStore(
            content_engine,
            reopen(),
            FileStoreKey(b"k" * 32),
            clock=hand_clock,
            lease=timedelta(hours=24),
        )

    name, size = name_of(BODY), len(BODY)
    before = process()
    async with await before.resume(member, name, size, 0) as writer:
        await writer.write(BODY[: SEGMENT + 500])  # the second segment is not full and is lost with the process
    before.close()
    after = process()
    progress = await after.progress(member, name)
    assert progress is not None
    assert (progress.offset, progress.declared) == (SEGMENT, size)
    with pytest.raises(WrongOffset) as caught:
        await after.resume(member, name, size, SEGMENT + 500)
    assert caught.value.offset == SEGMENT
    async with await after.resume(member, name, size, SEGMENT) as writer:
        await writer.write(BODY[SEGMENT:])
        await writer.finish()
    assert await (await after.open(member, name)).read() == BODY
    progress = await after.progress(member, name)
    assert progress is not None
    assert progress.offset == size
    after.close()


async def test_going_on_with_other_bytes_is_found_at_the_end(store: ContentStore, member: str) -> None:
    name, size = name_of(BODY), len(BODY)
    async with await store.resume(member, name, size, 0) as writer:
        await writer.write(b"x" * (SEGMENT + 1))
    writer = await store.resume(member, name, size, SEGMENT)
    with pytest.raises(ContentMismatch):
        await send(writer, BODY[SEGMENT:])
    progress = await store.progress(member, name)
    assert progress is not None
    assert progress.offset == 0
    await send(await store.resume(member, name, size, 0), BODY)
    assert await (await store.open(member, name)).read() == BODY


async def test_uploading_what_is_there_answers_as_if_it_were_new(store: ContentStore, member: str) -> None:
    name = await put(store, member, BODY)
    await send(await store.resume(member, name, len(BODY), 0), BODY)
    assert await (await store.open(member, name)).read() == BODY


async def pin(engine: AsyncEngine, name: str) -> None:
    """Do what a claim does with the contents it names."""
    async with engine.begin() as connection:
        await connection.execute(update(contents).where(contents.c.sha256 == name).values(pinned=True))


async def test_only_what_nobody_claimed_is_swept(
    store: ContentStore, content_engine: AsyncEngine, member: str, hand_clock: Clock
) -> None:
    hand_clock.advance(timedelta(days=2))
    await store.sweep()  # of what other tests left
    claimed, left = await put(store, member, b"claimed"), await put(store, member, b"left")
    async with await store.resume(member, name_of(BODY), len(BODY), 0) as writer:
        await writer.write(BODY[: SEGMENT + 1])
    await pin(content_engine, claimed)
    hand_clock.advance(timedelta(hours=23))
    assert (await store.sweep()).contents == 0
    hand_clock.advance(timedelta(hours=2))
    swept = await store.sweep()
    assert (swept.contents, swept.uploads) == (1, 1)
    assert await store.find(member, [claimed, left]) == {claimed: 7}
    assert await (await store.open(member, claimed)).read() == b"claimed"
    assert await store.progress(member, name_of(BODY)) is None


def with_quota(engine: AsyncEngine, sealed: SealedStore, clock: Clock, quota: Unclaimed) -> ContentStore:
    return ContentStore(engine, sealed, FileStoreKey(b"k" * 32), clock=clock, lease=timedelta(hours=24), quota=quota)


async def test_a_member_may_not_fill_the_store_with_what_no_submission_names(
    content_engine: AsyncEngine, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    store = with_quota(content_engine, sealed, hand_clock, Unclaimed(contents=3, bytes=1000))
    try:
        finished = await put(store, member, b"finished" * 50)  # 400 bytes
        begun = await store.resume(member, "0" * 64, 500, 0)
        with pytest.raises(QuotaExceeded) as refused:
            await store.resume(member, "1" * 64, 101, 0)
        assert refused.value.held == Unclaimed(2, 900)
        async with begun:
            pass  # let go, so that the next request may go on with it
        async with await store.resume(member, "0" * 64, 500, 0):
            pass  # what was begun counts once, however often it is begun again
        async with await store.resume("another-" + member[:8], "1" * 64, 1000, 0):
            pass  # and for nobody else
        await pin(content_engine, finished)
        async with await store.resume(member, "1" * 64, 500, 0):
            pass  # what a submission names does not count any more
        with pytest.raises(QuotaExceeded):
            await store.resume(member, "2" * 64, 1, 0)
        hand_clock.advance(timedelta(hours=25))
        await store.sweep()
        async with await store.resume(member, "2" * 64, 1000, 0):
            pass  # what nobody named in time is gone, and makes room
    finally:
        store.close()


async def test_uploads_begun_together_are_not_all_below_the_quota(
    content_engine: AsyncEngine, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    store = with_quota(content_engine, sealed, hand_clock, Unclaimed(contents=3, bytes=1000))

    async def begin(number: int) -> bool:
        try:
            async with await store.resume(member, f"{number:064d}", 10, 0):
                return True
        except QuotaExceeded:
            return False

    try:
        assert sum(await asyncio.gather(*map(begin, range(12)))) == 3
    finally:
        store.close()


async def test_bytes_without_a_record_are_swept(
    store: ContentStore, content_engine: AsyncEngine, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    kept = await store.open(member, await put(store, member, b"kept"))
    orphan = uuid4().hex
    with sealed.upload(orphan) as upload:
        upload.append(b"left by a crash after the link and before the record")
        upload.finish()
    hand_clock.advance(timedelta(hours=23))
    assert (await store.sweep(orphans=True)).orphans == 0
    await pin(content_engine, kept.sha256)
    hand_clock.advance(timedelta(hours=4))
    assert (await store.sweep(orphans=True)).orphans == 1
    assert await kept.read() == b"kept"


async def test_a_changed_byte_is_found(
    content_engine: AsyncEngine, tmp_path: Path, member: str, hand_clock: Clock
) -> None:
    key = FileStoreKey(b"k" * 32)
    store = ContentStore(content_engine, DirectoryStore(tmp_path), key, clock=hand_clock, lease=timedelta(1))
    found = await store.open(member, await put(store, member, BODY))
    path = tmp_path / "finished" / found.location[:2] / found.location
    data = bytearray(path.read_bytes())
    assert BODY[:64] not in data
    data[SEGMENT + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedContent):
        await found.read()
    with pytest.raises(DamagedContent):
        [part async for part in found.stream(SEGMENT, SEGMENT + 1)]
    assert b"".join([part async for part in found.stream(0, 100)]) == BODY[:100]
    path.write_bytes(data[: 2 * (SEGMENT + 28)])  # cut off at a segment's end
    with pytest.raises(DamagedContent):
        [part async for part in found.stream(2 * SEGMENT)]
    store.close()


async def test_another_store_key_opens_nothing_and_an_earlier_one_still_does(
    content_engine: AsyncEngine, sealed: SealedStore, member: str, hand_clock: Clock
) -> None:
    def store_with(*keys: bytes) -> ContentStore:
        return ContentStore(content_engine, sealed, FileStoreKey(*keys), clock=hand_clock, lease=timedelta(1))

    old, other, rotated = store_with(b"k" * 32), store_with(b"o" * 32), store_with(b"n" * 32, b"k" * 32)
    name = await put(old, member, b"secret")
    with pytest.raises(DamagedContent):
        await other.open(member, name)
    assert await (await rotated.open(member, name)).read() == b"secret"
    for each in (old, other, rotated):
        each.close()


async def test_the_database_never_holds_a_key_in_the_clear(
    store: ContentStore, content_engine: AsyncEngine, member: str
) -> None:
    name = await put(store, member, b"anything")
    async with content_engine.connect() as connection:
        row = (await connection.execute(select(contents).where(contents.c.member == member))).one()
        left = (await connection.execute(select(uploads).where(uploads.c.member == member))).all()
    assert row.sha256 == name
    assert len(row.wrapped_key) == 8 + 12 + 32 + 16
    assert left == []


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    wrapped = FileStoreKey.create(path).wrap(b"c" * 32, "place")
    assert FileStoreKey.create(path).unwrap(wrapped, "place") == b"c" * 32
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DamagedContent):
        FileStoreKey.load(path).unwrap(wrapped, "another place")
