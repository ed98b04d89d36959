"""What the past would have got under a draft: from what was kept, changing nothing, and never guessing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from docaxis.storage.attempts import AttemptStore
from docaxis.storage.evidence_objects import EvidenceObjects
from docaxis.verifier.revalidating import distrusting
from docaxis.verifier.what_if import Answer, Draft, Outcome, RejectedDraft, WhatIf
from docaxis_signing.policy import FilePolicy
from docaxis_signing.policy_files import read_policy, shipped
from docaxis_signing.trust.store import TrustStore
from judgedworld import AUTHORITY, COMPROMISED, NOW, World, judged_world

OF_IT = ("received before", "stamped before", "stamped after", "no proof")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with judged_world(tmp_path_factory.mktemp("what-if")) as made:
        yield made


def wanting_timestamps() -> FilePolicy:
    return read_policy(shipped("original").text.replace(b"timestamp = false", b"timestamp = true"))


async def ask(world: World, draft: Draft) -> dict[UUID, Answer]:
    async def everything() -> AsyncIterator[UUID]:
        for kind in world.ids.values():
            for one in kind:
                yield one

    objects, told = EvidenceObjects(world.engine, lambda: NOW), list[Answer]()
    counts = await WhatIf(draft, AttemptStore(world.engine), objects, world.contents, world.pool).run(
        everything(), told.append
    )
    assert sum(counts.values()) == len(told) == sum(map(len, world.ids.values()))
    return {one.submission_id: one for one in told}


def of_outcome(world: World, found: dict[UUID, Answer], outcome: Outcome) -> set[str]:
    return {kind for kind, ids in world.ids.items() for one in ids if found[one].outcome is outcome}


async def everything_kept(world: World) -> Any:
    async with world.engine.connect() as connection:
        tables = ("evidence_objects", "verdict_inputs", "revocation_lists", "revalidations", "audit_looks")
        return await world.kept(), [
            (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in tables
        ]


async def test_a_draft_policy_changes_what_it_asks_more_of_and_writes_nothing(world: World) -> None:
    before = await everything_kept(world)
    found = await ask(world, Draft(policy=wanting_timestamps()))
    assert of_outcome(world, found, Outcome.CHANGED) == {"received before", "no proof"}
    assert of_outcome(world, found, Outcome.SAME) == {"stamped before", "stamped after", "another authority"}
    fallen = found[world.ids["no proof"][0]]
    assert fallen.before.split() == ["TOTAL-PASSED", "deliver"]
    assert fallen.after.split()[0] != "TOTAL-PASSED"
    assert await everything_kept(world) == before


async def test_a_draft_that_asks_the_same_changes_nothing(world: World) -> None:
    found = await ask(world, Draft(policy=shipped("original")))
    assert {one.outcome for one in found.values()} == {Outcome.SAME}
    with pytest.raises(RejectedDraft, match="appendix"):
        await ask(world, Draft(policy=shipped("archive")))


async def test_a_draft_trust_store_is_asked_with_the_lists_of_then(world: World) -> None:
    without = TrustStore.of(*(one for one in world.trust.authorities if one.name != AUTHORITY))
    found = await ask(world, Draft(trust=without))
    assert of_outcome(world, found, Outcome.CHANGED) == set(OF_IT)
    assert of_outcome(world, found, Outcome.SAME) == {"another authority"}
    assert "no_configured_root" in found[world.ids["no proof"][0]].after

    found = await ask(world, Draft(trust=distrusting(world.trust, AUTHORITY, COMPROMISED)))
    assert of_outcome(world, found, Outcome.CHANGED) == {"stamped after", "no proof"}

    names = {one.name: f"renamed-{one.name}" for one in world.trust.authorities}
    renamed = TrustStore.of(
        *(replace(one, name=names[one.name], issuer=names.get(one.issuer or "")) for one in world.trust.authorities)
    )
    found = await ask(world, Draft(trust=renamed))
    assert {one.outcome for one in found.values()} == {Outcome.SAME}, "a list belongs to a certificate, not to a name"


async def test_what_lacks_its_grounds_is_said_to_lack_them(world: World) -> None:
    (first,), (second,) = world.ids["no proof"], world.ids["another authority"]
    async with world.engine.begin() as connection:
        await connection.execute(
            text(
                "DELETE FROM verdict_inputs WHERE event_id IN"
                " (SELECT event_id FROM decisions WHERE submission_id = :submission)"
            ),
            {"submission": first},
        )
        await connection.execute(
            text(
                "DELETE FROM contents WHERE sha256 IN (SELECT entry ->> 'sha256' FROM claims,"
                " jsonb_array_elements(convert_from(manifest, 'UTF8')::jsonb -> 'contents') AS entry"
                " WHERE submission_id = :submission)"
            ),
            {"submission": second},
        )
    found = await ask(world, Draft(policy=wanting_timestamps()))
    assert found[first].outcome is found[second].outcome is Outcome.LACKING
    assert "before what verdicts are drawn from was kept" in found[first].reason
    assert found[second].reason
    assert of_outcome(world, found, Outcome.CHANGED) == {"received before"}

    objects = "UPDATE evidence_objects SET content = content || '\\x00'::bytea WHERE sha256"
    for damage, reason in (
        (f"{objects} NOT IN (SELECT shared FROM verdict_inputs)", "other bytes"),
        ("UPDATE verdict_inputs SET own = own || '\\x00'::bytea", "cannot be read"),
        (f"{objects} IN (SELECT shared FROM verdict_inputs)", "other bytes"),
    ):
        async with world.engine.begin() as connection:
            await connection.execute(text(damage))
        found = await ask(world, Draft(policy=wanting_timestamps()))
        assert {one.outcome for one in found.values()} == {Outcome.LACKING}
        assert reason in found[world.ids["stamped before"][0]].reason
