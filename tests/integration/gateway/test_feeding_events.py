"""A feed gives every leaf once, in order, begins where it is told, and does not run after its own looks."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from auditlog import AuditedLog
from docaxis.auditor.feeding import QUIET, Feed, first_since
from docaxis.auditor.indexing import RejectedDisclosure
from docaxis.cli.application import main
from docaxis.cli.exit_codes import Exit
from docaxis.client.auditing import AuditClient, DisclosedLeaf
from docaxis.client.profile import Profile, write_profile
from docaxis.router.envelopes import Envelopes
from docaxis_schemas.evidence import EvidenceType


async def state(log: AuditedLog, count: int, at: datetime) -> None:
    """Have statements logged, as the router makes them of looks."""
    envelopes = Envelopes(log.axis, log.environment, log.slots)
    await log.sign(
        envelopes.evidence(
            uuid4(),
            EvidenceType.AUDIT_SEARCHED,
            submission_id=uuid4(),
            member="axis.auditor",
            recipient=None,
            at=at,
            facts={"look": "search", "credential_id": str(uuid4()), "query_sha256": "0" * 64},
        )
        for _ in range(count)
    )
    await log.publish()


async def taken(feed: Feed) -> list[int]:
    return [row["leaf_index"] async for row in feed.turn()]


async def test_every_leaf_comes_once_in_order_and_those_of_the_feeds_own_looks_late(
    world: Any, log: AuditedLog, auditor: AuditClient
) -> None:
    feed = Feed(auditor, log.policy, world.time)
    await state(log, 3, world.time())
    assert await taken(feed) == [0, 1, 2]
    assert await taken(feed) == []
    await state(log, 1, world.time())
    assert await taken(feed) == [], "one leaf for one look: that may be its own"
    await state(log, 1, world.time())
    assert await taken(feed) == [3, 4]
    await state(log, 1, world.time())
    world.time.now += QUIET
    assert await taken(feed) == [5]


async def test_a_feed_begins_where_a_time_begins(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    early, late = world.time(), world.time() + timedelta(hours=1)
    await state(log, 520, early)
    await state(log, 3, late)
    assert await first_since(auditor, log.policy, early) == 0
    begun = await first_since(auditor, log.policy, late)
    assert 0 < begun <= 520
    assert await first_since(auditor, log.policy, late + timedelta(hours=1)) <= 523
    rows = [row async for row in Feed(auditor, log.policy, world.time, begun).turn()]
    assert [row["leaf_index"] for row in rows] == list(range(begun, 523))


class Liar:
    """An axis that opens a leaf to something else."""

    def __init__(self, axis: AuditClient) -> None:
        self._axis = axis
        self.log_file = axis.log_file

    async def disclosures(self, first: int, end: int) -> AsyncIterator[DisclosedLeaf]:
        async for one in self._axis.disclosures(first, end):
            said = (one.statement or b"").replace(b"axis.auditor", b"axis.nobodys")
            yield DisclosedLeaf(one.index, one.leaf, said, one.salts, one.verdict, one.manifest, one.row)


async def test_what_the_leaf_does_not_commit_to_is_no_event(world: Any, log: AuditedLog, auditor: AuditClient) -> None:
    await state(log, 1, world.time())
    with pytest.raises(RejectedDisclosure):
        await taken(Feed(Liar(auditor), log.policy, world.time))


async def test_the_command_writes_lines_and_goes_on_where_it_stopped(
    world: Any, log: AuditedLog, auditor: AuditClient, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await state(log, 2, world.time())
    keys, profile, kept = tmp_path / "pinned.json", tmp_path / "auditor.toml", tmp_path / "siem.state"
    keys.write_text(json.dumps(log.pinned().to_json()), "utf-8")
    url = world.gateway.url
    write_profile(profile, Profile(url, world.secrets["auditor"], "auditor", log.axis, log.environment, keys=keys))
    words = ["audit", "events", "--state", str(kept), "--profile", str(profile)]

    async def lines(*more: str) -> list[str]:
        assert await asyncio.to_thread(main, [*words, *more]) == Exit.OK
        return capsys.readouterr().out.splitlines()

    first = [json.loads(line) for line in await lines()]
    assert [one["metadata"]["sequence"] for one in first] == [0, 1]
    assert {one["class_uid"] for one in first} == {6003}
    assert await lines("--format", "cef") == []
    await state(log, 2, world.time())
    assert [line.partition("|")[0] for line in await lines("--format", "cef")] == ["CEF:0", "CEF:0"]
    kept.write_text("-1", "ascii")
    assert await asyncio.to_thread(main, words) == Exit.BAD_INPUT
