"""Receiving: a delivery is handed over once its block ends well, with hashes that were really checked."""

import asyncio
import contextlib
import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from docaxis.client import (
    BlockingAxis,
    Delivery,
    FileMemory,
    NewsKind,
    RejectedByAxis,
    RejectedContent,
    TransientMemory,
)
from docaxis_schemas.lifecycle import Report

BODY = bytes(range(256)) * 4096


async def test_a_block_that_ends_well_signs_for_every_hash(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(b"one", b"two", names=("a.pdf", "b.pdf"))
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            async with delivery:
                paths = await delivery.save(tmp_path / "in")
    assert [path.read_bytes() for path in paths] == [b"one", b"two"]
    hashes = sorted(hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    assert [record["contents"] for record in fake.handovers] == [hashes]
    assert fake.handovers[0]["id"] == f"handover:{delivery.delivery_id}"


async def test_what_was_not_fetched_is_fetched_before_it_is_signed_for(fake: Any, connect: Any) -> None:
    fake.deliver(b"one")
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            async with delivery:
                assert fake.ranges_asked == []
    assert fake.ranges_asked == [""]
    assert len(fake.handovers) == 1


async def test_nothing_is_signed_for_wrong_bytes(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(BODY)
    fake.wrong_bytes = True
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            with pytest.raises(RejectedContent):
                async with delivery:
                    pass
            with pytest.raises(RejectedContent):
                await delivery.save(tmp_path / "in")
    assert fake.handovers == []
    assert list((tmp_path / "in").iterdir()) == []


async def test_a_block_that_raises_leaves_the_delivery_for_the_next_run(fake: Any, connect: Any) -> None:
    first, second = fake.deliver(b"one"), fake.deliver(b"two")
    memory = TransientMemory()
    async with connect(memory=memory) as axis:
        async for delivery in axis.inbox(follow=False):
            with contextlib.suppress(LookupError):
                async with delivery:
                    _fail_for(first, delivery.delivery_id)
        again = [delivery.delivery_id async for delivery in axis.inbox(follow=False)]
    assert [record["delivery_id"] for record in fake.handovers] == [str(second)]
    assert again == [first]


def _fail_for(chosen: UUID, delivery_id: UUID) -> None:
    if delivery_id == chosen:
        raise LookupError


async def test_what_an_entry_only_refers_to_is_fetched_and_signed_for_too(fake: Any, connect: Any) -> None:
    fake.deliver(b"one", b"two")
    whole = fake.inbox[0]["body"]
    short = {"contents": whole["contents"][:1], "contents_by_reference": True, "document_by_reference": True}
    fake.views[fake.inbox[0]["delivery_id"]] = dict(fake.inbox[0])
    fake.inbox[0] = fake.inbox[0] | {"body": whole | {"document": {"subject": "Về việc"}} | short}
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            assert delivery.is_reduced
            async with delivery:
                pass
    assert delivery.metadata["number"] == "15"
    assert fake.handovers[0]["contents"] == sorted(hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))


async def test_a_restart_goes_on_behind_what_is_finished(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(b"one")
    for _ in range(2):
        async with connect(memory=FileMemory(tmp_path / "memory.sqlite")) as axis:
            async for delivery in axis.inbox(follow=False):
                async with delivery:
                    pass
        fake.tell(news="accepted")
    assert len(fake.handovers) == 1
    assert await FileMemory(tmp_path / "memory.sqlite").cursor("deliveries") == "1.1"


class _SlowMemory(TransientMemory):
    """Its first move takes until so many deliveries are finished."""

    def __init__(self, deliveries: int) -> None:
        super().__init__()
        self._left, self.moving, self._done = deliveries, asyncio.Event(), asyncio.Event()

    async def finish(self, stream: str, event_id: UUID) -> None:
        await super().finish(stream, event_id)
        self._left -= 1
        if not self._left:
            self._done.set()

    async def move(self, stream: str, cursor: str) -> None:
        self.moving.set()
        await self._done.wait()
        await super().move(stream, cursor)


async def test_deliveries_finished_side_by_side_never_move_the_position_back(fake: Any, connect: Any) -> None:
    for body in (b"one", b"two", b"three"):
        fake.deliver(body)
    memory = _SlowMemory(3)

    async def work_on(delivery: Delivery) -> None:
        async with delivery:
            pass

    async with connect(memory=memory) as axis, asyncio.TaskGroup() as group:
        deliveries = [one async for one in axis.inbox(follow=False)]
        group.create_task(work_on(deliveries[0]))
        await memory.moving.wait()
        for delivery in deliveries[1:]:
            group.create_task(work_on(delivery))
    assert await memory.cursor("deliveries") == "1.2"


async def test_the_same_entry_twice_is_given_once(fake: Any, connect: Any) -> None:
    fake.deliver(b"one")
    fake.inbox.append(fake.inbox[0] | {"cursor": "1.1"})
    given = 0
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            given += 1
            async with delivery:
                pass
    assert given == 1


async def test_deliveries_worked_on_at_once_move_the_cursor_without_gaps(fake: Any, connect: Any) -> None:
    for number in range(3):
        fake.deliver(b"%d" % number)
    memory = TransientMemory()
    async with connect(memory=memory) as axis:
        held = [delivery async for delivery in axis.inbox(follow=False)]
        async with held[2]:
            pass
        assert await memory.cursor("deliveries") is None
        async with asyncio.TaskGroup() as group:
            for delivery in held[:2]:
                group.create_task(_take(delivery))
    assert await memory.cursor("deliveries") == "1.2"


async def _take(delivery: Any) -> None:
    async with delivery:
        pass


async def test_a_broken_download_resumes_and_is_compared_whole(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(BODY)
    fake.stop_download_after = 300_000
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            (path,) = await delivery.save(tmp_path)
    assert path.read_bytes() == BODY
    assert len(fake.ranges_asked) == 2
    assert fake.ranges_asked[1].startswith("bytes=")


async def test_a_damaged_rest_of_an_earlier_download_is_fetched_anew(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(BODY)
    digest = hashlib.sha256(BODY).hexdigest()
    (tmp_path / f"van-ban.pdf.{digest[:8]}.part").write_bytes(b"damaged")
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            (path,) = await delivery.save(tmp_path)
    assert path.read_bytes() == BODY
    assert fake.ranges_asked == ["bytes=7-", ""]


async def test_a_name_from_a_stranger_stays_in_its_directory(fake: Any, connect: Any, tmp_path: Path) -> None:
    fake.deliver(b"one", b"two", b"three", names=("../../x.pdf", "/etc/y.pdf", "/ETC/Y.pdf"))
    async with connect() as axis:
        async for delivery in axis.inbox(follow=False):
            paths = await delivery.save(tmp_path / "in")
    assert {path.parent for path in paths} == {tmp_path / "in"}
    assert len({path.name.casefold() for path in paths}) == 3


async def test_the_same_report_has_the_same_key_and_a_refusal_wants_a_reason(fake: Any, connect: Any) -> None:
    identity = fake.deliver(b"one")
    async with connect() as axis:
        delivery = await axis.delivery(identity)
        await delivery.accept(register_number="128")
        await delivery.accept(register_number="128")
        await delivery.refuse("Sai thẩm quyền")
        with pytest.raises(RejectedByAxis) as caught:
            await delivery.report(Report.REJECTED)
    assert caught.value.code == "report-reason-missing"
    assert [report["code"] for report in fake.reports] == ["03", "03", "02"]
    assert fake.reports[0]["id"] == fake.reports[1]["id"] != fake.reports[2]["id"]
    assert fake.reports[2]["reason"] == "Sai thẩm quyền"


async def test_news_is_typed_and_unknown_kinds_are_kept(fake: Any, connect: Any) -> None:
    sentence = {"vi": "Đã tiếp nhận.", "en": "Accepted."}
    fake.tell(news="report", code="03", own_id="k-1", recipient="H38", register_number="7", sentence=sentence)
    fake.deliver(b"one")
    fake.tell(news="of-next-year")
    async with connect() as axis:
        found = [news async for news in axis.news(follow=False)]
        assert [news async for news in axis.news(follow=False)] == []
        assert [delivery.recipient async for delivery in axis.inbox(follow=False)] == ["H37.02"]
    assert [news.kind for news in found] == [NewsKind.REPORT, NewsKind.OTHER]
    assert (found[0].report, found[0].own_id, found[0].register_number) == (Report.ACCEPTED, "k-1", "7")
    assert found[0].report_name("vi") == "Đã tiếp nhận"


def test_the_blocking_client_does_the_same(fake: Any, connect: Any, metadata: dict[str, Any], pdf: Path) -> None:
    fake.deliver(b"one")
    with BlockingAxis(connect) as axis:
        sent = axis.send(metadata, [pdf], ["H38"])
        assert axis.submission(sent.submission_id).deliveries[0].report == "03"
        for delivery in axis.inbox(follow=False):
            with delivery:
                delivery.accept(register_number="1")
    assert len(fake.handovers) == 1
    assert [report["code"] for report in fake.reports] == ["03"]
