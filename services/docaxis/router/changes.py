"""What is asked about deliveries that were made: a pure core over `docaxis_schemas.lifecycle.ASKING`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from docaxis.storage.changes import Target
from docaxis_schemas.lifecycle import Asking, Change, ChangeState, Report, TransportState, asking


@dataclass(frozen=True, slots=True)
class Asked:
    """One delivery about which something was asked, and what came of it; ``version`` is the delivery's after that."""

    delivery_id: UUID
    submission_id: UUID
    recipient: str
    member: str
    version: int
    change: Change
    outcome: Asking

    def to_json(self) -> list[Any]:
        """Give it for a decision's body."""
        names = [str(self.delivery_id), str(self.submission_id), self.recipient, self.member]
        return [*names, self.version, self.change.value, self.outcome.value]

    @classmethod
    def from_json(cls, value: list[Any]) -> "Asked":
        """Read what `to_json` wrote."""
        delivery, submission, recipient, member, version, change, outcome = value
        return cls(UUID(delivery), UUID(submission), recipient, member, version, Change(change), Asking(outcome))


def ask(targets: Iterable[Target], change: Change) -> tuple[Asked, ...]:
    """Ask the same about several deliveries, each by its own state."""
    return tuple(_ask(target, change) for target in targets)


def _ask(target: Target, change: Change) -> Asked:
    state = TransportState(target.state)
    report = None if target.report is None else Report(target.report)
    standing = None if target.change_state is None else ChangeState(target.change_state)
    outcome = asking(state, report, standing)
    found = Asked(
        target.delivery_id, target.submission_id, target.recipient, target.member, target.version, change, outcome
    )
    return replace(found, version=target.version + 1) if outcome is Asking.ASKED else found


def of(asked: Iterable[Asked], outcome: Asking) -> tuple[Asked, ...]:
    """Give those with which one thing happened, by recipient."""
    found = (one for one in asked if one.outcome is outcome)
    return tuple(sorted(found, key=lambda one: (one.recipient, one.delivery_id)))


def told(asked: Iterable[Asked], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the sender is told: recipients by what came of asking, beside some facts."""
    found = list(asked)
    listed = {outcome.value: [one.recipient for one in of(found, outcome)] for outcome in Asking}
    return dict(facts) | {name: recipients or None for name, recipients in listed.items()}


def cancelled(bodies: list[bytes]) -> frozenset[str]:
    """Give whom a submission was recalled from before it was routed."""
    return frozenset(code for body in bodies for code in json.loads(body)["cancels"])
