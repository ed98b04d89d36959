"""Measure the registrar as a whole: statements on the broker become signed receipts and published leaves.

Run: ``python benchmarks/registrar.py [--backlog N] [--rate R --seconds S] [--signers N]``. Prints one JSON object as
its last line. The backlog lies on the topic before the registrars start, so that its rate is their own; the rate is
sent while they run, for the time from a statement's record to the published checkpoint with its leaf. One registrar
does everything; several divide the slots, and one more writes the log. Statements are hand-overs at fan-out 38, as
the router writes them. Broker, database and registrars are real processes; afterwards every statement has to be in
exactly one place of the order, and the published files have to hold as many entries, each different.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from uuid import UUID, uuid5

from docaxis.bus.access import service_user
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing
from docaxis.embedded.axis import AXIS, ENVIRONMENT, SLOTS, AxisPlan, LocalAxis
from docaxis.embedded.bench.usage import Meter, Part
from docaxis.embedded.forged_log import read_entries
from docaxis.embedded.processes import ServiceProcess
from docaxis.router.envelopes import Envelopes
from docaxis.settings import LogSettings, Settings
from docaxis.storage.database import open_database
from docaxis.storage.driver import Database, Statement
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles
from docaxis_schemas.evidence import EvidenceType
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Note

FAN_OUT: Final = 38
AT: Final = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
NAMES: Final = UUID(int=1)
CHUNK: Final = 500
"""Records of a backlog sent at a time."""
TICK_SECONDS: Final = 0.05
"""Between two sendings at a rate."""
LOOK_SECONDS: Final = 0.05
"""Between two looks at the published checkpoint."""
PUBLISHED_SECONDS: Final = 600.0
_LEAVES: Final = Statement("SELECT event_id, leaf_index FROM log_leaves")


def handed_over(number: int, envelopes: Envelopes) -> tuple[UUID, Outgoing]:
    """Make the statement of one hand-over, and its record."""
    submission, event = uuid5(NAMES, f"submission {number // FAN_OUT}"), uuid5(NAMES, f"event {number}")
    facts = {
        "action_id": str(uuid5(NAMES, f"action {number}")),
        "delivery_id": str(uuid5(NAMES, f"delivery {number}")),
        "contents_sha256": "ab" * 32,
        "record_sha256": f"{number:064x}",
        "record_key_sha256": "ef" * 32,
    }
    kind, recipient = EvidenceType.CONTENT_HANDOVER, f"H37.{number % FAN_OUT:02}"
    return event, envelopes.evidence(
        event, kind, submission_id=submission, member="so-noi-vu", recipient=recipient, at=AT, facts=facts
    )


@dataclass
class Bench:
    """An axis without services, and what was published of its log when."""

    axis: LocalAxis
    database: Database
    directory: Path
    signers: int

    def __post_init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.files = LogFiles(LocalDisk(self.axis.log_directory))
        self.envelopes = Envelopes(AXIS, ENVIRONMENT, SLOTS)

    def size(self) -> int:
        """Give the size of the published checkpoint, and note it with the time."""
        data = self.files.read(CHECKPOINT)
        size = 0 if data is None else Checkpoint.parse(Note.parse(data).text).size
        self.seen.append((time.monotonic(), size))
        return size

    async def places(self) -> dict[UUID, int]:
        """Give the place of each statement in the order; none has two."""
        rows = await self.database.rows(_LEAVES)
        places = {row["event_id"]: row["leaf_index"] for row in rows}
        assert len(places) == len(rows), "a statement stands twice in the order"
        return places

    async def published(self, size: int) -> None:
        """Wait until so many leaves are published."""
        async with asyncio.timeout(PUBLISHED_SECONDS):
            while self.size() < size:  # noqa: ASYNC110 - a file, which tells nobody that it changed
                await asyncio.sleep(LOOK_SECONDS)

    async def send(self, records: Sequence[Outgoing], rate: float = 0.0) -> list[float]:
        """Put records on the broker as the router, so many a second or all at once; give when each was begun."""
        bus = self.axis.settings("router").bus
        user = bus.model_copy(update={"username": service_user("router"), "password": bus.passwords["router"]})
        chunk, began = (max(1, round(rate * TICK_SECONDS)) if rate else CHUNK), time.monotonic()
        times: list[float] = []
        async with KafkaBus(user).publisher() as publisher:
            for first in range(0, len(records), chunk):
                if rate:
                    await asyncio.sleep(began + first / rate - time.monotonic())
                some = records[first : first + chunk]
                times += [time.monotonic()] * len(some)
                await publisher.publish(some)
        return times

    @asynccontextmanager
    async def registrars(self) -> AsyncIterator[Meter]:
        """Run the registrars, and give what reads their cost."""
        log = self.directory / "registrar.log"
        async with AsyncExitStack() as stack:
            processes = [ServiceProcess("registrar", one, log) for one in self._settings()]
            async with asyncio.TaskGroup() as group:
                for process in processes:
                    stack.push_async_callback(process.stop)
                    group.create_task(process.start())
            yield Meter(
                {
                    "registrars": Part(lambda: [process.pid for process in processes]),
                    "database": Part(lambda: self.axis.database.pids[:2], lambda: self.axis.database.pids[1:2]),
                    "broker": Part(lambda: self.axis.cluster.pids),
                }
            )

    def _settings(self) -> list[Settings]:
        """Give one registrar that does everything, or so many that sign and one that writes the log."""
        whole = self.axis.settings("registrar")
        if self.signers == 1:
            return [whole]
        keys, every = whole.keys, range(SLOTS)
        signing = whole.model_copy(
            update={"log": LogSettings(), "keys": keys.model_copy(update={"log_key": None, "organisation_key": ""})}
        )
        writing = whole.model_copy(
            update={
                "bus": whole.bus.model_copy(update={"owned": ()}),
                "keys": keys.model_copy(update={"evidence_key": None}),
            }
        )
        shares = [tuple(every[number :: self.signers]) for number in range(self.signers)]
        return [
            *(signing.model_copy(update={"bus": whole.bus.model_copy(update={"owned": share})}) for share in shares),
            writing,
        ]


def costs(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict[str, float]:
    """Give microseconds of CPU a statement, by part."""
    return {name: round((after[name] - before[name]) / count * 1e6, 1) for name in after}


async def backlog(bench: Bench, count: int) -> dict[str, Any]:
    """Measure how fast the registrars work off what waits, without their start."""
    await bench.send([handed_over(number, bench.envelopes)[1] for number in range(count)])
    async with bench.registrars() as meter:
        await bench.published(1)
        bench.seen.clear()
        first, before = bench.size(), meter.cpu_seconds()
        await bench.published(count)
        began, ended, after = bench.seen[0][0], bench.seen[-1][0], meter.cpu_seconds()
    done = count - first
    return {
        "statements_per_second": round(done / (ended - began)),
        "statements": done,
        "cpu_us_a_statement": costs(before, after, done),
    }


async def at_rate(bench: Bench, first: int, rate: int, seconds: int) -> dict[str, Any]:
    """Measure the time from record to published leaf while statements come at a rate."""
    made = [handed_over(number, bench.envelopes) for number in range(first, first + rate * seconds)]
    async with bench.registrars() as meter:
        bench.seen.clear()
        before = meter.cpu_seconds()
        watching = asyncio.create_task(bench.published(first + len(made)))
        times = await bench.send([record for _, record in made], rate)
        sent = time.monotonic() - times[0]
        await watching
        after = meter.cpu_seconds()
    places = await bench.places()
    sizes = [size for _, size in bench.seen]
    late = [
        bench.seen[bisect_right(sizes, places[event])][0] - began for (event, _), began in zip(made, times, strict=True)
    ]
    return {
        "sent_per_second": round(len(made) / sent),
        "published_after_seconds": {"p50": round(median(late), 2), "p99": round(quantiles(late, n=100)[98], 2)},
        "cpu_us_a_statement": costs(before, after, len(made)),
    }


async def measure(directory: Path, count: int, rate: int, seconds: int, signers: int) -> dict[str, Any]:
    async with LocalAxis(AxisPlan(directory / "axis")) as axis:
        engine = open_database(axis.database.url, application="bench")
        try:
            bench = Bench(axis, Database(engine), directory, signers)
            figures: dict[str, Any] = {"signers": signers, "backlog": await backlog(bench, count)}
            if rate:
                figures["rate"] = await at_rate(bench, count, rate, seconds)
            wanted = {handed_over(number, bench.envelopes)[0] for number in range(count + rate * seconds)}
            assert (await bench.places()).keys() == wanted, "every statement is in the log, and nothing else"
            entries = await asyncio.to_thread(read_entries, axis.log_directory)
            assert len(entries) == len(set(entries)) == len(wanted), "the files have each of them once"
        finally:
            await engine.dispose()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, default=60_000)
    parser.add_argument("--rate", type=int, default=0, help="statements a second while the registrar runs")
    parser.add_argument("--seconds", type=int, default=20, help="how long they come at that rate")
    parser.add_argument("--signers", type=int, default=1, choices=range(1, SLOTS + 1), help="registrars that sign")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docaxis-registrar-") as name:
        figures = asyncio.run(
            measure(Path(name), arguments.backlog, arguments.rate, arguments.seconds, arguments.signers)
        )
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
