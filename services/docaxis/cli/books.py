"""``docaxis registers`` and ``docaxis deadlines``: the books of a member's organisations, and what is due."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import Output, output_for
from docaxis.client.books import RegisterName
from docaxis_schemas.moments import VIETNAM, from_text
from docaxis_schemas.tables import BOM, line

COLUMNS: Final = {
    "register_number": ("Số", "Number"),
    "at": ("Lúc", "When"),
    "issuer": ("Cơ quan ban hành", "Issuer"),
    "number": ("Số, ký hiệu", "Number and notation"),
    "promulgated_on": ("Ngày ban hành", "Date"),
    "type": ("Loại văn bản", "Type"),
    "subject": ("Trích yếu", "Subject"),
    "recipients": ("Nơi nhận", "Recipients"),
    "state": ("Trạng thái", "State"),
    "report": ("Phản hồi", "Report"),
}
DUTIES: Final = {
    "acknowledge": ("thông báo đã nhận", "acknowledge"),
    "answer": ("trả lời", "answer"),
    "send": ("gửi", "send"),
}
STANDINGS: Final = {"open": ("còn hạn", "open"), "soon": ("sắp đến hạn", "due soon"), "overdue": ("quá hạn", "overdue")}


async def registers(
    register: RegisterName = "incoming",
    /,
    *,
    organisation: str = "",
    year: int | None = None,
    export: Path | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Show a register in the order of its numbers, or write it as a table file.

    Args:
        register: incoming or outgoing.
        organisation: Whose register; by default that of your first organisation.
        year: Of which year; by default this one.
        export: Write a CSV file that spreadsheets open, without formulas; an existing file is replaced.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        found = [dict(one) async for one in axis.books.entries(register, organisation=organisation, year=year)]
    if export is not None:
        titles = [output.text(*title) for title in COLUMNS.values()]
        lines = [line(titles), *(line(_cells(entry)) for entry in found)]
        await asyncio.to_thread(export.write_text, BOM + "".join(lines), "utf-8", newline="")
        told = output.text(f"Đã ghi {len(found)} dòng vào {export}", f"Wrote {len(found)} lines to {export}")
        output.result({"written": str(export), "entries": len(found)}, told)
        return 0
    shown = [name for name in COLUMNS if name not in {"promulgated_on", "type"}]
    rows = [[cell for name, cell in zip(COLUMNS, _cells(entry), strict=True) if name in shown] for entry in found]
    output.table(found, [output.text(*COLUMNS[name]) for name in shown], rows)
    return 0


async def deadlines(*, limit: int = 100, overdue: Flag = False, connecting: Connecting | None = None) -> int:
    """Show what is due: your duties, and those of whom you sent to, the most overdue first.

    Args:
        limit: How many of each direction at most, up to 500.
        overdue: Only what is overdue.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        found = [dict(one) for one in await axis.books.deadlines(limit)]
    wanted = [one for one in found if not overdue or one.get("standing") == "overdue"]
    titles = (
        output.text("Hạn", "Due"),
        output.text("Tình trạng", "Standing"),
        output.text("Việc", "Duty"),
        output.text("Của", "Whose"),
        output.text("Số, ký hiệu", "Number and notation"),
        output.text("Trích yếu", "Subject"),
    )
    output.table(wanted, titles, [_due(one, output) for one in wanted])
    return 0


def _due(one: Mapping[str, Any], output: Output) -> list[str]:
    standing, duty = str(one.get("standing")), str(one.get("duty"))
    return [
        _moment(one.get("due_at")),
        output.text(*STANDINGS.get(standing, (standing, standing))),
        output.text(*DUTIES.get(duty, (duty, duty))),
        *(str(one.get(name) or "") for name in ("recipient", "number", "subject")),
    ]


def _cells(entry: Mapping[str, Any]) -> list[str]:
    return [_cell(name, entry) for name in COLUMNS]


def _cell(name: str, entry: Mapping[str, Any]) -> str:
    value = entry.get(name)
    if name == "at":
        return _moment(value)
    if name == "recipients":
        named = [str(one) for one in value or ()]
        more = int(entry.get("recipient_count") or 0) - len(named)
        return "; ".join([*named, *([f"+{more}"] if more > 0 else [])])
    return "" if value is None else str(value)


def _moment(value: Any) -> str:
    return "" if not value else from_text(str(value)).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")
