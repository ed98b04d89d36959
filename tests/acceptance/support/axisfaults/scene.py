"""An axis whose services run in processes of their own, so that each can be killed alone."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from aiokafka import TopicPartition
from sqlalchemy import text

from axisfaults import kafka
from axisfaults.documents import HELD_AUTHORITY, Drawer
from axisfaults.load import Load
from docaxis.embedded.axis import SERVICES, AxisPlan, LocalAxis
from docaxis.embedded.ports import free_ports
from docaxis.embedded.problems import StartFailed
from docaxis.embedded.processes import ServiceProcess
from docaxis.settings import FairnessSettings, RetrySettings
from docaxis.storage.database import open_database
from docaxis_schemas.moments import system_clock

WAIT_SECONDS: Final = 300.0
"""Longest wait for anything that has to happen."""
LOOK_SECONDS: Final = 0.2
LIST_SECONDS: Final = timedelta(seconds=1.5)
"""Between two lists of one authority, at least."""
STALE_AFTER: Final = timedelta(seconds=2)
RETRY: Final = RetrySettings(
    short=timedelta(seconds=1),
    medium=timedelta(seconds=2),
    long=timedelta(seconds=2),
    deadline=timedelta(hours=1),
    urgent_deadline=timedelta(hours=1),
)
"""Held documents are looked at every second; none passes its deadline during a run."""


class Scene:
    """The axis, its services, the load and what looks at them. Use as an async context manager."""

    def __init__(self, directory: Path, *, bulk_above: int = 30) -> None:
        self._directory = directory
        self._port = free_ports("127.0.0.1", 1)[0]
        self.axis = LocalAxis(
            AxisPlan(
                directory / "axis",
                port=self._port,
                retry=RETRY,
                fairness=FairnessSettings(bulk_above=bulk_above),
                crl_refresh=timedelta(seconds=1),
            )
        )
        self.services: dict[str, ServiceProcess] = {}
        self._stack = AsyncExitStack()
        self._published_at = system_clock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.axis)
            self.engine = open_database(self.axis.database.url, application="outside", pool=4)
            stack.push_async_callback(self.engine.dispose)
            for name in SERVICES:
                self.services[name] = self.process(name)
                stack.push_async_callback(self._end, name)
            await asyncio.gather(*[service.start() for service in self.services.values()])
            self.drawer = Drawer(self.axis, self._directory / "papers")
            url = f"http://127.0.0.1:{self._port}"
            self.load = await stack.enter_async_context(Load(url, self.axis.members))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def process(self, name: str, label: str | None = None, **changes: Any) -> ServiceProcess:
        """Make a process of a service; ``changes`` are made to its settings."""
        settings = self.axis.settings(name).model_copy(update=changes)
        return ServiceProcess(name, settings, self._log_file(label or name))

    async def _end(self, name: str) -> None:
        service = self.services[name]
        if service.running:
            await service.kill()

    async def until(self, held: Callable[[], Awaitable[bool]], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: It did not, in its time.
        """
        deadline = time.monotonic() + seconds
        while not await held():  # not cancelled at the end: a question cut short says nothing of what was asked
            self.load.require_takers()
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            await asyncio.sleep(LOOK_SECONDS)

    async def rows(self, statement: str, **values: object) -> list[Any]:
        """Ask the database."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def waiting_in(self, stage: str, *, before_ms: float | None = None) -> set[UUID]:
        """Name the submissions of which a stage has records to finish, by what the broker keeps."""
        access = self.axis.cluster.access
        records = await (self._unprojected() if stage == "projector" else kafka.unfinished(access, stage))
        recent = [record for record in records if before_ms is None or record.timestamp <= before_ms]
        return set(filter(None, map(kafka.submission_of, recent)))

    async def _unprojected(self) -> list[Any]:
        found = await self.rows('SELECT topic, "partition", "offset" FROM projector_positions')
        start = {TopicPartition(row.topic, row.partition): row.offset for row in found}
        return await kafka.read_committed(self.axis.cluster.access, self.projected_topics(), start)

    def projected_topics(self) -> set[str]:
        """Name what the projector reads, besides dead letters."""
        return {"evidence", *(f"inbox.{member}" for member in self.axis.members)}

    async def decided(self) -> set[UUID]:
        """Name the submissions whose route is decided."""
        return {
            row.submission_id for row in await self.rows("SELECT submission_id FROM decisions WHERE kind = 'route'")
        }

    async def judged(self) -> set[UUID]:
        """Name the submissions whose verdict is decided."""
        found = await self.rows("SELECT submission_id FROM decisions WHERE kind = 'verdict'")
        return {row.submission_id for row in found}

    def log_of(self, name: str) -> str:
        """Give what a service has logged."""
        return self._log_file(name).read_text("utf-8")

    def _log_file(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    async def die_at(self, name: str, point: str) -> float:
        """Start a stopped service with an armed fail point, wait for its death, and give the time of it in ms."""
        service = self.services[name]
        with contextlib.suppress(StartFailed):  # it may come to the point before it can say that it is ready
            await service.start(failpoint=point)
        async with asyncio.timeout(WAIT_SECONDS):
            code = await service.died()
        assert code == -signal.SIGKILL, f"{name} ended with {code} instead of dying at {point}"
        return time.time() * 1000

    async def let_lists_go_stale(self) -> None:
        """Have the one authority issue a list that ends at once, and no further one, until the axis has that list."""
        path, responder = f"/crl/{HELD_AUTHORITY}.crl", self.axis.responder
        # Lists are told apart by their seconds: a list of the same second as the one before is not a later one.
        await asyncio.sleep(max(0.0, (self._published_at + LIST_SECONDS - system_clock()).total_seconds()))
        responder.publish(HELD_AUTHORITY, lifetime=STALE_AFTER)
        responder.hold_crl(HELD_AUTHORITY)
        before, stale_at = responder.requests(path), system_clock() + STALE_AFTER

        async def stale() -> bool:
            return responder.requests(path) >= before + 2 and system_clock() > stale_at

        await self.until(stale, "the verifier has taken the stale list")

    def publish_lists(self) -> None:
        """Have the authority issue fresh lists again."""
        self.axis.responder.publish(HELD_AUTHORITY)
        self._published_at = system_clock()
