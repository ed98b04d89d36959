"""News that time or the axis itself makes: held, dead letter, not fetched; and what the router gives up on."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.bus.port import Outgoing, Received
from docaxis.router.announcements import Announcer
from docaxis.router.directory import CurrentDirectory
from docaxis.router.envelopes import Envelopes
from docaxis.router.expiry import EXPIRED
from docaxis.router.handed import Handed, read_handed
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Source, write_body
from docaxis.router.sentences import DEAD_LETTER, with_sentence
from docaxis.router.submissions import NOT_FETCHED, given_up_event, require, route_mark
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import NewTimer, RoutingStore, RoutingTransaction
from docaxis_schemas.events import Action, Judged
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock

HELD: Final = "held"
DEAD_LETTERED: Final = "dead-letter"
TIMER: Final = "timer"
_TOPICAL: Final = ("deadline", "waits_for")
"""What the verifier may say beside the cause of a hold."""


class OwnNews:
    """Handles what no party did."""

    def __init__(
        self,
        store: RoutingStore,
        directory: CurrentDirectory,
        envelopes: Envelopes,
        clock: Clock,
        expires_after: Callable[[datetime], datetime],
    ) -> None:
        self._store = store
        self._directory = directory
        self._envelopes = envelopes
        self._clock = clock
        self._expires_after = expires_after

    async def act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        """Tell the sender, once; a hold that was overtaken by the route, and a timer for nothing, tell nothing.

        Raises:
            RejectedWork: There is no such submission, or the action is of no kind.
            UnavailableStorage: Try again.
        """
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(action.submission_id, action.action_id))
            decision = claim.decided
            if decision is None:
                news, facts = await self._draw(transaction, action)
                issuer = read_handed(claim, self._directory().canonical).issuer
                body = {"source": source.to_json(), "issuer": issuer, "news": news, "facts": facts}
                decision = Decision(
                    action.action_id,
                    action.submission_id,
                    action.kind,
                    claim.latest_version + 1,
                    self._clock(),
                    write_body(body),
                )
                expiry = await self._expiry(transaction, action) if news == NOT_FETCHED else None
                await transaction.decide(decision, expiry)
        value = json.loads(decision.body)
        if value["source"] != source.to_json() or value["news"] is None:
            return ()
        handed = read_handed(claim, lambda _: str(value["issuer"]))
        return (self._announcer(handed, decision).news(value["news"], str(action.action_id), **value["facts"]),)

    async def _draw(self, transaction: RoutingTransaction, action: Action) -> tuple[str | None, dict[str, Any]]:
        body = _object(action.body)
        if action.kind == HELD:
            if await transaction.find(event_id(action.submission_id, "route")) is not None:
                return None, {}
            topical = {name: body[name] for name in _TOPICAL if name in body}
            return "held", with_sentence(str(body.get("cause", "held"))) | topical
        if action.kind == DEAD_LETTERED:
            return "dead_letter", with_sentence(DEAD_LETTER)
        if action.kind == TIMER and body.get("timer") == NOT_FETCHED:
            recipients = await transaction.not_fetched(action.submission_id)
            return ("not_fetched", {"recipients": recipients}) if recipients else (None, {})
        raise RejectedWork(f"an action of no kind: {action.kind!r}")

    async def _expiry(self, transaction: RoutingTransaction, action: Action) -> NewTimer:
        """Say when that ends which was not fetched so far: counted from when it was routed."""
        routed = await transaction.find(event_id(action.submission_id, "route"))
        due = self._expires_after(action.at if routed is None else routed.decided_at)
        return NewTimer(event_id(action.submission_id, "timer", EXPIRED), due, EXPIRED, action.submission_id, b"{}")

    async def give_up(self, record: Received, event: Judged | Action) -> tuple[Outgoing, ...]:
        """Tell sender and evidence that a record could not be processed; nothing if its submission is unknown.

        Raises:
            UnavailableStorage: Try again.
        """
        source = Source(record.partition.topic, record.partition.number, record.offset)
        mark = _mark(event)
        given_up = given_up_event(event.submission_id, mark)
        async with self._store.transaction() as transaction:
            claim = await transaction.claim(event.submission_id, given_up)
            if claim is None:
                return ()
            handed = read_handed(claim, self._directory().canonical)
            decision = claim.decided
            if decision is None:
                body = write_body({"source": source.to_json(), "issuer": handed.issuer})
                version = claim.latest_version + 1
                decision = Decision(given_up, event.submission_id, "given-up", version, self._clock(), body)
                await transaction.decide(decision)
        value = json.loads(decision.body)
        if value["source"] != source.to_json():
            return ()
        announcer = self._announcer(read_handed(claim, lambda _: str(value["issuer"])), decision)
        evidence = self._envelopes.evidence(
            event_id(event.submission_id, "evidence", EvidenceType.DEAD_LETTERED.value, "router", mark),
            EvidenceType.DEAD_LETTERED,
            submission_id=event.submission_id,
            member=claim.member,
            recipient=None,
            at=decision.decided_at,
            facts={"stage": "router"},
        )
        return evidence, announcer.news("dead_letter", mark, **with_sentence(DEAD_LETTER))

    def _announcer(self, handed: Handed, decision: Decision) -> Announcer:
        return Announcer(self._envelopes, handed, decision.decided_at, decision.version)


def _mark(event: Judged | Action) -> str:
    if isinstance(event, Action):
        return str(event.action_id)
    return route_mark(event.attempt) if event.revises is None else str(event.verdict_event)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise RejectedWork("the action's body is no JSON") from error
    if not isinstance(value, dict):
        raise RejectedWork("the action's body is no JSON object")
    return value


def timer_of(action: Action) -> str:
    """Give the kind of the timer that an action of this kind stands for.

    Raises:
        RejectedWork: It names none.
    """
    return str(_object(action.body).get("timer", ""))


def timer_action(submission: UUID, kind: str) -> UUID:
    """Name the action by which a timer fires."""
    return event_id(submission, "timer-fired", kind)
