"""``docaxis reconcile``: what either side lacks of what went between two members, and how it is mended."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.language import Text
from docaxis.cli.options import Connecting
from docaxis.cli.output import Output, output_for
from docaxis.client.reconciling import RegisterEntry, RejectedRegister, read_register
from docaxis_schemas.holdings import LackKind, Remedy
from docaxis_schemas.moments import VIETNAM, system_clock, to_text

KINDS: Final[Mapping[str, Text]] = {
    LackKind.AXIS_LACKS: Text("Bên gửi có, trục không có", "The sender has it, the axis has not"),
    LackKind.RECIPIENT_LACKS: Text("Trục có, bên nhận không có", "The axis has it, the recipient has not"),
    LackKind.SENDER_LACKS: Text("Bên nhận có, bên gửi không có", "The recipient has it, the sender has not"),
    LackKind.STATES_DIFFER: Text("Trạng thái hoặc nội dung khác nhau", "States or contents differ"),
}
REMEDIES: Final[Mapping[str, Text]] = {
    Remedy.SEND_AGAIN: Text("gửi lại với đúng khóa cũ", "send it again with the same key"),
    Remedy.FETCH_AGAIN: Text("tải lại từ trục", "fetch it from the axis again"),
    Remedy.HAND_OVER: Text("ký nhận lại", "sign for it again"),
    Remedy.REPORT_AGAIN: Text("gửi lại phản hồi trạng thái", "report the status again"),
    Remedy.ASK_SENDER: Text("hỏi bên gửi", "ask the sender"),
}


async def reconcile(
    *,
    other: Annotated[str, Parameter(name="--with")],
    since: datetime | None = None,
    until: datetime | None = None,
    register: Path | None = None,
    connector: Path | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Compare what this member holds with what the axis has between it and another member.

    Args:
        other: The other member.
        since: From when on, by the axis's time; a day begins at midnight in Vietnam. By default today.
        until: Until when; a day is meant whole. By default now.
        register: The member's register: a file of one JSON object a line.
        connector: The connector's folder, whose own store is the register.
        connecting: How the command answers, and as whom it speaks.
    """
    output, now = output_for(connecting), system_clock()
    begin = _moment(since or datetime.combine(now.astimezone(VIETNAM).date(), time()))
    end = now if until is None else _moment(until) + (timedelta(days=1) if _is_day(until) else timedelta())
    if begin >= end:
        raise CommandFailed(Exit.USAGE, "usage", "--since phải trước --until.", "--since must be before --until.")
    held = _register(register, connector)
    async with connect(connecting) as axis:
        found = await axis.reconcile(other, held, since=begin, until=end)
    value: dict[str, Any] = {"with": other, "since": to_text(begin), "until": to_text(end)}
    value |= {"compared": found.compared, "waiting": found.waiting, "counts": found.counts}
    value |= {"comparisons": list(map(str, found.comparisons)), "lacks": list(found.lacks.values())}
    output.result(value, *_told(value, output))
    return Exit.REFUSED if found.lacks else Exit.OK


def _moment(given: datetime) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=VIETNAM)


def _is_day(given: datetime) -> bool:
    return given.tzinfo is None and given.time() == time()


def _register(register: Path | None, connector: Path | None) -> list[RegisterEntry]:
    """Read the register that was named.

    Raises:
        CommandFailed: Not exactly one is named, or it is not of its form.
    """
    if (register is None) == (connector is None):
        vi, en = "Chọn --register TỆP hoặc --connector THƯ-MỤC.", "Give either --register FILE or --connector FOLDER."
        raise CommandFailed(Exit.USAGE, "usage", vi, en)
    if connector is not None:
        from docaxis.connector.folder import Folder  # noqa: PLC0415 - only for a connector's folder
        from docaxis.connector.store import Store  # noqa: PLC0415 - as above

        store = Folder(connector).store
        if not store.exists():
            vi, en = f"{connector}: không phải thư mục của connector.", f"{connector}: no folder of a connector."
            raise CommandFailed(Exit.NO_INPUT, "no-input", vi, en)
        return Store(store).held()
    assert register is not None, "one of the two is named"
    try:
        with register.open(encoding="utf-8") as lines:
            return read_register(lines)
    except (RejectedRegister, UnicodeDecodeError) as error:
        vi, en = f"{register}: không phải tệp sổ ({error}).", f"{register}: no register ({error})."
        raise CommandFailed(Exit.BAD_INPUT, "register", vi, en) from error


def _told(value: Mapping[str, Any], output: Output) -> list[str]:
    head = output.text(
        f"Đã đối soát {value['compared']} lượt chuyển với {value['with']}; {value['waiting']} đang chờ ký nhận.",
        f"Compared {value['compared']} deliveries with {value['with']}; {value['waiting']} are not signed for yet.",
    )
    if not value["lacks"]:
        return [head, output.text("Hai bên khớp nhau.", "Both sides agree.")]
    lines = [head]
    for lack in value["lacks"]:
        kind, remedy = KINDS[lack["kind"]].into(output.language), REMEDIES[lack["remedy"]].into(output.language)
        lines.append(f"✗ {lack['submission_id']} → {lack['recipient']}: {kind}; {remedy}")
    return lines
