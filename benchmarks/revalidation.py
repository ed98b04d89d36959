"""Measure judging again after an authority was compromised: ``docaxis audit revalidate`` on a whole axis.

Run: ``python benchmarks/revalidation.py [--documents N]``. Prints one JSON object as its last line. Broker, database,
TEST authorities and the five services run in processes of their own on this machine. Documents of about 100 kB with two
signatures at B-T by 40 signers under five authorities are handed in, judged and delivered. Then the root above three of
the five, and above the time-stamps, is distrusted from before any of them, and the command, a process with workers of
its own, judges all of them again. With notices: until the last changed verdict is in the log, and known to both sides.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.embedded.axis import AXIS, ENVIRONMENT, SERVICES, AxisPlan, LocalAxis
from docaxis.embedded.bench.corpus import Corpus
from docaxis.embedded.bench.parties import Party, hand_in
from docaxis.embedded.bench.usage import Meter, Part
from docaxis.embedded.bench.wire import Wire
from docaxis.embedded.places import cache_directory
from docaxis.embedded.population import MEMBERS, member_of, members
from docaxis.embedded.processes import ServiceProcess, environment_of
from docaxis.storage.database import open_database
from docaxis_schemas.moments import system_clock
from docaxis_signing.trust.editing import TrustDirectory

DOCAXIS = str(Path(sysconfig.get_path("scripts")) / "docaxis")
COMPROMISED = "gov-root"
IN_FLIGHT = 16
PATIENCE_SECONDS = 1_800.0
INDEXED = "SELECT count(*) FROM audit_entries WHERE type = 'verdict.given'"
LOGGED = """
    SELECT count(DISTINCT l.event_id) FROM receipts r JOIN log_leaves l USING (event_id)
    WHERE r.type = 'verdict.revised' AND l.leaf_index < (SELECT min(signed_size) FROM log_head)
"""
TOLD = """
    SELECT count(*) FROM inbox_items
    WHERE kind = 'news' AND convert_from(body, 'UTF8')::jsonb ->> 'news' = 'verdict_revised'
"""


async def hand_all_in(axis: LocalAxis, url: str, corpus: Corpus, count: int) -> None:
    """Hand the documents in, each to one recipient."""
    address, recipients = urlsplit(url), [plan.organisations[0] for plan in members(4)[len(MEMBERS) :]]
    parties: dict[str, Party] = {}
    for name, identity in axis.members.items():
        wire = Wire(address.hostname or "", address.port or 80, identity.credential)
        parties[name] = Party(name, AXIS, ENVIRONMENT, identity.signer, wire, system_clock)
    room = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int, issuer: str, document: Mapping[str, Any], path: Path) -> None:
        async with room:
            to = [recipients[number % len(recipients)]]
            await hand_in(parties[member_of(issuer)], f"bench-{number}", path, document, to)

    async with asyncio.TaskGroup() as group:
        for number, specimen in enumerate(corpus.specimens(count)):
            group.create_task(one(number, *specimen))
    await asyncio.gather(*(party.wire.close() for party in parties.values()))


async def until(engine: AsyncEngine, query: str, wanted: int) -> None:
    """Wait until the database counts so many.

    Raises:
        TimeoutError: It does not.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with engine.connect() as connection:
                if (await connection.execute(text(query))).scalar_one() >= wanted:
                    return
            await asyncio.sleep(0.1)


async def revalidate(axis: LocalAxis, trust: Path) -> tuple[dict[str, Any], float]:
    """Call the command, and give what it counted and the CPU seconds of it and its workers."""
    settings = axis.settings("verifier").model_copy(update={"trust": trust})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(
        *(DOCAXIS, "audit", "revalidate", COMPROMISED, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | environment_of(settings),
    )
    told, _ = await process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(told.splitlines()[-1]), cpu


async def measure(axis: LocalAxis, engine: AsyncEngine, meter: Meter, trust: Path) -> dict[str, Any]:
    """Judge again and give the figures."""
    cpu_before, load, began = meter.cpu_seconds(), os.getloadavg()[0], time.monotonic()
    counts, cpu = await revalidate(axis, trust)
    seconds = time.monotonic() - began
    await until(engine, LOGGED, counts["changed"])
    await until(engine, TOLD, 2 * counts["changed"])
    told = time.monotonic() - began
    judged = sum(counts[name] for name in ("stands", "changed", "undecided", "failed"))
    axis_cpu = {name: used - cpu_before[name] for name, used in meter.cpu_seconds().items()}
    return {
        "documents": judged,
        "counts": counts,
        "documents_a_minute": round(judged / seconds * 60),
        "documents_a_minute_with_notices": round(judged / told * 60),
        "seconds": round(seconds, 1),
        "seconds_with_notices": round(told, 1),
        "command_cpu_ms_a_document": round(cpu / judged * 1000, 1),
        "axis_cpu_ms_a_document": {name: round(used / judged * 1000, 1) for name, used in axis_cpu.items()},
        "documents_a_minute_of_two_cores_by_cpu": round(judged / (cpu + sum(axis_cpu.values())) * 120),
        "load_before": round(load, 1),
    }


async def run(folder: Path, corpus: Corpus, count: int) -> dict[str, Any]:
    """Fill an axis, and measure."""
    shutil.copytree(corpus.authorities, folder / "axis" / "authorities")
    async with AsyncExitStack() as stack:
        plan = AxisPlan(folder / "axis", extra_inboxes=4, crowd=corpus.agencies)
        axis = await stack.enter_async_context(LocalAxis(plan))
        services = {name: ServiceProcess(name, axis.settings(name), folder / f"{name}.log") for name in SERVICES}
        for service in services.values():
            stack.push_async_callback(service.stop)
            await service.start()
        engine = open_database(axis.database.url, application="bench")
        stack.push_async_callback(engine.dispose)
        began = time.monotonic()
        await hand_all_in(axis, services["gateway"].url, corpus, count)
        await until(engine, INDEXED, count)
        filled = time.monotonic() - began
        trust, now = folder / "trust", system_clock()
        shutil.copytree(axis.settings("verifier").trust, trust)
        TrustDirectory(trust).distrust(COMPROMISED, since=now - timedelta(days=30), reason="drill", at=now)
        meter = Meter(
            {
                **{name: Part(lambda pid=one.pid: [pid]) for name, one in services.items()},  # type: ignore[misc]
                "kafka": Part(lambda: axis.cluster.pids),
                "postgres": Part(lambda: axis.database.pids[:2], lambda: axis.database.pids[1:2]),
            }
        )
        return await measure(axis, engine, meter, trust) | {"fill_seconds": round(filled, 1)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    count = parser.parse_args().documents
    corpus = Corpus(cache_directory() / "bench")
    corpus.prepare(count, cores=os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="docaxis-bench-") as folder:
        print(json.dumps(asyncio.run(run(Path(folder), corpus, count))))


if __name__ == "__main__":
    main()
