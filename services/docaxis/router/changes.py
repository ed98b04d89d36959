"""What is asked about deliveries that were made: a pure core over `docaxis_schemas.lifecycle.ASKING`."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from docaxis.router.handed import Handed
from docaxis.storage.changes import Target
from docaxis_schemas.document import BusinessAction, ReceiverChange
from docaxis_schemas.lifecycle import Asking, Change, ChangeState, Report, TransportState, asking
from docaxis_schemas.natural_key import keys_named


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

    def to_news(self) -> dict[str, str]:
        """Give what the sender is told of it."""
        names = {"delivery_id": str(self.delivery_id), "submission_id": str(self.submission_id)}
        return names | {"recipient": self.recipient, "change": self.change.value, "outcome": self.outcome.value}

    @classmethod
    def from_json(cls, value: list[Any]) -> "Asked":
        """Read what `to_json` wrote."""
        delivery, submission, recipient, member, version, change, outcome = value
        return cls(UUID(delivery), UUID(submission), recipient, member, version, Change(change), Asking(outcome))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a document asks about one sent before: named by keys or submission, of some holders (None: of all)."""

    change: Change
    keys: tuple[str, ...]
    submission: UUID | None
    holders: frozenset[str] | None

    def means(self, target: Target) -> bool:
        """Say whether a delivery is one that this is about."""
        named = target.submission_id == self.submission or target.natural_key in self.keys
        return named and (self.holders is None or target.recipient in self.holders)


def wishes(handed: Handed, canonical: Callable[[str], str | None]) -> tuple[Wish, ...]:
    """Read from a document what it asks; the first wish about a delivery counts.

    A replacement names who holds each document; where it does not, and for updates and recalls, its own recipients are
    meant. An update that removes receivers recalls it from these.
    """
    business = handed.metadata.business
    own = frozenset(recipient.organisation for recipient in handed.recipients)

    def codes(given: Iterable[str]) -> frozenset[str]:
        return frozenset(canonical(code) or code for code in given)

    def wish(change: Change, document_id: str, holders: frozenset[str]) -> Wish:
        return Wish(change, keys_named(document_id, canonical), _submission(document_id), holders)

    if business.action is BusinessAction.REVOKE:
        return tuple(wish(Change.RECALL, name, own) for name in handed.metadata.named_documents())
    if business.action is BusinessAction.UPDATE:
        changed = () if business.update is None else business.update.receivers
        removed = codes(one.code for one in changed if one.change is ReceiverChange.REMOVED)
        names = handed.metadata.named_documents()
        recalls = tuple(wish(Change.RECALL, name, removed) for name in names) if removed else ()
        return recalls + tuple(wish(Change.UPDATE, name, own - removed) for name in names)
    if business.action is BusinessAction.REPLACE:
        return tuple(
            wish(Change.REPLACEMENT, one.document_id, codes(one.holders) or own) for one in business.replacements
        ) or tuple(wish(Change.REPLACEMENT, name, own) for name in handed.metadata.named_documents())
    return ()


def _submission(document_id: str) -> UUID | None:
    """Read the id of a submission of ours, by which a document without a number is named."""
    try:
        return UUID(document_id)
    except ValueError:
        return None


def ask_wished(targets: Iterable[Target], wished: Iterable[Wish]) -> tuple[Asked, ...]:
    """Ask about each delivery what the first wish that means it says."""
    listed = tuple(wished)
    found = ((target, next((wish for wish in listed if wish.means(target)), None)) for target in targets)
    return tuple(_ask(target, wish.change) for target, wish in found if wish is not None)


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


def cancelled(bodies: Iterable[bytes]) -> frozenset[str]:
    """Give whom a submission was recalled from before it was routed."""
    return frozenset(code for body in bodies for code in json.loads(body)["cancels"])
