"""Plays the story: starts an axis in a folder of its own, plays every case, tells it, and says whether all held."""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from docaxis.cli.options import DemoOptions
from docaxis.client.axis import AxisClient
from docaxis.client.errors import ClientError
from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.embedded.story.cases import SINGLE, Case
from docaxis.embedded.story.changes import CHANGED
from docaxis.embedded.story.dialogues import CROWDED, WAITING
from docaxis.embedded.story.outcome import Outcome, no_outcome
from docaxis.embedded.story.proving import Proved, prove
from docaxis.embedded.story.telling import Telling
from docaxis.embedded.story.world import World
from docaxis.logs import configure_logs
from docaxis.runtime import Runtime
from docaxis.settings import FairnessSettings, RetrySettings
from docaxis_schemas.moments import system_clock

RETRY: Final = RetrySettings(
    short=timedelta(seconds=1),
    medium=timedelta(seconds=2),
    long=timedelta(seconds=2),
    deadline=timedelta(seconds=40),
    urgent_deadline=timedelta(seconds=3),
)
"""The story waits seconds where the law gives hours; the urgent one is the one that passes its deadline."""


def run_demo(options: DemoOptions) -> int:
    """Play the story and give the exit code: 0 if every outcome is as promised, else 1."""
    keep = options.keep
    directory = keep or Path(tempfile.mkdtemp(prefix="docaxis-demo-"))
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(_play(options, directory))
    finally:
        if keep is None:
            shutil.rmtree(directory, ignore_errors=True)


async def _play(options: DemoOptions, directory: Path) -> int:
    began = time.monotonic()
    configure_logs(file=directory / "axis.log")
    plan = AxisPlan(
        directory / "axis",
        brokers=options.brokers,
        retry=RETRY,
        fairness=FairnessSettings(bulk_above=20),
        crl_refresh=timedelta(seconds=1),
        log=directory / "log",
    )
    telling = Telling(quiet=options.json)
    async with AsyncExitStack() as stack:
        stack.enter_context(telling)
        telling.starting()
        axis = await stack.enter_async_context(LocalAxis(plan))
        runtime = await stack.enter_async_context(Runtime(axis.settings()))
        ready_seconds = time.monotonic() - began
        telling.ready(axis, runtime.url, ready_seconds)
        world = await stack.enter_async_context(World(axis, runtime.url, directory / "papers", system_clock))
        story_began = time.monotonic()
        outcomes = await _cases(world, telling)
        story_seconds = time.monotonic() - story_began
        telling.ended(outcomes, story_seconds)
        auditor = AxisClient(runtime.url, axis.auditor_credential, None, member="")
        proved = None
        if not any(outcome.differences for outcome in outcomes):
            async with auditor:
                proved = await prove(auditor, outcomes, axis.pinned_keys(), axis.log_directory, directory)
            telling.proved(proved)
    return _report(options, outcomes, proved, ready_seconds, story_seconds)


async def _cases(world: World, telling: Telling) -> list[Outcome]:
    outcomes = await _side_by_side(world, telling, (*SINGLE, *WAITING, *CHANGED))
    for case in CROWDED:
        outcomes += await _side_by_side(world, telling, (case,))
    return outcomes


async def _side_by_side(world: World, telling: Telling, cases: Iterable[Case]) -> list[Outcome]:
    async def one(case: Case) -> Outcome:
        telling.began(case)
        try:
            outcome = await case.play(world, case)
        except (TimeoutError, ClientError) as error:
            outcome = no_outcome(case.name, case.title, f"{type(error).__name__}: {error}")
        telling.came_out(outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(case)) for case in cases]
    return [task.result() for task in tasks]


def _report(
    options: DemoOptions,
    outcomes: Iterable[Outcome],
    proved: Proved | None,
    ready_seconds: float,
    story_seconds: float,
) -> int:
    found = list(outcomes)
    ok = proved is not None and proved.holds and not any(outcome.differences for outcome in found)
    if options.json:
        value: dict[str, Any] = {
            "documents": [outcome.to_json() for outcome in found],
            "log": proved.to_json() if proved else None,
            "ready_seconds": round(ready_seconds, 2),
            "story_seconds": round(story_seconds, 2),
            "ok": ok,
        }
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0 if ok else 1
