"""Reconciling: what a member states that it holds, compared with what the axis knows of it.

Theory of operation. A member signs a statement of holdings: what it sent to, and received from, one other member in a
period, each item with its hash and state as far as its register keeps them. The period counts by the axis's own time,
which both sides were told: when a submission was received (in its acknowledgement), when a delivery was consigned (in
the inbox). So both cut a period at the same place, to the microsecond, and a long one into shorter ones.

What is stated is looked for by its ids whatever its time; what the axis has in the period must be stated. From the two
come four kinds of lack, each with its remedy. What lies between the member and others is never compared.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final
from uuid import UUID

from docaxis_schemas.lifecycle import ChangeState, TransportState, has_ended
from docaxis_schemas.moments import from_text, to_text
from docaxis_schemas.organisation import MAX_CODE_LENGTH
from docaxis_schemas.submission import Heading, Kind, RecordFields, RejectedRecord

MAX_HELD: Final = 5_000
"""Items of each direction in one statement, and of those the axis compares it with: as many as a submission can have
recipients, so that any period can be cut until each piece fits."""
MAX_HOLDINGS: Final = 3 * 1024 * 1024
"""Bytes of a statement: twice `MAX_HELD` items of 180 bytes, in base64."""
RECEIVED: Final = "received"
"""State of a submission on whose recipients nothing is decided yet."""


@unique
class Direction(StrEnum):
    """Which way an item went, as the stating member sees it."""

    SENT = "sent"
    RECEIVED = "received"


@unique
class LackKind(StrEnum):
    """Who lacks what."""

    AXIS_LACKS = "axis-lacks"
    RECIPIENT_LACKS = "recipient-lacks"
    SENDER_LACKS = "sender-lacks"
    STATES_DIFFER = "states-differ"


@unique
class Remedy(StrEnum):
    """How a lack is mended."""

    SEND_AGAIN = "send-again"
    FETCH_AGAIN = "fetch-again"
    HAND_OVER = "hand-over"
    REPORT_AGAIN = "report-again"
    ASK_SENDER = "ask-sender"


Key = tuple[UUID, str]
"""Submission and recipient organisation: what one item is about."""


@dataclass(frozen=True, slots=True)
class Held:
    """One item of a member's register. None: the register does not keep it; ``report`` counts only beside a state."""

    submission_id: UUID
    recipient: str
    contents_sha256: str | None = None
    state: str | None = None
    report: str | None = None

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.submission_id, self.recipient

    def to_json(self) -> list[str | None]:
        """Give it for a statement: a list, for there are many."""
        return [str(self.submission_id), self.recipient, self.contents_sha256, self.state, self.report]


@dataclass(frozen=True, slots=True)
class Known:
    """One item as the axis has it."""

    submission_id: UUID
    recipient: str
    delivery_id: UUID | None
    contents_sha256: str | None
    state: str
    report: str | None
    change_state: str | None
    at: datetime

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.submission_id, self.recipient

    @property
    def is_to_be_held(self) -> bool:
        """Whether its recipient is to have it: it was delivered, and neither expired nor given back."""
        state = TransportState(self.state) if self.state != RECEIVED else None
        change = None if self.change_state is None else ChangeState(self.change_state)
        delivered = state in {TransportState.CONSIGNED, TransportState.HANDED_OVER}
        return state is not None and delivered and not has_ended(state, change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """A member's statement of what lies between it and another member in a period, ``until`` not included."""

    heading: Heading
    other: str
    since: datetime
    until: datetime
    held: Mapping[Direction, tuple[Held, ...]]

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""
        return (
            self.heading.to_json()
            | {"with": self.other, "since": to_text(self.since), "until": to_text(self.until)}
            | {direction.value: [one.to_json() for one in self.held.get(direction, ())] for direction in Direction}
        )


@dataclass(frozen=True, slots=True)
class Lack:
    """What one side lacks, and how it is mended. ``held`` and ``known`` are the two views, as far as there are any."""

    kind: LackKind
    direction: Direction
    remedy: Remedy
    held: Held | None
    known: Known | None

    def to_json(self) -> dict[str, Any]:
        """Give the form in which the axis answers."""
        about = self.held or self.known
        assert about is not None, "a lack is about something"
        known = self.known
        return {
            "kind": self.kind.value,
            "direction": self.direction.value,
            "remedy": self.remedy.value,
            "submission_id": str(about.submission_id),
            "recipient": about.recipient,
            "delivery_id": None if known is None or known.delivery_id is None else str(known.delivery_id),
            "held": None if self.held is None else _view(self.held),
            "known": None if known is None else _view(known),
        }


def _view(one: Held | Known) -> dict[str, str | None]:
    return {"contents_sha256": one.contents_sha256, "state": one.state, "report": one.report}


def compare(direction: Direction, held: Iterable[Held], known: Mapping[Key, Known], due: Iterable[Key]) -> list[Lack]:
    """Compare one direction. ``known`` is all that the axis could find; ``due`` names what in it must be stated.

    A sender that states a submission holds it: to whom it went, by groups and mergers, is what the axis resolved.
    """
    stated = {one.key: one for one in held}
    submissions = {one.submission_id for one in stated.values()}
    found = [_lack(direction, one, known.get(key)) for key, one in stated.items()]
    missing = [known[key] for key in due if key not in stated]
    if direction is Direction.SENT:
        unstated = [
            Lack(LackKind.SENDER_LACKS, direction, Remedy.FETCH_AGAIN, None, one)
            for one in missing
            if one.submission_id not in submissions
        ]
    else:
        unstated = [
            Lack(LackKind.RECIPIENT_LACKS, direction, Remedy.FETCH_AGAIN, None, one)
            for one in missing
            if one.is_to_be_held
        ]
    return [one for one in found if one is not None] + unstated


def _lack(direction: Direction, held: Held, known: Known | None) -> Lack | None:
    if known is None:
        if direction is Direction.SENT:
            return Lack(LackKind.AXIS_LACKS, direction, Remedy.SEND_AGAIN, held, None)
        return Lack(LackKind.SENDER_LACKS, direction, Remedy.ASK_SENDER, held, None)
    remedy = _difference(direction, held, known)
    return None if remedy is None else Lack(LackKind.STATES_DIFFER, direction, remedy, held, known)


def _difference(direction: Direction, held: Held, known: Known) -> Remedy | None:
    """Say how two views of one item are brought together; None: they agree, as far as there is anything to compare."""
    if known.delivery_id is None:
        return None
    if held.contents_sha256 is not None and known.contents_sha256 not in {held.contents_sha256, None}:
        return Remedy.FETCH_AGAIN
    if held.state is None or (held.state, held.report) == (known.state, known.report):
        return None
    if direction is Direction.SENT:
        return Remedy.FETCH_AGAIN
    if known.state == TransportState.CONSIGNED and held.state == TransportState.HANDED_OVER:
        return Remedy.HAND_OVER
    return Remedy.REPORT_AGAIN if held.report is not None and held.report != known.report else Remedy.FETCH_AGAIN


def counted(lacks: Iterable[Lack]) -> dict[str, int]:
    """Count lacks by kind, as evidence tells them."""
    count = Counter(one.kind for one in lacks)
    return {kind.value.replace("-", "_"): count[kind] for kind in LackKind}


def read_holdings(value: Mapping[str, Any]) -> Holdings:
    """Read a statement from parsed JSON.

    Raises:
        RejectedRecord: A member is missing, unknown or of the wrong type, or an item is stated twice.
    """
    own = {"with", "since", "until", *Direction}
    fields = RecordFields(value, Kind.HOLDINGS, own)
    since, until = _moment(fields, "since"), _moment(fields, "until")
    if since >= until:
        raise RejectedRecord("'since' is not before 'until'")
    held = {direction: _items(fields, direction) for direction in Direction}
    return Holdings(heading=fields.heading, other=fields.text("with", limit=32), since=since, until=until, held=held)


def _moment(fields: RecordFields, name: str) -> datetime:
    try:
        return from_text(fields.text(name, limit=40))
    except ValueError as error:
        raise RejectedRecord(f"{name!r} is not a moment with a zone") from error


def _items(fields: RecordFields, direction: Direction) -> tuple[Held, ...]:
    given = fields.items(direction)
    if len(given) > MAX_HELD:
        raise RejectedRecord(f"a statement has at most {MAX_HELD} items each way: state a shorter period")
    items = tuple(map(_item, given))
    if len({one.key for one in items}) != len(items):
        raise RejectedRecord(f"an item of {direction.value!r} is stated twice")
    return items


_LENGTHS: Final = (36, MAX_CODE_LENGTH, 64, 20, 2)


def _item(given: object) -> Held:
    if not isinstance(given, list) or len(given) != len(_LENGTHS):
        raise RejectedRecord("an item is a list: submission, recipient, contents_sha256, state, report")
    optional = given[2:]
    texts = given[:2] + [one for one in optional if one is not None]
    if not all(isinstance(one, str) and one.isprintable() for one in texts):
        raise RejectedRecord("the members of an item are texts, the last three null where they are not known")
    if any(one is not None and len(one) > most for one, most in zip(given, _LENGTHS, strict=True)):
        raise RejectedRecord("a member of an item is too long")
    try:
        return Held(UUID(given[0]), given[1], *optional)
    except ValueError as error:
        raise RejectedRecord("an item's submission is no UUID") from error
