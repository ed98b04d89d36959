"""The composition root: builds the services that a process is told to run, starts them, watches them, stops them."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final, Self

import structlog
from prometheus_client import CollectorRegistry

from docaxis import failpoints
from docaxis.composition import SERVICES, build
from docaxis.composition.parts import Context, Part
from docaxis.directory.following import DirectoryFollower
from docaxis.directory.opening import open_directory
from docaxis.health import HealthServer
from docaxis.production import require_production
from docaxis.settings import Settings
from docaxis.storage.database import open_database
from docaxis.storage.migrate import upgrade
from docaxis_schemas.moments import Clock, system_clock

READY_SECONDS: Final = 120.0
"""Services that start together on a busy machine, each with its libraries to load, have taken 50."""
STOP_ALLOWANCE: Final = timedelta(seconds=25)
"""Longer than the slowest part's own grace: a stage finishes or hands back within 12 s."""
LOOK_SECONDS: Final = 0.05


class NotReady(Exception):
    """A service did not become ready in time; the text names the causes."""


class Runtime:
    """The services of one process. Use as an async context manager: entered, it is ready."""

    def __init__(
        self,
        settings: Settings,
        services: Sequence[str] = SERVICES,
        *,
        clock: Clock = system_clock,
        failpoint: str | None = None,
    ) -> None:
        unknown = set(services) - set(SERVICES)
        if unknown:
            raise ValueError(f"no such service: {', '.join(sorted(unknown))}; there are {', '.join(SERVICES)}")
        if failpoint and settings.mode == "production":
            raise ValueError("the production profile arms no fail points")
        failpoints.arm(failpoint)
        self._settings = settings
        self._services = tuple(services)
        self._clock = clock
        self._stopping = asyncio.Event()
        self._parts: list[Part] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self._health: HealthServer | None = None
        self._directory: DirectoryFollower | None = None
        self.registry = CollectorRegistry()
        self.failed = asyncio.Event()
        self._log = structlog.get_logger("docaxis.runtime")

    @property
    def url(self) -> str:
        """The gateway's address, if this process runs it."""
        return next((part.url for part in self._parts if part.name == "gateway"), "")

    @property
    def pages_url(self) -> str:
        """The address of the clerk's pages, if this process runs them."""
        return next((part.url for part in self._parts if part.name == "clerk"), "")

    @property
    def health_url(self) -> str:
        """The address of this process's own health and metrics, if it serves them."""
        return self._health.url if self._health else ""

    def causes(self) -> tuple[str, ...]:
        """Say why this process is not ready; empty when it is."""
        directory = self._directory.causes if self._directory else ()
        return (*directory, *(f"{part.name}: {cause}" for part in self._parts for cause in part.causes()))

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start(self) -> None:
        await asyncio.to_thread(require_production, self._settings, self._services)
        url = self._settings.database.get_secret_value()
        if self._settings.migrate:
            await upgrade(url)
        engine = open_database(url, application="+".join(self._services))
        self._stack.push_async_callback(engine.dispose)
        follower = DirectoryFollower(open_directory(self._settings, engine, self._clock))
        await follower.start()
        self._directory = follower
        context = Context(self._settings, engine, follower, self._clock, self.registry, self._stack)
        self._run("directory", follower.run)
        for service in self._services:
            part = await build(service, context)
            self._parts.append(part)
            context.urls[part.name] = part.url
            for name, work in part.work.items():
                self._run(f"{service}.{name}", work)
        if self._settings.metrics_port is not None:
            self._health = await self._stack.enter_async_context(
                HealthServer(self._settings.metrics_port, self.registry, self.causes)
            )
        await self._ready()

    def _run(self, name: str, work: Callable[[asyncio.Event], Any]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work(self._stopping), name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Notice a part that ends by itself: the process must not go on as if it were whole."""
        if self._stopping.is_set():
            return
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._log.critical("a part of the process ended", part=task.get_name(), cause=repr(error))
        self.failed.set()

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    if self.failed.is_set():
                        raise NotReady(f"a part ended while starting: {self._failures()}")
                    if not self.causes():
                        return
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            raise NotReady(f"not ready after {READY_SECONDS:.0f} s: {'; '.join(self.causes())}") from error

    def _failures(self) -> str:
        ended = [task for task in self._tasks if task.done() and not task.cancelled() and task.exception()]
        return "; ".join(f"{task.get_name()}: {task.exception()!r}" for task in ended)

    async def stop(self) -> None:
        """Stop all parts: what is in hand is finished or handed back."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_ALLOWANCE.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []
        with contextlib.suppress(asyncio.CancelledError):
            await self._stack.aclose()
