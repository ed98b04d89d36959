"""``docaxis trace``: where a submission is, who has it, and the evidence for it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting
from docaxis.cli.output import Output, output_for
from docaxis.client.axis import AxisClient
from docaxis.client.submissions import SubmissionStatus
from docaxis_schemas.lifecycle import REPORT_NAMES, Report
from docaxis_schemas.moments import VIETNAM


async def trace(submission: UUID, /, *, evidence: Path | None = None, connecting: Connecting | None = None) -> int:
    """Show a submission.

    Args:
        submission: Id of the submission.
        evidence: Save the evidence you may have into this directory, a file each.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        status = await axis.submission(submission)
        saved = [] if evidence is None else await _save(axis, submission, evidence)
    output.result(dict(status.detail) | ({"saved": saved} if evidence else {}), *_lines(status, output), *saved)
    return 0


def _lines(status: SubmissionStatus, output: Output) -> list[str]:
    verdict = status.verdict or {}
    lines = [f"{status.submission_id} · {status.state} · {verdict.get('indication', '')}".rstrip(" ·")]
    for delivery in status.deliveries:
        known = Report(delivery.report) if delivery.report in set(Report) else None
        report = f" · {known.value} {output.text(*REPORT_NAMES[known])}" if known else ""
        lines.append(f"  {delivery.recipient}: {delivery.state}{report}")
    lines.extend(
        f"  {entry.at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} {entry.type} {entry.recipient or ''}".rstrip()
        for entry in status.timeline
    )
    return lines


async def _save(axis: AxisClient, submission: UUID, directory: Path) -> list[str]:
    pieces = await axis.evidence(submission)
    return await asyncio.to_thread(_write, pieces, submission, directory)


def _write(pieces: Sequence[Mapping[str, Any]], submission: UUID, directory: Path) -> list[str]:
    directory.mkdir(parents=True, exist_ok=True)
    saved = []
    for number, piece in enumerate(pieces, 1):
        path = directory / f"{submission}-{number:03}.json"
        path.write_text(json.dumps(piece, ensure_ascii=False, indent=2) + "\n", "utf-8")
        saved.append(str(path))
    return saved
