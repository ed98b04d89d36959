"""The cases about documents that were sent already: had back, not given back, updated, replaced."""

from collections.abc import Mapping
from typing import Any, Final

from docaxis.client.delivery import Delivery
from docaxis.client.items import NewsKind
from docaxis.embedded.papers import Paper
from docaxis.embedded.story.cases import ISSUER, SENDER, Case
from docaxis.embedded.story.outcome import PASSED, Outcome, Promise
from docaxis.embedded.story.world import HandedIn, World
from docaxis_schemas.lifecycle import Change, ChangeState, Report
from docaxis_schemas.natural_key import write_document_id

RECIPIENT: Final = "G98"
TAKEN: Final = Promise(PASSED, "deliver", None, {RECIPIENT: "handed_over"})


async def _taken(
    world: World, name: str, paper: Paper, changes: Mapping[str, Any] | None = None
) -> tuple[HandedIn, Delivery]:
    """Hand a paper in and let its recipient sign for it."""
    handed = await world.hand_in(name, paper, (RECIPIENT,), member=SENDER, changes=changes)
    await world.until_decided(handed)
    delivery = await world.delivery(handed.submission_id, RECIPIENT)
    async with delivery:
        await delivery.save(world.file(name, "nhận", b"").parent)
    return handed, delivery


async def _asked(world: World, handed: HandedIn, delivery: Delivery, change: Change) -> list[tuple[str, bool]]:
    """Wait until the recipient reads what it is asked, then look whether the others see the same."""
    read = await world.heard(delivery.recipient, handed.submission_id, NewsKind.CHANGE_ASKED)
    on_kafka = await world.on_kafka(handed.submission_id, RECIPIENT, NewsKind.CHANGE_ASKED)
    recorded = await world.database.changes(handed.submission_id)
    return [
        ("bên nhận đọc được yêu cầu trong hộp đến của mình", read),
        ("trên Kafka bên nhận thấy yêu cầu đúng một lần", on_kafka == 1),
        ("trục chỉ ghi yêu cầu, chưa lấy lại gì", recorded == {RECIPIENT: (change, ChangeState.ASKED)}),
    ]


async def _answered(
    world: World, handed: HandedIn, change: Change, report: Report, state: ChangeState
) -> list[tuple[str, bool]]:
    heard = await world.heard(ISSUER, handed.submission_id, NewsKind.CHANGE_ANSWERED, report)
    recorded = await world.database.changes(handed.submission_id)
    stated = await world.stated(handed, {"change.asked", "change.answered"})
    return [
        (f"người gửi nhận được trả lời {report.value}", heard),
        ("câu trả lời được ghi lại", recorded == {RECIPIENT: (change, state)}),
        ("yêu cầu và trả lời đều có bằng chứng", stated),
    ]


async def _recall_agreed(world: World, case: Case) -> Outcome:
    handed, delivery = await _taken(world, case.name, await world.papers.original(ISSUER, 24))
    await world.clients[SENDER].recall(handed.submission_id, "Gửi nhầm nơi nhận.", recipients=(RECIPIENT,))
    facts = await _asked(world, handed, delivery, Change.RECALL)
    await delivery.agree(note="Đã xóa văn bản khỏi hệ thống.")
    facts += await _answered(world, handed, Change.RECALL, Report.CHANGE_AGREED, ChangeState.AGREED)
    return await world.outcome(case.name, case.title, handed, TAKEN, facts)


async def _recall_refused(world: World, case: Case) -> Outcome:
    handed, delivery = await _taken(world, case.name, await world.papers.original(ISSUER, 25))
    await delivery.accept(register_number="1483")
    await world.clients[SENDER].recall(handed.submission_id, "Cần sửa số liệu.")
    facts = await _asked(world, handed, delivery, Change.RECALL)
    await delivery.disagree("Đã ban hành văn bản thực hiện, đề nghị gửi văn bản thay thế.")
    facts += await _answered(world, handed, Change.RECALL, Report.CHANGE_REFUSED, ChangeState.REFUSED)
    return await world.outcome(case.name, case.title, handed, TAKEN, facts)


async def _update(world: World, case: Case) -> Outcome:
    paper = await world.papers.original(ISSUER, 26)
    first, old = await _taken(world, f"{case.name}-1", paper)
    corrected = await world.papers.original(ISSUER, 26, spec=paper.spec)
    business = {"action": "update", "reason": "Đính chính ngày họp.", "document_id": _document_id(paper)}
    handed, new = await _taken(world, case.name, corrected, {"business": business})
    facts = await _asked(world, first, old, Change.UPDATE)
    await new.accept(register_number="1484")
    await old.agree()
    facts += await _answered(world, first, Change.UPDATE, Report.CHANGE_AGREED, ChangeState.AGREED)
    return await world.outcome(case.name, case.title, handed, TAKEN, facts)


async def _replacement(world: World, case: Case) -> Outcome:
    papers = [await world.papers.original(ISSUER, number) for number in (27, 28)]
    earlier = [await _taken(world, f"{case.name}-{number}", paper) for number, paper in enumerate(papers, 1)]
    named = [{"document_id": _document_id(paper), "holders": [RECIPIENT]} for paper in papers]
    business = {"action": "replace", "reason": "Gộp hai văn bản.", "replacements": named}
    handed, _ = await _taken(world, case.name, await world.papers.original(ISSUER, 29), {"business": business})
    facts = []
    for first, delivery in earlier:
        facts += await _asked(world, first, delivery, Change.REPLACEMENT)
        await delivery.agree()
        facts += await _answered(world, first, Change.REPLACEMENT, Report.CHANGE_AGREED, ChangeState.AGREED)
    return await world.outcome(case.name, case.title, handed, TAKEN, facts)


def _document_id(paper: Paper) -> str:
    metadata = paper.metadata
    assert metadata.number is not None, "papers of the story are numbered"
    return write_document_id(metadata.issuer.code, metadata.promulgated_on, metadata.number, metadata.notation)


CHANGED: Final = (
    Case("recall-agreed", "Thu hồi, bên nhận đồng ý (13, 15)", _recall_agreed),
    Case("recall-refused", "Thu hồi, bên nhận từ chối (13, 16)", _recall_refused),
    Case("update", "Cập nhật cùng số, ký hiệu", _update),
    Case("replacement", "Một văn bản thay thế hai văn bản", _replacement),
)
"""Played side by side with the single cases."""
