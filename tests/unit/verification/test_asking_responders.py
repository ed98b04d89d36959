"""Known signers are asked about ahead of need, at configured addresses, and no more often than answers ask for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509

from docaxis.embedded.authorities import Revocation
from docaxis.embedded.authorities.revocation import answer_ocsp
from docaxis_signing.judgement import JudgedFile, Parties
from docaxis_signing.pdf.verification import examine
from docaxis_signing.policy import JudgedAs, Policy
from docaxis_signing.policy_files import shipped
from docaxis_signing.rerun import FORMAT, Grounds, Rebuilder, divide, join
from docaxis_signing.trust.asking import A_TURN, ASK_AGAIN, Asking
from docaxis_signing.trust.breaker import FAILURES
from docaxis_signing.trust.ocsp import MAX_ANSWER_BYTES
from docaxis_signing.trust.revocation import Status, status_of
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause

World = Any
HOUR = timedelta(hours=1)
NONCES = [bytes([number]) * 16 for number in range(200)]


@dataclass
class Responder:
    """Answers over a wire in memory, and remembers what it was asked."""

    world: World
    revoked: list[Revocation] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    lifetime: timedelta = HOUR
    change: Callable[[bytes], httpx.Response] = lambda der: httpx.Response(200, content=der)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        authority = self.world.authorities.authorities[request.url.path.rpartition("/")[2]]
        der = answer_ocsp(
            authority,
            request.content,
            issued=self.world.authorities.issued(authority.name),
            revoked=self.revoked,
            now=self.world.now,
            lifetime=self.lifetime,
        )
        return self.change(der)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


@pytest.fixture
def responder(world: World) -> Responder:
    return Responder(world)


@pytest.fixture(scope="module")
def sealed(world: World) -> bytes:
    data: bytes = world.sign(world.plain(), world.authorities.seal("H98"), stamped=False)
    return data


def asking(trust: TrustStore) -> Asking:
    nonces = iter(NONCES)
    return Asking(trust, nonces=lambda: next(nonces))


def signers(world: World) -> list[x509.Certificate]:
    return [world.authorities.seal("H98").certificate, world.authorities.person("H98").certificate]


async def test_a_revocation_that_no_list_names_yet_is_known_at_once(
    world: World, responder: Responder, sealed: bytes
) -> None:
    seal, _ = signers(world)
    responder.revoked = [Revocation(seal.serial_number, world.now - HOUR)]
    async with responder.client() as http:
        asked = await asking(world.trust).turn(world.lists, signers(world), client=http, now=world.now)
    assert asked.problems == ()
    assert asked.snapshot.epoch == world.lists.epoch + 1
    status = status_of(seal, world.trust.named("gov-local"), asked.snapshot, at=world.now)
    assert status.status is Status.REVOKED
    found = examine(sealed, trust=world.trust, revocation=asked.snapshot, at=world.now)
    assert found.approvals[0].cause is Cause.REVOKED_BEFORE_RECEPTION
    assert status.list_sha256 in found.revocation_lists


async def test_good_answers_begin_no_epoch_where_lists_say_it_too(world: World, responder: Responder) -> None:
    """Workers learn nothing new, and caches stay warm."""
    async with responder.client() as http:
        asked = await asking(world.trust).turn(world.lists, signers(world), client=http, now=world.now)
    assert asked.snapshot is world.lists
    assert len(responder.asked) == 2


async def test_a_good_answer_counts_for_an_authority_without_a_list(
    world: World, responder: Responder, sealed: bytes
) -> None:
    trust = TrustStore.of(
        *(replace(item, crl=()) if item.name == "gov-local" else item for item in world.trust.authorities)
    )
    lists = world.snapshot(without=("gov-local",))
    async with responder.client() as http:
        asked = await asking(trust).turn(lists, signers(world)[:1], client=http, now=world.now)
    status = status_of(signers(world)[0], trust.named("gov-local"), asked.snapshot, at=world.now).status
    assert status is Status.GOOD
    found = examine(sealed, trust=trust, revocation=asked.snapshot, at=world.now)
    assert found.approvals[0].indication == "TOTAL-PASSED"


async def test_only_configured_addresses_are_asked_and_each_question_has_its_own_nonce(
    world: World, responder: Responder
) -> None:
    async with responder.client() as http:
        await asking(world.trust).turn(world.lists, signers(world), client=http, now=world.now)
    addresses = {address for item in world.trust.authorities for address in item.ocsp}
    assert {str(request.url) for request in responder.asked} <= addresses
    assert all(request.method == "POST" for request in responder.asked)
    assert all(any(nonce in request.content for nonce in NONCES) for request in responder.asked)
    assert len({request.content for request in responder.asked}) == 2


async def test_an_inner_address_is_not_asked(world: World, responder: Responder) -> None:
    trust = TrustStore.of(
        *(
            replace(item, ocsp=("http://169.254.169.254/ocsp",)) if item.ocsp else item
            for item in world.trust.authorities
        )
    )
    async with responder.client() as http:
        asked = await asking(trust).turn(world.lists, signers(world), client=http, now=world.now)
    assert responder.asked == []
    assert "not contacted" in asked.problems[0]


async def test_a_signer_is_asked_about_again_after_half_of_the_answers_time(world: World, responder: Responder) -> None:
    asker = asking(world.trust)
    async with responder.client() as http:

        async def turn(after: timedelta) -> int:
            before = len(responder.asked)
            await asker.turn(world.lists, signers(world)[:1], client=http, now=world.now + after)
            return len(responder.asked) - before

        turns = [timedelta(0), HOUR / 2 - timedelta(seconds=1), HOUR / 2, HOUR / 2]
        assert [await turn(after) for after in turns] == [1, 0, 1, 0]


async def test_a_turn_has_an_end_and_who_waited_longest_comes_first(
    world: World, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docaxis_signing.trust.asking.A_TURN", 1)
    asker = asking(world.trust)
    async with responder.client() as http:
        for _ in range(3):
            await asker.turn(world.lists, signers(world), client=http, now=world.now)
    assert len(responder.asked) == 2
    assert A_TURN > 1


async def test_nobody_is_asked_about_an_expired_signer_or_one_of_nobody_here(
    world: World, responder: Responder
) -> None:
    others = [world.authorities.special(name).certificate for name in ("expired", "untrusted")]
    async with responder.client() as http:
        await asking(world.trust).turn(world.lists, others, client=http, now=world.now)
    assert responder.asked == []


FAULTS: dict[str, Callable[[bytes], httpx.Response]] = {
    "unavailable": lambda _: httpx.Response(503),
    "redirect": lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
    "too-large": lambda _: httpx.Response(200, content=b"x" * (MAX_ANSWER_BYTES + 1)),
    "compressed": lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")),
    "page": lambda _: httpx.Response(200, content=b"<html>"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_is_no_answer_changes_nothing_and_is_told(
    world: World, responder: Responder, fault: Callable[[bytes], httpx.Response]
) -> None:
    responder.change = fault
    asker = asking(world.trust)
    async with responder.client() as http:
        asked = await asker.turn(world.lists, signers(world)[:1], client=http, now=world.now)
        assert asked.snapshot is world.lists
        assert len(asked.problems) == 1
        again = await asker.turn(world.lists, signers(world)[:1], client=http, now=world.now + ASK_AGAIN / 2)
        assert again.problems == ()
        await asker.turn(world.lists, signers(world)[:1], client=http, now=world.now + ASK_AGAIN)
    assert len(responder.asked) == 2


async def test_a_replayed_answer_is_refused_for_its_nonce(world: World, responder: Responder) -> None:
    seal = signers(world)[:1]
    kept: list[bytes] = []

    def replay(der: bytes) -> httpx.Response:
        kept.append(der)
        return httpx.Response(200, content=kept[0])

    responder.change = replay
    asker = asking(world.trust)
    async with responder.client() as http:
        first = await asker.turn(world.lists, seal, client=http, now=world.now)
        responder.revoked = [Revocation(seal[0].serial_number, world.now - HOUR)]
        second = await asker.turn(world.lists, seal, client=http, now=world.now + HOUR / 2)
    assert first.problems == ()
    assert "nonce" in second.problems[0]


async def test_a_responder_that_keeps_failing_is_left_alone(world: World, responder: Responder) -> None:
    responder.change = FAULTS["unavailable"]
    asker = asking(world.trust)
    many = [world.authorities.seal("H98").certificate] * 9
    async with responder.client() as http:
        asked = await asker.turn(world.lists, many, client=http, now=world.now)
    assert len(responder.asked) < len(many)
    assert len(responder.asked) >= FAILURES
    assert any("left alone" in problem for problem in asked.problems)


async def test_answers_that_decided_are_kept_for_the_verdict_to_be_drawn_again(
    world: World, responder: Responder, sealed: bytes
) -> None:
    seal, other = signers(world)
    responder.revoked = [Revocation(one.serial_number, world.now - HOUR) for one in (seal, other)]
    async with responder.client() as http:
        asked = await asking(world.trust).turn(world.lists, [seal, other], client=http, now=world.now)
    assert len(asked.snapshot.answers) == 2
    grounds = Grounds.of(Policy.of_file(shipped("signatures")), world.trust, asked.snapshot, world.now)
    found = examine(sealed, trust=world.trust, revocation=asked.snapshot, at=world.now)
    files = [JudgedFile("sealed.pdf", JudgedAs.FILE, found)]
    (answer,) = grounds.answers_about([found])
    objects = grounds.objects | {answer.sha256: answer.der}
    inputs = join(*divide(grounds.inputs(files, register=[], parties=Parties(""), received=world.now)))
    rebuilt = Rebuilder(objects.__getitem__).rebuild({"format": FORMAT, "inputs": inputs})
    assert rebuilt.revocation.answers.keys() == {("gov-local", seal.serial_number)}, "others' answers are not named"
    again = examine(sealed, trust=rebuilt.trust, revocation=rebuilt.revocation, at=world.now)
    assert again == found
    assert again.approvals[0].cause is Cause.REVOKED_BEFORE_RECEPTION
