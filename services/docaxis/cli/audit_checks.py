"""``docaxis audit reindex`` and ``docaxis audit completeness``: what the axis says of its log, found out anew."""

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from docaxis.auditor.completeness import Committed, TopicRead, compare, held, read_topic, unseen
from docaxis.auditor.rebuilding import Rebuilt, rebuild
from docaxis.auditor.walking import open_checkpoint
from docaxis.cli.connecting import connect, read_profile
from docaxis.cli.evidence import evidence_in, log_of, read_pinned
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting, Flag
from docaxis.cli.output import Output, output_for
from docaxis_schemas.moments import system_clock
from docaxis_signing.receipts import PinnedKeys, RejectedEvidence, check_evidence
from docaxis_signing.transparency.policy import Policy
from docaxis_signing.transparency.problems import TransparencyError

_PAYLOAD: Final = 1
"""Of a compact JWS."""


def pinned_of(connecting: Connecting | None) -> PinnedKeys | None:
    """Give the pinned keys of the profile."""
    path = read_profile(connecting).keys
    return None if path is None else read_pinned(path)


@contextmanager
def judging_the_log() -> Iterator[None]:
    """Say in one sentence that the log does not hold.

    Raises:
        CommandFailed: It does not.
    """
    try:
        yield
    except TransparencyError as error:
        vi, en = f"Sổ minh bạch KHÔNG ĐÚNG: {error}", f"The log DOES NOT HOLD: {error}"
        raise CommandFailed(Exit.REFUSED, "log-does-not-hold", vi, en) from error


async def reindex(*, verify: Flag = False, to: Path | None = None, connecting: Connecting | None = None) -> int:
    """Derive the index anew, from every leaf and what opens it.

    Args:
        verify: Compare each row with that of the axis's index.
        to: Keep the rows here, one JSON object a line.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    policy = log_of(pinned_of(connecting))
    with contextlib.ExitStack() as stack:
        file = None if to is None else stack.enter_context(to.open("w", encoding="utf-8"))
        rebuilt = await _rebuild(connecting, policy, compare=verify, file=file)
    _tell(rebuilt, output)
    return Exit.REFUSED if rebuilt.faults else Exit.OK


async def completeness(
    receipts: list[Path] | None = None, /, *, topic: Flag = False, connecting: Connecting | None = None
) -> int:
    """Compare what should be in the log with what is.

    Args:
        receipts: Evidence files that a party holds. A receipt that is not in the log 60 s after what it states is a
            broken promise.
        topic: Read every statement on the topic `evidence` too, as DOCAXIS_BUS__... says.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    pinned = pinned_of(connecting)
    policy = log_of(pinned)
    assert pinned is not None, "it names the log"
    mine = [piece for path in receipts or () for piece in _held(path, pinned)]
    now = system_clock()
    async with connect(connecting) as axis:
        with judging_the_log():
            opened = await open_checkpoint(axis.audit, policy)  # before the topic: whatever it covers is there by then
            said = await _topic() if topic else None
            rebuilt = await rebuild(axis.audit, opened)
    findings = compare(rebuilt, said, mine, now=now)
    _tell(rebuilt, output)
    if said is not None:
        _tell_topic(said, rebuilt, output)
    for found in findings:
        value = {"finding": found.kind, "event_id": found.event_id, "place": found.place, "detail": found.detail}
        output.result(value, f"✗ {found.kind} {found.event_id} ({found.place}): {found.detail}")
    if findings or rebuilt.faults or (said is not None and said.unreadable):
        return Exit.REFUSED
    if said is not None and said.trimmed:
        line = output.text("✓ Không thiếu gì trong phần còn so được.", "✓ Nothing is missing of what can be compared.")
        output.result({"complete": None}, line)
    else:
        output.result({"complete": True}, output.text("✓ Không thiếu gì.", "✓ Nothing is missing."))
    return Exit.OK


async def _rebuild(connecting: Connecting | None, policy: Policy, *, compare: bool, file: TextIO | None) -> Rebuilt:
    def keep(row: Mapping[str, Any]) -> None:
        if file is not None:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    async with connect(connecting) as axis:
        with judging_the_log():
            return await rebuild(axis.audit, await open_checkpoint(axis.audit, policy), compare=compare, keep=keep)


async def _topic() -> TopicRead:
    from docaxis.bus.kafka import KafkaBus  # noqa: PLC0415 - the broker's client only where it is used
    from docaxis.settings import Settings  # noqa: PLC0415

    settings = Settings().bus
    return await read_topic(KafkaBus(settings), settings.slots, until=system_clock())


def _held(path: Path, pinned: PinnedKeys) -> Iterator[Committed]:
    for piece in evidence_in(path):
        try:
            statement = check_evidence(dict(piece) | {"proof": None, "openings": None}, pinned).statement
        except RejectedEvidence as error:
            vi, en = (
                f"{path}: không phải biên nhận của trục này ({error}).",
                f"{path}: no receipt of this axis ({error}).",
            )
            raise CommandFailed(Exit.BAD_INPUT, "receipt-false", vi, en) from error
        payload = str(piece["receipt"]).split(".")[_PAYLOAD]
        yield held(statement, base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), str(path))


def _tell(rebuilt: Rebuilt, output: Output) -> None:
    value = {
        "leaves": rebuilt.leaves,
        "events": len(rebuilt.events),
        "shredded": len(rebuilt.closed),
        "lacking": rebuilt.lacking,
        "faults": rebuilt.faults,
        "shown": rebuilt.shown,
    }
    vi = f"{rebuilt.leaves} mục, {len(rebuilt.closed)} đã hủy giá trị mở, {rebuilt.lacking} thiếu dữ liệu kèm"
    en = f"{rebuilt.leaves} leaves, {len(rebuilt.closed)} shredded, {rebuilt.lacking} whose verdict or manifest is gone"
    mark = "✗" if rebuilt.faults else "✓"
    output.result(value, f"{mark} {output.text(vi, en)}", *(f"  {one}" for one in rebuilt.shown))


def _tell_topic(said: TopicRead, rebuilt: Rebuilt, output: Output) -> None:
    spans = {str(number): list(span) for number, span in sorted(said.spans.items())}
    lost = {
        str(number): {"before": said.trimmed[number], "leaves": leaves}
        for number, leaves in sorted(unseen(rebuilt, said).items())
    }
    value = {"statements": len(said.statements), "offsets": spans, "unreadable": list(said.unreadable), "trimmed": lost}
    kept = output.text("phần còn giữ", "what it keeps") if lost else output.text("từ đầu", "from its beginning")
    lines = [f"  evidence ({kept}): {len(said.statements)}", *(f"  ✗ {place}" for place in said.unreadable)]
    for number, one in lost.items():
        vi = f"đã cắt trước {one['before']}, không so được; sổ có {one['leaves']} mục ghi là từ đó"
        en = f"trimmed before {one['before']}, cannot be compared; {one['leaves']} leaves are said to be from there"
        lines.append(f"  ? evidence[{number}]: {output.text(vi, en)}")
    output.result({"topic": value}, *lines)
