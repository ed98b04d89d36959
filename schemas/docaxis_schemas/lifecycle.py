"""The life cycles of a delivery as tables: how it travels, what the recipient says about it, and what it is asked.

Transport states are the axis's own; business states are the recipient's reports (status codes of QĐ 28/2018). Never
mixed: no report 01-06 changes the transport state and no transport event counts as a report. A change (recall, update,
replacement) is asked by the sender (13, or a packet of type 1-3) and answered by the recipient (15 or 16); only an
agreement ends a delivery that nobody has taken yet.
"""

from enum import StrEnum, unique
from typing import Final, Literal


@unique
class TransportState(StrEnum):
    """Where a delivery is. ``consigned`` is not terminal: it alarms after one working day."""

    CONSIGNED = "consigned"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    UNROUTABLE = "unroutable"
    RECALLED = "recalled"
    EXPIRED = "expired"


TERMINAL: Final = frozenset(TransportState) - {TransportState.CONSIGNED}


@unique
class TransportEvent(StrEnum):
    """What moves a delivery."""

    CONSIGN = "consign"
    HAND_OVER = "hand_over"
    REFUSE = "refuse"
    NO_ROUTE = "no_route"
    RECALL = "recall"
    EXPIRE = "expire"


TRANSPORT: Final[dict[tuple[TransportState | None, TransportEvent], TransportState]] = {
    (None, TransportEvent.CONSIGN): TransportState.CONSIGNED,
    (None, TransportEvent.REFUSE): TransportState.REFUSED,
    (None, TransportEvent.NO_ROUTE): TransportState.UNROUTABLE,
    (None, TransportEvent.RECALL): TransportState.RECALLED,
    (TransportState.CONSIGNED, TransportEvent.HAND_OVER): TransportState.HANDED_OVER,
    (TransportState.CONSIGNED, TransportEvent.RECALL): TransportState.RECALLED,
    (TransportState.CONSIGNED, TransportEvent.EXPIRE): TransportState.EXPIRED,
}
"""State and event to next state; what is not in the table does not happen. A second hand-over is a repeat."""


@unique
class Report(StrEnum):
    """Business status codes between recipient and sender."""

    ARRIVED = "01"
    REJECTED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    IN_PROGRESS = "05"
    FINISHED = "06"
    RECALL_ASKED = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"


REPORT_NAMES: Final[dict[Report, tuple[str, str]]] = {
    Report.ARRIVED: ("Đã đến", "arrived"),
    Report.REJECTED: ("Từ chối", "returned"),
    Report.ACCEPTED: ("Đã tiếp nhận", "accepted"),
    Report.ASSIGNED: ("Phân công", "assigned"),
    Report.IN_PROGRESS: ("Đang xử lý", "in progress"),
    Report.FINISHED: ("Hoàn thành", "finished"),
    Report.RECALL_ASKED: ("Lấy lại", "recall asked"),
    Report.CHANGE_AGREED: ("Đồng ý", "change agreed"),
    Report.CHANGE_REFUSED: ("Từ chối lấy lại", "change refused"),
}

Side = Literal["recipient", "sender"]

REPORTED_BY: Final[dict[Report, Side]] = {
    report: "sender" if report is Report.RECALL_ASKED else "recipient" for report in Report
}
WANTS_REASON: Final = frozenset({Report.REJECTED, Report.RECALL_ASKED, Report.CHANGE_REFUSED})

_ORDER: Final = (Report.ARRIVED, Report.ACCEPTED, Report.ASSIGNED, Report.IN_PROGRESS, Report.FINISHED)


@unique
class Step(StrEnum):
    """How a report relates to what was reported before. Every one is kept; none is lost."""

    FORWARD = "forward"
    SKIPPED = "skipped"
    REPEATED = "repeated"
    BACKWARD = "backward"


def _step(before: Report | None, report: Report) -> tuple[Step, Report]:
    if before is report:
        return Step.REPEATED, report
    if before is Report.REJECTED or (report is Report.REJECTED and before is Report.FINISHED):
        return Step.BACKWARD, before
    if report is Report.REJECTED:
        return Step.FORWARD, report
    here = -1 if before is None else _ORDER.index(before)
    there = _ORDER.index(report)
    if there < here:
        return Step.BACKWARD, before if before is not None else report
    return (Step.FORWARD if there == here + 1 else Step.SKIPPED), report


REPORTS: Final[dict[tuple[Report | None, Report], tuple[Step, Report]]] = {
    (before, report): _step(before, report)
    for before in (None, *_ORDER, Report.REJECTED)
    for report in (*_ORDER, Report.REJECTED)
}
"""State before and report to (how it relates, state after) for 01-06.

Forward skips are accepted and marked, repeats are idempotent, backward steps are kept and flagged and do not change the
state. Codes 13, 15 and 16 belong to changes: see `ASKING` and `ANSWERS`.
"""


@unique
class Change(StrEnum):
    """What a sender asks about a document that was delivered."""

    RECALL = "recall"
    UPDATE = "update"
    REPLACEMENT = "replacement"


CHANGE_NAMES: Final[dict[Change, tuple[str, str]]] = {
    Change.RECALL: ("Thu hồi", "recall"),
    Change.UPDATE: ("Cập nhật", "update"),
    Change.REPLACEMENT: ("Thay thế", "replacement"),
}


@unique
class ChangeState(StrEnum):
    """Where a request about a delivery is. After a refusal there may be a new one; an agreement is the end."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


@unique
class Asking(StrEnum):
    """What comes of asking: the four answers to who asked too early, in time, again, or too late."""

    CANCELLED = "cancelled"
    ASKED = "asked"
    ASKED_ALREADY = "asked_already"
    ENDED = "ended"


def _asking(state: TransportState | None, change: ChangeState | None) -> Asking:
    if state not in {TransportState.CONSIGNED, TransportState.HANDED_OVER} or change is ChangeState.AGREED:
        return Asking.ENDED
    return Asking.ASKED_ALREADY if change is ChangeState.ASKED else Asking.ASKED


ASKING: Final[dict[tuple[TransportState | None, ChangeState | None], Asking]] = {
    (None, None): Asking.CANCELLED,
    **{(state, change): _asking(state, change) for state in TransportState for change in (None, *ChangeState)},
}
"""Transport state and standing request to what a new request does.

Not made yet (None): cancelled, the recipient never hears of it. Consigned or handed over: the recipient is asked, once
at a time; the axis takes nothing back by itself. A delivery that was returned (02) counts as ended too.
"""

ANSWERS: Final[dict[tuple[ChangeState, Report], tuple[Step, ChangeState]]] = {
    (ChangeState.ASKED, Report.CHANGE_AGREED): (Step.FORWARD, ChangeState.AGREED),
    (ChangeState.ASKED, Report.CHANGE_REFUSED): (Step.FORWARD, ChangeState.REFUSED),
    (ChangeState.AGREED, Report.CHANGE_AGREED): (Step.REPEATED, ChangeState.AGREED),
    (ChangeState.AGREED, Report.CHANGE_REFUSED): (Step.BACKWARD, ChangeState.AGREED),
    (ChangeState.REFUSED, Report.CHANGE_AGREED): (Step.BACKWARD, ChangeState.REFUSED),
    (ChangeState.REFUSED, Report.CHANGE_REFUSED): (Step.REPEATED, ChangeState.REFUSED),
}
"""Standing request and answer to (how it relates, state after): the first answer counts, later ones change nothing."""

CHANGE_ANSWERS: Final = frozenset(report for _, report in ANSWERS)


def asking(state: TransportState | None, report: Report | None, change: ChangeState | None) -> Asking:
    """Say what a request does to a delivery; None for the state of one that was not made yet."""
    return Asking.ENDED if report is Report.REJECTED else ASKING[(state, change)]


def has_ended(state: TransportState, change: ChangeState | None) -> bool:
    """Say whether nothing more can be done with a delivery: never to be taken any more, or given up by agreement."""
    return change is ChangeState.AGREED or state not in {TransportState.CONSIGNED, TransportState.HANDED_OVER}
