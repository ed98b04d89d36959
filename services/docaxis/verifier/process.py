"""Worker processes as the service sees them: started by a nursery, spoken to in frames, ended by name."""

import asyncio
import itertools
import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from docaxis.verifier.frames import (
    ANSWER,
    EXAMINE,
    HEADER,
    KILL,
    KNOWLEDGE,
    MAX_ANSWER,
    READY,
    SPAWN,
    BrokenFrame,
    write_frame,
)
from docaxis_schemas.moments import to_text
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore

PROGRAM: Final = ("-I", "-m", "docaxis.verifier.worker")
"""Isolated: neither the working directory nor variables say what is loaded."""
START_SECONDS: Final = 60.0
"""The libraries load in a second, in ten on a machine under load."""
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All a worker gets of the service's environment, which holds passwords."""

_SCHEDULED: Final = 2
"""Of Linux's numbers for the clocks of another process: its processor time, in nanoseconds (clock_getcpuclockid(3))."""


class WorkerDied(Exception):
    """A worker process ended, or spoke nonsense, while it had a document."""


class NoWorker(WorkerDied):
    """None can be started now: the machine's trouble, which says nothing about the document that waits for one."""


class Worker:
    """One worker process. Used by one document at a time."""

    def __init__(self, number: int, channel: socket.socket) -> None:
        self.number = number
        self.pid = 0
        self.limits: dict[str, bool] = {}
        self.drifted: tuple[str, ...] = ()
        self.examined = 0
        self._channel = channel
        self._known: RevocationSnapshot | None = None

    async def greet(self) -> None:
        """Wait until it has confined itself."""
        async with asyncio.timeout(START_SECONDS):
            value = await self._answer(READY)
        self.pid = int(value["pid"])
        self.limits = {str(name): bool(holds) for name, holds in value["limits"].items()}
        self.drifted = tuple(str(name) for name in value["drifted"])

    @property
    def gone(self) -> bool:
        """Tell whether an idle worker has ended."""
        try:
            return not self._channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def examine(
        self, descriptor: int, trust: TrustStore, revocation: RevocationSnapshot, at: datetime, *, fast: bool
    ) -> dict[str, Any]:
        """Have one content examined, by stock pyHanko unless `fast`; what it says is untrusted JSON.

        Raises:
            WorkerDied: It ended or spoke nonsense.
        """
        loop = asyncio.get_running_loop()
        try:
            if self._known is not revocation:
                payload = pickle.dumps((trust, revocation))
                await loop.sock_sendall(self._channel, HEADER.pack(KNOWLEDGE, len(payload)) + payload)
                self._known = revocation
            self.examined += 1
            # The channel is empty: the worker is idle, so a small frame never has to wait for room.
            write_frame(self._channel, EXAMINE, json.dumps({"at": to_text(at), "fast": fast}).encode(), descriptor)
        except (OSError, BrokenFrame) as error:
            raise WorkerDied("the worker process is gone") from error
        return await self._answer(ANSWER)

    async def _answer(self, wanted: bytes) -> dict[str, Any]:
        kind, size = HEADER.unpack(await self._exactly(HEADER.size))
        if kind != wanted or size > MAX_ANSWER:
            raise WorkerDied("the worker process speaks nonsense")
        data = await self._exactly(size)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise WorkerDied("the worker process speaks nonsense") from error
        if not isinstance(value, dict):
            raise WorkerDied("the worker process speaks nonsense")
        return value

    async def _exactly(self, size: int) -> bytes:
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < size:
            try:
                part = await loop.sock_recv(self._channel, size - len(data))
            except OSError as error:
                raise WorkerDied("the worker process is gone") from error
            if not part:
                raise WorkerDied("the worker process is gone")
            data += part
        return bytes(data)

    def seconds(self) -> float:
        """Give the processor time the process has used; where the system does not tell it, that of the clock."""
        try:
            return time.clock_gettime((~self.pid << 3) | _SCHEDULED) if sys.platform == "linux" else time.monotonic()
        except OSError as error:
            raise WorkerDied("the worker process is gone") from error

    def close(self) -> None:
        """Close the channel; an idle worker ends by that."""
        self._channel.close()


class Nursery:
    """Starts and ends workers; itself a process, started again if it is gone."""

    def __init__(self, program: Sequence[str], memory_mb: int) -> None:
        self._program = program
        self._memory_mb = memory_mb
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    async def spawn(self) -> Worker:
        """Start a worker and wait until it has confined itself.

        Raises:
            NoWorker: It could not be started.
            OSError: There is no room for another channel.
        """
        ours, theirs = socket.socketpair()
        worker = Worker(next(self._numbers), ours)
        try:
            with theirs:
                self._tell(SPAWN, worker, theirs.fileno())
            ours.setblocking(False)
            await worker.greet()
        except (WorkerDied, OSError) as error:
            worker.close()
            raise NoWorker(f"no worker process can be started: {error}") from error
        except BaseException:
            worker.close()
            raise
        return worker

    def end(self, worker: Worker) -> None:
        """End a worker whatever it does."""
        worker.close()
        if self._process is not None and self._process.poll() is None:
            self._tell(KILL, worker, None)

    async def stop(self) -> None:
        """End the nursery and with it all workers."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            process, self._process = self._process, None
            try:
                async with asyncio.timeout(5):
                    await asyncio.to_thread(process.wait, 4.0)
            except (TimeoutError, subprocess.TimeoutExpired):
                process.kill()
                await asyncio.to_thread(process.wait)

    def _tell(self, kind: bytes, worker: Worker, descriptor: int | None) -> None:
        self._require()
        assert self._control is not None
        try:
            write_frame(self._control, kind, str(worker.number).encode(), descriptor)
        except BrokenFrame as error:
            raise WorkerDied("the nursery of workers is gone") from error

    def _require(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        if self._control is not None:
            self._control.close()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program with fixed arguments
                [sys.executable, *self._program, str(theirs.fileno()), str(self._memory_mb)],
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=os.sep,
            )
        self._control = ours
