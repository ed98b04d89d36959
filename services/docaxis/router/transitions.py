"""What a hand-over or a report does to a delivery: a pure core over the tables of `docaxis_schemas.lifecycle`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from docaxis.router.problems import RejectedWork
from docaxis.storage.routing import Delivery
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.lifecycle import REPORTS, TRANSPORT, WANTS_REASON, Report, Step, TransportEvent, TransportState

ENDS: Final = frozenset({Report.REJECTED})
"""Reports after which a delivery no longer stands: its number and its contents are free for a corrected sending."""


@unique
class Told(StrEnum):
    """What sender and evidence are told of an action."""

    ALL = "all"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of the delivery: the two states after, how a report relates to what was, and who hears of it."""

    state: TransportState
    report: str | None
    step: Step | None
    told: Told
    ends: bool = False


def check_party(delivery: Delivery | None, member: str) -> Delivery:
    """Give the delivery if this member may act on it; what the gateway checked is checked again.

    Raises:
        RejectedWork: No such delivery, or another member's.
    """
    if delivery is None:
        raise RejectedWork("an action on a delivery that was never made")
    if delivery.member is None or delivery.member != member:
        raise RejectedWork("an action by a member that does not receive for this recipient")
    return delivery


def hand_over(delivery: Delivery, payload: Mapping[str, Any]) -> Effect:
    """Hand a delivery over; a second hand-over is a repeat, one after recall or expiry comes too late: kept, not told.

    Raises:
        RejectedWork: The hashes signed for are not those delivered.
    """
    contents = payload.get("contents")
    if not isinstance(contents, list) or contents_digest(map(str, contents)) != delivery.contents_sha256:
        raise RejectedWork("a hand-over of other contents than were delivered")
    before = TransportState(delivery.state)
    after = TRANSPORT.get((before, TransportEvent.HAND_OVER))
    if after is None:
        return Effect(before, delivery.report, None, Told.NOTHING)
    return Effect(after, delivery.report, None, Told.ALL)


def report(delivery: Delivery, payload: Mapping[str, Any]) -> Effect:
    """Apply a report; the transport state is never touched by one.

    Raises:
        RejectedWork: Unknown code, one that the recipient may not report yet, or no reason where one is wanted.
    """
    before = None if delivery.report is None else Report(delivery.report)
    code = payload.get("code")
    if code not in set(Report) or (before, Report(code)) not in REPORTS:
        raise RejectedWork(f"no report: {code!r}")
    told = Report(code)
    if told in WANTS_REASON and not str(payload.get("reason") or "").strip():
        raise RejectedWork(f"a report {told.value} without a reason")
    step, after = REPORTS[(before, told)]
    ends = told in ENDS and after is told and step is not Step.REPEATED
    return Effect(TransportState(delivery.state), after.value, step, Told.ALL, ends)
