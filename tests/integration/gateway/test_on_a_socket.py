"""The gateway on a real socket: what only a server does, and the SDK against it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from docaxis.client import AxisClient
from docaxis.client.files import OutgoingFile
from docaxis_schemas.submission import FileRole
from docaxis_schemas.topics import ACTIONS, SUBMITTED
from docaxis_signing.statements import MemberKey

World = Any
SENDER, RECIPIENT = "so-noi-vu", "bo-mau"


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    yield await world.gateway.start()
    await world.gateway.stop()


async def talk(url: str, request: bytes, *, half: bool = False) -> bytes:
    """Speak raw HTTP and give all that comes back."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        await writer.drain()
        if half:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def head(world: World, *lines: str) -> bytes:
    bearer = f"Authorization: {world.bearer(SENDER)['Authorization']}"
    return "\r\n".join(("POST /v1/submissions HTTP/1.1", "Host: x", bearer, *lines, "", "")).encode()


def problem_of(answer: bytes) -> tuple[int, str]:
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(body)["code"]


MULTIPART = ("Idempotency-Key: k", "Content-Type: multipart/form-data; boundary=x")


async def test_a_declared_length_that_never_comes_is_ended_as_too_slow(world: World, url: str) -> None:
    answer = await talk(url, head(world, *MULTIPART, "Content-Length: 1000") + b"--x\r\n")
    assert problem_of(answer) == (408, "upload-too-slow")
    await world.nothing_was_taken()


async def test_a_declared_length_that_is_too_short_is_told(world: World, url: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="manifest"\r\n\r\nabc'
    answer = await talk(url, head(world, *MULTIPART, f"Content-Length: {len(part)}", "Connection: close") + part)
    assert problem_of(answer) == (400, "content-length-wrong")
    await world.nothing_was_taken()


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
    ],
)
async def test_requests_that_could_be_read_in_two_ways_are_refused(
    world: World, url: str, lines: tuple[str, ...]
) -> None:
    answer = await talk(url, head(world, *MULTIPART, *lines) + b"0\r\n\r\n")
    assert answer.split()[1] == b"400"
    await world.nothing_was_taken()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/healthz")).status_code == 200


async def test_endless_headers_end_the_connection_and_nothing_else(world: World, url: str) -> None:
    with contextlib.suppress(ConnectionResetError):  # the answer may be lost when the server closes on unread bytes
        answer = await talk(url, head(world, *MULTIPART, "X: " + "y" * 200_000))
        assert answer.split()[1] == b"400"
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/healthz")).status_code == 200


async def test_a_client_that_leaves_leaves_nothing_behind(world: World, url: str) -> None:
    written = world.write()
    token = world.signers[SENDER].sign(written.payload)
    body = (
        f'--x\r\nContent-Disposition: form-data; name="manifest"\r\nContent-Type: application/jose\r\n\r\n{token}\r\n'
    )
    lines = (f"Idempotency-Key: {written.own_id}", MULTIPART[1], "Content-Length: 100000")
    [name] = written.files
    part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n%PDF-'
    await talk(url, head(world, *lines) + body.encode() + part.encode(), half=True)
    await world.nothing_was_taken()
    assert [path for path in world.place.rglob("*") if path.is_file()] == []


async def test_stopping_finishes_what_is_in_hand(world: World, url: str) -> None:
    written = world.write()
    token = world.signers[SENDER].sign(written.payload)
    [(name, data)] = written.files.items()
    begun = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield (
            '--x\r\nContent-Disposition: form-data; name="manifest"\r\nContent-Type: application/jose\r\n\r\n'
            f"{token}\r\n"
        ).encode()
        begun.set()
        await asyncio.sleep(0.2)  # the server has stopped listening by now
        yield f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n--x--\r\n"

    async with httpx.AsyncClient(base_url=url, headers=world.bearer(SENDER), trust_env=False) as client:
        waiting = asyncio.create_task(client.get("/v1/inbox?wait=60"))
        headers = {"Idempotency-Key": written.own_id, "Content-Type": "multipart/form-data; boundary=x"}
        sending = asyncio.create_task(client.post("/v1/submissions", content=slowly(), headers=headers))
        await begun.wait()
        async with asyncio.timeout(15):
            await world.gateway.stop()
            assert (await sending).status_code == 202
            assert (await waiting).json()["items"] == []
    assert len(world.publisher.events(SUBMITTED)) == 1


async def test_events_are_pushed_and_go_on_behind_the_last_one(world: World, url: str) -> None:
    written = world.write()
    submission = UUID((await world.send(written)).json()["submission_id"])
    first = await world.deliver(written, submission, "G99", RECIPIENT)

    async def read(client: httpx.AsyncClient, begin: str | None) -> tuple[str, str]:
        headers = {} if begin is None else {"Last-Event-ID": begin}
        async with client.stream("GET", "/v1/inbox/events", headers=headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            found: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                found[name] = value
                if name == "data":
                    return found["id"], json.loads(value)["delivery_id"]
        raise AssertionError("the stream ended")

    async with httpx.AsyncClient(base_url=url, headers=world.bearer(RECIPIENT), trust_env=False) as client:
        async with asyncio.timeout(10):
            cursor, seen = await read(client, None)
            assert seen == str(first)
            waiting = asyncio.create_task(read(client, cursor))
            await asyncio.sleep(0.1)
            second = await world.deliver(written, submission, "G99.01", RECIPIENT)
            assert (await waiting)[1] == str(second)


async def test_the_sdk_sends_uploads_fetches_and_hands_over(world: World, url: str, tmp_path: Path) -> None:
    main, large = tmp_path / "công văn.pdf", tmp_path / "số liệu.csv"
    main.write_bytes(b"%PDF-1.7\nby the SDK\n%%EOF\n")
    large.write_bytes("mã,tên\n".encode() * 700_000)
    async with httpx.AsyncClient(trust_env=False) as plain:
        [jwk] = (await plain.get(f"{url}/v1/keys")).json()["gateway_keys"]
    pinned = MemberKey(jwk["kid"], jwk, world.time().replace(year=2020), None)
    common: dict[str, Any] = {"axis": "truc-test", "environment": "test", "clock": world.time}
    sender = AxisClient(
        url, world.secrets[SENDER], world.signers[SENDER], member=SENDER, gateway_keys=[pinned], **common
    )
    recipient = AxisClient(url, world.secrets[RECIPIENT], world.signers[RECIPIENT], member=RECIPIENT, **common)
    async with sender, recipient:
        files = [OutgoingFile(main), OutgoingFile(large, role=FileRole.ENCLOSURE, media_type="text/csv")]
        submission = await sender.send(world.document(), files, ["G99"], own_id="sdk-1")
        again = await sender.send(world.document(number="1"), files, ["G99"], own_id="sdk-2")
        assert submission.submission_id != again.submission_id
        async with world.engine.connect() as connection:
            row = await connection.exec_driver_sql("SELECT manifest FROM claims WHERE own_id = 'sdk-1'")
            payload = json.loads(row.scalar_one())
        written = type("Written", (), {"payload": payload})
        await world.deliver(written, submission.submission_id, "G99", RECIPIENT)
        async for delivery in recipient.inbox(follow=False):
            async with delivery:
                paths = await delivery.save(tmp_path / "received")
        assert [path.read_bytes() for path in paths] == [main.read_bytes(), large.read_bytes()]
    assert [event.kind for event in world.publisher.events(ACTIONS)] == ["handover"]


async def test_200_mib_raise_resident_memory_by_less_than_64() -> None:
    benchmark = Path(__file__).parents[3] / "benchmarks" / "memory_of_upload.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(benchmark), "--mib", "200", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    found = json.loads(out.splitlines()[-1])
    assert found["size_mib"] == 200
    assert 0 <= found["raised_by_mib"] <= found["bound_mib"]
