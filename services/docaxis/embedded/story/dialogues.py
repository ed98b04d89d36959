"""The cases that take several steps: waiting for revocation data, returning and sending again, overtaking."""

import asyncio
from datetime import timedelta
from typing import Final

from docaxis.client.items import NewsKind
from docaxis.embedded.papers import Paper
from docaxis.embedded.population import member_of
from docaxis.embedded.story.cases import CONSIGNED, ISSUER, SENDER, Case
from docaxis.embedded.story.outcome import INDETERMINATE, PASSED, Outcome, Promise
from docaxis.embedded.story.world import LOOK_SECONDS, PATIENCE_SECONDS, World
from docaxis_schemas.document import Urgency
from docaxis_schemas.lifecycle import Report
from docaxis_signing.verdict import Cause

SHORT_LIFE: Final = timedelta(seconds=2)
"""Of the revocation list that is let go stale."""
QUEUE: Final = 24
"""Routine documents that wait when the urgent one comes."""
BULK: Final = 36
"""Documents one member sends at once while another sends one; above the story's threshold for the bulk lane."""


async def _held_then_fresh(world: World, case: Case) -> Outcome:
    await _let_go_stale(world, "gov-party")
    paper = await world.papers.original("A98", 20)
    handed = await world.hand_in(case.name, paper, ("G98",), member=member_of("A98"))
    held = await world.heard("A98", handed.submission_id, NewsKind.HELD)
    world.axis.responder.publish("gov-party")
    promise = Promise(PASSED, "deliver", None, {"G98": CONSIGNED})
    facts = [("người gửi được báo là văn bản đang chờ dữ liệu thu hồi", held)]
    return await world.outcome(case.name, case.title, handed, promise, facts)


async def _stale_past_deadline(world: World, case: Case) -> Outcome:
    await _let_go_stale(world, "public-two")
    paper = await world.papers.original("H98.44", 21)
    urgent = {"urgency": Urgency.KHAN.value}
    handed = await world.hand_in(case.name, paper, ("G98",), member=SENDER, changes=urgent)
    promise = Promise(INDETERMINATE, "deliver_with_warning", Cause.REVOCATION_STALE.value, {"G98": CONSIGNED})
    await world.until_decided(handed)
    delivery = await world.delivery(handed.submission_id, "G98")
    world.axis.responder.publish("public-two")
    facts = [("bên nhận thấy cảnh báo, không thấy 'hợp lệ'", delivery.has_warning)]
    return await world.outcome(case.name, case.title, handed, promise, facts)


async def _let_go_stale(world: World, authority: str) -> None:
    """Have an authority issue a list that ends at once, and no further one, until the axis holds a stale list."""
    path, responder = f"/crl/{authority}.crl", world.axis.responder
    responder.publish(authority, lifetime=SHORT_LIFE)
    responder.hold_crl(authority)
    before, stale_at = responder.requests(path), world.clock() + SHORT_LIFE
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if responder.requests(path) >= before + 2 and world.clock() > stale_at:
                return
            await asyncio.sleep(LOOK_SECONDS)


async def _returned_and_resent(world: World, case: Case) -> Outcome:
    wrong = await world.papers.original(ISSUER, 22)
    first = await world.hand_in(f"{case.name}-1", wrong, ("G98",), member=SENDER)
    delivery = await world.delivery(first.submission_id, "G98")
    async with delivery:
        await delivery.save(world.file(case.name, "nhận", b"").parent)
    await delivery.report(Report.REJECTED, reason="Sai thẩm quyền ký tại mục 2, đề nghị sửa và gửi lại.")
    returned = await world.heard(ISSUER, first.submission_id, NewsKind.REPORT, Report.REJECTED)
    corrected = await world.papers.original(ISSUER, 22, spec=wrong.spec)
    again = await world.hand_in(f"{case.name}-2", corrected, ("G98",), member=SENDER)
    await world.until_decided(again)
    second = await world.delivery(again.submission_id, "G98")
    async with second:
        await second.save(world.file(f"{case.name}-2", "nhận", b"").parent)
    await second.accept(register_number="1482")
    accepted = await world.heard(ISSUER, again.submission_id, NewsKind.REPORT, Report.ACCEPTED)
    facts = [
        ("người gửi nhận được 02 kèm lý do", returned),
        ("bản sửa cùng số, ký hiệu được tiếp nhận (03)", accepted),
    ]
    promise = Promise(PASSED, "deliver", None, {"G98": "handed_over"})
    return await world.outcome(case.name, case.title, again, promise, facts)


async def _papers(world: World, first: int, count: int, issuer: str = ISSUER) -> list[Paper]:
    return [await world.papers.original(issuer, first + number, level="B-B") for number in range(count)]


async def _urgent_overtakes(world: World, case: Case) -> Outcome:
    routine = await _papers(world, 100, QUEUE)
    urgent = await world.papers.original(ISSUER, 99, level="B-B")
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(world.hand_in(f"{case.name}-{number}", paper, ("H99",), member=SENDER))
            for number, paper in enumerate(routine)
        ]
    last = await world.hand_in(case.name, urgent, ("H99",), member=SENDER, changes={"urgency": Urgency.HOA_TOC.value})
    handed = [task.result() for task in tasks]
    await world.until_decided(last, *handed)
    await world.seen(last.submission_id)
    for one in handed:
        await world.seen(one.submission_id)
    order = [submission for _, submission, _ in world.kafka.order]
    overtaken = sum(order.index(one.submission_id) > order.index(last.submission_id) for one in handed)
    facts = [(f"văn bản hỏa tốc gửi sau cùng đến trước {overtaken} trong {QUEUE} văn bản thường", overtaken > 0)]
    promise = Promise(PASSED, "deliver", None, {"H99": CONSIGNED})
    return await world.outcome(case.name, case.title, last, promise, facts)


async def _bulk_does_not_delay(world: World, case: Case) -> Outcome:
    bulk = await _papers(world, 200, BULK)
    single = await world.papers.original("H99.09", 23, level="B-B")
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(world.hand_in(f"{case.name}-{number}", paper, ("A98",), member=SENDER))
            for number, paper in enumerate(bulk)
        ]
    one = await world.hand_in(case.name, single, ("A98",), member=member_of("H99.09"))
    handed = [task.result() for task in tasks]
    await world.until_decided(one, *handed)
    for each in (one, *handed):
        await world.seen(each.submission_id)
    order = [submission for _, submission, _ in world.kafka.order]
    behind = sum(order.index(each.submission_id) > order.index(one.submission_id) for each in handed)
    facts = [(f"văn bản lẻ của thành viên khác không phải chờ: đến trước {behind} trong {BULK}", behind > 0)]
    promise = Promise(PASSED, "deliver", None, {"A98": CONSIGNED})
    return await world.outcome(case.name, case.title, one, promise, facts)


WAITING: Final = (
    Case("stale-crl-then-fresh", "CRL cũ: giữ lại, có CRL mới thì chuyển", _held_then_fresh),
    Case("stale-crl-past-deadline", "CRL cũ quá hạn chờ: chuyển kèm cảnh báo", _stale_past_deadline),
    Case("returned-and-resent", "Trả lại (02), sửa và gửi lại cùng số", _returned_and_resent),
)
"""Played side by side with the single cases."""

CROWDED: Final = (
    Case("urgent-overtakes", "Hỏa tốc vượt hàng đợi", _urgent_overtakes),
    Case("bulk-does-not-delay", "Gửi hàng loạt không làm chậm nơi khác", _bulk_does_not_delay),
)
"""Played one after the other, when nothing else runs."""
