"""``docaxis inbox`` and ``docaxis get``: what came, and taking it."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import Output, output_for
from docaxis.client.inbox import LONG_POLL_SECONDS
from docaxis.client.items import DELIVERY, Entry, News
from docaxis_schemas.lifecycle import CHANGE_NAMES, Report
from docaxis_schemas.moments import VIETNAM, to_text


async def inbox(
    *,
    cursor: str | None = None,
    limit: int = 100,
    watch: Flag = False,
    connecting: Connecting | None = None,
) -> int:
    """List entries of the inbox; looking changes nothing.

    Args:
        cursor: List what came after this position.
        limit: How many entries at most, without --watch.
        watch: Go on listing as entries come, until Ctrl-C.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    left = limit
    async with connect(connecting) as axis:
        while watch or left > 0:
            page = await axis.inbox_page(
                cursor, limit=100 if watch else min(left, 100), wait=LONG_POLL_SECONDS if watch else 0
            )
            for position, entry in page.entries:
                _tell(position, entry, output)
            left -= len(page.entries)
            if not page.entries and not watch:
                break
            cursor = page.cursor
    return 0


async def get(
    delivery: UUID,
    /,
    *,
    to: Path | None = None,
    keep_unreported: Flag = False,
    connecting: Connecting | None = None,
) -> int:
    """Fetch a delivery, sign for it, and report 01.

    Args:
        delivery: Id of the delivery, as the inbox lists it.
        to: Directory for its files; by default one named by the delivery's id.
        keep_unreported: Do not report 01 (arrived) to the sender.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    directory = to or Path(str(delivery))
    async with connect(connecting) as axis:
        found = await axis.delivery(delivery)
        with output.progress() as progress:
            paths = await found.save(directory, progress=progress)
        metadata = directory / f"{delivery}.json"
        metadata.write_text(json.dumps(dict(found.entry.body), ensure_ascii=False, indent=2) + "\n", "utf-8")
        await found.hand_over()
        if not keep_unreported:
            await found.report(Report.ARRIVED)
    value = {
        "delivery_id": str(delivery),
        "submission_id": str(found.submission_id),
        "files": [str(path) for path in paths],
        "metadata": str(metadata),
        "verdict": found.verdict,
        "handed_over": True,
        "reported": None if keep_unreported else Report.ARRIVED.value,
    }
    head = output.text("Đã tải và ký nhận", "Fetched and signed for")
    lines = [f"{head}: {delivery}", *(f"  {path}" for path in paths), f"  {_verdict(found.verdict, output)}"]
    output.result(value, *lines)
    return 0


def _tell(cursor: str, entry: Entry, output: Output) -> None:
    value = {
        "cursor": cursor,
        "event_id": str(entry.event_id),
        "kind": entry.kind,
        "submission_id": str(entry.submission_id),
        "recipient": entry.recipient,
        "delivery_id": str(entry.delivery_id) if entry.delivery_id else None,
        "version": entry.version,
        "at": to_text(entry.at),
        "body": entry.body,
    }
    at = f"{entry.at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"
    lines = _delivery_lines(entry, output) if entry.kind == DELIVERY else _news_lines(News.from_entry(entry), output)
    output.result(value, f"{at} · {lines[0]}", *(f"    {line}" for line in lines[1:]))


def _delivery_lines(entry: Entry, output: Output) -> list[str]:
    document = entry.body.get("document", {})
    number = "/".join(part for part in (document.get("number"), document.get("notation")) if part)
    head = output.text("Văn bản đến", "Delivery")
    return [
        f"{head} {entry.delivery_id}",
        f"{number} {document.get('subject', '')} ({entry.body.get('issuer', '')} → {entry.recipient})".strip(),
        _verdict(entry.body.get("verdict", {}), output),
    ]


NEWS_NAMES = {
    "held": ("đang chờ dữ liệu kiểm tra", "held until data come"),
    "accepted": ("đã chấp nhận chuyển", "accepted for delivery"),
    "rejected": ("bị từ chối", "rejected"),
    "handed_over": ("bên nhận đã ký nhận", "handed over"),
    "report": ("phản hồi", "report"),
    "verdict_revised": ("kết quả kiểm tra được xét lại", "verdict revised"),
    "dead_letter": ("chuyển cho người vận hành", "put before an operator"),
    "not_fetched": ("bên nhận chưa lấy", "not fetched yet"),
    "recall": ("yêu cầu thu hồi đã được xử lý", "recall handled"),
    "change_asked": ("bên gửi yêu cầu", "the sender asks"),
    "change_answered": ("bên nhận trả lời", "the recipient answers"),
    "expired": ("đã hết hạn, không ai nhận", "expired, nobody fetched it"),
    "unroutable": ("không chuyển được", "cannot be routed"),
    "other": ("tin", "news"),
}


def _news_lines(news: News, output: Output) -> list[str]:
    name = output.text(*NEWS_NAMES[news.kind.value])
    change = f" {output.text(*CHANGE_NAMES[news.change])}" if news.change else ""
    report = f" {news.report.value} {news.report_name(output.language)}" if news.report else ""
    head = f"{news.own_id or news.submission_id}: {name}{change}{report} ({news.recipient})"
    more = [news.sentence_vi if output.language == "vi" else news.sentence_en, news.reason, news.note]
    return [head, *(line for line in more if line)]


def _verdict(verdict: Any, output: Output) -> str:
    sentence = verdict.get("sentence") or {}
    marks = {"TOTAL-PASSED": "✓", "INDETERMINATE": "?", "TOTAL-FAILED": "✗"}
    mark = marks.get(str(verdict.get("indication")), "?")
    return f"{mark} {verdict.get('indication', '')} {sentence.get(output.language, '')}".strip()
