"""What is remembered between documents must not decide a later one: each part of the key is changed in turn.

`world.examine` judges by stock pyHanko and by one warm engine, and fails where they differ.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy
from pyhanko_certvalidator.registry import CertificateRegistry

from bothways import ENGINE
from docaxis.embedded.authorities import Revocation
from docaxis_signing.pdf.speed.memory import Memory
from docaxis_signing.pdf.speed.paths import MARGIN, Edges, KnownPaths, basis_of
from docaxis_signing.trust import context
from docaxis_signing.trust.context import validation_context
from docaxis_signing.trust.store import SIGNER, TrustStore
from docaxis_signing.verdict import Cause, DocumentFindings, Indication

World = Any
DAY = timedelta(days=1)


@pytest.fixture
def warm(world: World, stamped: bytes) -> bytes:
    """A document that passed a moment ago, with all of its paths remembered."""
    assert passed(world.examine(stamped))
    before = ENGINE.paths.hits
    assert passed(world.examine(stamped))
    assert ENGINE.paths.hits >= before + 2, "nothing is remembered, so nothing is tested here"
    return stamped


def passed(found: DocumentFindings) -> bool:
    return [item.indication for item in found.signatures] == [Indication.TOTAL_PASSED]


def cause(found: DocumentFindings) -> Cause | None:
    return found.approvals[0].cause


@pytest.mark.parametrize("special", ["revoked", "expired", "untrusted", "encryption-only"])
def test_another_certificate(world: World, warm: bytes, special: str) -> None:
    other = world.sign(world.plain(), world.authorities.special(special), stamped=False)
    assert not passed(world.examine(other))
    assert passed(world.examine(warm))


def test_another_trust_store(world: World, warm: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [item for item in world.trust.authorities if item.source != "government" and item.issuer != "gov-root"]
    with monkeypatch.context() as patch:
        patch.setattr(world, "trust", TrustStore.of(*(item for item in kept if item.name != "gov-root")))
        assert cause(world.examine(warm)) is Cause.NO_CONFIGURED_ROOT
    assert passed(world.examine(warm))


def test_another_policy(world: World, warm: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = DisallowWeakAlgorithmsPolicy(rsa_key_size_threshold=8192)  # type: ignore[no-untyped-call]
    with monkeypatch.context() as patch:
        patch.setattr(context, "ALGORITHMS", strict)
        assert not passed(world.examine(warm))
    assert passed(world.examine(warm))


def test_another_revocation_epoch(world: World, warm: bytes) -> None:
    person = world.authorities.person("H98")
    issuer = world.trust.issuer_of(person.certificate, SIGNER).name
    entry = Revocation(person.certificate.serial_number, world.now - 2 * DAY)
    revoked = world.snapshot(replaced={issuer: world.crl(issuer, extra_revoked=[entry])})
    assert cause(world.examine(warm, lists=revoked)) is Cause.REVOKED_BEFORE_RECEPTION
    assert cause(world.examine(warm, lists=world.snapshot(without=(issuer,)))) is Cause.REVOCATION_MISSING
    assert passed(world.examine(warm))


def test_a_revoked_authority_in_a_later_epoch(world: World, warm: bytes) -> None:
    person = world.authorities.person("H98")
    issuer = world.trust.issuer_of(person.certificate, SIGNER)
    entry = Revocation(issuer.certificate.serial_number, world.now - 2 * DAY)
    lists = world.snapshot(replaced={issuer.issuer: world.crl(issuer.issuer, extra_revoked=[entry])})
    assert cause(world.examine(warm, lists=lists)) is Cause.AUTHORITY_REVOKED


@pytest.mark.parametrize("days", [2, 30, 5000])
def test_a_later_time(world: World, warm: bytes, days: int) -> None:
    assert not passed(world.examine(warm, at=world.now + days * DAY))
    assert passed(world.examine(warm))


def test_an_earlier_time(world: World, warm: bytes) -> None:
    early = world.authorities.person("H98").certificate.not_valid_before_utc - DAY
    assert not passed(world.examine(warm, at=early))
    unstamped = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    assert passed(world.examine(unstamped))
    assert cause(world.examine(unstamped, at=early)) is Cause.NOT_YET_VALID


def test_times_around_every_edge_are_judged_as_stock_judges_them(world: World, warm: bytes) -> None:
    unstamped = world.sign(world.plain(), world.authorities.person("H98"), stamped=False)
    certificate = world.authorities.person("H98").certificate
    edges = [certificate.not_valid_before_utc, certificate.not_valid_after_utc]
    edges += [item.next_update for item in world.lists.lists[:1]]
    for edge in edges:
        for seconds in (-4, -2, -1, -0.5, 0, 0.5, 1, 2, 4):
            world.examine(unstamped, at=edge + timedelta(seconds=seconds))


@pytest.mark.parametrize("whose", ["signer", "tsa"])
def test_a_damaged_certificate_beside_the_good_ones(world: World, warm: bytes, whose: str) -> None:
    """Two versions of the cache were wrong here: it knew the leaf, and the document brought a damaged authority."""
    credential = world.authorities.person("H98")
    signer = world.signer(credential)
    name = "gov-tsa" if whose == "tsa" else world.trust.issuer_of(credential.certificate, SIGNER).name
    der = bytearray(world.authorities.authorities[name].certificate.public_bytes(Encoding.DER))
    for place in (len(der) - 5, len(der) // 2, len(der) // 3):
        changed = bytes(der[:place]) + bytes([der[place] ^ 1]) + bytes(der[place + 1 :])
        signer.cert_registry.register(asn1_x509.Certificate.load(changed))
        world.examine(world.sign(world.plain(), credential, signer=signer))


def test_flips_in_the_signature_of_a_known_signer(world: World, warm: bytes) -> None:
    random = Random(7)
    start, end = warm.index(b"/Contents") + 20, warm.rindex(b">")
    for place in random.sample(range(start, start + (end - start) // 2), 60):
        old = warm[place : place + 1]
        new = b"0" if old != b"0" else b"1"
        world.examine(warm[:place] + new + warm[place + 1 :])
    assert passed(world.examine(warm))


def test_a_mix_in_any_order(world: World, stamped: bytes, pair: bytes) -> None:
    """What a document leaves behind changes nothing about the next."""
    authorities = world.authorities
    documents = [
        stamped,
        pair,
        stamped + b"x",
        pair[: len(pair) - 40],
        *(world.sign(world.plain(), authorities.special(name)) for name in ("revoked", "untrusted", "expired")),
        *(world.two(code, visible=False) for code in ("H97.01", "G98")[1:]),
        stamped.replace(b"Line", b"Lime"),
    ]
    for seed in (1, 2):
        Random(seed).shuffle(documents)
        for data in documents:
            world.examine(data)


def test_a_foreign_kind_of_context_is_never_remembered(world: World) -> None:
    made = validation_context(world.trust, world.lists, purpose=SIGNER, moment=world.now, at=world.now)
    assert basis_of(made) is not None
    open_registry = ValidationContext(
        trust_roots=[],
        certificate_registry=CertificateRegistry(),
        revinfo_manager=made.revinfo_manager,
        moment=world.now,
    )
    assert basis_of(open_registry) is None


class TimedPolicy(DisallowWeakAlgorithmsPolicy):
    """A policy that may look at the time."""


def test_a_policy_that_may_look_at_the_time_is_never_remembered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "ALGORITHMS", TimedPolicy())  # type: ignore[no-untyped-call]
    made = validation_context(world.trust, world.lists, purpose=SIGNER, moment=world.now, at=world.now)
    assert basis_of(made) is None


async def test_an_answer_is_asked_anew_after_a_minute(world: World) -> None:
    asked = []

    class Path:
        pkix_len = 1

        def iter_certs(self, *, include_root: bool) -> Iterator[Any]:
            return iter([leaf])

    class Paths:
        async def cancel(self) -> None:
            pass

    async def stock(certificate: Any, paths: Any, **_: Any) -> Path:
        asked.append(certificate)
        return Path()

    leaf = asn1_x509.Certificate.load(world.authorities.person("H98").certificate.public_bytes(Encoding.DER))
    now = [0.0]
    find = KnownPaths(lambda: now[0]).patches()[0].make(stock)
    for moment, expected in ((0.0, 1), (59.0, 1), (61.0, 2)):
        now[0] = moment
        made = validation_context(world.trust, world.lists, purpose=SIGNER, moment=world.now, at=world.now)
        await find(leaf, Paths(), made)
        assert len(asked) == expected


MOMENTS = st.integers(0, 100).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@given(st.sets(MOMENTS, max_size=5), MOMENTS, MOMENTS)
def test_two_times_of_one_gap_lie_on_the_same_side_of_every_edge(
    edges: set[datetime], one: datetime, other: datetime
) -> None:
    made = Edges(edges)
    if made.gap(one) is not None and made.gap(one) == made.gap(other):
        assert all((one < edge) == (other < edge) for edge in edges)
    if any(abs(one - edge) < MARGIN for edge in edges):
        assert made.gap(one) is None


def test_a_memory_forgets_its_oldest() -> None:
    memory: Memory[int, int] = Memory(2)
    for number in (1, 2, 3):
        memory.put(number, number)
    assert (memory.get(1), memory.get(2), memory.get(3), len(memory)) == (None, 2, 3, 2)
