"""What becomes of a judged submission: a pure core that holds every rule of routing, without database or bus.

The verdict's disposition says whether it is delivered. The natural key belongs to the first delivered document: the
same document to new recipients is accepted and linked, another one under the same key must be an update or replacement
that names it, else it is refused here, where races end. Who passes on what another issued takes no number: else anybody
could forward an old paper under the number of one to come, and stop that one. Each recipient's line ends in exactly one
fate.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final
from uuid import UUID

from docaxis.router.changes import Asked
from docaxis.router.directory import Directory
from docaxis.router.handed import Handed, Recipient
from docaxis.router.sentences import NATURAL_KEY_TAKEN
from docaxis.storage.routing import Holder
from docaxis_schemas.events import Judged
from docaxis_schemas.lifecycle import TRANSPORT, TransportEvent, TransportState
from docaxis_schemas.natural_key import amends
from docaxis_signing.verdict import Cause

DELIVER: Final = "deliver"
DELIVER_WITH_WARNING: Final = "deliver_with_warning"
DELIVERING: Final = frozenset({DELIVER, DELIVER_WITH_WARNING})


@unique
class Fate(StrEnum):
    """What becomes of one recipient's line. A repeated one is answered with the first delivery, none is made."""

    DELIVERED = "delivered"
    UNROUTABLE = "unroutable"
    REFUSED = "refused"
    REPEATED = "repeated"
    CANCELLED = "cancelled"


_EVENTS: Final = {
    Fate.DELIVERED: TransportEvent.CONSIGN,
    Fate.UNROUTABLE: TransportEvent.NO_ROUTE,
    Fate.REFUSED: TransportEvent.REFUSE,
    Fate.CANCELLED: TransportEvent.RECALL,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient and its fate; ``member`` only where something is delivered."""

    organisation: str
    member: str | None
    role: str
    fate: Fate
    first: UUID | None = None

    @property
    def state(self) -> TransportState | None:
        """The delivery's first state; None for a repeated one, which has no delivery of its own."""
        event = _EVENTS.get(self.fate)
        return None if event is None else TRANSPORT[(None, event)]


@dataclass(frozen=True, slots=True)
class Source:
    """The record that led to a decision: a redo comes from the same one, a duplicate from another."""

    topic: str
    partition: int
    offset: int

    def to_json(self) -> list[Any]:
        """Give it for a decision's body."""
        return [self.topic, self.partition, self.offset]


@dataclass(frozen=True, slots=True)
class Route:
    """The decision on a judged submission. ``cause`` says why it was refused; None when it was accepted.

    ``asked`` is what an update, replacement or recall asks about deliveries of earlier submissions.
    """

    cause: str | None
    natural_key: str | None
    linked_to: UUID | None
    lines: tuple[Line, ...]
    asked: tuple[Asked, ...] = ()

    @property
    def accepted(self) -> bool:
        """Not refused; whether anybody could be reached is another matter."""
        return self.cause is None

    def of(self, fate: Fate) -> tuple[Line, ...]:
        """Give the lines of one fate."""
        return tuple(line for line in self.lines if line.fate is fate)

    def to_body(self, source: Source, attempt: int, issuer: str) -> bytes:
        """Write the decision's body; the issuer's code too, for the directory may know another one at a redo."""
        value = {
            "asked": [one.to_json() for one in self.asked],
            "attempt": attempt,
            "cause": self.cause,
            "issuer": issuer,
            "linked_to": None if self.linked_to is None else str(self.linked_to),
            "lines": [
                [
                    line.organisation,
                    line.member,
                    line.role,
                    line.fate.value,
                    None if line.first is None else str(line.first),
                ]
                for line in self.lines
            ],
            "natural_key": self.natural_key,
            "source": source.to_json(),
        }
        return write_body(value)

    @classmethod
    def from_body(cls, value: Mapping[str, Any]) -> "Route":
        """Read what `to_body` wrote."""
        lines = tuple(
            Line(code, member, role, Fate(fate), None if first is None else UUID(first))
            for code, member, role, fate, first in value["lines"]
        )
        linked_to = None if value["linked_to"] is None else UUID(value["linked_to"])
        asked = tuple(map(Asked.from_json, value.get("asked", ())))
        return cls(value["cause"], value["natural_key"], linked_to, lines, asked)


def write_body(value: Mapping[str, Any]) -> bytes:
    """Write a decision's body. Nothing hashes or signs it, so the standard library's quicker writer serves."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def begin_route(judged: Judged, handed: Handed, directory: Directory, now: datetime) -> Route:
    """Draw the route as far as verdict and directory decide it; keys and repeats are settled in the transaction."""
    cause = refusal(judged, handed, directory)
    key = handed.natural_key
    lines = tuple(_line(item, directory, now, refused=cause is not None) for item in handed.recipients)
    return Route(cause, None if key is None else key.to_text(), None, lines)


def refusal(judged: Judged, handed: Handed, directory: Directory) -> str | None:
    """Say why a submission is not delivered at all.

    What was accepted before its sender was suspended travels on, unless the keys were in other hands by then.
    """
    if judged.disposition not in DELIVERING:
        return judged.cause or "refused"
    sender = directory.members.get(handed.member)
    if sender is None:
        return Cause.SENDER_COMPROMISED.value
    since = sender.compromised_since
    return Cause.SENDER_COMPROMISED.value if since is not None and handed.received_at >= since else None


def _line(recipient: Recipient, directory: Directory, now: datetime, *, refused: bool) -> Line:
    if refused:
        return Line(recipient.organisation, None, recipient.role, Fate.REFUSED)
    member = directory.member_of(recipient.organisation, now) or recipient.member
    standing = None if member is None else directory.members.get(member)
    if member is None or standing is None or standing.compromised_since is not None:
        return Line(recipient.organisation, None, recipient.role, Fate.UNROUTABLE)
    return Line(recipient.organisation, member, recipient.role, Fate.DELIVERED)


def settle_key(route: Route, handed: Handed, holder: Holder | None) -> Route:
    """Settle the natural key: ``holder`` is who has it, None if it was reserved for this submission just now."""
    key = handed.natural_key
    if holder is None or key is None or holder.submission_id == handed.submission_id:
        return route
    if holder.document_sha256 == handed.document_sha256 or amends(handed.metadata, key):
        return replace(route, linked_to=holder.submission_id)
    lines = (Line(line.organisation, None, line.role, Fate.REFUSED) for line in route.lines)
    return replace(route, cause=NATURAL_KEY_TAKEN, lines=tuple(lines))


def cancel(route: Route, recalled: Collection[str]) -> Route:
    """Cancel what its sender recalled before it was made."""
    lines = (
        Line(line.organisation, None, line.role, Fate.CANCELLED)
        if line.fate is Fate.DELIVERED and line.organisation in recalled
        else line
        for line in route.lines
    )
    return replace(route, lines=tuple(lines))


def settle_repeats(route: Route, written: Iterable[str], first: Mapping[str, UUID]) -> Route:
    """Settle repeats: whoever has these contents already is answered with its first delivery."""
    made = frozenset(written)
    lines = (
        line
        if line.organisation in made
        else replace(line, member=None, fate=Fate.REPEATED, first=first[line.organisation])
        for line in route.lines
    )
    return replace(route, lines=tuple(lines))
