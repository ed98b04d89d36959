"""A process of its own for one service, or for all of them: settings from the environment, logs on standard error.

When it is ready it says so in one JSON line on standard output; on SIGTERM or SIGINT it finishes what is in hand.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from typing import Final

from pydantic import ValidationError

from docaxis.bus.port import UnavailableBus
from docaxis.composition import SERVICES
from docaxis.composition.parts import MisconfiguredService
from docaxis.directory.errors import UnavailableDirectory
from docaxis.failpoints import VARIABLE
from docaxis.logs import configure_logs
from docaxis.runtime import NotReady, Runtime
from docaxis.settings import Settings
from docaxis.storage.decisions import UnavailableStorage

EXIT_OK: Final = 0
EXIT_UNAVAILABLE: Final = 69
EXIT_FAILED: Final = 70
EXIT_CONFIGURATION: Final = 78
"""As of sysexits.h."""


def run_service(service: str) -> int:
    """Run one service (or ``all``) until it is told to stop, and give the exit code."""
    configure_logs()
    try:
        settings = Settings()
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        sys.stderr.write(f"docaxis: the settings are not usable: {fields}\n")
        return EXIT_CONFIGURATION
    services = SERVICES if service == "all" else (service,)
    try:
        return asyncio.run(_serve(settings, services, service))
    except MisconfiguredService as error:
        sys.stderr.write(f"docaxis: {error}\n")
        return EXIT_CONFIGURATION
    except (NotReady, UnavailableStorage, UnavailableBus, UnavailableDirectory) as error:
        sys.stderr.write(f"docaxis: {error}{_of_system(error)}\n")
        return EXIT_UNAVAILABLE


def _of_system(error: BaseException | None) -> str:
    """Give what the system said at the bottom of a failure, such as an address that refused; it names no secret."""
    while error is not None:
        if isinstance(error, OSError):
            return f" ({error})"
        error = error.__cause__ or error.__context__
    return ""


async def _serve(settings: Settings, services: tuple[str, ...], name: str) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with Runtime(settings, services, failpoint=os.environ.get(VARIABLE)) as runtime:
        gc.collect()
        gc.freeze()  # what starting made stays: no later collection needs to look through it
        line = {
            "ready": name,
            "url": runtime.url or runtime.pages_url,
            "health": runtime.health_url,
            "pid": os.getpid(),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(runtime.failed.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return EXIT_FAILED if runtime.failed.is_set() and not stopped.is_set() else EXIT_OK
