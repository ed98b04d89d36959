"""``docaxis dead-letters``: what the axis could not process, for its operators."""

from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for


async def dead_letters(*, replay: UUID | None = None, connecting: Connecting | None = None) -> int:
    """List dead letters, or replay one.

    Args:
        replay: Put this dead letter back into processing.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    async with connect(connecting) as axis:
        if replay is not None:
            answer = dict(await axis.replay(replay))
            output.result(answer, f"{output.text('Đã cho chạy lại', 'Replayed')}: {replay}")
            return 0
        found = [dict(item) for item in await axis.dead_letters()]
    names = ("dead_letter_id", "stage", "submission_id", "cause", "at", "replayed_at")
    titles = ("id", "stage", "submission", output.text("nguyên nhân", "cause"), output.text("lúc", "at"), "replayed")
    output.table(found, titles, [[str(item.get(name) or "") for name in names] for item in found])
    return 0
