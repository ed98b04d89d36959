"""``docaxis audit verify`` and ``docaxis audit monitor``: is the log the one it was, and does it hold?"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from docaxis.auditor.consistency import LogDirectory, require_continuation
from docaxis.auditor.monitoring import FALSE, Monitor
from docaxis.auditor.walking import LogSource, open_checkpoint, walk
from docaxis.cli.audit_checks import judging_the_log
from docaxis.cli.connecting import connect, read_profile
from docaxis.cli.evidence import log_of, read_pinned
from docaxis.cli.exit_codes import Exit
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import output_for
from docaxis.client.connection import Patience
from docaxis.client.errors import UnavailableAxis
from docaxis_signing.transparency.checkpoint import SignedCheckpoint
from docaxis_signing.transparency.leaves import type_of
from docaxis_signing.transparency.policy import Policy

LOOK_SECONDS: Final = 5.0


async def verify(
    *,
    full: Flag = False,
    since: list[Path] | None = None,
    log: Path | None = None,
    keys: Path | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Check the log: its checkpoint's signatures, and that it continues checkpoints you kept.

    Args:
        full: Derive everything anew: every entry, every tile, the root. Wants an auditor's credential, or a copy.
        since: Checkpoints kept from earlier visits.
        log: Judge a copy of the log in this directory instead of asking the axis.
        keys: The axis's public keys, pinned beforehand; by default those of the profile.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    policy = _policy(keys, connecting)
    async with _source(log, connecting) as source:
        with judging_the_log():
            opened = await open_checkpoint(source, policy)
            for path in since or ():
                await require_continuation(source, policy.open(path.read_bytes()), opened)
            types: Counter[str] = Counter()
            if full:
                async for bundle in walk(source, opened, tiles=True):
                    types.update(type_of(entry) for entry in bundle.entries)
    value = _told(opened, policy) | {"continues": [str(path) for path in since or ()]}
    lines = [f"✓ {opened.checkpoint.origin}: {opened.checkpoint.size}"]
    lines += [f"  {output.text('tiếp nối', 'continues')} {path}" for path in since or ()]
    if full:
        value["types"] = dict(sorted(types.items()))
        lines.append(f"  {output.text('Mọi mục và mọi mã băm đều khớp.', 'Every entry and every hash fits.')}")
        lines += [f"  {count:>9} {kind}" for kind, count in sorted(types.items())]
    output.result(value, *lines)
    return Exit.OK


async def monitor(
    state: Path,
    /,
    *,
    every: float = LOOK_SECONDS,
    duration: Annotated[float | None, Parameter(name="--for")] = None,
    keys: Path | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Watch the log until Ctrl-C: each checkpoint must continue the last. Ends with 1 when one does not.

    Args:
        state: File with the last checkpoint seen; made at the first look. Never delete it: it is your memory.
        every: Seconds between two looks.
        duration: Stop after so many seconds.
        keys: The axis's public keys, pinned beforehand; by default those of the profile.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    policy = _policy(keys, connecting)

    def tell(kind: str, detail: str, opened: SignedCheckpoint | None) -> None:
        mark = {"seen": "✓", "alarm": "✗", "over": "✓"}[kind]
        more = {} if opened is None else _told(opened, policy)
        output.result({"event": kind, "detail": detail} | more, f"{mark} {kind} {detail}".rstrip())

    async with _source(None, connecting) as source:
        clock = asyncio.get_running_loop().time
        watching = Monitor(source, policy, state, tell, (UnavailableAxis,), clock)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(duration):
                    await watching.watch(every, asyncio.Event())
        except FALSE as error:
            tell("alarm", str(error), None)
            return Exit.REFUSED
    return Exit.OK


def _policy(keys: Path | None, connecting: Connecting | None) -> Policy:
    path = keys or read_profile(connecting).keys
    return log_of(None if path is None else read_pinned(path))


@asynccontextmanager
async def _source(log: Path | None, connecting: Connecting | None) -> AsyncIterator[LogSource]:
    if log is not None:
        yield LogDirectory(log)
        return
    async with connect(connecting, patience=Patience(seconds=LOOK_SECONDS)) as axis:
        yield axis.audit


def _told(opened: SignedCheckpoint, policy: Policy) -> dict[str, Any]:
    return {
        "log": opened.checkpoint.origin,
        "size": opened.checkpoint.size,
        "root": opened.checkpoint.root.hex(),
        "witnesses": sorted(policy.witnessed(opened.note)),
    }
