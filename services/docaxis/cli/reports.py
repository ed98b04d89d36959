"""``docaxis accept``, ``refuse`` and ``report``: what the recipient says to the sender."""

from uuid import UUID

from docaxis.cli.connecting import connect
from docaxis.cli.options import Connecting
from docaxis.cli.output import output_for
from docaxis_schemas.lifecycle import REPORT_NAMES, Report


async def accept(
    delivery: UUID,
    /,
    *,
    register_number: str | None = None,
    note: str | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Report 03, accepted.

    Args:
        delivery: Id of the delivery.
        register_number: Number in the register of incoming documents.
        note: Anything else to say.
        connecting: How the command answers, and as whom it speaks.
    """
    return await _report(connecting, delivery, Report.ACCEPTED, None, note, register_number)


async def refuse(delivery: UUID, /, *, reason: str, connecting: Connecting | None = None) -> int:
    """Report 02, returned.

    Args:
        delivery: Id of the delivery.
        reason: Why it is returned; the sender reads it.
        connecting: How the command answers, and as whom it speaks.
    """
    return await _report(connecting, delivery, Report.REJECTED, reason, None, None)


async def report(
    delivery: UUID,
    code: str,
    /,
    *,
    reason: str | None = None,
    note: str | None = None,
    register_number: str | None = None,
    connecting: Connecting | None = None,
) -> int:
    """Report a business status.

    Args:
        delivery: Id of the delivery.
        code: 01 arrived, 02 returned, 03 accepted, 04 assigned, 05 in progress, 06 finished; 15, 16 answer a request.
        reason: Why; 02 and 16 want one.
        note: Anything else to say.
        register_number: Number in the register of incoming documents.
        connecting: How the command answers, and as whom it speaks.
    """
    return await _report(connecting, delivery, code, reason, note, register_number)


async def _report(  # noqa: PLR0917 - one call for three commands
    connecting: Connecting | None,
    delivery: UUID,
    code: str,
    reason: str | None,
    note: str | None,
    register_number: str | None,
) -> int:
    output = output_for(connecting)
    async with connect(connecting) as axis:
        found = await axis.delivery(delivery)
        await found.report(code, reason=reason, note=note, register_number=register_number)
    name = output.text(*REPORT_NAMES[Report(code)]) if code in set(Report) else ""
    value = {"delivery_id": str(delivery), "code": str(code), "reason": reason, "register_number": register_number}
    output.result(value, f"{output.text('Đã báo', 'Reported')} {code} {name}: {delivery}")
    return 0
