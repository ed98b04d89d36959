"""``docaxis send``: a signed document on its way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Connecting, Flag
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
    metadata: Path | None = None,
    to: Annotated[tuple[str, ...], REPEATED] = (),
    appendix: Annotated[tuple[Path, ...], REPEATED] = (),
    enclosure: Annotated[tuple[Path, ...], REPEATED] = (),
    issuer: str | None = None,
    type: str | None = None,  # noqa: A002 - the name of the option
    subject: str | None = None,
    place: str | None = None,
    date: str | None = None,
    number: str | None = None,
    notation: str | None = None,
    urgency: Literal["normal", "khan", "thuong-khan", "hoa-toc", "hoa-toc-hen-gio"] | None = None,
    forwarded: Flag = False,
    id: str | None = None,  # noqa: A002 - as above
    wait: int = 0,
    connecting: Connecting | None = None,
) -> int:
    """Send a signed document.

    Args:
        file: The signed PDF.
        metadata: JSON file with the document's metadata; the options below take precedence over it.
        to: Recipient: an organisation code, or group:NAME; repeat for more.
        appendix: File of an appendix of the same document; repeat for more.
        enclosure: Any other file that goes along; repeat for more.
        issuer: Code of the organisation that issued the document.
        type: Type of document, such as cong-van or 'công văn'.
        subject: What it is about.
        place: Place of promulgation.
        date: Date of promulgation, as YEAR-MONTH-DAY.
        number: Its number.
        notation: Its notation.
        urgency: How urgent it is.
        forwarded: Pass on a document of an issuer you may not send for.
        id: Your own key; the same key with the same content is the same submission.
        wait: Seconds to wait for the verdict.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    words = {
        "type": type,
        "subject": subject,
        "place": place,
        "promulgated_on": date,
        "number": number,
        "notation": notation,
        "urgency": urgency,
    }
    document = _document(metadata, issuer, words)
    own_id = id or str(uuid4())
    output.note(f"Khóa của lượt gửi: {own_id}", f"Key of this submission: {own_id}")
    async with connect(connecting) as axis:
        with output.progress() as progress:
            submission = await axis.send(
                document,
                _files(file, appendix, enclosure),
                [addressee(code) for code in to],
                own_id=own_id,
                forwarded=forwarded,
                wait=wait,
                progress=progress,
            )
    return _tell(submission, output)


def _document(path: Path | None, issuer: str | None, words: Mapping[str, str | None]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = parse_object(path.read_bytes(), limit=MAX_MANIFEST)
        except RejectedJson as error:
            vi, en = f"{path}: không phải JSON hợp lệ ({error}).", f"{path}: not acceptable JSON ({error})."
            raise CommandFailed(Exit.BAD_INPUT, "malformed-json", vi, en) from error
    if issuer is not None:
        document["issuer"] = {"code": issuer}
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
