"""Temporary storage is bounded for all together and for each, and packets are read beside the loop."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docaxis.gateway.edxml.spooling import PIECE, PacketRoom
from docaxis.gateway.refusals import Refused
from docaxis.spooling import NoRoom, SpoolRoom, TooLargeForRoom
from docaxis_schemas.edxml import Examination, PacketReader, RejectedPacket
from docaxis_schemas.edxml.faults import edxml_fault

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HEAD = b"<edXML><AttachmentEncoded><Attachment><ContentTransferEncoded>"


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


def test_what_a_request_took_is_free_again_at_its_end() -> None:
    room = SpoolRoom(size=20, requests=8)
    for _ in range(3):
        with room.share("a") as share:
            share.take(10)
            assert room.taken == 10
        assert room.taken == 0


def test_one_sender_has_half_of_the_room_and_all_together_have_it_all() -> None:
    room = SpoolRoom(size=20, requests=8)
    with room.share("a") as first, room.share("a") as second, room.share("b") as third, room.share("c") as fourth:
        first.take(6)
        with pytest.raises(NoRoom):
            second.take(5)
        second.take(4)
        third.take(10)
        with pytest.raises(NoRoom):
            fourth.take(1)
        with pytest.raises(TooLargeForRoom):
            fourth.take(11)


def test_one_sender_has_half_of_the_requests_in_hand() -> None:
    room = SpoolRoom(size=20, requests=4)
    with room.share("a"), room.share("a"):
        with pytest.raises(NoRoom), room.share("a"):
            pass
        with room.share("b"), room.share("c"), pytest.raises(NoRoom), room.share("d"):
            pass
    with room.share("a"), room.share("a"):
        pass


def test_a_thread_that_writes_after_its_request_has_ended_takes_nothing() -> None:
    room = SpoolRoom(size=20, requests=4)
    with room.share("a") as share:
        pass
    with pytest.raises(NoRoom):
        share.take(1)
    assert room.taken == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=30))
def test_the_count_is_what_is_held(takes: list[tuple[str, int]]) -> None:
    room, held = SpoolRoom(size=60, requests=100), {"a": 0, "b": 0, "c": 0}
    with room.share("a") as a, room.share("b") as b, room.share("c") as c:
        shares = {"a": a, "b": b, "c": c}
        for sender, count in takes:
            try:
                shares[sender].take(count)
                held[sender] += count
            except (NoRoom, TooLargeForRoom):
                assert held[sender] + count > 30 or sum(held.values()) + count > 60
            assert room.taken == sum(held.values()) <= 60
    assert room.taken == 0


async def test_a_packet_without_room_is_asked_to_come_again_and_leaves_nothing_behind() -> None:
    room = SpoolRoom(size=8000, requests=8)
    packets = PacketRoom(room)
    with packets.spools("a") as first:
        first().write(b"x" * 3000)
        with pytest.raises(Refused) as refused, packets.spools("a") as second:
            await packets.read(pieces(HEAD, b"QUJD" * 1000), second, NOW)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "10")
        assert room.taken == 3000
        with packets.spools("b") as third:
            third().write(b"x" * 3000)  # another's is taken in
    assert room.taken == 0


async def test_a_packet_larger_than_the_room_is_told_so() -> None:
    packets = PacketRoom(SpoolRoom(size=2000, requests=8))
    with pytest.raises(Refused) as refused, packets.spools("a") as spools:
        await packets.read(pieces(HEAD, b"QUJD" * 1000), spools, NOW)
    assert refused.value.status == 413


async def test_the_loop_goes_on_while_a_packet_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is read only after the loop has done something else: were it read in the loop, both would wait."""
    turn = threading.Event()

    def read(reader: PacketReader, piece: bytes) -> None:
        assert turn.wait(60), "the loop stood still while a packet was read"
        turn.clear()

    def end(reader: PacketReader) -> Examination:
        assert turn.wait(60), "the loop stood still while a packet was taken apart"
        raise RejectedPacket([edxml_fault("edXML", "not-edxml")])

    monkeypatch.setattr(PacketReader, "feed", read)
    monkeypatch.setattr(PacketReader, "finish", end)

    async def others() -> None:
        while True:
            turn.set()
            await asyncio.sleep(0)

    packets = PacketRoom(SpoolRoom(size=2000, requests=8))
    serving = asyncio.create_task(others())
    try:
        with pytest.raises(Refused), packets.spools("a") as spools:
            await packets.read(pieces(*[b" " * PIECE] * 5), spools, NOW)
    finally:
        serving.cancel()
