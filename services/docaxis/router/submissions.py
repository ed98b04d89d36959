"""Judged submissions: decide the route once, under the claim, and announce it; the same for a revised verdict."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.announcements import Announcer
from docaxis.router.changes import Asked, ask_wished, cancelled, of, wishes
from docaxis.router.directory import CurrentDirectory, Directory
from docaxis.router.envelopes import Envelopes
from docaxis.router.handed import Handed, read_handed
from docaxis.router.parking import PARKED, Look, Parking, parked_verdict
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Fate, Route, Source, begin_route, cancel, settle_key, settle_repeats, write_body
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import (
    Claim,
    DeliveryBatch,
    NewDelivery,
    NewTimer,
    RoutingStore,
    RoutingTransaction,
    Touched,
)
from docaxis_schemas.events import Action, Judged
from docaxis_schemas.identifiers import delivery_id, event_id
from docaxis_schemas.lifecycle import Asking, Change
from docaxis_schemas.moments import Clock

NOT_FETCHED = "not_fetched"
"""Kind of the timer that looks, after one working day, who has not fetched a delivery."""


class Submissions:
    """Handles what the verifier judged."""

    def __init__(
        self,
        store: RoutingStore,
        directory: CurrentDirectory,
        envelopes: Envelopes,
        clock: Clock,
        not_fetched_after: Callable[[datetime], datetime],
        *,
        parking: Parking,
    ) -> None:
        self._store = store
        self._directory = directory
        self._envelopes = envelopes
        self._clock = clock
        self._not_fetched_after = not_fetched_after
        self._parking = parking

    async def route(self, judged: Judged, source: Source) -> tuple[Outgoing, ...]:
        """Route a submission; a redo announces what was decided first, a duplicate nothing.

        Raises:
            RejectedWork: There is no such submission.
            UnavailableStorage: Try again.
        """
        event = event_id(judged.submission_id, "route")
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(judged.submission_id, event, decided_at=judged.decided_at))
            if claim.decided is None:
                canonical = self._directory().canonical
                handed = read_handed(claim, canonical)
                parked = await self._parking.hold(
                    transaction, claim, handed, judged, source=source, canonical=canonical
                )
                if parked is not None:
                    return parked
                decision, route = await self._decide(transaction, claim, handed, judged, source)
            else:
                decision = claim.decided
                body = json.loads(decision.body)
                if not await self._announces(transaction, body, judged, source):
                    return await self._parking.told_before(transaction, claim, source)
                handed, route = read_handed(claim, lambda _: str(body["issuer"])), Route.from_body(body)
        return Announcer(self._envelopes, handed, decision.decided_at, decision.version).route(route, judged)

    async def go_on(self, action: Action, number: int, source: Source) -> tuple[Outgoing, ...]:
        """Route what was parked, if nothing holds it up any more; a redo announces what was decided first.

        Raises:
            RejectedWork: There is no such submission, or nothing of it was parked.
            UnavailableStorage: Try again.
        """
        submission = action.submission_id
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(submission, event_id(submission, "route")))
            if claim.decided is None:
                canonical = self._directory().canonical
                handed = read_handed(claim, canonical)
                judged = await self._parking.resume(
                    transaction, claim, handed, Look(action.action_id, number, source), canonical=canonical
                )
                if judged is None:
                    return ()
                decision, route = await self._decide(transaction, claim, handed, judged, source)
            else:
                decision, body = claim.decided, json.loads(claim.decided.body)
                if body["source"] != source.to_json():
                    return ()
                judged, _ = parked_verdict(await transaction.find(event_id(submission, PARKED)))
                handed, route = read_handed(claim, lambda _: str(body["issuer"])), Route.from_body(body)
        return Announcer(self._envelopes, handed, decision.decided_at, decision.version).route(route, judged)

    async def _decide(
        self, transaction: RoutingTransaction, claim: Claim, handed: Handed, judged: Judged, source: Source
    ) -> tuple[Decision, Route]:
        directory, now = self._directory(), self._clock()
        recalled = cancelled(claim.recalls)
        route = cancel(begin_route(judged, handed, directory, now), recalled)
        key = route.natural_key
        reserved = False
        if route.accepted and key is not None and route.of(Fate.DELIVERED):
            if handed.passes_on:
                holder = await transaction.holder(key)
            else:
                holder = await transaction.reserve(key, handed.submission_id, handed.document_sha256, now)
                reserved = holder is None
            route = settle_key(route, handed, holder)
        version = claim.latest_version + 1
        route = await self._write(transaction, handed, route, version + 1, now)
        if route.accepted:
            route = replace(route, asked=await self._ask(transaction, handed, directory, now))
        delivered = bool(route.of(Fate.DELIVERED))
        if not delivered and reserved and key is not None:
            await transaction.free_natural_key(key)
        if delivered and key is not None and route.linked_to is not None and handed.succeeds:
            await transaction.changes.take_key_over(key, handed.submission_id, handed.document_sha256, now)
        body = route.to_body(source, judged.attempt, handed.issuer)
        event = event_id(handed.submission_id, "route")
        decision = Decision(event, handed.submission_id, "route", version, now, body)
        await transaction.decide(decision, self._timer(handed.submission_id, now) if delivered else None)
        return decision, route

    async def _write(
        self, transaction: RoutingTransaction, handed: Handed, route: Route, version: int, now: datetime
    ) -> Route:
        """Write the deliveries; who has these contents already is settled as a repeat."""
        batch = DeliveryBatch(
            handed.submission_id,
            handed.member,
            version,
            handed.contents_sha256,
            route.natural_key if route.accepted and not handed.passes_on else None,
            now,
            handed.due_at,
            handed.is_new,
            (),
        )
        waiting = {
            line.organisation: NewDelivery(
                delivery_id(handed.submission_id, line.organisation),
                line.organisation,
                line.member,
                line.role,
                line.state,
            )
            for line in route.lines
            if line.state is not None
        }
        written: set[str] = set()
        first: dict[str, UUID] = {}
        while waiting:  # again only when a first delivery was returned between the two statements
            done = await transaction.consign(replace(batch, rows=tuple(waiting.values())))
            written |= done
            waiting = {code: row for code, row in waiting.items() if code not in done}
            if waiting:
                first |= await transaction.first_deliveries(handed.member, handed.contents_sha256, tuple(waiting))
                waiting = {code: row for code, row in waiting.items() if code not in first}
        return settle_repeats(route, written, first)

    @staticmethod
    async def _ask(
        transaction: RoutingTransaction, handed: Handed, directory: Directory, now: datetime
    ) -> tuple[Asked, ...]:
        """Ask about deliveries of earlier submissions what this document says about them."""
        wished = wishes(handed, directory.canonical)
        if not wished:
            return ()
        targets = await transaction.changes.named(
            handed.member,
            keys=[key for wish in wished for key in wish.keys],
            submissions=[wish.submission for wish in wished if wish.submission is not None],
            besides=handed.submission_id,
        )
        asked = ask_wished(targets, wished)
        for change in Change:
            names = [one.delivery_id for one in of(asked, Asking.ASKED) if one.change is change]
            if names:
                await transaction.changes.ask(names, change, by=handed.submission_id, at=now)
        return asked

    def _timer(self, submission: UUID, now: datetime) -> NewTimer:
        due = self._not_fetched_after(now)
        return NewTimer(event_id(submission, "timer", NOT_FETCHED), due, NOT_FETCHED, submission, b"{}")

    async def _announces(
        self, transaction: RoutingTransaction, body: Mapping[str, Any], judged: Judged, source: Source
    ) -> bool:
        """Say whether this record is the one that announces a route already decided.

        Another record of the same submission is a duplicate, unless the one that announced before was given up and an
        operator has replayed the submission: then the replay's first record takes its place.
        """
        if body["source"] == source.to_json():
            return True
        earlier = int(body["attempt"])
        if judged.attempt <= earlier:
            return False
        if await transaction.find(given_up_event(judged.submission_id, route_mark(earlier))) is None:
            return False
        event = event_id(judged.submission_id, "route-source", str(judged.attempt))
        bound = await transaction.find(event)
        if bound is None:
            taken = write_body({"source": source.to_json()})
            await transaction.decide(Decision(event, judged.submission_id, "route-source", 0, self._clock(), taken))
            return True
        return bool(json.loads(bound.body)["source"] == source.to_json())

    async def revise(self, judged: Judged, source: Source) -> tuple[Outgoing, ...]:
        """Announce a verdict that was drawn anew on newer revocation data, to the sender and every recipient.

        Raises:
            RejectedWork: There is no such submission.
            UnavailableStorage: Try again.
        """
        event = event_id(judged.submission_id, "route-revised", str(judged.verdict_event))
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(judged.submission_id, event))
            decision = claim.decided
            if decision is None:
                touched = await transaction.touch(judged.submission_id)
                lines = [[str(line.delivery_id), line.recipient, line.member, line.version] for line in touched]
                issuer = read_handed(claim, self._directory().canonical).issuer
                body = write_body({"source": source.to_json(), "issuer": issuer, "lines": lines})
                version = claim.latest_version + 1
                decision = Decision(event, judged.submission_id, "route-revised", version, self._clock(), body)
                await transaction.decide(decision)
        value = json.loads(decision.body)
        if value["source"] != source.to_json():
            return ()
        handed = read_handed(claim, lambda _: str(value["issuer"]))
        lines_ = [Touched(UUID(line[0]), line[1], line[2], line[3]) for line in value["lines"]]
        return Announcer(self._envelopes, handed, decision.decided_at, decision.version).revision(judged, lines_)


def require(claim: Claim | None) -> Claim:
    """Give the claim.

    Raises:
        RejectedWork: There is none.
    """
    if claim is None:
        raise RejectedWork("no such submission")
    return claim


def route_mark(attempt: int) -> str:
    """Name the routing of one attempt among the things that can be given up."""
    return f"route-{attempt}"


def given_up_event(submission: UUID, mark: str) -> UUID:
    """Name the decision to give something up."""
    return event_id(submission, "router-given-up", mark)
