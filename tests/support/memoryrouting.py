"""What the router keeps, in memory: the same questions and answers as `docaxis.storage.routing`, with failing commits.

Nothing in it ever waits, so a coroutine over it runs to its end at once: see `run`.
"""

import copy
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from docaxis.storage.changes import Expired, SignedRecord, Target, Unrouted
from docaxis.storage.decisions import Decision, UnavailableStorage
from docaxis.storage.delivered import Delivery, MemberRecord, Settled, Wanted
from docaxis.storage.routing import (
    AlreadyDecided,
    Claim,
    DeliveryBatch,
    Holder,
    NewTimer,
)
from docaxis_schemas.lifecycle import Change

_OF_DELIVERY = tuple(one.name for one in fields(Delivery) if one.name not in {"decided", "signed"})
_ROUTED = {"route", "dead-letter", "given-up"}
_OF_TARGET = tuple(one.name for one in fields(Target))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@dataclass
class Rows:
    """Everything kept."""

    claims: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[UUID, Decision] = field(default_factory=dict)
    keys: dict[str, Holder] = field(default_factory=dict)
    deliveries: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    records: dict[tuple[str, str], SignedRecord] = field(default_factory=dict)
    timers: dict[UUID, NewTimer] = field(default_factory=dict)


class MemoryRouting:
    """Opens transactions on the rows; the next one fails at its commit when `fail_next` is set."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.fail_next = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["MemoryTransaction"]:
        rows = copy.deepcopy(self.rows)
        yield MemoryTransaction(rows)
        if self.fail_next:
            self.fail_next = False
            raise UnavailableStorage("ended before its commit, by the test")
        self.rows = rows

    async def delivery(self, wanted: Wanted) -> Delivery | None:
        async with self.transaction() as transaction:
            return await transaction.delivery(wanted)

    async def settle(self, settled: Settled) -> None:
        async with self.transaction() as transaction:
            await transaction.settle(settled)


class MemoryTransaction:
    """One transaction; see `RoutingTransaction` and `ChangeRows` for what each means."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.changes = self

    def _of(self, submission: UUID) -> list[dict[str, Any]]:
        return [row for row in self.rows.deliveries.values() if row["submission_id"] == submission]

    async def claim(self, submission: UUID, event: UUID, *, decided_at: datetime | None = None) -> Claim | None:
        row = self.rows.claims.get(submission)
        if row is None:
            return None
        made = [one for one in self.rows.decisions.values() if one.submission_id == submission]
        return Claim(
            **row,
            latest_version=max((one.version for one in made), default=0),
            recalls=tuple(one.body for one in made if one.kind == "recall"),
            decided=self.rows.decisions.get(event),
        )

    async def find(self, event: UUID) -> Decision | None:
        return self.rows.decisions.get(event)

    async def decide(self, decision: Decision, timer: NewTimer | None = None) -> None:
        if decision.event_id in self.rows.decisions:
            raise AlreadyDecided(str(decision.event_id))
        self.rows.decisions[decision.event_id] = decision
        if timer is not None:
            self.rows.timers.setdefault(timer.timer_id, timer)

    async def reserve(self, key: str, submission: UUID, digest: str, at: datetime) -> Holder | None:
        if key in self.rows.keys:
            return self.rows.keys[key]
        self.rows.keys[key] = Holder(submission, digest)
        return None

    async def holder(self, key: str) -> Holder | None:
        return self.rows.keys.get(key)

    async def hold_natural_key_of(self, delivery: UUID) -> None:
        """Nobody else is there."""

    async def free_natural_key(self, key: str) -> None:
        if not any(row["natural_key"] == key and row["standing"] for row in self.rows.deliveries.values()):
            self.rows.keys.pop(key, None)

    async def consign(self, batch: DeliveryBatch) -> frozenset[str]:
        made = set()
        for new in batch.rows:
            consigned = new.state == "consigned"
            answers = consigned and batch.answers_repeats
            same = (new.recipient, batch.sender, batch.contents_sha256)
            taken = any(
                row["answers_repeats"] and (row["recipient"], row["sender"], row["contents_sha256"]) == same
                for row in self.rows.deliveries.values()
            )
            if new.delivery_id in self.rows.deliveries or (answers and taken):
                continue
            made.add(new.recipient)
            self.rows.deliveries[new.delivery_id] = {
                "delivery_id": new.delivery_id,
                "submission_id": batch.submission_id,
                "recipient": new.recipient,
                "member": new.member,
                "sender": batch.sender,
                "own_id": self.rows.claims[batch.submission_id]["own_id"],
                "state": str(new.state),
                "report": None,
                "version": batch.version,
                "contents_sha256": batch.contents_sha256,
                "natural_key": batch.natural_key,
                "change": None,
                "change_state": None,
                "changed_by": None,
                "standing": consigned,
                "answers_repeats": answers,
            }
        return frozenset(made)

    async def first_deliveries(self, sender: str, contents: str, recipients: Sequence[str]) -> dict[str, UUID]:
        return {
            row["recipient"]: row["delivery_id"]
            for row in self.rows.deliveries.values()
            if row["answers_repeats"]
            and (row["sender"], row["contents_sha256"]) == (sender, contents)
            and row["recipient"] in recipients
        }

    async def delivery(self, wanted: Wanted) -> Delivery | None:
        row = self.rows.deliveries.get(wanted.delivery_id)
        if row is None:
            return None
        kept = self.rows.records.get((wanted.member, wanted.own_id))
        signed = None if kept is None else MemberRecord(kept.action_id, kept.body, kept.record_key)
        values = {name: row[name] for name in _OF_DELIVERY}
        return Delivery(**values, decided=self.rows.decisions.get(wanted.event), signed=signed)

    async def settle(self, settled: Settled) -> None:
        row, move = self.rows.deliveries[settled.before.delivery_id], settled.move
        if row["version"] != settled.before.version:
            raise AlreadyDecided(str(settled.decision.event_id))
        await self.decide(settled.decision)
        if move is None:
            return
        row |= {"state": move.state, "report": move.report, "version": settled.decision.version}
        row["change_state"] = move.answered or row["change_state"]
        if move.ends:
            row |= {"standing": False, "answers_repeats": False}

    async def not_fetched(self, submission: UUID) -> list[str]:
        return [row["recipient"] for row in self._of(submission) if row["state"] == "consigned" and row["standing"]]

    async def signed(self, member: str, own_id: str) -> SignedRecord | None:
        return self.rows.records.get((member, own_id))

    async def of_submission(self, submission: UUID) -> list[Target]:
        return [_target(row) for row in self._of(submission) if row["member"] is not None]

    async def named(
        self, sender: str, *, keys: Sequence[str], submissions: Sequence[UUID], besides: UUID
    ) -> list[Target]:
        return [
            _target(row)
            for row in self.rows.deliveries.values()
            if (row["sender"] == sender and row["member"] is not None and row["standing"])
            and row["submission_id"] != besides
            and (row["natural_key"] in keys or row["submission_id"] in submissions)
        ]

    async def unrouted(self, sender: str, *, since: datetime, before: datetime) -> list[Unrouted]:
        decided = {one.submission_id for one in self.rows.decisions.values() if one.kind in _ROUTED}
        return [
            Unrouted(row["submission_id"], row["manifest"])
            for row in self.rows.claims.values()
            if row["member"] == sender and since <= row["received_at"] < before and row["submission_id"] not in decided
        ]

    async def ask(self, deliveries: Sequence[UUID], change: Change, *, by: UUID | None, at: datetime) -> None:
        for name in deliveries:
            row = self.rows.deliveries[name]
            row |= {"change": change.value, "change_state": "asked", "changed_by": by, "version": row["version"] + 1}

    async def take_key_over(self, key: str, submission: UUID, digest: str, at: datetime) -> None:
        if key in self.rows.keys:
            self.rows.keys[key] = Holder(submission, digest)

    async def expire(self, submission: UUID) -> list[Expired]:
        ended = []
        for row in self._of(submission):
            if row["state"] == "consigned" and row["standing"] and row["member"] is not None:
                row |= {"state": "expired", "version": row["version"] + 1, "standing": False, "answers_repeats": False}
                names = ("delivery_id", "recipient", "member", "version", "natural_key")
                ended.append(Expired(*(row[name] for name in names)))
        return sorted(ended, key=lambda one: one.recipient)


def _target(row: dict[str, Any]) -> Target:
    return Target(**{name: row[name] for name in _OF_TARGET})
