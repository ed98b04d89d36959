"""``docaxis up``: an axis in the foreground, with its addresses and credentials printed, until Ctrl-C."""

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from docaxis.cli.options import UpOptions
from docaxis.embedded.axis import AxisPlan, LocalAxis
from docaxis.logs import configure_logs
from docaxis.runtime import Runtime

_WIDEST: Final = 1000
"""Columns of a terminal; more is a path that nobody can read."""


def data_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the system's own place for the data of a user's program."""
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "docaxis"


def run_up(options: UpOptions) -> int:
    """Keep an axis running until it is told to stop."""
    return asyncio.run(_up(options))


async def _up(options: UpOptions) -> int:
    directory = options.data or data_directory()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    configure_logs(file=directory / "axis.log")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    plan = AxisPlan(directory / f"axis-{options.brokers}", brokers=options.brokers, port=options.port)
    starting = asyncio.create_task(_serve(plan, options, stopped))
    return await starting


async def _serve(plan: AxisPlan, options: UpOptions, stopped: asyncio.Event) -> int:
    console = Console(stderr=options.json)
    console.print("[bold]docaxis[/] · khởi động … / starting …")
    async with LocalAxis(plan) as axis, Runtime(axis.settings()) as runtime:
        profiles = axis.write_profiles(runtime.url, options.profiles)
        described = axis.described(runtime.url)
        described |= {"pages": runtime.pages_url, "profiles": {name: str(path) for name, path in profiles.items()}}
        tell(console, described, options)
        waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(runtime.failed.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        console.print("[bold]docaxis[/] · dừng … / stopping …")
        return 70 if runtime.failed.is_set() and not stopped.is_set() else 0


def tell(console: Console, described: Mapping[str, Any], options: UpOptions) -> None:
    """Print what somebody needs to use the axis."""
    if options.json:
        sys.stdout.write(json.dumps(described, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    table = Table(title="docaxis · TEST", title_justify="left", show_header=False)
    for name in ("gateway", "pages", "kafka", "database", "authorities", "operator", "auditor"):
        table.add_row(name, str(described[name]))
    _print_whole(console, table)
    table = Table(title="Thành viên / members", title_justify="left")
    table.add_column("member")
    table.add_column("credential")
    table.add_column("profile")
    for member, credential in described["members"].items():
        table.add_row(member, credential, described["profiles"][member])
    _print_whole(console, table)
    table = Table(title="Văn thư, kiểm toán / clerks, auditors", title_justify="left")
    table.add_column("account")
    table.add_column("password")
    for account, password in (described["clerks"] | described["auditors"]).items():
        table.add_row(account, password)
    _print_whole(console, table)
    first = shlex.quote(next(iter(described["profiles"].values())))
    console.print(
        f"docaxis inbox --profile {first}\ndocaxis organisations 'Sở' --profile {first}\nCtrl-C dừng / stops.",
        markup=False,
        soft_wrap=True,
    )


def _print_whole(console: Console, table: Table) -> None:
    """Print a table as wide as it is: a credential that is cut off to fit the terminal is of no use."""
    needed = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
    console.width = max(console.width, needed)
    console.print(table)
