"""Receipts are signed by the organisation when somebody asks, once each, and nobody is told of what is not there."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from docaxis.embedded.authorities import DirectTimeStamper, TestAuthorities, TimestampAuthority
from docaxis.registrar import countersigning
from docaxis.registrar.countersigning import (
    PAUSE,
    RETRY,
    Countersigning,
    UnusableOrganisationKey,
    open_countersigning,
)
from docaxis.settings import KeySettings, LogSettings, Settings
from docaxis.storage import receipt_signatures
from docaxis.storage.receipt_signatures import KeptSignature, ReceiptSignatureStore
from docaxis.storage.receipts import Receipt, ReceiptStore
from docaxis_schemas.moments import system_clock
from docaxis_signing.keys import SigningKey, load_key
from docaxis_signing.pdf.timestamps import TimestampClient

WAITING: dict[UUID, KeptSignature] = {}


class Organisation:
    """The axis's certificate and an authority of time-stamps that can be away."""

    def __init__(self, directory: Path) -> None:
        authorities = TestAuthorities.create(directory, base_url="http://127.0.0.1:9", now=system_clock())
        self.path, self.passphrase = authorities.of_axis().pkcs12_path, authorities.passphrase
        self.key: SigningKey = load_key(self.path.as_uri(), passphrase=lambda: self.passphrase)
        self.stamper = DirectTimeStamper(TimestampAuthority(authorities, system_clock))

    def loop(self, store: ReceiptSignatureStore, *, away: bool = False) -> Countersigning:
        stamper = TimestampClient("http://127.0.0.1:9/tsa", time_limit=timedelta(seconds=5)) if away else self.stamper
        return Countersigning(store, self.key, stamper, system_clock)


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    return Organisation(tmp_path_factory.mktemp("organisation"))


@pytest.fixture
async def store(world: Any) -> ReceiptSignatureStore:
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM receipt_signatures"))
    return ReceiptSignatureStore(world.engine)


async def _receipts(world: Any, count: int) -> list[UUID]:
    now = world.now
    made = [
        Receipt(uuid4(), "submission.received", uuid4(), "s-1", None, now, b"{%d}" % one, "r", "k", now, 0, one)
        for one in range(count)
    ]
    await ReceiptStore(world.engine).insert(made, {one.event_id: b"leaf" for one in made})
    return sorted(one.event_id for one in made)


async def test_each_is_signed_once_when_asked_for(
    world: Any, store: ReceiptSignatureStore, organisation: Organisation
) -> None:
    events, loop = await _receipts(world, 11), organisation.loop(store)
    assert await loop.round() == PAUSE, "nobody asked for anything"
    assert await store.ask(events[:10], world.now) == WAITING
    assert set(await store.ask(events[:10], world.now)) == set(events[:10])
    while await loop.round() != PAUSE:
        pass
    kept = await store.ask(events, world.now)
    assert set(kept) == set(events[:10])
    assert all(one.signature for one in kept.values())
    while await loop.round() != PAUSE:
        pass
    again = await store.ask(events, world.now)
    assert {event: again[event] for event in kept} == kept, "what was given out once stays what it was"
    assert again[events[10]].signature


async def test_without_a_time_stamp_nothing_is_signed_and_the_cause_is_told(
    world: Any, store: ReceiptSignatureStore, organisation: Organisation
) -> None:
    events = await _receipts(world, 2)
    await store.ask(events, world.now)
    assert await organisation.loop(store, away=True).round() == RETRY
    assert await store.ask(events, world.now) == dict.fromkeys(events, KeptSignature(None, "timestamp"))
    assert await organisation.loop(store).round() == timedelta(0)
    assert all(one.signature and one.trouble is None for one in (await store.ask(events, world.now)).values())


async def test_two_at_the_same_work_keep_the_first_signature(
    world: Any, store: ReceiptSignatureStore, organisation: Organisation
) -> None:
    (event,) = await _receipts(world, 1)
    await store.ask([event], world.now)
    await store.keep({event: b"first"}, world.now)
    await store.keep({event: b"second"}, world.now)
    assert (await store.ask([event], world.now))[event].signature == b"first"


async def test_wishes_are_bounded(world: Any, store: ReceiptSignatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    events = await _receipts(world, 4)
    monkeypatch.setattr(receipt_signatures, "MOST_WAITING", 2)
    for event in events:
        await store.ask([event], world.now)
    assert set(await store.ask(events, world.now)) <= set(events)
    assert len(await store.waiting(100)) == 2


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> bytes:
        raise RuntimeError("a library's own mistake")

    monkeypatch.setattr(countersigning, "sign_detached", fail)


async def test_whatever_goes_wrong_the_registrar_goes_on(
    world: Any, store: ReceiptSignatureStore, organisation: Organisation, broken: None
) -> None:
    events = await _receipts(world, 1)
    await store.ask(events, world.now)
    assert await organisation.loop(store).round() == RETRY
    assert (await store.ask(events, world.now))[events[0]].trouble == countersigning.UNEXPECTED


async def test_the_loop_is_made_with_a_usable_key_only(world: Any, organisation: Organisation, tmp_path: Path) -> None:
    secret, key = tmp_path / "passphrase", organisation.path.as_uri()
    secret.write_bytes(organisation.passphrase + b"\n")

    async def made(mode: Literal["development", "production"] = "development", tsa: str = "x", **keys: Any) -> bool:
        settings = Settings(mode=mode, log=LogSettings(tsa=tsa), keys=KeySettings(**keys))
        async with AsyncExitStack() as stack:
            return await open_countersigning(settings, world.engine, stack, system_clock) is not None

    assert not await made()
    assert await made(organisation_key=key, organisation_passphrase=secret)
    with pytest.raises(UnusableOrganisationKey, match="TEST"):
        await made("production", organisation_key=key, organisation_passphrase=secret)
    with pytest.raises(UnusableOrganisationKey, match="TSA"):
        await made(tsa="", organisation_key=key, organisation_passphrase=secret)
    with pytest.raises(UnusableOrganisationKey, match="passphrase"):
        await made(organisation_key=key)
