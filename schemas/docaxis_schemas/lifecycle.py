"""The two life cycles of a delivery as tables: how it travels, and what the recipient says about it.

Transport states are the axis's own; business states are the recipient's reports (status codes of QĐ 28/2018). Never
mixed: no report changes the transport state and no transport event counts as a report.
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
state. Codes 13, 15 and 16 belong to recall and are answered by their own table.
"""
