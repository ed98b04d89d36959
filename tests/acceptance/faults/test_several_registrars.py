"""Registrars that share the signing, and one that writes the log: each is killed, nothing is lost or stands twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.bus.access import service_user
from docaxis.bus.kafka import KafkaBus
from docaxis.bus.port import Outgoing
from docaxis.embedded.axis import AXIS, ENVIRONMENT, SLOTS, AxisPlan, LocalAxis
from docaxis.embedded.forged_log import read_entries
from docaxis.embedded.processes import ServiceProcess
from docaxis.failpoints import Point
from docaxis.router.envelopes import Envelopes
from docaxis.settings import LogSettings, Settings
from docaxis.storage.database import open_database
from docaxis.storage.log_files import CHECKPOINT
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_signing.receipts import check_evidence, evidence_file
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.leaves import leaf, openings

AT = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
OWNED: Mapping[str, tuple[int, ...]] = {
    "first": tuple(range(0, SLOTS, 2)),
    "second": tuple(range(1, SLOTS, 2)),
    "writer": (),
}
STRUCK = (
    ("first", Point.REGISTRAR_AFTER_RECEIPTS, 20),
    ("second", Point.REGISTRAR_IN_TRANSACTION, 1),
    ("writer", Point.REGISTRAR_AFTER_ORDER, 1),
    ("first", Point.REGISTRAR_IN_TRANSACTION, 1),
    ("writer", Point.REGISTRAR_WITHIN_TILES, 1),
    ("second", Point.REGISTRAR_AFTER_RECEIPTS, 1),
    ("writer", Point.REGISTRAR_AFTER_SIGNING, 1),
)
EACH = 160
"""Statements that come around a kill, of all slots alike."""
SECONDS = 120.0
LOOK = 0.1


def settings_of(axis: LocalAxis, name: str) -> Settings:
    """Give a registrar its slots, and only the key for what it does."""
    whole = axis.settings("registrar")
    keys, bus = whole.keys, whole.bus.model_copy(update={"owned": OWNED[name]})
    if OWNED[name]:
        keys = keys.model_copy(update={"log_key": None, "organisation_key": ""})
        return whole.model_copy(update={"bus": bus, "keys": keys, "log": LogSettings()})
    keys = keys.model_copy(update={"evidence_key": None, "organisation_key": ""})
    return whole.model_copy(update={"bus": bus.model_copy(update={"bootstrap": "127.0.0.1:9"}), "keys": keys})


@dataclass
class Registrars:
    """Two that sign and one that writes, on an axis that has nothing else."""

    axis: LocalAxis
    engine: AsyncEngine
    processes: Mapping[str, ServiceProcess]
    events: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)
    """Slot and statement of all that came."""
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def come(self, count: int) -> None:
        """Put statements on the topic, ten of a submission, as the router does."""
        envelopes, records = Envelopes(AXIS, ENVIRONMENT, SLOTS), []
        submission = uuid4()
        for number in itertools.islice(self.numbers, count):
            submission = submission if number % 10 else uuid4()
            records.append(self._one(number, submission, envelopes))
        bus = self.axis.settings("router").bus
        user = bus.model_copy(update={"username": service_user("router"), "password": bus.passwords["router"]})
        async with KafkaBus(user).publisher() as publisher:
            await publisher.publish(records)

    def _one(self, number: int, submission: UUID, envelopes: Envelopes) -> Outgoing:
        event, recipient, facts = uuid4(), f"H37.{number}", {"version": 1}
        kind = EvidenceType.CONTENT_CONSIGNMENT
        record = envelopes.evidence(
            event, kind, submission_id=submission, member="s-1", recipient=recipient, at=AT, facts=facts
        )
        said = Statement(event, kind, submission, AT, "s-1", recipient, facts)
        self.events[event] = record.partition.number, said.to_bytes(axis=AXIS, environment=ENVIRONMENT)
        return record

    def of(self, name: str) -> set[UUID]:
        """Name what came in the slots of one."""
        return {event for event, (slot, _) in self.events.items() if slot in OWNED[name]}

    async def logged(self) -> set[UUID]:
        """Name what has its place in the order."""
        async with self.engine.connect() as connection:
            return {row.event_id for row in await connection.execute(text("SELECT event_id FROM log_leaves"))}

    async def until_logged(self, events: set[UUID]) -> None:
        async with asyncio.timeout(SECONDS):
            while not events <= await self.logged():  # noqa: ASYNC110 - of another process
                await asyncio.sleep(LOOK)

    async def until_published(self) -> None:
        """Wait until the published checkpoint covers all that came."""
        async with asyncio.timeout(SECONDS):
            while self.published() < len(self.events):  # noqa: ASYNC110 - a file of another process
                await asyncio.sleep(LOOK)

    def published(self) -> int:
        path = self.axis.log_directory / CHECKPOINT
        return Checkpoint.stated(path.read_bytes()).size if path.exists() else 0

    async def each_stands_once(self) -> None:
        """Every statement has one receipt that verifies, and is one entry of the published files."""
        async with self.engine.connect() as connection:
            found = await connection.execute(
                text("SELECT event_id, receipt, secret FROM receipts JOIN submission_secrets USING (submission_id)")
            )
            rows = {row.event_id: row for row in found}
        assert rows.keys() == self.events.keys()
        wanted, pinned = [], self.axis.pinned_keys()
        for event, (_, statement) in self.events.items():
            wanted.append(leaf(statement, openings(rows[event].secret, statement)))
            file = evidence_file(rows[event].receipt, record=None, record_key=None)
            assert check_evidence(file, pinned).statement["event_id"] == str(event)
        assert sorted(await asyncio.to_thread(read_entries, self.axis.log_directory)) == sorted(wanted)


@pytest.fixture(scope="module")
async def registrars(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Registrars]:
    tmp_path = tmp_path_factory.mktemp("registrars")
    async with AsyncExitStack() as stack:
        axis = await stack.enter_async_context(LocalAxis(AxisPlan(tmp_path / "axis")))
        engine = open_database(axis.database.url, application="tests")
        stack.push_async_callback(engine.dispose)
        processes = {
            name: ServiceProcess("registrar", settings_of(axis, name), tmp_path / f"{name}.log") for name in OWNED
        }
        for process in processes.values():
            stack.push_async_callback(process.stop)
            await process.start()
        yield Registrars(axis, engine, processes)


@pytest.mark.timeout(600)
async def test_each_may_be_killed_while_the_others_go_on_and_every_statement_is_one_leaf(
    registrars: Registrars,
) -> None:
    await registrars.come(EACH)
    await registrars.until_published()
    for name, point, hits in STRUCK:
        process = registrars.processes[name]
        await process.stop()
        await process.start(failpoint=f"{point}:{hits}")
        before = registrars.published()
        await registrars.come(EACH)
        async with asyncio.timeout(SECONDS):
            assert await process.died() == -9
        if name == "writer":
            assert registrars.published() == before, "nobody else publishes"
        else:
            other = "second" if name == "first" else "first"
            await registrars.until_logged(registrars.of(other))
        await process.start()
        await registrars.until_published()
    await registrars.each_stands_once()


@pytest.mark.timeout(600)
async def test_slots_that_two_own_are_taken_back_and_forth_and_every_statement_is_one_leaf(
    registrars: Registrars, tmp_path: Path
) -> None:
    """A mistake of the settings, which the guide for operators says costs speed alone."""
    log = tmp_path / "rival.log"
    rival = ServiceProcess("registrar", settings_of(registrars.axis, "first"), log)
    starting = asyncio.create_task(rival.start())
    try:
        async with asyncio.timeout(SECONDS):
            while not (log.exists() and "another process has taken the slot" in log.read_text("utf-8")):
                await registrars.come(SLOTS * 10)
                await asyncio.sleep(1)
        await registrars.until_published()
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await rival.stop()
    await registrars.each_stands_once()
