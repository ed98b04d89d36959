"""``docaxis bench exchange``: the full path under load, from handing in to the signed hand-over.

Broker, database, TEST authorities, the five services and the load generator share this machine, each in processes of
its own. Each run makes a fresh axis; only documents and their authorities are kept from run to run.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.cli.options import ExchangeOptions
from docaxis.cli.output import Output
from docaxis.embedded.axis import AXIS, ENVIRONMENT, SERVICES, AxisPlan, LocalAxis
from docaxis.embedded.bench.corpus import Corpus
from docaxis.embedded.bench.course import Course, course_of
from docaxis.embedded.bench.figures import Exchange, Reading, lines_of
from docaxis.embedded.bench.inspection import inspect
from docaxis.embedded.bench.orders import Orders
from docaxis.embedded.bench.usage import Meter, Part
from docaxis.embedded.places import cache_directory
from docaxis.embedded.population import COMMUNES, MEMBERS, PROVINCE, member_of, members
from docaxis.embedded.problems import EmbeddedProblem
from docaxis.embedded.processes import ServiceProcess

SETTLE_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 60.0
"""A document not handed over by then counts as lost."""
EXIT_UNSOUND: Final = 1


def exchange(options: ExchangeOptions) -> int:
    """Measure, print the figures, and give 0 if nothing was lost, duplicated or refused."""
    output = Output(as_json=options.json, language=options.language)
    try:
        course = course_of(options)
        figures = asyncio.run(measure(course, Corpus(cache_directory() / "bench"), output))
    except EmbeddedProblem as problem:
        output.complain([str(problem)])
        return EXIT_UNSOUND
    if not figures.heard["documents"]:
        output.complain(["No document went through while it was measured: sign more (--documents), or measure longer."])
        return EXIT_UNSOUND
    if figures.heard["seconds"] < course.seconds * 0.95:
        output.note("Hết văn bản trước khi hết giờ đo.", "The documents ran out before the time was over.")
    output.result(figures.to_json(), *lines_of(figures))
    return 0 if figures.sound else EXIT_UNSOUND


async def measure(course: Course, corpus: Corpus, output: Output) -> Exchange:
    """Make an axis, load it, and give the figures."""
    cores = os.cpu_count() or 1
    output.note("Đang ký các văn bản thử …", "Signing the documents of the run …")
    made = await asyncio.to_thread(corpus.prepare, course.documents, cores=cores)
    output.note(f"{made} văn bản mới; khởi động trục …", f"{made} signed now; starting the axis …")
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docaxis-bench-")))
        await asyncio.to_thread(shutil.copytree, corpus.authorities, directory / "axis" / "authorities")
        plan = AxisPlan(directory / "axis", extra_inboxes=course.inboxes, crowd=corpus.agencies)
        axis = await stack.enter_async_context(LocalAxis(plan))
        services = await stack.enter_async_context(_services(axis, corpus.logs))
        orders = _orders(course, corpus, axis, services["gateway"].url)
        return await _run(course, orders, axis, services, output)


async def _run(
    course: Course, orders: Orders, axis: LocalAxis, services: dict[str, ServiceProcess], output: Output
) -> Exchange:
    directory = Path(axis.settings().trust).parent
    await asyncio.sleep(SETTLE_SECONDS)
    facts = machine_facts(orders)
    readings: dict[str, Reading] = {}
    heard: dict[str, Any] = {}
    loading: list[int] = []
    meter = _meter(axis, services, loading)
    readings["resting"] = await asyncio.to_thread(Reading.of, meter)
    await asyncio.sleep(course.at_rest)
    readings["idle"] = await asyncio.to_thread(Reading.of, meter)
    async with _load(orders, directory / "orders.json") as generator:
        loading.append(generator.pid)
        async for line in _lines(generator):
            phase = line.pop("phase")
            output.note(f"· {phase}", f"· {phase}")
            if phase in {"measuring", "measured"}:
                readings[phase] = await asyncio.to_thread(Reading.of, meter)
            heard |= line
    accepted = [(UUID(submission), recipient) for submission, recipient in heard["accepted"]]
    state = "handed_over" if course.hand_over else "consigned"
    return Exchange(course, facts, heard, readings, await inspect(axis, accepted, state=state))


def machine_facts(orders: Orders) -> dict[str, Any]:
    """Say on what is measured."""
    sizes = [Path(path).stat().st_size for _, _, path in orders.documents]
    return {
        "cores": os.cpu_count(),
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "document_kb": round(sum(sizes) / len(sizes) / 1000),
    }


def _orders(course: Course, corpus: Corpus, axis: LocalAxis, url: str) -> Orders:
    recipients = [(plan.organisations[0], plan.id) for plan in members(course.inboxes)[len(MEMBERS) :]]
    assert recipients[0][0] == f"{PROVINCE}.{COMMUNES + 1}", "the extra inboxes come behind the communes"
    documents = [
        (member_of(issuer), metadata, str(path)) for issuer, metadata, path in corpus.specimens(course.documents)
    ]
    speaking = {member for _, member in recipients} | {member for member, _, _ in documents}
    return Orders(
        url=url,
        axis=AXIS,
        environment=ENVIRONMENT,
        members={
            name: {"jwk": axis.members[name].signer.private_jwk(), "credential": axis.members[name].credential}
            for name in sorted(speaking)
        },
        documents=documents,
        recipients=recipients,
        fan_out=course.fan_out,
        rehearsed=course.rehearsed,
        one_by_one=course.one_by_one,
        warm_up=course.warm_up,
        seconds=course.seconds,
        in_flight=course.in_flight,
        patience=PATIENCE_SECONDS,
        hand_over=course.hand_over,
    )


@asynccontextmanager
async def _services(axis: LocalAxis, logs: Path) -> AsyncIterator[dict[str, ServiceProcess]]:
    """Run each service as a process with its own rights."""
    await asyncio.to_thread(_empty, logs)
    made = {name: ServiceProcess(name, axis.settings(name), logs / f"{name}.log") for name in SERVICES}
    try:
        async with asyncio.TaskGroup() as group:
            for one in made.values():
                group.create_task(one.start())
        yield made
    finally:
        await asyncio.gather(*(one.stop() for one in made.values()))


def _empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700)


@asynccontextmanager
async def _load(orders: Orders, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    await asyncio.to_thread(orders.write, path)
    generator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "docaxis.embedded.bench.load", str(os.getpid()), str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        yield generator
    finally:
        with contextlib.suppress(ProcessLookupError):
            generator.kill()
        await generator.wait()


async def _lines(generator: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    assert generator.stdout is not None
    while line := await generator.stdout.readline():
        value = json.loads(line)
        yield value
        if "accepted" in value:
            return
    raise EmbeddedProblem("The load generator ended before its work was done; its reason stands above.")


def _meter(axis: LocalAxis, services: dict[str, ServiceProcess], loading: list[int]) -> Meter:
    verifier = services["verifier"].pid
    return Meter(
        {
            **{name: Part(lambda pid=one.pid: [pid]) for name, one in services.items()},  # type: ignore[misc]
            "verifier_workers": Part(tuple, lambda: [verifier]),
            "kafka": Part(lambda: axis.cluster.pids),
            "postgres": Part(lambda: axis.database.pids[:2], lambda: axis.database.pids[1:2]),  # launcher, postmaster
            "load_generator": Part(lambda: loading),
            "bench": Part(lambda: [os.getpid()]),
        }
    )
