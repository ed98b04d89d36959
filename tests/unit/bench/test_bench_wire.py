"""The load generator's HTTP: whole answers in both forms, refusals, connections that were closed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from docaxis.embedded.bench.wire import Wire, WireError

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
REFUSED = b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nbusy"


@asynccontextmanager
async def server(*connections: Sequence[bytes]) -> AsyncIterator[tuple[Wire, list[bytes]]]:
    """Answer on each connection with its answers in turn, then close it."""
    scripts, heads = iter(connections), list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in next(scripts):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            heads.append(head + await reader.readexactly(length))
            writer.write(answer)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire = Wire("127.0.0.1", listening.sockets[0].getsockname()[1], "secret")
    try:
        yield wire, heads
    finally:
        await wire.close()
        listening.close()
        await listening.wait_closed()


async def test_a_body_of_known_length_and_one_in_chunks_are_read_on_one_connection() -> None:
    async with server([PLAIN, CHUNKED, EMPTY]) as (wire, heads):
        assert await wire.ask("GET", "/a", wanted=200) == b"hello"
        assert await wire.ask("POST", "/b", wanted=200, body=b"xyz", headers={"Idempotency-Key": "k"}) == b"hello"
        assert await wire.ask("GET", "/c", wanted=204) == b""
    assert b"Authorization: Bearer secret" in heads[0]
    assert heads[1].startswith(b"POST /b HTTP/1.1\r\n")
    assert b"Idempotency-Key: k" in heads[1]
    assert heads[1].endswith(b"\r\n\r\nxyz")


async def test_another_status_than_the_wanted_one_raises_with_what_was_said() -> None:
    async with server([REFUSED]) as (wire, _):
        with pytest.raises(WireError, match="409 busy"):
            await wire.ask("POST", "/v1/submissions", wanted=202)


async def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    async with server([PLAIN], [PLAIN]) as (wire, heads):
        await wire.ask("GET", "/first", wanted=200)
        assert await wire._idle[0][0].read() == b""  # it has learnt of it
        assert await wire.ask("GET", "/second", wanted=200) == b"hello"
    assert [head.split(b" ")[1] for head in heads] == [b"/first", b"/second"]


async def test_a_server_that_keeps_hanging_up_is_given_up() -> None:
    async with server([], []) as (wire, _):
        with pytest.raises(WireError):
            await wire.ask("GET", "/", wanted=200)
