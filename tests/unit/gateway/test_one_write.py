"""What a server writes within one turn of the loop goes out together, in order, and nothing of it is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from docaxis.protocol import HELD, GatheringProtocol
from docaxis.serving import WebServer

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def start(length: int) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = WebServer(app, "127.0.0.1", 0, name="test server")
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]), limit=2**24)
    try:
        yield reader, writer
    finally:
        writer.close()
        await server.stop()


class Wire(asyncio.Transport):
    """A transport that keeps each write for itself."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def protocol(app: ASGIApp) -> tuple[GatheringProtocol, Wire]:

    wire = Wire()
    made = GatheringProtocol(Config(app, log_config=None, lifespan="off", ws="none"), ServerState(), {})
    made.connection_made(wire)
    return made, wire


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_head_and_body_are_one_write() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start(5))
        await send(body(b"hello"))

    made, wire = protocol(app)
    made.data_received(REQUEST)
    await turns()
    assert len(wire.writes) == 1
    assert wire.writes[0].endswith(b"\r\n\r\nhello")


async def test_a_head_whose_body_takes_its_time_goes_out_before_it() -> None:
    go_on = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start(5))
        await go_on.wait()
        await send(body(b"hello"))

    made, wire = protocol(app)
    made.data_received(REQUEST)
    await turns()
    assert wire.writes[0].startswith(b"HTTP/1.1 200")
    go_on.set()
    await turns()
    assert wire.writes[1:] == [b"hello"]


async def test_much_is_not_held_back_from_the_transport() -> None:
    piece, seen = b"x" * (HELD // 2), []

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start(8 * len(piece)))
        for number in range(8):
            await send(body(piece, more=number < 7))
            seen.append(sum(map(len, wire.writes)))

    made, wire = protocol(app)
    made.data_received(REQUEST)
    await turns()
    assert all(len(piece) * (count + 1) - written <= HELD for count, written in enumerate(seen))
    assert b"".join(wire.writes).endswith(piece * 8)


async def test_what_was_said_before_a_connection_ends_arrives() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start(5))
        await send(body(b"hello"))

    async with served(app) as (reader, writer):
        writer.write(LAST)
        assert (await reader.read()).endswith(b"\r\n\r\nhello")
    async with served(app) as (reader, writer):
        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")


async def test_answers_to_requests_sent_at_once_come_whole_and_in_order() -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        text = scope["path"].encode() * 20_000
        await send(start(len(text)))
        await send(body(text))

    async with served(app) as (reader, writer):
        requests = [REQUEST.replace(b"/ ", b"/%d " % number) for number in range(9)]
        writer.write(b"".join(requests) + LAST.replace(b"/ ", b"/9 "))
        found = [part.split(b"HTTP/1.1 ")[0] for part in (await reader.read()).split(b"\r\n\r\n")[1:]]
    assert found == [b"/%d" % number * 20_000 for number in range(10)]


async def test_a_client_that_is_gone_before_its_answer_is_no_fault() -> None:
    go_on, done = asyncio.Event(), asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await go_on.wait()
        await send(start(5))
        await send(body(b"hello"))
        done.set()

    made, wire = protocol(app)
    made.data_received(REQUEST)
    await turns()
    wire.closed = True
    made.connection_lost(None)
    go_on.set()
    await asyncio.wait_for(done.wait(), 10)
    await turns()
    assert wire.writes == []
