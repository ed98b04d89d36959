"""``docaxis audit impact``, ``distrust`` and ``revalidate``: an authority was compromised; what falls, what stands?"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from docaxis.cli.auditing import Sought
from docaxis.cli.connecting import connect
from docaxis.cli.exit_codes import Exit
from docaxis.cli.failures import CommandFailed
from docaxis.cli.options import Connecting, Flag, Speaking
from docaxis.cli.output import Output, output_for
from docaxis_schemas.moments import VIETNAM, to_text

if TYPE_CHECKING:
    from docaxis.verifier.revalidating import Judgement
    from docaxis_signing.trust.store import TrustStore

_PAGE: Final = 100


async def impact(*, issuer: str, since: datetime | None = None, connecting: Connecting | None = None) -> int:
    """List the verdicts that rest on an authority, as the log has them. Whether they still stand, `distrust` tells.

    Args:
        issuer: SHA-256 of the authority's certificate, or words of its name.
        since: Only what was judged from this time on.
        connecting: How the command answers, and as whom it speaks.
    """
    output = output_for(connecting)
    asked = Sought(issuer=issuer, since=since, type="verdict.given").asked()
    senders: Counter[tuple[str, str]] = Counter()
    before: int | None = None
    async with connect(connecting) as axis:
        while True:
            page = await axis.audit.search(before=before, limit=_PAGE, **asked)
            senders.update((str(one.row["member"]), str(one.row["codes"].get("indication"))) for one in page.found)
            if (before := page.next) is None:
                break
    values = [
        {"member": member, "indication": indication, "documents": count}
        for (member, indication), count in sorted(senders.items())
    ]
    rows = [[value["member"], value["indication"], str(value["documents"])] for value in values]
    titles = (output.text("bên gửi", "sender"), output.text("kết quả", "verdict"), output.text("văn bản", "documents"))
    output.table(values, titles, [[str(cell) for cell in row] for row in rows])
    return Exit.OK


async def distrust(authority: str, /, *, since: datetime, speaking: Speaking | None = None) -> int:
    """Judge again, under the verifier's settings (DOCAXIS_...), as if an authority were distrusted. Writes nothing.

    Args:
        authority: Its name in the trust directory.
        since: From when it would be distrusted; what is proved to be older still counts.
        speaking: How the command answers.
    """
    from docaxis.verifier.revalidating import distrusting  # noqa: PLC0415 - server code only where it is used

    moment = since if since.tzinfo else since.replace(tzinfo=VIETNAM)
    return await _judge(authority, lambda trust: distrusting(trust, authority, moment), True, False, speaking)


async def revalidate(authority: str, /, *, anew: Flag = False, speaking: Speaking | None = None) -> int:
    """Judge again what rests on an authority, under the trust directory of the verifier's settings (DOCAXIS_...).

    Change and sign the trust directory first (`docaxis trust distrust`), and restart the verifiers.

    Args:
        authority: Its name in the trust directory.
        anew: Begin with the first document instead of where an earlier run was stopped.
        speaking: How the command answers.
    """
    return await _judge(authority, None, False, anew, speaking)


async def _judge(
    authority: str,
    change: "Callable[[TrustStore], TrustStore] | None",
    rehearse: bool,  # noqa: FBT001 - of this module alone
    anew: bool,  # noqa: FBT001
    speaking: Speaking | None,
) -> int:
    from docaxis.drill import open_revalidation  # noqa: PLC0415 - server code only where it is used
    from docaxis.failpoints import VARIABLE  # noqa: PLC0415
    from docaxis.logs import errors_only  # noqa: PLC0415
    from docaxis.settings import Settings  # noqa: PLC0415
    from docaxis.verifier.revalidating import Outcome, UnknownAuthority  # noqa: PLC0415

    output = output_for(speaking)
    errors_only()
    try:
        failpoint = os.environ.get(VARIABLE)
        async with open_revalidation(Settings(), change, rehearse=rehearse, failpoint=failpoint) as revalidation:
            if anew:
                await revalidation.progress.forget(revalidation.trust.sha256, authority)
            counts = await revalidation.run(authority, lambda one: _tell(one, output))
    except UnknownAuthority as error:
        vi, en = f"Không có tổ chức chứng thực này: {error}", f"No such authority: {error}"
        raise CommandFailed(Exit.BAD_INPUT, "unknown-authority", vi, en) from error
    value: dict[str, Any] = {outcome.value: counts[outcome] for outcome in Outcome} | {"rehearsal": rehearse}
    texts = {
        Outcome.STANDS: output.text("còn giá trị", "still stand"),
        Outcome.CHANGED: output.text("đổi kết quả", "changed"),
        Outcome.UNDECIDED: output.text("chưa xét được", "undecided"),
        Outcome.FAILED: output.text("lỗi", "failed"),
    }
    output.result(value, *(f"{counts[outcome]:>9} {text}" for outcome, text in texts.items()))
    return Exit.INDETERMINATE if counts[Outcome.UNDECIDED] or counts[Outcome.FAILED] else Exit.OK


def _tell(one: "Judgement", output: Output) -> None:
    if one.outcome == "stands":
        return
    value = {
        "submission_id": str(one.submission_id),
        "received_at": to_text(one.received_at),
        "outcome": one.outcome.value,
        "before": one.before or None,
        "after": one.after or None,
    }
    output.result(value, f"{one.outcome.value} {one.submission_id}: {one.before} → {one.after}")
