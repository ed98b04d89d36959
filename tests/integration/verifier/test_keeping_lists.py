"""The revocation lists in force outlive a restart: an older list that is still fresh stays refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.authorities import Revocation, TestAuthorities
from docaxis.embedded.authorities.revocation import answer_ocsp
from docaxis.embedded.database import EmbeddedDatabase
from docaxis.storage.database import open_database
from docaxis.storage.decisions import UnavailableStorage
from docaxis.storage.migrate import upgrade
from docaxis.storage.registered_signers import RegisteredSigners
from docaxis.storage.revocation_lists import KeptList, RevocationListStore
from docaxis.storage.tables.directory import registered_certificates
from docaxis.verifier.revocations import Revocations
from docaxis_signing.trust.lists import ingest
from docaxis_signing.trust.revocation import Status, status_of
from docaxis_signing.trust.store import TrustStore

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@dataclass
class World:
    engine: AsyncEngine
    authorities: TestAuthorities
    trust: TrustStore

    def revocations(self) -> Revocations:
        """What a process begins with."""
        return Revocations(self.trust, RevocationListStore(self.engine), lambda: NOW, HOUR)

    def crl(self, issued: datetime, *, revoked: bool = False) -> bytes:
        seal = self.authorities.seal("H98").certificate
        extra = [Revocation(seal.serial_number, issued - HOUR)] if revoked else []
        return self.authorities.crl("gov-local", now=issued, lifetime=timedelta(days=2), extra_revoked=extra)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    directory: Path = tmp_path_factory.mktemp("kept")
    authorities = TestAuthorities.create(directory / "keys", base_url="http://127.0.0.1:9", now=NOW)
    authorities.write_trust(directory / "trust")
    async with EmbeddedDatabase(directory / "database") as database:
        await upgrade(database.url)
        engine = open_database(database.url, application="test")
        yield World(engine, authorities, TrustStore.load(directory / "trust"))
        await engine.dispose()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def empty(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM revocation_lists"))


def serving(der: bytes) -> httpx.AsyncClient:
    answer: Callable[[httpx.Request], httpx.Response] = lambda request: (  # noqa: E731 - one answer
        httpx.Response(200, content=der) if "gov-local" in str(request.url) else httpx.Response(503)
    )
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def turn(held: Revocations, der: bytes) -> None:
    async with serving(der) as client:
        await held._refresh(client)


async def test_after_a_restart_an_older_list_is_refused_and_the_revocation_stands(world: World) -> None:
    seal = world.authorities.seal("H98").certificate
    older, newer = world.crl(NOW - 9 * HOUR), world.crl(NOW - HOUR, revoked=True)
    before = world.revocations()
    assert await before.restore()
    await turn(before, newer)

    after = world.revocations()
    assert await after.restore()
    await turn(after, older)
    snapshot = await after.current()
    assert any("older than the list in force" in problem for problem in after.problems)
    assert status_of(seal, world.trust.named("gov-local"), snapshot, at=NOW).status is Status.REVOKED


async def test_without_what_was_kept_the_replay_would_have_passed(world: World) -> None:
    """The attack is real: a process that knows nothing takes the older list."""
    seal = world.authorities.seal("H98").certificate
    fresh = world.revocations()
    await turn(fresh, world.crl(NOW - 9 * HOUR))
    status = status_of(seal, world.trust.named("gov-local"), await fresh.current(), at=NOW).status
    assert status is Status.GOOD


async def test_a_kept_list_is_in_force_before_anything_is_fetched(world: World) -> None:
    held = world.revocations()
    await held.restore()
    await turn(held, world.crl(NOW - HOUR))
    again = world.revocations()
    await again.restore()
    assert again._snapshot.hashes == held._snapshot.hashes
    assert again._snapshot.epoch > int(NOW.timestamp())


async def test_an_earlier_list_replaces_no_later_one_in_the_database(world: World) -> None:
    """Two processes share the table; the slower one must not turn it back."""
    store = RevocationListStore(world.engine)
    taken = [ingest(world.trust, "gov-local", world.crl(at), now=NOW) for at in (NOW - HOUR, NOW - 9 * HOUR)]
    authority = world.trust.named("gov-local").sha256
    await store.keep([KeptList(authority, "", item.this_update, item.sha256, item.der) for item in taken])
    assert [row.sha256 for row in await store.read()] == [taken[0].sha256]


@pytest.mark.parametrize("damage", ["bytes", "authority"])
async def test_what_was_changed_in_the_database_is_not_believed(world: World, damage: str) -> None:
    store, der = RevocationListStore(world.engine), bytearray(world.crl(NOW - HOUR))
    name = "gov-local" if damage == "bytes" else "gov-state"
    if damage == "bytes":
        der[-20] ^= 1
    await store.keep([KeptList(world.trust.named(name).sha256, "", NOW, "0" * 64, bytes(der))])
    held = world.revocations()
    assert await held.restore()
    assert held._snapshot.lists == ()


async def test_nothing_is_judged_before_the_database_told_its_lists(world: World) -> None:
    class Away(RevocationListStore):
        async def read(self) -> list[KeptList]:
            raise UnavailableStorage("away")

    held = Revocations(world.trust, Away(world.engine), lambda: NOW, HOUR)
    stopping = asyncio.Event()
    assert not await held.restore()
    serving = asyncio.create_task(held.serve(stopping))
    await asyncio.sleep(0)
    assert held.causes
    stopping.set()
    await serving
    assert held.causes


async def test_what_could_not_be_kept_is_kept_at_the_next_turn(world: World) -> None:
    class OnceAway(RevocationListStore):
        away = True

        async def keep(self, lists: object) -> None:
            if self.away:
                self.away = False
                raise UnavailableStorage("away")
            await super().keep(lists)  # type: ignore[arg-type]

    store = OnceAway(world.engine)
    held = Revocations(world.trust, store, lambda: NOW, HOUR)
    der = world.crl(NOW - HOUR)
    await turn(held, der)
    assert await store.read() == []
    await turn(held, der)
    assert [bytes(row.list) for row in await store.read()] == [der]


async def test_registered_signers_are_asked_about_and_withdrawn_ones_are_not(world: World) -> None:
    """What their authority's responder says of them is in force with the next epoch."""
    kept, gone = (
        credential.certificate for credential in (world.authorities.seal("H98"), world.authorities.seal("H99"))
    )
    rows = [
        {
            "certificate_sha256": certificate.fingerprint(hashes.SHA256()).hex(),
            "role": "seal",
            "organisation": "H98",
            "certificate": certificate.public_bytes(Encoding.DER),
            "valid_from": NOW - HOUR,
            "valid_to": NOW if certificate is gone else None,
            "possession": "signature",
            "proof": b"",
            "registered_by": "operator",
            "registered_at": NOW,
        }
        for certificate in (kept, gone)
    ]
    async with world.engine.begin() as connection:
        await connection.execute(insert(registered_certificates), rows)
    revoked = [Revocation(certificate.serial_number, NOW - HOUR) for certificate in (kept, gone)]

    def answer(request: httpx.Request) -> httpx.Response:
        authority = world.authorities.authorities[request.url.path.rpartition("/")[2]]
        der = answer_ocsp(authority, request.content, issued=[], revoked=revoked, now=NOW, lifetime=HOUR)
        return httpx.Response(200, content=der)

    signers = RegisteredSigners(world.engine).standing
    held = Revocations(world.trust, RevocationListStore(world.engine), lambda: NOW, HOUR, signers=signers)
    before = held._snapshot.epoch
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await held._ask(client)
    snapshot = await held.current()
    assert snapshot.epoch == before + 1
    assert [serial for _, serial in snapshot.answers] == [kept.serial_number]
