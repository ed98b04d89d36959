"""Reconciling as a member does it: what its register holds is stated piece by piece, what the axis answers gathered."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.client.connection import json_object
from docaxis.client.delivery import Desk
from docaxis.client.errors import RejectedAnswer
from docaxis_schemas.holdings import MAX_HELD, Direction, Held, Holdings, LackKind
from docaxis_schemas.moments import from_text
from docaxis_schemas.submission import Kind

PATH: Final = "/v1/reconciliations"


class RejectedRegister(ValueError):
    """A register that is not of its form, or with more at one moment than can be stated."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One item of a register.

    ``at`` is the axis's own time of it: ``received_at`` of the acknowledgement, ``at`` of the inbox entry.
    """

    direction: Direction
    at: datetime
    held: Held

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RegisterEntry":
        """Read one line of a register's file.

        Raises:
            RejectedRegister: It is not of its form.
        """
        try:
            optional = [None if value.get(name) is None else str(value[name]) for name in _OPTIONAL]
            held = Held(UUID(value["submission_id"]), str(value["recipient"]), *optional)
            return cls(Direction(value["direction"]), from_text(value["at"]), held)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RejectedRegister(f"an entry that is not of its form: {error}") from error


_OPTIONAL: Final = ("contents_sha256", "state", "report")


def read_register(lines: Iterable[str]) -> list[RegisterEntry]:
    """Read a register from a file of one JSON object a line.

    Raises:
        RejectedRegister: A line is not of its form; it is named by its number.
    """
    found = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                found.append(RegisterEntry.from_json(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise RejectedRegister(f"line {number}: {error}") from error
    return found


@dataclass(slots=True)
class Comparison:
    """What came of reconciling. ``waiting`` was sent and is not signed for yet; that is no lack."""

    compared: int = 0
    waiting: int = 0
    comparisons: list[UUID] = field(default_factory=list)
    lacks: dict[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        count = Counter(lack["kind"] for lack in self.lacks.values())
        return {kind.value: count[kind] for kind in LackKind}

    def add(self, answer: Mapping[str, Any]) -> datetime:
        """Take an answer in and give until when it compared.

        Raises:
            RejectedAnswer: It is not of its form.
        """
        try:
            for lack in answer["lacks"]:
                self.lacks[lack["direction"], lack["submission_id"], lack["recipient"]] = lack
            self.compared += int(answer["compared"])
            self.waiting += int(answer["waiting"])
            self.comparisons.append(UUID(answer["comparison_id"]))
            return from_text(answer["until"])
        except (KeyError, TypeError, ValueError) as error:
            raise RejectedAnswer(f"a comparison that is not of its form: {error}") from error


async def reconcile(
    desk: Desk, other: str, register: Iterable[RegisterEntry], since: datetime, until: datetime
) -> Comparison:
    """State what a register holds of a period, as many pieces as it takes, and gather what is lacking.

    Raises:
        RejectedRegister: More of one moment than a statement has room for.
        RejectedByAxis: No such member, or a credential for some of its organisations only.
        UnavailableAxis: Patience ended.
    """
    ordered = sorted((one for one in register if since <= one.at < until), key=lambda one: one.at)
    found = Comparison()
    while since < until:
        ordered = [one for one in ordered if one.at >= since]
        end = min([until, *(_end(ordered, direction) or until for direction in Direction)])
        if end <= since:
            raise RejectedRegister(f"more than {MAX_HELD} items at {since.isoformat()}")
        piece = [one for one in ordered if one.at < end]
        since = found.add(await _state(desk, other, piece, since, end))
    return found


def _end(ordered: Sequence[RegisterEntry], direction: Direction) -> datetime | None:
    """Say where a statement ends so that it has room for one direction; None: it has room for all."""
    own = [one.at for one in ordered if one.direction is direction]
    return own[MAX_HELD] if len(own) > MAX_HELD else None


async def _state(
    desk: Desk, other: str, piece: Iterable[RegisterEntry], since: datetime, until: datetime
) -> dict[str, Any]:
    held: dict[Direction, list[Held]] = {direction: [] for direction in Direction}
    for one in piece:
        held[one.direction].append(one.held)
    hand = desk.hand
    stated = Holdings(
        heading=hand.heading(Kind.HOLDINGS, hand.new_id()),
        other=other,
        since=since,
        until=until,
        held={direction: tuple(items) for direction, items in held.items()},
    )
    sealed = hand.seal(stated)
    headers = {"Content-Type": sealed.media_type, "Idempotency-Key": stated.heading.own_id}
    return json_object(await desk.connection.ask("POST", PATH, headers=headers, content=sealed.data))
