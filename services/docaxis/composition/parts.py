"""What every service is built from, and what it is once it is built."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.access import service_user
from docaxis.directory.following import DirectoryFollower
from docaxis.settings import BusSettings, Settings
from docaxis_schemas.moments import Clock
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import RejectedPolicy

Work = Callable[[asyncio.Event], Awaitable[None]]


class MisconfiguredService(Exception):
    """The settings lack something this service cannot do without; the text says what."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all services of a process share. ``stack`` closes what they opened."""

    settings: Settings
    engine: AsyncEngine
    directory: DirectoryFollower
    clock: Clock
    registry: CollectorRegistry
    stack: AsyncExitStack
    urls: dict[str, str] = field(default_factory=dict)
    """Addresses of the services built so far in this process."""

    def bus_settings(self, service: str) -> BusSettings:
        """Give the settings with which a service speaks to the broker as itself."""
        bus = self.settings.bus
        if service not in bus.passwords:
            return bus
        return bus.model_copy(update={"username": service_user(service), "password": bus.passwords[service]})


@dataclass(frozen=True, slots=True)
class Part:
    """A built service: its loops, the causes for which it is not ready, and its address if it has one."""

    name: str
    work: Mapping[str, Work]
    causes: Callable[[], tuple[str, ...]]
    url: str = ""


def key_file(path: Path | None, what: str) -> Path:
    """Give the path of a key file that a service cannot do without.

    Raises:
        MisconfiguredService: The settings name none.
    """
    if path is None:
        raise MisconfiguredService(f"the settings name no file for the {what}")
    return path


async def witness_policy(settings: Settings) -> Policy | None:
    """Read the policy of witnesses; None where the settings name none.

    Raises:
        MisconfiguredService: It cannot be read.
    """
    path = settings.log.witnesses
    try:
        return None if path is None else Policy.parse(await asyncio.to_thread(path.read_text, "utf-8"))
    except (OSError, UnicodeDecodeError, RejectedPolicy) as error:
        raise MisconfiguredService(f"the log's policy of witnesses {path}: {error}") from error
