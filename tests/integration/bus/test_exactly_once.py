"""Two processes fight for the same slots, are killed and stopped at random, and nothing is lost or seen twice.

The reader is a plain `read_committed` one. The same run with two known mistakes must find what they break.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing, Partition
from docaxis.settings import BusSettings
from docaxis_schemas.codec import encode
from docaxis_schemas.events import Action

SLOTS = 4
KEYS = 40
RATE = 300
MOMENT = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass
class Seen:
    """What a plain reader saw of a run."""

    sent: int
    kills: int
    lost: int
    duplicates: int
    disorder: int


@dataclass
class Fight:
    """Two rivals and what they work on."""

    mode: str
    stage: str
    inputs: tuple[str, str]
    output: str
    settings: BusSettings
    chance: random.Random
    log: Path
    rivals: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    kills: int = 0

    def spawn(self, name: str) -> None:
        bus = json.loads(self.settings.model_dump_json()) | {"password": self.settings.password.get_secret_value()}
        told: dict[str, Any] = {"mode": self.mode, "stage": self.stage, "inputs": self.inputs, "output": self.output}
        told |= {"ready": str(self._ready(name)), "bus": bus}
        self._ready(name).unlink(missing_ok=True)
        program = [sys.executable, str(Path(__file__).with_name("rival.py")), json.dumps(told)]
        with self.log.open("ab") as log:
            self.rivals[name] = subprocess.Popen(program, stderr=log, stdout=log)

    def _ready(self, name: str) -> Path:
        return self.log.with_name(f"{self.mode}-{name}.ready")

    async def both_fight(self) -> None:
        """Return once both have owned a slot: on a busy machine a process needs seconds to begin."""
        async with asyncio.timeout(60):
            while True:
                if all(self._ready(name).exists() for name in self.rivals):
                    return
                await asyncio.sleep(0.05)

    def end(self) -> None:
        for rival in self.rivals.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(rival.pid, signal.SIGKILL)
            rival.wait()

    async def feed(self, until: asyncio.Event) -> None:
        """Send records at a steady rate, each key's numbered in order."""
        counters = [itertools.count() for _ in range(KEYS)]
        async with KafkaBus(self.settings).publisher() as publisher:
            while not until.is_set():
                await publisher.publish([self._record(counters) for _ in range(RATE // 10)])
                await asyncio.sleep(0.1)

    def _record(self, counters: list["itertools.count[int]"]) -> Outgoing:
        key = self.chance.randrange(KEYS)
        said = f"{key}:{next(counters[key])}"
        self.sent.append(said)
        action = Action(UUID(int=len(self.sent)), UUID(int=key), "report", "abc", None, MOMENT, said.encode())
        # A key stays in one topic: order is promised within a slot and key, and a test must know what came first.
        source = Partition(self.inputs[key % 2], key % SLOTS)
        return Outgoing(source, UUID(int=key).bytes, encode(action), ())

    async def rage(self, rounds: int) -> None:
        """Kill one at random again and again; stop the other now and then, also in the midst of transactions."""
        for _ in range(rounds):
            await self.both_fight()
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
            victim, other = self.chance.sample(["A", "B"], 2)
            stops = self.chance.random() < 0.5
            if stops:
                os.kill(self.rivals[other].pid, signal.SIGSTOP)
            self.rivals[victim].kill()
            self.rivals[victim].wait()
            self.kills += 1
            self.spawn(victim)
            if stops:
                await asyncio.sleep(self.chance.uniform(0.5, 2.5))
                os.kill(self.rivals[other].pid, signal.SIGCONT)
        await self.both_fight()

    async def read(self, patience: float) -> list[str]:
        """Read the output until everything was seen and nothing more comes."""
        found: list[str] = []
        wanted = set(self.sent)
        positions = {Partition(self.output, number): -1 for number in range(SLOTS)}
        async with KafkaBus(self.settings).reader(positions) as reader, asyncio.timeout(patience):
            quiet = 0
            while quiet < 3 or not wanted <= set(found):
                got = await reader.read(1000, 0.5)
                found += [(record.value or b"").decode().split(":", 3)[3] for record in got]
                quiet = 0 if got else quiet + 1
        return found


async def fight(fight: Fight, rounds: int) -> Seen:
    done = asyncio.Event()
    feeding = asyncio.create_task(fight.feed(done))
    for name in ("A", "B"):
        fight.spawn(name)
    try:
        await fight.rage(rounds)
        done.set()
        await feeding
        fight.rivals["B"].kill()  # one alone finishes what is left without further fights
        found = await fight.read(90)
    finally:
        done.set()
        fight.end()
        await asyncio.gather(feeding, return_exceptions=True)
    counts = Counter(found)
    last: dict[str, int] = {}
    disorder = 0
    for said in found:
        key, number = said.split(":")
        disorder += int(number) != last.get(key, -1) + 1
        last[key] = int(number)
    lost = len(set(fight.sent) - set(found))
    seen = Seen(len(fight.sent), fight.kills, lost, sum(counts.values()) - len(counts), disorder)
    fight.log.with_suffix(".json").write_text(json.dumps(asdict(seen)))
    return seen


async def begin(mode: str, make_stage: Any, settings: BusSettings, directory: Path, seed: int) -> Fight:
    stage, inputs, output = await make_stage(SLOTS)
    return Fight(mode, stage, inputs, output, settings, random.Random(seed), directory / f"{mode}.log")


async def test_nothing_is_lost_or_seen_twice_through_kills_and_stops(
    make_stage: Any, settings: BusSettings, tmp_path: Path
) -> None:
    seen = await fight(await begin("right", make_stage, settings, tmp_path, 1), 7)
    assert seen.kills == 7
    assert seen.sent > 1000
    assert (seen.lost, seen.duplicates, seen.disorder) == (0, 0, 0)


FIGHTS = 5


@pytest.mark.parametrize("mode", ["offsets-before-fencing", "id-per-instance"])
async def test_the_fight_sees_what_known_mistakes_break(
    mode: str, make_stage: Any, settings: BusSettings, tmp_path: Path
) -> None:
    """A mistake shows when a kill falls between two of its lines: it is fought until one does."""
    for fight_number in range(FIGHTS):
        folder = tmp_path / str(fight_number)
        folder.mkdir()
        seen = await fight(await begin(mode, make_stage, settings, folder, 2), 3)
        assert seen.lost == 0
        if seen.duplicates:
            return
    pytest.fail(f"{FIGHTS} fights did not show the mistake")


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_nothing_is_lost_or_seen_twice_through_many_kills(
    make_stage: Any, settings: BusSettings, tmp_path: Path
) -> None:
    seen = await fight(await begin("right", make_stage, settings, tmp_path, 3), 60)
    assert seen.kills == 60
    assert (seen.lost, seen.duplicates, seen.disorder) == (0, 0, 0)
