"""Witnesses that lie, in a process of their own, beside honest ones: only what is shown counts."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from docaxis.registrar.keeping import LogKeeper, LogMeasures
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.witnesses import Witnesses
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis_signing.transparency.note import Algorithm, Note, Signer
from docaxis_signing.transparency.policy import Policy
from listed_order import ListedOrder

LOG = Signer.from_seed("log.example/axis", b"\x01" * 32)
MANNERS = ("more", "negative", "fork", "endless", "slow", "headers", "hangs")
NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)


@pytest.fixture
def started() -> Iterator[Any]:
    with ExitStack() as stack:

        def start(*command: str) -> dict[str, Any]:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            stack.callback(process.wait, 20)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.enter_context(process.stdout)
            said: dict[str, Any] = json.loads(process.stdout.readline())
            return said

        yield start


class Axis:
    """A log with its keeper, and the policy that it follows."""

    def __init__(self, directory: Path, lines: list[str], client: httpx.AsyncClient) -> None:
        directory.mkdir()
        self.file = directory / CHECKPOINT
        self.order = ListedOrder()
        names = [line.split()[1] for line in lines]
        text = "\n".join([f"log {LOG.verifier.to_vkey()}", *lines, f"group two 2 {' '.join(names)}", "quorum two", ""])
        self.policy = Policy.parse(text)
        self.registry = CollectorRegistry()
        self.keeper = LogKeeper(
            Sequencer(self.order, LogFiles(LocalDisk(directory)), LOG, lambda: NOON),
            Witnesses(self.policy, LOG.verifier, client),
            timedelta(seconds=1),
            LogMeasures(self.registry),
        )

    async def logs(self, count: int, size: int) -> frozenset[str]:
        """Log so many more, and give who cosigned the checkpoint of that size."""
        self.order.add(count)
        async with asyncio.timeout(120):
            while True:
                await self.keeper.round()
                note = Note.parse(self.file.read_bytes())
                seen = self.policy.witnessed(note)
                if self.policy.open(self.file.read_bytes()).checkpoint.size == size and self.policy.satisfied(seen):
                    return seen


async def test_seven_liars_beside_two_honest_witnesses_stop_nothing_and_a_shown_checkpoint_does(
    started: Any, tmp_path: Path
) -> None:
    docaxis, lines = str(Path(sys.executable).with_name("docaxis")), []
    for name in ("so-noi-vu", "bo-tu-phap"):
        state = tmp_path / name
        state.mkdir()
        command = (docaxis, "witness", "--log", LOG.verifier.to_vkey(), "--state", str(state), "--name", f"{name}.vn")
        said = started(*command)
        lines.append(f"witness {name} {said['vkey']} {said['url']}")
    honest = {line.split()[1] for line in lines}
    port = started(sys.executable, str(Path(__file__).with_name("lying_witness.py")))["port"]
    for manner in MANNERS:
        key = Signer.generate(f"{manner}.example", Algorithm.COSIGNATURE).verifier.to_vkey()
        lines.append(f"witness {manner} {key} http://127.0.0.1:{port}/{manner}")
    async with httpx.AsyncClient() as client:
        axis = Axis(tmp_path / "log", lines, client)
        assert await axis.logs(5, 5) == honest
        assert await axis.logs(300, 305) == honest
        assert axis.keeper.causes == ()
        assert axis.registry.get_sample_value("docaxis_log_unproven_claims") == 2
        restored = Axis(tmp_path / "backup", lines, client)
        restored.order.add(5)
        await restored.keeper.round()
        (cause,) = restored.keeper.causes
        assert "has a checkpoint of 305 leaves that this log signed, and this log knows only 0" in cause
        assert any(name in cause for name in honest)
