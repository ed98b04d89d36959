"""Components as child processes that never outlive this one, not even after kill -9 (the launcher sees to it)."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from docaxis.embedded import launcher
from docaxis.embedded.problems import StartFailed

STOP_BOUND_SECONDS: Final = 10.0
"""A broker stops in 0.5 s, a cluster of three in 7 s; after that it is killed, which its data survive."""
LAUNCHER_GRACE_SECONDS: Final = 5.0
LOG_TAIL_BYTES: Final = 16_384
LOG_LIMIT_BYTES: Final = 10_000_000
"""A longer log begins anew at the next start; one predecessor is kept."""


@dataclass(frozen=True, slots=True)
class Component:
    """What to run: a command, where, as whom (a system user, under root), and how it is told to stop."""

    name: str
    command: Sequence[str]
    directory: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_bound: float = STOP_BOUND_SECONDS
    user: str = ""


class Supervised:
    """One running component behind its launcher."""

    def __init__(self, component: Component, process: subprocess.Popen[str], pid: int) -> None:
        self._component = component
        self._launcher = process
        self.pid = pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._launcher.poll() is None

    @property
    def pids(self) -> list[int]:
        """Its process, that process's descendants and the launcher."""
        return [self._launcher.pid, *(process.pid for process in _family(self.pid))]

    def require_running(self) -> None:
        """Raise with the log's last words if it has ended.

        Raises:
            StartFailed: It has.
        """
        if not self.running:
            raise StartFailed(
                f"{self._component.name} ended with code {self._launcher.returncode}: "
                f"{last_words(self._component.log)} (all of it is in {self._component.log})"
            )

    async def stop(self) -> int:
        """Ask it to stop, wait for its bound, kill it; give the exit code (143 is a clean stop by SIGTERM)."""
        with contextlib.suppress(ProcessLookupError):
            self._launcher.send_signal(signal.SIGTERM)
        return await self._ended(self._component.stop_bound + LAUNCHER_GRACE_SECONDS)

    async def kill(self) -> int:
        """Kill -9 it and all of its descendants at once, as a crash would."""
        family = _family(self.pid)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        code = await self._ended(LAUNCHER_GRACE_SECONDS)
        await asyncio.to_thread(_wait_gone, family)
        return code

    async def _ended(self, bound: float) -> int:
        try:
            return await asyncio.to_thread(self._launcher.wait, bound)
        except subprocess.TimeoutExpired:
            self._launcher.kill()  # on Linux its command dies with it
            return await asyncio.to_thread(self._launcher.wait)
        finally:
            if self._launcher.stdout:
                self._launcher.stdout.close()


async def supervise(
    component: Component, *, descriptors: Sequence[int] = (), environ: Mapping[str, str] = os.environ
) -> Supervised:
    """Start a component; ``descriptors`` (locks) stay open for as long as its launcher lives.

    Raises:
        StartFailed: It could not even be executed.
    """
    return await asyncio.to_thread(_spawn, component, descriptors, environ)


def _spawn(component: Component, descriptors: Sequence[int], environ: Mapping[str, str]) -> Supervised:
    if component.log.exists() and component.log.stat().st_size > LOG_LIMIT_BYTES:
        component.log.replace(component.log.with_suffix(".log.1"))
    with component.log.open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", launcher.__file__),
                *(str(os.getpid()), str(int(component.stop_signal)), str(component.stop_bound)),
                *(component.user, str(component.directory), "--", *component.command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(environ),
            pass_fds=descriptors,
            start_new_session=True,
            text=True,
        )
    line = process.stdout.readline() if process.stdout else ""
    if not line.strip().isdigit():
        process.communicate()
        raise StartFailed(f"{component.name} could not be started: {last_words(component.log)}")
    return Supervised(component, process, int(line))


def last_words(log: Path) -> str:
    """Give the last error a component wrote, for a person."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("ERROR", "FATAL", "Exception", "Error"))]
        return (telling or lines or ["it said nothing"])[-1][:300]
    return "it said nothing"


def _wait_gone(family: list[psutil.Process]) -> None:
    """Wait until none of them can write any more: restarting beside a dying backend would be refused."""
    deadline = time.monotonic() + LAUNCHER_GRACE_SECONDS
    while any(map(_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
