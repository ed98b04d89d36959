"""The loop around the log's writer: it asks witnesses, listens to them, and says when it is not well."""

import asyncio
import gzip
import shutil
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from docaxis.embedded.forged_log import read_entries
from docaxis.registrar.keeping import ALARM_SECONDS, LogKeeper, LogMeasures
from docaxis.registrar.sequencing import Sequencer
from docaxis.registrar.witnesses import Witnesses
from docaxis.storage.log_files import CHECKPOINT, LocalDisk, LogFiles, only_writer
from docaxis.storage.log_order import Waiting
from docaxis_signing.transparency.checkpoint import Checkpoint
from docaxis_signing.transparency.note import Algorithm, Note, Signer
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.witnessing import (
    SIZE_TYPE,
    AddCheckpoint,
    RefusedCheckpoint,
    cosign,
    examine,
)
from listed_order import ListedOrder

NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
LOG = Signer.from_seed("log.example/axis", b"\x01" * 32)


class WitnessNearby:
    """A witness behind a transport: the rule of cosigning itself, without its storage."""

    def __init__(self, number: int) -> None:
        self.signer = Signer.from_seed(f"w{number}.example", bytes([number] * 32), Algorithm.COSIGNATURE)
        self.url = f"http://w{number}.example/"
        self.latest: Checkpoint | None = None
        self.cosigned: Note | None = None
        self.broken: httpx.Response | None = None
        self.shows: bytes | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            shown = self.shows or (self.cosigned and self.cosigned.to_bytes())
            return httpx.Response(200, content=shown) if shown else httpx.Response(404)
        if self.broken is not None:
            return self.broken
        try:
            opened = examine(AddCheckpoint.parse(request.content), LOG.verifier, self.latest)
        except RefusedCheckpoint as refused:
            text = f"{refused.size}\n" if refused.size is not None else str(refused)
            return httpx.Response(refused.status, text=text, headers={"Content-Type": SIZE_TYPE})
        self.latest = opened.checkpoint
        self.cosigned = cosign(opened, self.signer, 1_700_000_000)
        return httpx.Response(200, text=self.cosigned.signatures[1].to_line())


class Bench:
    """A keeper with its parts at hand."""

    def __init__(
        self, directory: Path, *witnesses: WitnessNearby, order: ListedOrder | None = None, quorum: int = 0
    ) -> None:
        self.order = order or ListedOrder()
        self.directory = directory
        directory.mkdir(exist_ok=True)
        lines = [f"log {LOG.verifier.to_vkey()}"]
        lines += [f"witness {one.signer.verifier.name} {one.signer.verifier.to_vkey()} {one.url}" for one in witnesses]
        names = " ".join(one.signer.verifier.name for one in witnesses)
        lines += [f"group so-many {quorum} {names}", "quorum so-many"] if quorum else ["quorum none"]
        self.policy = Policy.parse("\n".join([*lines, ""]))
        by_host = {httpx.URL(one.url).host: one for one in witnesses}
        transport = httpx.MockTransport(lambda request: by_host[request.url.host].answer(request))
        self.registry = CollectorRegistry()
        asked = Witnesses(self.policy, LOG.verifier, httpx.AsyncClient(transport=transport)) if witnesses else None
        sequencer = Sequencer(self.order, LogFiles(LocalDisk(directory)), LOG, lambda: NOON)
        self.keeper = LogKeeper(sequencer, asked, timedelta(seconds=1), LogMeasures(self.registry))

    def seen(self) -> tuple[int, set[str]]:
        data = (self.directory / CHECKPOINT).read_bytes()
        return self.policy.open(data).checkpoint.size, set(self.policy.witnessed(Note.parse(data)))

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(name)


async def test_what_comes_is_logged_and_cosigned_by_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WitnessNearby(2), WitnessNearby(3))
    assert bench.keeper.causes
    for count in (0, 5, 300):
        bench.order.add(count)
        await bench.keeper.round()
    assert bench.seen() == (305, {"w2.example", "w3.example"})
    assert (bench.gauge("docaxis_log_leaves"), bench.gauge("docaxis_log_cosignatures")) == (305, 2)
    assert bench.keeper.causes == ()


async def test_what_is_published_is_cosigned_at_any_moment_and_after_a_start(tmp_path: Path) -> None:
    witness = WitnessNearby(2)
    bench = Bench(tmp_path, witness, quorum=1)
    bench.order.add(5)
    await bench.keeper.round()
    seen: list[int] = []
    honest = witness.answer

    def look(request: httpx.Request) -> httpx.Response:
        seen.append(bench.policy.require((tmp_path / CHECKPOINT).read_bytes()).checkpoint.size)
        return honest(request)

    witness.answer = look  # type: ignore[method-assign]
    for _ in range(2):
        bench.order.add(7)
        await bench.keeper.round()
    assert seen == [5, 12], "while a checkpoint is witnessed the one before stands, with its cosignatures"
    await Bench(tmp_path, order=bench.order).keeper.round()
    assert bench.seen() == (19, {"w2.example"}), "a writer that starts keeps the cosignatures that are there"


async def test_a_witness_that_was_away_catches_up(tmp_path: Path) -> None:
    late, steady = WitnessNearby(2), WitnessNearby(3)
    bench = Bench(tmp_path, late, steady)
    await bench.keeper.round()
    late.broken = httpx.Response(503)
    bench.order.add(40)
    await bench.keeper.round()
    assert bench.seen() == (40, {"w3.example"})
    again = Bench(tmp_path, late, steady, order=bench.order)
    late.broken = None
    bench.order.add(40)
    await again.keeper.round()
    assert bench.seen() == (80, {"w2.example", "w3.example"})


async def test_a_restored_backup_is_refused_and_the_witness_named(tmp_path: Path) -> None:
    witness = WitnessNearby(2)
    bench = Bench(tmp_path / "log", witness)
    bench.order.add(10)
    await bench.keeper.round()
    bench.order.add(10)
    await bench.keeper.round()
    old = ListedOrder()
    other = Bench(tmp_path / "backup", order=old)
    old.add(10)
    await other.keeper.round()
    restored = Bench(tmp_path / "backup", witness, order=old)
    old.add(1)
    await restored.keeper.round()
    assert other.seen()[0] == 10, "nothing more was signed"
    assert (
        "w2.example has a checkpoint of 20 leaves that this log signed, and this log knows only 10"
        in restored.keeper.causes[0]
    )
    assert restored.gauge("docaxis_log_refused") == 1


async def test_a_fork_is_refused(tmp_path: Path) -> None:
    witness = WitnessNearby(2)
    bench = Bench(tmp_path / "one", witness)
    bench.order.add(10)
    await bench.keeper.round()
    other = Bench(tmp_path / "two", witness)
    other.order.queue = [Waiting(n, b"other %d" % n) for n in range(12)]
    other.order.away = None
    blind = Bench(tmp_path / "two", order=other.order)
    await blind.keeper.round()
    await other.keeper.round()
    assert "a fork" in other.keeper.causes[0]


@pytest.mark.parametrize("answer", [
    httpx.Response(500),
    httpx.Response(HTTPStatus.CONFLICT, text="many"),
    httpx.Response(200, text="nonsense"),
    httpx.Response(200, text=Signer.from_seed("x", bytes(32), Algorithm.COSIGNATURE).sign("x\n").to_line()),
])  # fmt: skip
async def test_before_a_witness_answers_nothing_is_signed_after_a_start(tmp_path: Path, answer: httpx.Response) -> None:
    witness = WitnessNearby(2)
    witness.broken = answer
    bench = Bench(tmp_path, witness)
    bench.order.add(3)
    await bench.keeper.round()
    assert bench.seen()[0] == 0
    (cause,) = bench.keeper.causes
    assert "before a quorum of witnesses has answered" in cause
    assert "w2.example: " in cause


FOREIGN = Checkpoint("log.example/axis", 99, bytes(32)).sign(Signer.from_seed("log.example/axis", b"\x09" * 32))
OTHERS = Checkpoint("other.example", 99, bytes(32)).sign(Signer.from_seed("other.example", b"\x09" * 32))
LIES = {
    "more than there is": (httpx.Response(HTTPStatus.CONFLICT, text="99\n"), None),
    "more, shown with a false signature": (httpx.Response(HTTPStatus.CONFLICT, text="99\n"), FOREIGN.to_bytes()),
    "more, shown of another log": (httpx.Response(HTTPStatus.CONFLICT, text="99\n"), OTHERS.to_bytes()),
    "more, shown as nonsense": (httpx.Response(HTTPStatus.CONFLICT, text="99\n"), b"nonsense"),
    "a fork without one": (httpx.Response(HTTPStatus.UNPROCESSABLE_ENTITY, text="a fork!\n"), None),
}


@pytest.mark.parametrize("lie", LIES)
async def test_one_witness_that_lies_cannot_stop_the_log_and_is_named(tmp_path: Path, lie: str) -> None:
    liar, honest, third = WitnessNearby(2), WitnessNearby(3), WitnessNearby(4)
    bench = Bench(tmp_path, liar, honest, third, quorum=2)
    liar.broken, liar.shows = LIES[lie]
    for _ in range(3):
        bench.order.add(5)
        await bench.keeper.round()
    assert bench.seen() == (15, {"w3.example", "w4.example"})
    assert bench.policy.require((tmp_path / CHECKPOINT).read_bytes()).checkpoint.size == 15
    assert bench.keeper.causes == ()
    assert (bench.gauge("docaxis_log_unproven_claims"), bench.gauge("docaxis_log_refused")) == (1, 0)


@pytest.mark.parametrize("size", ["-1", "-99999999999999999999", "", "03", "1e3", "٣", "0x3", "3 ", "1_0"])
async def test_a_size_that_is_none_is_an_answer_that_is_none(tmp_path: Path, size: str) -> None:
    liar, honest = WitnessNearby(2), WitnessNearby(3)
    liar.broken = httpx.Response(HTTPStatus.CONFLICT, text=size + "\n")
    bench = Bench(tmp_path, liar, honest, quorum=1)
    bench.order.add(5)
    await bench.keeper.round()
    assert bench.seen() == (5, {"w3.example"})
    assert bench.gauge("docaxis_log_unproven_claims") == 0


async def test_a_true_checkpoint_of_the_past_is_no_proof_of_a_fork(tmp_path: Path) -> None:
    liar, honest = WitnessNearby(2), WitnessNearby(3)
    bench = Bench(tmp_path, liar, honest, quorum=1)
    bench.order.add(300)
    await bench.keeper.round()
    liar.broken = httpx.Response(HTTPStatus.UNPROCESSABLE_ENTITY)
    bench.order.add(5)
    await bench.keeper.round()
    assert bench.seen() == (305, {"w3.example"})
    assert bench.gauge("docaxis_log_unproven_claims") == 1


async def test_a_quorum_must_answer_before_anything_is_signed_after_a_start(tmp_path: Path) -> None:
    witnesses = [WitnessNearby(number) for number in (2, 3, 4)]
    for one in witnesses[:2]:
        one.broken = httpx.Response(HTTPStatus.CONFLICT, text="99\n")
    bench = Bench(tmp_path, *witnesses, quorum=2)
    bench.order.add(5)
    await bench.keeper.round()
    assert bench.seen()[0] == 0
    (cause,) = bench.keeper.causes
    assert "w2.example: says that it cosigned 99 leaves, of a log that has 0" in cause
    assert bench.gauge("docaxis_log_unproven_claims") == 2


@pytest.mark.parametrize("answer", [
    httpx.Response(200, content=b"x" * 70_000),
    httpx.Response(200, content=gzip.compress(b"x" * 10), headers={"content-encoding": "gzip"}),
    httpx.Response(HTTPStatus.CONFLICT, content=b"\xff"),
    httpx.Response(HTTPStatus.FOUND, headers={"location": "http://w3.example/add-checkpoint"}),
])  # fmt: skip
async def test_answers_out_of_bounds_are_none(tmp_path: Path, answer: httpx.Response) -> None:
    liar, honest = WitnessNearby(2), WitnessNearby(3)
    liar.broken = answer
    bench = Bench(tmp_path, liar, honest, quorum=1)
    bench.order.add(5)
    await bench.keeper.round()
    assert bench.seen() == (5, {"w3.example"})


async def test_trouble_is_told_after_a_while_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    await bench.keeper.round()
    bench.order.away = OSError("no space left on device")
    await bench.keeper.round()
    assert bench.keeper.causes == ()
    assert bench.gauge("docaxis_log_failing") == 1
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now + ALARM_SECONDS + 1)
    assert "no space left on device" in " ".join(bench.keeper.causes)
    bench.order.away = None
    bench.order.add(2)
    await bench.keeper.round()
    assert bench.keeper.causes == ()
    assert bench.seen()[0] == 2


async def test_tiles_removed_under_a_running_writer_are_written_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order.add(300)
    await bench.keeper.round()
    shutil.rmtree(tmp_path / "tile")
    bench.order.add(5)
    for _ in range(3):
        await bench.keeper.round()
    assert bench.seen()[0] == 305
    assert bench.keeper.causes == ()
    assert len(read_entries(tmp_path)) == 305


async def test_a_damaged_tile_is_told_and_does_not_end_the_loop(tmp_path: Path) -> None:
    witness = WitnessNearby(2)
    bench = Bench(tmp_path, witness)
    bench.order.add(300)
    await bench.keeper.round()
    witness.latest = None
    (tmp_path / "tile" / "0" / "000").write_bytes(b"damaged")
    bench.order.add(5)
    witness.broken = httpx.Response(HTTPStatus.CONFLICT, text="7")
    await bench.keeper.round()
    assert bench.gauge("docaxis_log_failing") == 1


async def test_the_loop_ends_when_told(tmp_path: Path) -> None:
    bench, stopping = Bench(tmp_path), asyncio.Event()
    bench.order.add(2)
    task = asyncio.create_task(bench.keeper.serve(stopping))
    async with asyncio.timeout(10):
        await asyncio.to_thread(lambda: None)
        stopping.set()
        await task
    assert bench.seen()[0] == 2


def test_a_directory_has_one_writer(tmp_path: Path) -> None:
    with only_writer(tmp_path / "log") as first:
        assert first
        with only_writer(tmp_path / "log") as second:
            assert not second
    with only_writer(tmp_path / "log") as third:
        assert third
