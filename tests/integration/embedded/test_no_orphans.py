"""Nothing outlives the process that started it, however that one dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from docaxis.embedded.problems import StartFailed
from docaxis.embedded.supervision import Component, supervise

AXIS = """
import asyncio, json, sys
from pathlib import Path
from docaxis.embedded import EmbeddedCluster, EmbeddedDatabase

async def main():
    cluster, database = EmbeddedCluster(Path(sys.argv[1]) / "kafka"), EmbeddedDatabase(Path(sys.argv[1]) / "postgres")
    await asyncio.gather(cluster.start(), database.start())
    print(json.dumps(cluster.pids + database.pids), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
SIGNING = """
import sys
from pathlib import Path
from docaxis.embedded.bench.corpus import Corpus

if __name__ == "__main__":
    Corpus(Path(sys.argv[1]), agencies=2).prepare(10_000, cores=2)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def alive(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def vanish(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pids)


def said(log: Path, word: str) -> bool:
    deadline = time.monotonic() + 10
    while word not in log.read_text("utf-8") and time.monotonic() < deadline:
        time.sleep(0.02)
    return word in log.read_text("utf-8")


def component(folder: Path, *command: str, bound: float = 1.0) -> Component:
    return Component("Test component", command, folder, folder / "log", stop_bound=bound)


def test_broker_and_database_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", AXIS, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = json.loads(parent.stdout.readline())
        assert len(pids) >= 6
        assert sorted(alive(pids)) == sorted(pids)
        parent.kill()
    assert vanish(pids, 20)


def test_processes_that_sign_for_a_measurement_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program, documents = tmp_path / "signing.py", tmp_path / "documents"
    program.write_text(SIGNING, "utf-8")
    with subprocess.Popen([sys.executable, str(program), str(tmp_path)]) as parent:
        deadline = time.monotonic() + 60
        while not any(documents.glob("*.pdf")) and time.monotonic() < deadline:
            time.sleep(0.1)
        pids = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
        parent.kill()
    assert any(documents.glob("*.pdf"))
    assert len(pids) >= 2
    assert vanish(pids, 20)


async def test_a_component_that_does_not_hear_is_killed_after_its_bound(tmp_path: Path) -> None:
    running = await supervise(component(tmp_path, sys.executable, "-c", STUBBORN))
    assert said(tmp_path / "log", "up")
    assert await running.stop() == 128 + signal.SIGKILL
    assert vanish([running.pid], 1)


async def test_ctrl_c_in_the_terminal_does_not_reach_a_component(tmp_path: Path) -> None:
    running = await supervise(component(tmp_path, "sleep", "600"))
    try:
        assert os.getsid(running.pid) == running.pid != os.getsid(0)
        assert running.running
    finally:
        assert await running.stop() == 128 + signal.SIGTERM


async def test_a_component_that_ends_says_its_last_words(tmp_path: Path) -> None:
    running = await supervise(component(tmp_path, "sh", "-c", "echo 'ERROR the disk is full' >&2; exit 3"))
    assert vanish(running.pids, 10)  # its launcher too: a signal to one that is ending would become its code
    await running.stop()
    with pytest.raises(StartFailed, match="Test component ended with code 3: ERROR the disk is full"):
        running.require_running()


async def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"could not be started: /nowhere/program: .*No such file"):
        await supervise(component(tmp_path, "/nowhere/program"))


if sys.platform == "linux":

    async def test_a_component_ends_with_its_launcher(tmp_path: Path) -> None:
        running = await supervise(component(tmp_path, "sleep", "600"))
        launcher = running.pids[0]
        assert launcher != running.pid
        os.kill(launcher, signal.SIGKILL)
        assert vanish([running.pid], 10)
        await running.stop()
