"""``docaxis audit revalidate``, killed with -9 again and again: no verdict twice, none lost, no old leaf touched."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from axisfaults.documents import HELD_AUTHORITY, HELD_ISSUER
from axisfaults.kills import names
from axisfaults.scene import Scene
from docaxis.client.profile import Profile, write_profile
from docaxis.embedded.axis import AXIS, ENVIRONMENT
from docaxis.embedded.processes import environment_of
from docaxis.failpoints import VARIABLE, Point
from docaxis.verifier.revalidating import BATCH
from docaxis_schemas.moments import system_clock
from docaxis_signing.trust.editing import TrustDirectory

DOCUMENTS: Final = BATCH + 8
RECIPIENT: Final = "H98.14"
DOCAXIS: Final = str(Path(sys.executable).with_name("docaxis"))
NAMES: Final = (AXIS, ENVIRONMENT)
KILLS: Final = (
    f"{Point.REVALIDATION_AFTER_DECISION}:5",
    f"{Point.REVALIDATION_AFTER_TELLING}:9",
    f"{Point.REVALIDATION_AFTER_NOTE}:1",
    f"{Point.REVALIDATION_AFTER_DECISION}:3",
)
REVISED: Final = """
    SELECT d.submission_id, count(DISTINCT d.event_id) AS decided, count(DISTINCT r.event_id) AS stated,
      count(DISTINCT l.leaf_index) AS logged, count(DISTINCT i.event_id) AS told
    FROM decisions d
    LEFT JOIN receipts r ON r.submission_id = d.submission_id AND r.type = 'verdict.revised'
    LEFT JOIN log_leaves l ON l.event_id = r.event_id
    LEFT JOIN inbox_items i ON i.submission_id = d.submission_id AND i.kind = 'news'
      AND convert_from(i.body, 'UTF8')::jsonb ->> 'news' = 'verdict_revised'
    WHERE d.kind = 'verdict-revised' GROUP BY d.submission_id
"""
ONCE: Final = (1, 1, 1, 2)
"""One new verdict, one statement, one leaf, and the news of it for sender and recipient."""


@pytest.fixture(scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """An axis of its own: what other tests sent would be judged again too, and before what this one sent."""
    async with Scene(tmp_path_factory.mktemp("revalidation")) as opened:
        yield opened


async def _revalidate(scene: Scene, trust: Path, failpoint: str | None = None) -> tuple[int | None, str]:
    settings = scene.axis.settings("verifier").model_copy(update={"trust": trust})
    process = await asyncio.create_subprocess_exec(
        *(DOCAXIS, "audit", "revalidate", HELD_AUTHORITY, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | environment_of(settings) | ({VARIABLE: failpoint} if failpoint else {}),
    )
    told, _ = await process.communicate()
    return process.returncode, told.decode()


async def test_it_is_killed_at_every_point_and_ends_as_if_it_never_was(
    scene: Scene, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    documents = await scene.drawer.plain(DOCUMENTS, (RECIPIENT,), issuer=HELD_ISSUER)
    mine = names(documents)
    await scene.load.hand_in(documents)

    async def count(statement: str) -> int:
        return sum(row.submission_id in mine for row in await scene.rows(statement))

    async def indexed() -> bool:
        return await count("SELECT submission_id FROM audit_entries WHERE type = 'ContentHandover'") == len(mine)

    await scene.until(indexed, "every document is delivered, logged and in the auditors' index")
    leaves = await scene.rows("SELECT leaf_index, event_id, leaf FROM log_leaves ORDER BY leaf_index")
    verdicts = await scene.rows("SELECT event_id, body FROM decisions WHERE kind = 'verdict' ORDER BY event_id")
    trust = tmp_path / "trust"
    shutil.copytree(scene.axis.settings("verifier").trust, trust)
    now = system_clock()
    TrustDirectory(trust).distrust(HELD_AUTHORITY, since=now - timedelta(days=30), reason="drill", at=now)

    revised_before = await scene.rows("SELECT event_id FROM decisions WHERE kind = 'verdict-revised'")
    assert await _what_if(scene, trust, tmp_path, now) >= mine
    assert await scene.rows("SELECT event_id FROM decisions WHERE kind = 'verdict-revised'") == revised_before

    decided = [await _killed(scene, trust, failpoint, mine) for failpoint in KILLS]
    assert decided == sorted(decided), "what was decided stays"
    assert 0 < decided[0] < decided[-1] < len(mine), "each kill fell among the work"
    code, told = await _revalidate(scene, trust)
    assert code == 0, told
    counts = json.loads(told.splitlines()[-1])
    assert (counts["failed"], counts["undecided"]) == (0, 0)
    assert counts["changed"] >= len(mine)

    async def revised() -> dict[UUID, tuple[int, ...]]:
        return {row.submission_id: tuple(row[1:]) for row in await scene.rows(REVISED) if row.submission_id in mine}

    async def told_of() -> bool:
        found = await revised()
        return len(found) == len(mine) and all(row[2] >= 1 and row[3] >= ONCE[3] for row in found.values())

    await scene.until(told_of, "every new verdict is in the log, and both sides know")
    assert set((await revised()).values()) == {ONCE}
    assert (await scene.rows("SELECT leaf_index, event_id, leaf FROM log_leaves ORDER BY leaf_index"))[
        : len(leaves)
    ] == leaves
    now_given = await scene.rows("SELECT event_id, body FROM decisions WHERE kind = 'verdict' ORDER BY event_id")
    assert [row for row in now_given if row in verdicts] == verdicts
    tell(f"revalidation of {len(mine)} killed {len(KILLS)} times, decided meanwhile {decided}: lost=0 dup=0")


async def _what_if(scene: Scene, trust: Path, folder: Path, now: datetime) -> set[UUID]:
    """Name what would have got another verdict under the changed trust directory, as an auditor does beforehand."""
    profile = folder / "auditor.toml"
    write_profile(profile, Profile(scene.services["gateway"].url, scene.axis.auditor_credential, "auditor", *NAMES))
    settings = environment_of(scene.axis.settings("verifier"))
    since = (now - timedelta(hours=1)).isoformat()
    process = await asyncio.create_subprocess_exec(
        *(DOCAXIS, "audit", "what-if", "--trust", str(trust), "--since", since),
        *("--profile", str(profile), "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | settings,
    )
    told, _ = await process.communicate()
    lines = [json.loads(line) for line in told.splitlines()]
    assert process.returncode in {0, 2}, lines[-1:]
    return {UUID(line["submission_id"]) for line in lines[:-1] if line["outcome"] == "changed"}


async def _killed(scene: Scene, trust: Path, failpoint: str, mine: Any) -> int:
    code, told = await _revalidate(scene, trust, failpoint)
    assert code == -signal.SIGKILL, f"{failpoint}: {told}"
    rows = await scene.rows("SELECT submission_id FROM decisions WHERE kind = 'verdict-revised'")
    return sum(row.submission_id in mine for row in rows)
