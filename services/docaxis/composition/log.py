"""Opens the log for its one writer, and has its checkpoints time-stamped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from docaxis.composition.parts import Context, MisconfiguredService, Work, key_file, witness_policy
from docaxis.registrar.anchoring import Anchoring, AnchorMeasures
from docaxis.registrar.keeping import LogKeeper, LogMeasures
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.witnesses import Witnesses
from docaxis.storage.log_files import LocalDisk, LogFiles, only_writer
from docaxis.storage.log_order import LogOrder
from docaxis_signing.pdf.timestamps import TimestampClient
from docaxis_signing.transparency.note import Signer
from docaxis_signing.transparency.problems import TransparencyError

PREDECESSOR_SECONDS: Final = 3.0
"""How long the log's next writer waits for one that was stopped or killed; the system frees its locks at once."""


async def open_log(context: Context) -> LogKeeper | None:
    """Become the one writer of the log; None where the settings give this process no log.

    Raises:
        MisconfiguredService: Another registrar writes it, or its key or policy cannot be read.
    """
    settings = context.settings
    directory = settings.log.directory
    if directory is None:
        return None
    path = key_file(settings.keys.log_key, "key of the log")
    try:
        signer = Signer.from_skey(await asyncio.to_thread(path.read_text, "ascii"))
    except TransparencyError as error:
        raise MisconfiguredService(f"the log's key: {error}") from error
    policy = await witness_policy(settings)
    if signer.verifier.name != settings.log_origin:
        raise MisconfiguredService(f"the log's key is called {signer.verifier.name}, the log {settings.log_origin}")
    order = LogOrder(context.engine, settings.log_origin)
    await _be_alone(context, order, directory)
    sequencer = Sequencer(order, LogFiles(LocalDisk(directory)), signer, context.clock)
    witnesses = None
    if policy:
        client = await context.stack.enter_async_context(httpx.AsyncClient())
        witnesses = Witnesses(policy, signer.verifier, client)
        if not witnesses.can_suffice:
            raise MisconfiguredService("the quorum of the log's policy is not to be had from witnesses with an address")
    return LogKeeper(sequencer, witnesses, settings.log.interval, LogMeasures(context.registry))


async def _be_alone(context: Context, order: LogOrder, directory: Path) -> None:
    """Wait a moment for a predecessor that is just ending, never for one that works."""
    deadline = asyncio.get_running_loop().time() + PREDECESSOR_SECONDS
    while True:
        attempt = AsyncExitStack()
        if await attempt.enter_async_context(_both(order, directory)):
            context.stack.push_async_exit(attempt)
            return
        await attempt.aclose()
        if asyncio.get_running_loop().time() > deadline:
            raise MisconfiguredService(f"another registrar writes the log {directory}: there is one writer only")
        await asyncio.sleep(PREDECESSOR_SECONDS / 10)


@asynccontextmanager
async def _both(order: LogOrder, directory: Path) -> AsyncIterator[bool]:
    """Hold the log's directory and its order, or neither for long."""
    with only_writer(directory) as mine:
        if not mine:
            yield False
            return
        async with order.alone() as alone:
            yield alone


def anchoring(context: Context) -> dict[str, Work]:
    """Give the loop that has checkpoints time-stamped, where the settings name an authority."""
    log = context.settings.log
    if not log.tsa or log.directory is None:
        return {}
    files, stamper = LogFiles(LocalDisk(log.directory)), TimestampClient(log.tsa)
    measures = AnchorMeasures(context.registry)
    return {"anchors": Anchoring(files, stamper, log.anchor_interval, context.clock, measures).serve}
