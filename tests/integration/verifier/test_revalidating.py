"""A compromised authority: what rests on it is judged again, what is proved to be older stands, and all is told."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio

from docaxis.bus.port import Outgoing, UnavailableBus
from docaxis.storage.attempts import AttemptStore
from docaxis.storage.rejudgements import RejudgementStore
from docaxis.storage.revalidations import Progress, RevalidationStore
from docaxis.verifier.revalidating import Judgement, Outcome, Revalidation, UnknownAuthority, concerned, distrusting
from docaxis_schemas.codec import decode
from docaxis_schemas.events import EvidenceRecord, Judged
from docaxis_signing.trust.store import TrustStore
from judgedworld import AUTHORITY, COMPROMISED, NOW, World, judged_world


@dataclass
class Told:
    """A publisher that remembers, and can go down after so many publications."""

    sent: list[Outgoing] = field(default_factory=list)
    left: int | None = None

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        if self.left is not None:
            if self.left == 0:
                raise UnavailableBus("taken away by the test")
            self.left -= 1
        self.sent += outgoing

    @property
    def events(self) -> list[Any]:
        return [decode(one.value) for one in self.sent]


class Crash(Exception):
    """The process dies here."""


class DyingStore(RevalidationStore):
    """Progress that is lost when the process dies before it is noted."""

    async def note(self, trust_sha256: str, authority: str, progress: Progress, at: datetime) -> None:
        raise Crash


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with judged_world(tmp_path_factory.mktemp("compromise")) as made:
        yield made


async def revalidation(
    world: World, trust: TrustStore, publisher: Told | None, progress: RevalidationStore | None = None
) -> Revalidation:
    def complain(submission: UUID, error: Exception) -> None:
        raise AssertionError(f"{submission}: {error!r}")

    return Revalidation(
        trust,
        world.log.index,
        AttemptStore(world.engine),
        RejudgementStore(world.engine),
        world.keeping(),
        progress or RevalidationStore(world.engine),
        (await world.verifier(trust)).examine,
        world.log.envelopes,
        publisher,
        lambda: NOW,
        complain,
    )


STANDING, FALLING = ("received before", "stamped before"), ("stamped after", "no proof")
EXPECTED = Counter({Outcome.STANDS: 2, Outcome.CHANGED: 3})


async def test_a_rehearsal_counts_what_would_fall_and_changes_nothing(world: World) -> None:
    before = await world.kept()
    trust = distrusting(world.trust, AUTHORITY, COMPROMISED)
    told: list[Judgement] = []
    assert await (await revalidation(world, trust, None)).run(AUTHORITY, told.append) == EXPECTED
    by_outcome: dict[Outcome, set[UUID]] = {outcome: set() for outcome in Outcome}
    for one in told:
        by_outcome[one.outcome].add(one.submission_id)
    assert by_outcome[Outcome.STANDS] == {one for kind in STANDING for one in world.ids[kind]}
    assert by_outcome[Outcome.CHANGED] == {one for kind in FALLING for one in world.ids[kind]}
    assert {(one.before, one.after) for one in told if one.outcome is Outcome.CHANGED} == {("deliver", "refuse")}
    assert await world.kept() == before
    assert await RevalidationStore(world.engine).read(trust.sha256, AUTHORITY) is None


async def test_it_goes_on_after_a_crash_and_tells_each_change_once(world: World) -> None:
    leaves, decided = await world.kept()
    trust = distrusting(world.trust, AUTHORITY, COMPROMISED)
    nobody: Any = lambda _: None  # noqa: E731 - takes what nobody wants
    first = Told(left=1)
    with pytest.raises(UnavailableBus):
        await (await revalidation(world, trust, first)).run(AUTHORITY, nobody)
    second = Told()
    with pytest.raises(Crash):
        await (await revalidation(world, trust, second, DyingStore(world.engine))).run(AUTHORITY, nobody)
    third = Told()
    assert await (await revalidation(world, trust, third)).run(AUTHORITY, nobody) == EXPECTED
    after_it = Told()
    assert await (await revalidation(world, trust, after_it)).run(AUTHORITY, nobody) == EXPECTED
    assert after_it.sent == [], "what was judged again is not judged a third time"
    falling = {one for kind in FALLING for one in world.ids[kind]}
    sent = [*first.sent, *second.sent, *third.sent]
    statements = {
        one.event_id: one for one in map(decode, (one.value for one in sent)) if isinstance(one, EvidenceRecord)
    }
    assert {one.submission_id for one in statements.values()} == falling
    assert {one.type for one in statements.values()} == {"verdict.revised"}
    assert len(statements) == len(falling), "redone statements are the same, byte for byte, under the same id"
    notices = [one for one in third.events if isinstance(one, Judged)]
    assert {one.submission_id for one in notices} == falling
    assert {one.disposition for one in notices} == {"refuse"}
    await world.log.sign(cast("Any", sent))
    await world.log.publish()
    now, kept = await world.kept()
    assert now[: len(leaves)] == leaves, "an old leaf is never edited"
    assert len(now) == len(leaves) + len(falling)
    assert [row for row in kept if row.kind == "verdict"] == [row for row in decided if row.kind == "verdict"]


async def test_an_authority_that_stands_above_takes_its_own_along(world: World) -> None:
    below = concerned(world.trust, "public-root")
    assert below is not None
    assert len(below) == 3
    assert concerned(world.trust, "gov-tsa") is None, "time-stamps rest on it: any document may be concerned"
    with pytest.raises(UnknownAuthority):
        concerned(world.trust, "nobody")
    with pytest.raises(UnknownAuthority):
        distrusting(world.trust, "nobody", NOW)
