"""Kills, each with documents inside what is killed: services at their named points, broker and database at any time."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from axisfaults import kafka
from axisfaults.checker import Findings, check
from axisfaults.documents import Document
from axisfaults.observation import Observation, observe
from axisfaults.scene import Scene
from docaxis.failpoints import Point
from docaxis_schemas.codec import decode
from docaxis_schemas.events import InboxItem
from docaxis_schemas.identifiers import submission_id

FULL: Final = os.environ.get("DOCAXIS_FULL") == "1"
INSIDE: Final = 20
"""Documents that a kill must fall among."""
HELD_BEFORE: Final = 2
"""Documents already held when the kill comes."""
SETTLING: Final = ("verifier", "router", "projector", "registrar")
STILL_SECONDS: Final = 90.0
"""A run in which nothing has moved for so long has settled. A busy machine is slow, it does not stand still."""
SETTLING_LOOK_SECONDS: Final = 1.0

POINTS: Final[Mapping[str, tuple[tuple[Point, int], ...]]] = {
    "gateway": (
        (Point.GATEWAY_AFTER_CONTENT_FSYNC, 5),
        (Point.GATEWAY_AFTER_CLAIM, 5),
        (Point.GATEWAY_BEFORE_RESPONSE, 3),
    ),
    "verifier": (
        (Point.VERIFIER_AFTER_VERDICT, 5),
        (Point.VERIFIER_IN_TRANSACTION, 1),
        (Point.VERIFIER_AFTER_SOURCE_BOUND, 5),
    ),
    "router": ((Point.ROUTER_IN_TRANSACTION, 1), (Point.ROUTER_AFTER_DECISION, 5)),
    "registrar": ((Point.REGISTRAR_AFTER_RECEIPTS, 5), (Point.REGISTRAR_IN_TRANSACTION, 1)),
    "projector": ((Point.PROJECTOR_BEFORE_COMMIT, 1), (Point.PROJECTOR_AFTER_COMMIT, 1)),
    "broker": (),
    "database": (),
}
"""Where each target dies, and at which hit; broker and database have no points of ours."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A kill and the submissions that were inside."""

    label: str
    inside: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did and what was seen of it."""

    struck: tuple[Struck, ...]
    observation: Observation
    findings: Findings

    def lines(self) -> list[str]:
        """Give one line a kill."""
        seen, found = self.observation, self.findings
        finished = len(seen.acknowledged.keys() & seen.routes)
        tail = f"{finished}/{len(seen.acknowledged)} lost={len(found.lost)} dup={len(found.duplicated)}"
        tail += f" contradictory={len(found.contradictory)}"
        return [f"kill {one.label} {tail} inside={len(one.inside)}" for one in self.struck]


async def run(scene: Scene, target: str, *, documents: int, kills: int) -> Run:
    """Hand documents in, kill the target so many times among them, wait until all is settled, and look."""
    each = documents // kills
    struck: list[Struck] = []
    mine: set[UUID] = set()
    for number in range(kills):
        batch = await scene.drawer.take(each)
        mine |= names(batch)
        struck.append(await _one_kill(scene, target, number, batch))
    return await look(scene, mine, struck)


async def look(scene: Scene, mine: set[UUID], struck: Iterable[Struck] = ()) -> Run:
    """Wait until all is settled, and look."""
    await settle(scene, mine)
    seen = await observe(scene, mine)
    return Run(tuple(struck), seen, check(seen))


def names(documents: Iterable[Document]) -> set[UUID]:
    """Name the submissions that these documents become."""
    return {submission_id(document.member, document.own_id) for document in documents}


async def _one_kill(scene: Scene, target: str, number: int, batch: list[Document]) -> Struck:
    await scene.let_lists_go_stale()
    try:
        held = [document for document in batch if document.held][:HELD_BEFORE]
        await scene.load.hand_in(held)
        await until_held(scene, names(held))
        rest = [document for document in batch if document not in held]
        points = POINTS[target]
        if target == "broker":
            struck = await _kill_broker(scene, rest)
        elif target == "database":
            struck = await _kill_database(scene, rest)
        else:
            point, hits = points[number % len(points)]
            kill = _kill_gateway if target == "gateway" else _kill_stage
            struck = await kill(scene, target, f"{point}:{hits}", rest)
        undecided = names(held) - await scene.decided()
        assert undecided == names(held), "held documents were decided before their list was renewed"
    finally:
        scene.publish_lists()
    return struck


async def until_held(scene: Scene, held: set[UUID]) -> None:
    """Wait until the senders of these have been told that their documents are held."""

    async def told() -> bool:
        rows = await scene.rows(
            "SELECT submission_id, convert_from(body, 'UTF8') AS body FROM inbox_items"
            " WHERE kind = 'news' AND submission_id = ANY(CAST(:held AS uuid[]))",
            held=list(held),
        )
        return held <= {row.submission_id for row in rows if '"news":"held"' in row.body}

    await scene.until(told, "the senders are told that documents are held")


async def _kill_gateway(scene: Scene, target: str, point: str, batch: list[Document]) -> Struck:
    await scene.services[target].stop()
    handing_in = asyncio.create_task(scene.load.hand_in(batch))
    try:
        await scene.die_at(target, point)
        inside = frozenset(scene.load.outstanding & names(batch))
        await scene.services[target].start()
        await handing_in
    finally:
        handing_in.cancel()
    return Struck(point, inside)


async def _kill_stage(scene: Scene, target: str, point: str, batch: list[Document]) -> Struck:
    """Let work gather before a stopped stage, then let it come to the point with all of that in hand."""
    await scene.services[target].stop()
    mine = names(batch)
    await scene.load.hand_in(batch)

    async def gathered() -> bool:
        return len(await scene.waiting_in(target) & mine) >= min(len(mine), INSIDE + INSIDE // 4)

    await scene.until(gathered, f"documents wait for the {target}")
    died_at = await scene.die_at(target, point)
    inside = frozenset(await scene.waiting_in(target, before_ms=died_at) & mine)
    await scene.services[target].start()
    return Struck(point, inside)


async def _kill_broker(scene: Scene, batch: list[Document]) -> Struck:
    handing_in = asyncio.create_task(scene.load.hand_in(batch))
    try:
        await _under_way(scene, batch)
        await scene.axis.cluster.kill()
        # What has no route now gets none while the broker is away: routes are decided on its records.
        inside = frozenset(names(batch) - await scene.decided())
        await scene.axis.cluster.restart_killed()
        await handing_in
    finally:
        handing_in.cancel()
    return Struck("broker", inside)


async def _kill_database(scene: Scene, batch: list[Document]) -> Struck:
    handing_in = asyncio.create_task(scene.load.hand_in(batch))
    try:
        await _under_way(scene, batch)
        await scene.axis.database.kill()
        killed_at = time.time() * 1000
        records = await kafka.read_committed(scene.axis.cluster.access, scene.projected_topics())
        items = [decode(record.value) for record in records if record.timestamp <= killed_at]
        delivered = {item.submission_id for item in items if isinstance(item, InboxItem) and item.kind == "delivery"}
        inside = frozenset(names(batch) - delivered)
        await scene.axis.database.start()
        await handing_in
    finally:
        handing_in.cancel()
    return Struck("database", inside)


async def _under_way(scene: Scene, batch: list[Document]) -> None:
    """Wait until some of a batch are acknowledged, so that the rest are in all places between."""

    async def some() -> bool:
        return len(names(batch) & scene.load.acknowledged.keys()) >= len(batch) // 5

    await scene.until(some, "the first documents are acknowledged")


async def settle(scene: Scene, mine: set[UUID]) -> None:
    """Wait until all stages are idle and parties see every delivery as handed over, or until nothing moves any more.

    It does not raise when nothing moves: what is missing then, the checker says more precisely.

    Raises:
        AssertionError: Documents were never acknowledged.
    """
    before, moved_at = await _left(scene, mine), time.monotonic()
    while before and time.monotonic() - moved_at < STILL_SECONDS:
        scene.load.require_takers()
        await asyncio.sleep(SETTLING_LOOK_SECONDS)
        left = await _left(scene, mine)
        if left != before:
            before, moved_at = left, time.monotonic()
    outstanding = scene.load.outstanding & mine
    assert not outstanding, f"{len(outstanding)} were never acknowledged"


async def _left(scene: Scene, mine: set[UUID]) -> dict[str, int]:
    """Count what is still to be done, where anything is: deliveries that parties do not see as handed over, records."""
    wanted = sum(len(scene.load.begun[name].recipients) for name in mine)
    rows = await scene.rows("SELECT submission_id FROM delivery_lines WHERE state = 'handed_over'")
    left = {"deliveries": wanted - sum(row.submission_id in mine for row in rows)}
    left |= {stage: len(await scene.waiting_in(stage) & mine) for stage in SETTLING}
    return {name: count for name, count in left.items() if count}
