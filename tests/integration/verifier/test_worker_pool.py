"""The worker pool with real processes, and a document that does its worst."""

import asyncio
import hashlib
import json
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from docaxis.settings import FairnessSettings, VerifierSettings
from docaxis.verifier.opening import verifier_plan
from docaxis.verifier.pool import Knowledge, WorkerPool
from docaxis.verifier.process import NoWorker, WorkerDied
from docaxis.verifier.shadow import Shadow
from docaxis_schemas.topics import SUBMITTED, SUBMITTED_BULK, SUBMITTED_URGENT
from docaxis_signing.trust.revocation import RevocationSnapshot
from docaxis_signing.trust.store import TrustStore
from docaxis_signing.verdict import Cause, DocumentFindings, Integrity

PROGRAM = (str(Path(__file__).with_name("hostile_worker.py")),)
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
KNOWLEDGE = Knowledge(TrustStore((), "none"), RevocationSnapshot())


@dataclass
class Bytes:
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        return len(self.data)

    async def copy_to(self, write: Callable[[bytes], object]) -> None:
        write(self.data)


async def examine(
    pool: WorkerPool,
    order: str,
    *,
    lane: str = SUBMITTED,
    member: str = "abc",
    knowledge: Knowledge = KNOWLEDGE,
) -> DocumentFindings:
    async def opened() -> Bytes:
        return Bytes(order.encode())

    return await pool.examine(opened, knowledge, at=AT, lane=lane, member=member)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool() -> AsyncIterator[WorkerPool]:
    settings = VerifierSettings(workers=3, seconds=1.5, memory_mb=64)
    async with WorkerPool(settings, FairnessSettings(), program=PROGRAM) as running:
        yield running


def pid_of(findings: DocumentFindings) -> int:
    return int(findings.notes[0].removeprefix("pid "))


async def ended(pid: int) -> None:
    for _ in range(250):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"the process {pid} lives on")


async def test_findings_come_back_with_hash_time_and_knowledge(pool: WorkerPool) -> None:
    findings = await examine(pool, "say")
    assert (findings.sha256, findings.size) == (hashlib.sha256(b"say").hexdigest(), 3)
    assert findings.integrity is Integrity.UNSIGNED
    assert findings.notes[1] == AT.isoformat()
    assert findings.notes[2].endswith("epoch 0")


async def test_a_new_epoch_reaches_workers_that_know_an_older_one(pool: WorkerPool) -> None:
    await examine(pool, "say")
    later = Knowledge(KNOWLEDGE.trust, RevocationSnapshot(epoch=7))
    assert (await examine(pool, "say", knowledge=later)).notes[2].endswith("epoch 7")


@pytest.mark.parametrize(("order", "what"), [("spin", "time"), ("allocate 400", "memory")])
async def test_what_takes_too_much_is_a_finding_and_the_next_document_is_unharmed(
    pool: WorkerPool, order: str, what: str
) -> None:
    findings, other = await asyncio.gather(examine(pool, order), examine(pool, "say", member="other"))
    assert findings.cause is Cause.RESOURCE_LIMIT
    assert findings.integrity is Integrity.UNREADABLE
    assert what in findings.notes[0]
    assert other.cause is None
    assert (await examine(pool, "say")).cause is None


async def test_time_in_which_a_worker_did_nothing_is_not_held_against_a_document(pool: WorkerPool) -> None:
    """The pool's limit is 1.5 s: on a machine with others at work the clock says more than the document took."""
    assert (await examine(pool, "sleep 3")).cause is None


async def test_a_worker_that_neither_works_nor_answers_is_given_up() -> None:
    settings = VerifierSettings(workers=1, seconds=0.2, memory_mb=64)
    async with WorkerPool(settings, FairnessSettings(), program=PROGRAM) as running:
        with pytest.raises(WorkerDied, match="without the processor time"):
            await examine(running, "sleep 60")
        assert (await examine(running, "say")).cause is None


async def test_what_fits_into_memory_passes(pool: WorkerPool) -> None:
    assert (await examine(pool, "allocate 20")).notes[-1] == str(20 * 1024 * 1024)


async def test_a_killed_worker_is_told_and_replaced(pool: WorkerPool) -> None:
    with pytest.raises(WorkerDied, match="gone"):
        await examine(pool, "die")
    assert (await examine(pool, "say")).cause is None


async def test_a_worker_killed_while_idle_harms_no_document(pool: WorkerPool) -> None:
    victim = pid_of(await examine(pool, "say"))
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)
        await ended(pid)
    assert pid_of(await examine(pool, "say")) != victim


async def test_no_room_for_another_process_ends_no_worker_and_passes_by(tmp_path: Path) -> None:
    """A program whose forks fail while a file lies there, as they do where processes are limited."""
    full, program = tmp_path / "full", Path(__file__).with_name("crowded_worker.py")
    async with WorkerPool(
        VerifierSettings(workers=3), FairnessSettings(), program=(str(program), str(full))
    ) as running:
        resting = pid_of(await examine(running, "say"))
        full.touch()
        first, second = await asyncio.gather(
            examine(running, "sleep 1"), examine(running, "say", member="other"), return_exceptions=True
        )
        assert isinstance(first, DocumentFindings)
        assert pid_of(first) == resting
        assert isinstance(second, NoWorker)
        full.unlink()
        async with asyncio.TaskGroup() as group:
            two = [group.create_task(examine(running, "sleep 0.3", member=member)) for member in ("one", "two")]
        assert len({pid_of(one.result()) for one in two}) == 2


async def test_no_room_for_another_descriptor_is_the_systems_trouble(pool: WorkerPool) -> None:
    await examine(pool, "say")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files") as caught:
            await examine(pool, "say")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert isinstance(caught.value, verifier_plan(ahead=1)["retried"])
    assert (await examine(pool, "say")).cause is None


async def test_a_fault_of_the_examiner_is_told(pool: WorkerPool) -> None:
    with pytest.raises(WorkerDied, match="ValueError: odd"):
        await examine(pool, "raise odd")


async def test_findings_about_other_bytes_are_not_believed(pool: WorkerPool) -> None:
    with pytest.raises(WorkerDied, match="other bytes"):
        await examine(pool, "lie")


async def test_a_worker_finds_no_network_no_environment_and_no_way_to_the_service(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCAXIS_DATABASE", "postgresql://secret")
    seen = json.loads((await examine(pool, f"look {os.getpid()}")).notes[0])
    assert "DOCAXIS_DATABASE" not in seen["environment"]
    assert seen["descriptors"] <= 6
    assert seen["wrote"] is not True
    assert dict(pool.limits) == {
        "memory": True,
        "network": True,
        "apart": True,
        "files": True,
        "ends_with_parent": True,
    }
    assert seen["network"] == "Network is unreachable"
    assert seen["interfaces"] == ["lo"]
    assert seen["traced"] == -1
    assert seen["parent"] == "Permission denied"


async def test_bulk_of_one_member_leaves_room_for_others_and_for_the_urgent(pool: WorkerPool) -> None:
    finished: list[str] = []

    async def one(name: str, lane: str, member: str, order: str = "sleep 0.2") -> None:
        await examine(pool, f"{order} {name}" if order == "say" else order, lane=lane, member=member)
        finished.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(one(f"bulk {number}", SUBMITTED_BULK, "bulky"))
        await asyncio.sleep(0.05)
        group.create_task(one("urgent", SUBMITTED_URGENT, "bulky", "say"))
        group.create_task(one("single", SUBMITTED, "small", "say"))
    assert finished.index("urgent") < finished.index("bulk 5")
    assert finished.index("single") < finished.index("bulk 5")


async def test_workers_end_with_the_pool() -> None:
    async with WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=PROGRAM) as running:
        pid = pid_of(await examine(running, "say"))
        os.kill(pid, 0)
    await ended(pid)


async def test_what_workers_used_is_counted_with_the_process_that_had_them() -> None:
    """By the system's account: of the nursery and its worker while they live, and of what this process waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    async with WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=PROGRAM) as running:
        worker = psutil.Process(pid_of(await examine(running, "work 0.5")))
        nursery = worker.parent()
        assert nursery is not None
        used = worker.cpu_times().user + nursery.cpu_times().user
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before >= used


def shadowed(settings: VerifierSettings, registry: CollectorRegistry) -> WorkerPool:
    """A pool that gives every document a second look."""
    shadow = Shadow(1, registry=registry, below=lambda _: 0)
    return WorkerPool(settings, FairnessSettings(), program=PROGRAM, shadow=shadow)


async def test_a_second_look_that_agrees_changes_nothing() -> None:
    registry = CollectorRegistry()
    async with shadowed(VerifierSettings(workers=1), registry) as running:
        assert (await examine(running, "say")).integrity is Integrity.UNSIGNED
    assert registry.get_sample_value("docaxis_verifier_shadow_runs_total", {"outcome": "same"}) == 1
    assert registry.get_sample_value("docaxis_verifier_fast_path_off") == 0


async def test_on_a_difference_the_stricter_stands_and_stock_alone_judges_from_then_on() -> None:
    registry = CollectorRegistry()
    async with shadowed(VerifierSettings(workers=1), registry) as running:
        assert (await examine(running, "differ unreadable")).integrity is Integrity.UNREADABLE
        assert registry.get_sample_value("docaxis_verifier_fast_path_off") == 1
        assert (await examine(running, "differ intact")).integrity is Integrity.INTACT  # what stock says, alone
    assert registry.get_sample_value("docaxis_verifier_shadow_runs_total", {"outcome": "different"}) == 1


async def test_where_stock_is_the_milder_one_the_fast_findings_stand() -> None:
    async with shadowed(VerifierSettings(workers=1), CollectorRegistry()) as running:
        assert (await examine(running, "differ intact")).integrity is Integrity.UNSIGNED


async def test_a_second_look_without_end_is_told_and_harms_no_document() -> None:
    registry = CollectorRegistry()
    async with shadowed(VerifierSettings(workers=1, seconds=1.0), registry) as running:
        assert (await examine(running, "slow")).integrity is Integrity.UNSIGNED
    assert registry.get_sample_value("docaxis_verifier_shadow_runs_total", {"outcome": "unfinished"}) == 1
    assert registry.get_sample_value("docaxis_verifier_fast_path_off") == 0


async def test_changed_libraries_keep_the_fast_path_off_from_the_start() -> None:
    registry = CollectorRegistry()
    shadow = Shadow(0, registry=registry)
    program = (str(Path(__file__).with_name("drifted_worker.py")),)
    pool = WorkerPool(VerifierSettings(workers=1), FairnessSettings(), program=program, shadow=shadow)
    async with pool as running:
        assert not shadow.fast
        assert (await examine(running, "differ modified")).integrity is Integrity.MODIFIED
    assert registry.get_sample_value("docaxis_verifier_fast_path_off") == 1
