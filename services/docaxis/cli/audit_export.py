"""``docaxis audit export``: everything an outsider needs to check one submission, in one file."""

from pathlib import Path
from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for


async def export(submission: UUID, /, *, to: Path | None = None, connecting: Connecting | None = None) -> int:
    """Take a submission's evidence away: documents, verdicts, what they rest on, receipts, leaves and proofs.

    Your export becomes evidence in the log. README.md in the package says how to check it without this axis.

    Args:
        submission: Id of the submission.
        to: The ZIP to write; by default SUBMISSION.zip here. It must not be there yet.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    target = Path(f"{submission}.zip") if to is None else to
    async with connect(connecting) as axis:
        saved = await axis.audit.export(submission, target)
    value = {"file": str(target), "submission_id": str(submission), "sha256": saved.sha256, "size": saved.size}
    output.result(value, f"✓ {target} ({saved.size} B)", f"  SHA-256 {saved.sha256}")
    return Exit.OK
