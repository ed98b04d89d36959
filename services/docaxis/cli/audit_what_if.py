"""``docaxis audit what-if``: the past under a draft policy or trust directory, from what was kept; nothing written."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from docaxis.cli.auditing import Sought
from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting
from docaxis.cli.output import Output, output_for
from docaxis.cli.policies import find_policy
from docaxis.cli.trusting import load_trust
from docaxis.client.axis import AxisClient

if TYPE_CHECKING:
    from docaxis.verifier.what_if import Answer

_PAGE: Final = 100


async def what_if(
    *,
    policy: str | None = None,
    trust: Path | None = None,
    since: datetime,
    until: datetime | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Draw the verdicts of a time again under a draft, and list those that would have been others.

    Runs where the verifier's settings are (DOCAXIS_...): documents and what was kept with each verdict are read there.
    Which submissions those are is asked of the axis with an auditor's profile, so the question is evidence in the log.

    Args:
        policy: Draft policy of files (.toml); it stands in for the one of the same name.
        trust: Draft trust directory; revocation lists are those that were in force.
        since: Verdicts from this time on.
        until: Verdicts before this time; by default all since.
        connecting: How the command answers, and as whom it speaks.
    """
    from docaxis.drill import open_what_if  # noqa: PLC0415 - server code only where it is used
    from docaxis.logs import errors_only  # noqa: PLC0415
    from docaxis.settings import Settings  # noqa: PLC0415
    from docaxis.verifier.what_if import Draft, Outcome, RejectedDraft  # noqa: PLC0415

    output = output_for(connecting)
    errors_only()
    if policy is None and trust is None:
        vi, en = "Hãy cho một dự thảo: --policy hoặc --trust.", "Name a draft: --policy or --trust."
        raise CommandFailed(Exit.USAGE, "no-draft", vi, en)
    draft = Draft(None if policy is None else find_policy(policy), None if trust is None else load_trust(trust, output))
    sought = Sought(since=since, until=until, type="verdict.given")
    try:
        async with connect(connecting) as axis, open_what_if(Settings(), draft) as asked:
            counts = await asked.run(_submissions(axis, sought), lambda one: _tell(one, output))
    except RejectedDraft as error:
        vi, en = f"Dự thảo không thay cho chính sách nào: {error}", f"The draft is for nothing: {error}"
        raise CommandFailed(Exit.BAD_INPUT, "draft-for-nothing", vi, en) from error
    value: dict[str, Any] = {outcome.value: counts[outcome] for outcome in Outcome} | {
        "policy_sha256": draft.policy.sha256 if draft.policy else None,
        "trust_sha256": draft.trust.sha256 if draft.trust else None,
    }
    texts = {
        Outcome.SAME: output.text("như cũ", "the same"),
        Outcome.CHANGED: output.text("sẽ khác", "would be others"),
        Outcome.LACKING: output.text("thiếu căn cứ để trả lời", "lack what an answer rests on"),
    }
    output.result(value, *(f"{counts[outcome]:>9} {text}" for outcome, text in texts.items()))
    return Exit.INDETERMINATE if counts[Outcome.LACKING] else Exit.OK


async def _submissions(axis: AxisClient, sought: Sought) -> AsyncIterator[UUID]:
    """Name the submissions that were judged in the time, the latest first."""
    before: int | None = None
    while True:
        page = await axis.audit.search(before=before, limit=_PAGE, **sought.asked())
        for one in page.found:
            if one.row.get("submission_id"):  # what was shredded names none
                yield UUID(str(one.row["submission_id"]))
        if (before := page.next) is None:
            return


def _tell(one: "Answer", output: Output) -> None:
    if one.outcome == "same":
        return
    value = {
        "submission_id": str(one.submission_id),
        "outcome": one.outcome.value,
        "before": one.before,
        "after": one.after or None,
        "reason": one.reason or None,
    }
    line = f"{one.outcome.value} {one.submission_id}: {one.before}"
    output.result(value, line + (f" → {one.after}" if one.after else "") + (f" ({one.reason})" if one.reason else ""))
