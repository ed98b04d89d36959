"""``docaxis send``: a signed document on its way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting, Describing, Flag
from docaxis.cli.output import Output, output_for
from docaxis.client.axis import addressee
from docaxis.client.files import OutgoingFile
from docaxis.client.submissions import Submission
from docaxis_schemas.canonical import RejectedJson, parse_object
from docaxis_schemas.submission import MAX_MANIFEST, FileRole
from docaxis_signing.causes import EXPLANATIONS
from docaxis_signing.verdict import Cause

DISPOSITIONS: Final[Mapping[str, tuple[str, str, Exit]]] = {
    "deliver": ("đã chuyển", "delivered", Exit.OK),
    "deliver_with_warning": ("đã chuyển kèm cảnh báo", "delivered with a warning", Exit.OK),
    "hold": ("đang chờ dữ liệu để kiểm tra chữ ký", "waits for data to verify its signatures", Exit.INDETERMINATE),
    "refuse": ("bị từ chối", "refused", Exit.REFUSED),
}


async def send(
    file: Path,
    /,
    *,
    describing: Describing | None = None,
    forwarded: Flag = False,
    id: str | None = None,  # noqa: A002 - the name of the option
    wait: int = 0,
    connecting: Connecting | None = None,
) -> int:
    """Send a signed document.

    Args:
        file: The signed PDF.
        describing: What the document is.
        forwarded: Pass on a document of an issuer you may not send for.
        id: Your own key; the same key with the same content is the same submission.
        wait: Seconds to wait for the verdict.
        connecting: How the command answers, and as whom it speaks.
    """
    told = describing or Describing()
    return await hand_in(file, told, document_of(told), connecting, forwarded=forwarded, own_id=id, wait=wait)


async def hand_in(
    file: Path,
    describing: Describing,
    document: Mapping[str, Any],
    connecting: Connecting | None,
    *,
    forwarded: bool = False,
    own_id: str | None,
    wait: int,
) -> int:
    """Send a document whose metadata are known, and tell what the axis says."""
    output = output_for(connecting)
    key = own_id or str(uuid4())
    output.note(f"Khóa của lượt gửi: {key}", f"Key of this submission: {key}")
    async with connect(connecting) as axis:
        with output.progress() as progress:
            submission = await axis.send(
                document,
                _files(file, describing.appendix, describing.enclosure),
                [addressee(code) for code in describing.to],
                own_id=key,
                forwarded=forwarded,
                wait=wait,
                progress=progress,
            )
    return _tell(submission, output)


def document_of(describing: Describing) -> dict[str, Any]:
    """Give the metadata: those of the file, and over them the options.

    Raises:
        CommandFailed: The file holds no JSON object.
    """
    document: dict[str, Any] = {}
    path = describing.metadata
    if path is not None:
        try:
            document = parse_object(path.read_bytes(), limit=MAX_MANIFEST)
        except RejectedJson as error:
            vi, en = f"{path}: không phải JSON hợp lệ ({error}).", f"{path}: not acceptable JSON ({error})."
            raise CommandFailed(Exit.BAD_INPUT, "malformed-json", vi, en) from error
    if describing.issuer is not None:
        document["issuer"] = {"code": describing.issuer}
    names = ("type", "subject", "place", "number", "notation", "urgency")
    words = {name: getattr(describing, name) for name in names} | {"promulgated_on": describing.date}
    return document | {name: value for name, value in words.items() if value is not None}


def _files(main: Path, appendixes: Sequence[Path], enclosures: Sequence[Path]) -> list[OutgoingFile]:
    return [
        OutgoingFile(main, FileRole.MAIN),
        *(OutgoingFile(path, FileRole.APPENDIX) for path in appendixes),
        *(OutgoingFile(path, FileRole.ENCLOSURE) for path in enclosures),
    ]


def _tell(submission: Submission, output: Output) -> int:
    value = {
        "submission_id": str(submission.submission_id),
        "id": submission.own_id,
        "received_at": submission.received_at.isoformat(),
        "recipients": submission.recipients,
        "disposition": submission.disposition,
        "verdict": submission.verdict,
        "acknowledgement": submission.acknowledgement,
    }
    vi, en, code = DISPOSITIONS.get(submission.disposition or "", ("đang kiểm tra chữ ký", "being verified", Exit.OK))
    head = output.text("Trục đã nhận", "The axis has it")
    lines = [f"{head}: {submission.submission_id} · {output.text(vi, en)}"]
    lines.extend(_reasons(submission.verdict or {}, output))
    for name, vi_name, en_name in (
        ("unknown", "Không có trong danh mục", "Not in the directory"),
        ("suspended", "Đang tạm ngừng", "Suspended"),
        ("merged", "Đã sáp nhập, chuyển cho bên kế thừa", "Merged, sent to the successor"),
    ):
        if listed := submission.recipients.get(name):
            lines.append(f"  {output.text(vi_name, en_name)}: {_codes(listed)}")
    output.result(value, *lines)
    return code


def _reasons(verdict: Mapping[str, Any], output: Output) -> list[str]:
    """Say why the signatures are not simply valid, and what to do now."""
    cause = verdict.get("cause")
    if cause not in set(Cause):
        return []
    words = EXPLANATIONS[Cause(cause)]
    return [f"  {output.text(words.vi, words.en)} {output.text(words.action_vi, words.action_en)}"]


def _codes(listed: Sequence[Any]) -> str:
    return ", ".join(_code(item) if isinstance(item, Mapping) else str(item) for item in listed)


def _code(item: Mapping[str, Any]) -> str:
    asked, successor = item.get("asked"), item.get("successor")
    return f"{asked} → {successor}" if successor else str(asked)
