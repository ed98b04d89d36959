"""The pool of worker processes, shared by all slots of the verifier."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

import structlog

from docaxis.settings import FairnessSettings, VerifierSettings
from docaxis.verifier.frames import append, private_file, seal
from docaxis.verifier.process import PROGRAM, Nursery, Worker, WorkerDied
from docaxis.verifier.shadow import Shadow
from docaxis.verifier.turns import Turns
from docaxis_schemas.topics import LANES, SUBMITTED_URGENT
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause, DocumentFindings, Integrity, SubIndication

DOCUMENTS_PER_WORKER: Final = 500
"""After so many a worker is made anew, so that what leaks in a library stays bounded; a fork takes 20 ms."""

STARVED: Final = 6
"""So many times the processor time of a document may pass on the clock. After that its worker is stuck, or the machine
has no time for it; neither says anything about the document, which is tried again."""
LOOK_SECONDS: Final = 0.2
"""A worker that is near its limit is looked at no more often."""


class Content(Protocol):
    """A stored content: what the content store opens."""

    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...
    async def copy_to(self, write: Callable[[bytes], object]) -> None: ...


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What workers judge by; sent to each worker once an epoch."""

    trust: TrustStore
    revocation: RevocationSnapshot


class WorkerPool:
    """Examines contents in confined processes, in fair turns, each within its limits of time and memory."""

    def __init__(
        self,
        settings: VerifierSettings,
        fairness: FairnessSettings,
        *,
        program: Sequence[str] = PROGRAM,
        cores: int | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        self._shadow = shadow or Shadow(settings.shadow_every)
        self._size = settings.workers or (cores or os.cpu_count() or 1) + 1
        self._seconds = settings.seconds
        self._nursery = Nursery(program, settings.memory_mb)
        self._idle: list[Worker] = []
        self._turns = Turns(
            self._size,
            dict(zip(LANES, fairness.lane_weights, strict=True)),
            share=fairness.member_share,
            reserved=[SUBMITTED_URGENT],
        )
        self._log = structlog.get_logger("docaxis.verifier.pool")
        self.limits: Mapping[str, bool] = {}

    async def __aenter__(self) -> Self:
        """Start one worker, to learn which limits hold, and say so; the others start when they are needed."""
        try:
            first = await self._nursery.spawn()
        except BaseException:
            await self._nursery.stop()
            raise
        self._idle.append(first)
        self.limits = first.limits
        missing = sorted(name for name, holds in first.limits.items() if not holds)
        say = self._log.warning if missing else self._log.info
        self._shadow.drifted(first.drifted)
        say("workers are confined", workers=self._size, seconds=self._seconds, not_held_here=missing, **first.limits)
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._idle:
            worker.close()
        self._idle.clear()
        await self._nursery.stop()

    @property
    def waiting(self) -> int:
        """Count the contents that wait for a worker."""
        return self._turns.waiting

    @property
    def pids(self) -> tuple[int, ...]:
        """Name the processes of idle workers."""
        return tuple(worker.pid for worker in self._idle)

    async def examine(
        self, opened: Callable[[], Awaitable[Content]], knowledge: Knowledge, *, at: datetime, lane: str, member: str
    ) -> DocumentFindings:
        """Examine one content. It is opened and decrypted only when a worker is free for it.

        What takes too long or too much memory is a finding: a resource limit, never passed.

        Raises:
            WorkerDied: The worker process ended with the content in hand, or answered about other bytes.
            NoWorker: None could be started for it.
            OSError: The system has no room for a further file in memory, or descriptor.
            Exception: What opening and reading the content raises.
        """
        async with self._turns.turn(lane, member):
            content = await opened()
            with _private(content.sha256) as descriptor:
                await content.copy_to(lambda data: append(descriptor, data))
                seal(descriptor)
                findings = _findings(await self._ask(descriptor, knowledge, at, fast=self._shadow.fast), content)
                return await self._twice(findings, descriptor, knowledge, at) if self._shadow.due() else findings

    async def _twice(
        self, found: DocumentFindings, descriptor: int, knowledge: Knowledge, at: datetime
    ) -> DocumentFindings:
        """Have a content examined by stock pyHanko too, and give the findings that stand."""
        try:
            answer = await self._ask(descriptor, knowledge, at, fast=False)
            stock = DocumentFindings.from_json(answer["found"])
        except (WorkerDied, KeyError, TypeError, ValueError, AttributeError) as error:
            self._shadow.unfinished(repr(error))  # a KeyError: it took too long, or too much memory
            return found
        return self._shadow.compare(found, stock)

    async def _ask(self, descriptor: int, knowledge: Knowledge, at: datetime, *, fast: bool) -> dict[str, Any]:
        worker = await self._free()
        keep = False
        try:
            examination = worker.examine(descriptor, knowledge.trust, knowledge.revocation, at, fast=fast)
            answer = await self._in_time(worker, examination)
            keep = "found" in answer and worker.examined < DOCUMENTS_PER_WORKER
        except TimeoutError:
            return {"failed": "time"}
        finally:
            if keep:
                self._idle.append(worker)
            else:
                self._nursery.end(worker)
        return answer

    async def _in_time(self, worker: Worker, examination: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        """Wait for a worker's answer for as long as it has processor time left.

        Raises:
            TimeoutError: It has used up what a document may.
            WorkerDied: It ended, or has long been given no time.
        """
        clock = asyncio.get_running_loop().time
        asked = asyncio.create_task(examination)
        try:
            began, used_before, left = clock(), worker.seconds(), self._seconds
            while not (await asyncio.wait([asked], timeout=max(left, LOOK_SECONDS)))[0]:
                left = self._seconds - (worker.seconds() - used_before)
                if left <= 0:
                    raise TimeoutError
                if clock() - began > STARVED * self._seconds:
                    raise WorkerDied(f"{clock() - began:.0f} s have passed without the processor time for an answer")
            return asked.result()
        finally:
            asked.cancel()
            await asyncio.wait([asked])  # its socket may be closed only when it no longer waits there

    async def _free(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.gone:
                return worker
            worker.close()
        return await self._nursery.spawn()


@contextmanager
def _private(name: str) -> Iterator[int]:
    descriptor = private_file(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _findings(answer: dict[str, Any], content: Content) -> DocumentFindings:
    failed = answer.get("failed")
    if failed in {"time", "memory"}:
        return DocumentFindings(
            sha256=content.sha256,
            size=content.size,
            integrity=Integrity.UNREADABLE,
            sub_indication=SubIndication.FORMAT_FAILURE,
            cause=Cause.RESOURCE_LIMIT,
            notes=(f"the examination took more {failed} than a document may",),
        )
    if failed is not None:
        raise WorkerDied(f"the examination failed: {failed}")
    try:
        findings = DocumentFindings.from_json(answer["found"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorkerDied("the worker's findings are of no form") from error
    if (findings.sha256, findings.size) != (content.sha256, content.size):
        raise WorkerDied("the worker's findings are about other bytes")
    return findings
