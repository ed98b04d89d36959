"""The connector on a queue: what a system reads in its own tables is what the axis has, whatever is killed."""

import asyncio
import contextlib
import hashlib
import io
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from docaxis.cli import main
from docaxis.client.profile import load_profile
from docaxis.connector import Connector, queue
from docaxis.connector.folder import UnavailableQueue
from docaxis.embedded.database import EmbeddedDatabase
from docaxis_schemas.document import EarlierDocument, Issuer
from docaxis_schemas.edxml import Status, examine_packet, write_status
from docaxis_schemas.lifecycle import Report
from packets import NOW, PDF, come, packet

PACKETS, STEPS = 40, 4
END_ITS_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = current_user AND pid <> pg_backend_pid() AND random() < 0.1
"""
System: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture(scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("agency") / "database") as database:
        yield database.url.replace("+asyncpg", "")


@pytest.fixture
async def system(address: str) -> AsyncIterator[System]:
    """The agency's own system, with empty tables."""
    connection = await asyncpg.connect(address)
    await connection.execute(f"DROP SCHEMA IF EXISTS docaxis_queue CASCADE; {queue.TABLES}")
    yield connection
    await connection.close()


@pytest.fixture
def carrier(tmp_path: Path, profile: Path, address: str) -> Connector:
    return Connector(tmp_path / "lien-thong", load_profile(profile), queue=address)


async def put(system: System, data: bytes) -> int:
    return int(await system.fetchval("INSERT INTO docaxis_queue.outgoing (packet) VALUES ($1) RETURNING id", data))


async def rows(system: System, kind: str) -> "list[asyncpg.Record]":
    return await system.fetch("SELECT * FROM docaxis_queue.incoming WHERE kind = $1 ORDER BY id", kind)


async def waiting(system: System) -> int:
    return int(await system.fetchval("SELECT count(*) FROM docaxis_queue.outgoing WHERE taken_at IS NULL"))


async def test_a_row_is_sent_and_what_became_of_it_is_a_row(fake: Any, system: System, carrier: Connector) -> None:
    sent, refused = await put(system, packet()), await put(system, packet(subject="bad"))
    assert (await carrier.once()).settled == 2
    [manifest] = fake.manifests
    assert manifest["id"] == f"edxml:{hashlib.sha256(packet()).hexdigest()}"
    [receipt], [refusal] = await rows(system, "receipt"), await rows(system, "refusal")
    assert (receipt["outgoing_id"], refusal["outgoing_id"]) == (sent, refused)
    assert json.loads(receipt["data"])["submission_id"] == next(iter(fake.claims.values()))[1]["submission_id"]
    assert json.loads(refusal["data"])["code"] == "metadata-invalid"
    assert await waiting(system) == 0


@pytest.mark.parametrize(("limit", "most"), [("AHEAD", 2), ("AHEAD_BYTES", 1000)])
async def test_one_round_takes_all_rows_though_few_wait_in_the_folder(
    fake: Any, system: System, carrier: Connector, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(queue, limit, most)
    await put(system, packet())
    async with queue.Queue.open(carrier._queue or "", carrier._folder) as own:
        carrier._folder.prepare()
        await own.bring()
        await put(system, packet(16))
        await put(system, packet(17))
        assert (await own.bring(), await waiting(system)) == ((1, 1) if limit == "AHEAD" else (0, 2))
    ids = [await put(system, packet(number, PDF + str(number).encode())) for number in range(5)]
    assert (await carrier.once()).settled == 8
    assert {row["outgoing_id"] for row in await rows(system, "receipt")} > set(ids)


async def test_news_and_evidence_of_a_row_name_it_each_once(fake: Any, system: System, carrier: Connector) -> None:
    sent = await put(system, packet())
    await carrier.once()
    submission = next(iter(fake.claims.values()))[1]["submission_id"]
    for evidence in ([{"type": "first"}], [{"type": "before"}, {"type": "first"}]):
        fake.evidence = evidence
        fake.tell(news="report", recipient="G01", code="03", register_number="128")
        fake.inbox[-1] |= {"submission_id": submission, "event_id": str(uuid4())}
        await carrier.once()
    news = await rows(system, "news")
    assert [(row["outgoing_id"], json.loads(row["data"])["code"]) for row in news] == 2 * [(sent, "03")]
    evidence_rows = await rows(system, "evidence")
    assert {row["outgoing_id"] for row in evidence_rows} == {sent}
    assert sorted(json.loads(row["data"])["type"] for row in evidence_rows) == ["before", "first"]
    assert len(await rows(system, "packet")) == 2  # the reports as status packets


async def test_what_came_is_a_row_and_is_answered_by_one(fake: Any, system: System, carrier: Connector) -> None:
    delivery = come(fake)
    assert (await carrier.once()).deliveries == 1
    [came], [facts] = await rows(system, "packet"), await rows(system, "delivery")
    assert (came["name"], facts["name"]) == (f"{delivery}.edxml", f"{delivery}.json")
    found = examine_packet(io.BytesIO(came["data"]), io.BytesIO, NOW)
    assert [file.stream.read() for file in found.attachments] == [PDF]
    assert [record["code"] for record in fake.reports] == ["01"]
    status = Status(Issuer("H37.02"), EarlierDocument("G22", None, found.document_id or ""), Report.ACCEPTED, None, NOW)
    await put(system, write_status(status))
    await carrier.once()
    assert [record["code"] for record in fake.reports] == ["01", "03"]


async def test_a_delivery_that_can_be_no_packet_comes_as_its_files(
    fake: Any, system: System, carrier: Connector
) -> None:
    delivery = fake.deliver(PDF, names=("văn bản.pdf",), recipient="H37.02")
    await carrier.once()
    assert await rows(system, "packet") == []
    [file] = await rows(system, "file")
    assert (file["name"], file["data"]) == (f"{delivery}.văn bản.pdf", PDF)


async def test_packets_of_any_size_pass_in_pieces_and_the_largest_stay_with_the_connector(
    fake: Any, system: System, carrier: Connector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PIECE", 1000)
    large = PDF + bytes(range(256)) * 400
    await put(system, packet(data=large))
    delivery = come(fake, large)
    await carrier.once()
    assert fake.manifests[0]["contents"][0]["sha256"] == hashlib.sha256(large).hexdigest()
    [came] = await rows(system, "packet")
    found = examine_packet(io.BytesIO(came["data"]), io.BytesIO, NOW)
    assert [file.stream.read() for file in found.attachments] == [large]
    monkeypatch.setattr(queue, "MAX_DATA", 20_000)
    again = come(fake, large + b"\n")
    for _ in range(2):
        await carrier.once()
    kept = (await rows(system, "packet"))[1:]
    assert [(row["name"], row["data"]) for row in kept] == [(f"{again}.edxml", None)]
    found = examine_packet(io.BytesIO(await asyncio.to_thread(Path(kept[0]["kept_at"]).read_bytes)), io.BytesIO, NOW)
    assert [file.stream.read() for file in found.attachments] == [large + b"\n"]
    assert delivery != again


@pytest.mark.parametrize("step", ["taken before its row says so", "committed before its file is gone"])
async def test_a_step_that_is_done_twice_is_one(
    fake: Any, system: System, carrier: Connector, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sent, delivery, unlink = await put(system, packet()), come(fake), Path.unlink

    def cut_off(path: Path, *, missing_ok: bool = False) -> None:
        if path.parent.parent.name == "leaving":
            raise UnavailableQueue("cut off")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as broken:
        if step.startswith("taken"):
            broken.setattr(queue, "_TAKEN", "SELECT 1 / ($1::bigint - $1)")
        else:
            broken.setattr(Path, "unlink", cut_off)
        with pytest.raises(UnavailableQueue):
            await carrier.once()
    for _ in range(2):
        await carrier.once()
    assert (len(fake.manifests), len(fake.handovers)) == (1, 1)
    assert [row["outgoing_id"] for row in await rows(system, "receipt")] == [sent]
    assert [row["name"] for row in await rows(system, "packet")] == [f"{delivery}.edxml"]


async def test_while_a_folder_takes_nothing_rows_wait(
    fake: Any, system: System, carrier: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(system, packet())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(queue, "sync_file", full)
        with pytest.raises(OSError, match="No space"):
            await carrier.once()
    assert (await waiting(system), fake.manifests) == (1, [])
    await carrier.once()
    assert (await waiting(system), len(fake.manifests)) == (0, 1)


def test_the_command_says_that_a_queue_is_away(
    fake: Any, tmp_path: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    asked = ["connector", str(tmp_path / "lien-thong"), "--once", "--queue", away, "--profile", str(profile), "--json"]
    assert main(asked) == 69
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "queue-unavailable"


async def test_killed_again_and_again_each_row_is_sent_once_and_what_came_is_there_once(
    fake: Any, system: System, carrier: Connector, tmp_path: Path, profile: Path, address: str
) -> None:
    numbers = {await put(system, packet(n, PDF + str(n).encode())): str(n) for n in range(PACKETS)}
    expected = {come(fake, PDF + f" {number}".encode()) for number in range(10)}
    program = [str(Path(sys.executable).parent / "docaxis"), "connector", str(tmp_path / "lien-thong")]
    for step in range(1, STEPS + 1):
        fake.unavailable = 2
        one = await asyncio.create_subprocess_exec(
            *program, "--queue", address, "--profile", str(profile), "--every", "0.05"
        )
        while (fake.submissions_posted if step > 2 else PACKETS - await waiting(system)) < step * PACKETS // STEPS - 5:
            assert one.returncode is None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(one.wait(), 0.01)
            if step % 2:
                await system.execute(END_ITS_CONNECTIONS)
        one.kill()
        await one.wait()
    await carrier.once()
    await carrier.once()
    assert sorted(manifest["document"]["number"] for manifest in fake.manifests) == sorted(numbers.values())
    assert await waiting(system) == 0
    assert sorted(row["outgoing_id"] for row in await rows(system, "receipt")) == sorted(numbers)
    assert {UUID(row["name"].removesuffix(".edxml")) for row in await rows(system, "packet")} == expected
    assert len(await rows(system, "packet")) == len(await rows(system, "delivery")) == len(expected)
    assert {UUID(record["delivery_id"]) for record in fake.handovers} == expected
    assert {record["code"] for record in fake.reports} == {"01"}
    left = [path for place in ("out", "in", "sent", "refused") for path in (tmp_path / "lien-thong" / place).iterdir()]
    assert [path for path in left if path.is_file()] == []
