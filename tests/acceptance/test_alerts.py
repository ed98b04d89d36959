"""On a whole axis: a document signed with a revoked certificate is told to a webhook, and is in the log, once."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from docaxis.client.profile import Profile, write_profile
from docaxis.embedded.axis import AXIS, ENVIRONMENT, AxisPlan, LocalAxis
from docaxis.embedded.story.cases import ISSUER, SENDER
from docaxis.embedded.story.world import World
from docaxis.runtime import Runtime
from docaxis.settings import AlertSettings, Settings, WebhookSettings
from docaxis_schemas.moments import system_clock
from webhooklistener import Listener, listening

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXMgdGVzdCwgMzIgYnl0ZXMgIQ=="
RULE = "signed-after-revocation"


@dataclass
class Watched:
    """An axis whose alerts somebody is told."""

    axis: LocalAxis
    listener: Listener
    folder: Path
    submission: str = ""

    def settings(self) -> Settings:
        webhook = WebhookSettings.model_validate({"url": self.listener.url, "secret": SECRET})
        alerts = AlertSettings(every=timedelta(milliseconds=300), webhooks={"siem": webhook})
        return self.axis.settings().model_copy(update={"alerts": alerts})

    def command(self, runtime: Runtime, *words: str) -> str:
        """Run the command as an auditor in a process of its own."""
        profile, keys = self.folder / "auditor.toml", self.folder / "axis" / "keys" / "pinned.json"
        write_profile(
            profile,
            Profile(runtime.url, self.axis.auditor_credential, "auditor", AXIS, ENVIRONMENT, keys=keys),
        )
        called = [str(Path(sys.executable).with_name("docaxis")), *words, "--profile", str(profile)]
        done = subprocess.run(called, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def alerts(self, runtime: Runtime) -> list[dict[str, Any]]:
        """Give the alerts of the rule as the log has them, each with its proof."""
        lines = self.command(runtime, "audit", "search", "--type", "alert.raised", "--limit", "100", "--json")
        found = [json.loads(line) for line in lines.splitlines()]
        return [one for one in found if one["row"]["codes"]["rule"] == RULE]

    async def told(self, count: int) -> None:
        async with asyncio.timeout(60):
            while True:
                if len(self.listener.of(RULE)) >= count:
                    return
                await asyncio.sleep(0.1)

    async def logged(self, runtime: Runtime) -> list[dict[str, Any]]:
        async with asyncio.timeout(90):
            while True:
                found = [one for one in await asyncio.to_thread(self.alerts, runtime) if one["shown"]]
                if found:
                    return found
                await asyncio.sleep(1)


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    folder = tmp_path_factory.mktemp("alerts")
    with listening() as listener:
        async with LocalAxis(AxisPlan(folder / "axis")) as axis:
            yield Watched(axis, listener, folder)


async def test_a_revoked_signer_is_told_and_logged_once_and_not_again_after_a_restart(watched: Watched) -> None:
    watched.listener.answers += [(503, {})]
    async with Runtime(watched.settings()) as runtime:
        async with World(watched.axis, runtime.url, watched.folder / "papers", system_clock) as world:
            signer = watched.axis.authorities.special("revoked")
            paper = await world.papers.original(ISSUER, 7, signer=signer)
            handed = await world.hand_in("revoked", paper, ("H99",), member=SENDER)
        watched.submission = str(handed.submission_id)
        await watched.told(2)
        (logged,) = await watched.logged(runtime)
        told = await asyncio.to_thread(watched.command, runtime, "audit", "events", "--format", "ocsf")
    first, second = watched.listener.of(RULE)
    assert first.is_signed_by(SECRET)
    assert second.is_signed_by(SECRET)
    assert not second.is_signed_by("whsec_" + "b" * 32)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    data = second.message["data"]
    assert (data["severity"], data["details"]["cause"]) == ("critical", "revoked_before_reception")
    assert data["details"]["submission_id"] == watched.submission
    row = logged["row"]
    assert UUID(second.headers["webhook-id"]) == UUID(row["submission_id"]) == UUID(data["alert_id"])
    assert row["codes"]["rule"] == RULE
    assert row["facts"]["subject"] == data["subject"]
    events = [json.loads(line) for line in told.splitlines()]
    (finding,) = [one for one in events if one["class_uid"] == 2004 and one["finding_info"]["title"] == RULE]
    assert finding["finding_info"]["uid"] == row["submission_id"]
    states = [one["state_id"] for event in events for one in event.get("file", {}).get("signatures", ())]
    assert 3 in states, "the revoked signature is one in the SIEM too"

    async with Runtime(watched.settings()) as runtime:
        await asyncio.sleep(2)
        assert [one["row"]["leaf_index"] for one in await watched.logged(runtime)] == [row["leaf_index"]]
    assert len(watched.listener.of(RULE)) == 2
