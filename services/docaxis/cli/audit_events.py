"""``docaxis audit events``: the log's events in the forms that security teams collect, one line each."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from docaxis.auditor.feeding import Feed, first_since
from docaxis.auditor.indexing import RejectedDisclosure
from docaxis.auditor.siem import cef, ecs, ocsf, syslog
from docaxis.auditor.siem.reading import Entry, json_line
from docaxis.cli.audit_checks import judging_the_log, pinned_of
from docaxis.cli.connecting import connect
from docaxis.cli.evidence import log_of
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import Output, output_for
from docaxis.client.errors import UnavailableAxis
from docaxis_schemas.moments import VIETNAM, from_text, system_clock
from docaxis_signing.durable import write_whole

LOOK_SECONDS: Final = 30.0
"""Between two looks of a feed: each is itself evidence."""

Form = Literal["ocsf", "ecs", "cef", "syslog"]
FORMS: Final[Mapping[Form, Callable[[Entry], str]]] = {
    "ocsf": lambda entry: json_line(ocsf(entry)),
    "ecs": lambda entry: json_line(ecs(entry)),
    "cef": cef,
    "syslog": syslog,
}


async def events(
    *,
    form: Annotated[Form, Parameter(name="--format")] = "ocsf",
    since: datetime | None = None,
    state: Path | None = None,
    follow: Flag = False,
    every: float = LOOK_SECONDS,
    connecting: Connecting | None = None,
) -> int:
    """Write events as lines for a SIEM, in the order of the log. Each look for them becomes evidence in it.

    Args:
        form: OCSF or ECS (JSON lines), CEF, or CEF in lines of syslog (RFC 5424).
        since: Nothing earlier than this; a time without a zone is Vietnam's.
        state: File that keeps the place in the log: the next run goes on there. A line may come twice, none is lost.
        follow: Go on as the log grows, until Ctrl-C.
        every: Seconds between two looks, with --follow.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    policy = log_of(pinned_of(connecting))
    begin = None if since is None else since if since.tzinfo else since.replace(tzinfo=VIETNAM)
    async with connect(connecting) as axis:
        with judging_the_log():
            place = _kept(state)
            if place is None:
                place = 0 if begin is None else await first_since(axis.audit, policy, begin)
        feed = Feed(axis.audit, policy, system_clock, place)
        while True:
            await _turn(feed, form, begin, output, follow=follow)
            if state is not None:
                write_whole(state, f"{feed.next}\n".encode())
            if not follow:
                return Exit.OK
            await asyncio.sleep(every)


async def _turn(feed: Feed, form: Form, begin: datetime | None, output: Output, *, follow: bool) -> None:
    """Write what is new; with ``follow`` an axis that is away is waited for."""
    origin = feed.policy.logs[0].name
    try:
        with judging_the_log():
            async for row in feed.turn():
                if begin is None or from_text(row["time"]) >= begin:
                    output.verbatim(FORMS[form](Entry(origin, row)) + "\n")
    except RejectedDisclosure as error:
        vi, en = f"Trục mở sai một mục của sổ: {error}", f"The axis opens a leaf falsely: {error}"
        raise CommandFailed(Exit.REFUSED, "disclosure-false", vi, en) from error
    except UnavailableAxis as error:
        if not follow:
            raise
        output.note(f"Trục không trả lời: {error}", f"The axis does not answer: {error}")


def _kept(state: Path | None) -> int | None:
    """Read the place where an earlier run stopped."""
    if state is None or not state.exists():
        return None
    text = state.read_text("ascii", "replace").strip()
    if not text.isdecimal() or len(text) > 18:
        vi, en = f"{state} không phải tệp trạng thái.", f"{state} holds no place of an earlier run."
        raise CommandFailed(Exit.BAD_INPUT, "state-unreadable", vi, en)
    return int(text)
