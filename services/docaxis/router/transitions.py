"""What a hand-over or a report does to a delivery: a pure core over the tables of `docaxis_schemas.lifecycle`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from docaxis.router.problems import RejectedWork
from docaxis.storage.delivered import Delivery
from docaxis_schemas.digests import contents_digest
from docaxis_schemas.lifecycle import (
    ANSWERS,
    CHANGE_ANSWERS,
    REPORTS,
    TRANSPORT,
    WANTS_REASON,
    ChangeState,
    Report,
    Step,
    TransportEvent,
    TransportState,
    has_ended,
)

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
    answered: ChangeState | None = None


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
    if after is None or has_ended(before, change_of(delivery)):
        return Effect(before, delivery.report, None, Told.NOTHING)
    return Effect(after, delivery.report, None, Told.ALL)


def report(delivery: Delivery, payload: Mapping[str, Any]) -> Effect:
    """Apply a report; the transport state is never touched by one of 01-06. About what has ended: kept, not told.

    Raises:
        RejectedWork: Unknown code, one that the recipient may not report yet, or no reason where one is wanted.
    """
    before = None if delivery.report is None else Report(delivery.report)
    code = payload.get("code")
    if code in CHANGE_ANSWERS:
        return answer(delivery, payload)
    if code not in set(Report) or (before, Report(code)) not in REPORTS:
        raise RejectedWork(f"no report: {code!r}")
    told = Report(code)
    if told in WANTS_REASON and not str(payload.get("reason") or "").strip():
        raise RejectedWork(f"a report {told.value} without a reason")
    step, after = REPORTS[(before, told)]
    if has_ended(TransportState(delivery.state), change_of(delivery)):
        return Effect(TransportState(delivery.state), delivery.report, step, Told.NOTHING)
    ends = told in ENDS and after is told and step is not Step.REPEATED
    return Effect(TransportState(delivery.state), after.value, step, Told.ALL, ends)


def answer(delivery: Delivery, payload: Mapping[str, Any]) -> Effect:
    """Apply the answer to what the sender asked: the first counts, a later one is kept and not told.

    Raises:
        RejectedWork: Nothing was asked, or a refusal has no reason.
    """
    asked, told = change_of(delivery), Report(payload["code"])
    if asked is None:
        raise RejectedWork(f"an answer {told.value} to what nobody asked")
    if told in WANTS_REASON and not str(payload.get("reason") or "").strip():
        raise RejectedWork(f"a report {told.value} without a reason")
    step, after = ANSWERS[(asked, told)]
    before = TransportState(delivery.state)
    if step is not Step.FORWARD:
        return Effect(before, delivery.report, step, Told.NOTHING)
    agreed = after is ChangeState.AGREED
    state = TRANSPORT.get((before, TransportEvent.RECALL), before) if agreed else before
    return Effect(state, delivery.report, step, Told.ALL, ends=agreed, answered=after)


def change_of(delivery: Delivery) -> ChangeState | None:
    """Give where the sender's last request about a delivery is."""
    return None if delivery.change_state is None else ChangeState(delivery.change_state)
