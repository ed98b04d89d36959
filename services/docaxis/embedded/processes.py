"""Services of the local axis in processes of their own: for load runs, and for killing them."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, SecretStr

from docaxis.embedded.problems import StartFailed
from docaxis.failpoints import VARIABLE
from docaxis.settings import Settings

READY_SECONDS: Final = 150.0
"""Longer than a service itself waits to be ready: it then says what for."""
STOP_SECONDS: Final = 40.0


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings the way a process reads them; secrets stand in its environment only."""
    fields = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {f"DOCAXIS_{name.upper()}": _plain(value) for name, value in fields.items() if value is not None} | {
        "DOCAXIS_METRICS_PORT": "0"
    }


def _plain(value: Any) -> str:
    value = _unwrapped(value)
    return value if isinstance(value, str) else json.dumps(value)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        fields = ((name, getattr(value, name)) for name in type(value).model_fields)
        return {name: _unwrapped(item) for name, item in fields if item is not None}
    if isinstance(value, Mapping):
        return {name: _unwrapped(item) for name, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():f}S"  # ISO 8601
    return list(value) if isinstance(value, tuple) else value


class ServiceProcess:
    """One service as a child process that can be stopped, killed and started again."""

    def __init__(self, name: str, settings: Settings, log: Path) -> None:
        self.name = name
        self._settings = settings
        self._log = log
        self._process: Process | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, failpoint: str | None = None) -> Self:
        """Start it and wait until it says that it is ready.

        Raises:
            StartFailed: It ended, or was not ready in time.
        """
        environ = os.environ | environment_of(self._settings) | ({VARIABLE: failpoint} if failpoint else {})
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "docaxis.embedded.child", str(os.getpid()), self.name),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE,
                stderr=log,
                env=environ,
            )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            await self.kill()
            raise StartFailed(f"The service {self.name} was not ready in time; its log is {self._log}.") from None
        if not line:
            raise StartFailed(f"The service {self.name} ended while starting; its log is {self._log}.")
        self.url = json.loads(line)["url"]
        return self

    async def stop(self) -> int:
        """Ask it to stop; kill it after a bound. Gives the exit code."""
        if self._process is None or self._process.returncode is not None:
            return 0
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """Kill -9 it. Gives the exit code."""
        assert self._process is not None, "not started"
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()

    async def died(self) -> int:
        """Wait until it ends by itself, as at a fail point. Gives the exit code."""
        assert self._process is not None, "not started"
        return await self._process.wait()
