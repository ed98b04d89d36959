"""``docaxis recall`` and ``docaxis answer-recall``: asking for a document back, and answering who asks."""

from typing import Annotated
from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import REPEATED, Connecting, Flag
from docaxis.cli.output import output_for
from docaxis_schemas.lifecycle import REPORT_NAMES, Report


async def recall(
    submission: UUID,
    /,
    *,
    recipient: Annotated[tuple[str, ...], REPEATED] = (),
    reason: str,
    connecting: Connecting | None = None,
) -> int:
    """Ask to have a submission back.

    Args:
        submission: Id of the submission.
        recipient: Code of a recipient to recall it from; repeat for more, none means all.
        reason: Why; every recipient reads it.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        await axis.recall(submission, reason, recipients=recipient)
    value = {"submission_id": str(submission), "recipients": list(recipient), "reason": reason}
    output.result(value, f"{output.text('Đã yêu cầu thu hồi', 'Recall asked')}: {submission}")
    return 0


async def answer_recall(
    delivery: UUID,
    /,
    *,
    agree: Flag = False,
    refuse: str | None = None,
    note: str | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Answer what the sender asks about a delivery: to recall, update or replace it.

    Args:
        delivery: Id of the delivery.
        agree: Report 15; for a recall it says that the document was deleted.
        refuse: Report 16, for this reason.
        note: Anything else to say with an agreement.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    if agree == (refuse is not None):
        vi, en = "Chọn --agree hoặc --refuse LÝ-DO.", "Give either --agree or --refuse REASON."
        raise CommandFailed(Exit.USAGE, "usage", vi, en)
    code = Report.CHANGE_AGREED if refuse is None else Report.CHANGE_REFUSED
    async with connect(connecting) as axis:
        found = await axis.delivery(delivery)
        await found.report(code, reason=refuse, note=note)
    value = {"delivery_id": str(delivery), "code": code.value, "reason": refuse}
    head = output.text("Đã trả lời", "Answered")
    output.result(value, f"{head} {code.value} {output.text(*REPORT_NAMES[code])}: {delivery}")
    return 0
