"""Hand-overs and reports: checked once more, settled with the delivery as it was read, told to the sender."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.bodies import news_body
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Source, write_body
from docaxis.router.transitions import Effect, Told, check_party, hand_over, report
from docaxis.storage.decisions import Decision
from docaxis.storage.delivered import Delivery, MemberRecord, Move, Settled, Wanted
from docaxis.storage.routing import RoutingStore
from docaxis_schemas.events import Action, InboxItem
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.lifecycle import CHANGE_ANSWERS, Report
from docaxis_schemas.moments import Clock
from docaxis_signing.receipts import thumbprint

HANDOVER: Final = "handover"
REPORT: Final = "report"
_ENDING: Final = frozenset({Report.REJECTED, Report.CHANGE_AGREED})
"""After these a number may be free: its key is locked before the delivery."""
_REPORTED: Final = ("code", "reason", "note", "register_number")


class PartyActions:
    """Handles what recipients do."""

    def __init__(self, store: RoutingStore, envelopes: Envelopes, clock: Clock) -> None:
        self._store = store
        self._envelopes = envelopes
        self._clock = clock

    async def act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        """Apply an action; a redo tells what was decided first, a duplicate nothing.

        Raises:
            RejectedWork: Wrong party, unknown delivery, no such report, or not the record that was signed.
            UnavailableStorage: Try again.
        """
        payload, wanted = _payload(action)
        if action.kind == REPORT and payload.get("code") in _ENDING:
            delivery, decision = await self._end(action, payload, wanted, source)
        else:
            delivery = _check(await self._store.delivery(wanted), action)
            if delivery.decided is None:
                settled = _settle(delivery, action, payload, source, self._clock())
                await self._store.settle(settled)
                decision = settled.decision
            else:
                decision = delivery.decided
        body = json.loads(decision.body)
        if body["source"] != source.to_json() or body["told"] == Told.NOTHING:
            return ()
        return self._tell(action, delivery, payload, body, decision.version)

    async def _end(
        self, action: Action, payload: Mapping[str, Any], wanted: Wanted, source: Source
    ) -> tuple[Delivery, Decision]:
        """Settle what may free a natural key, which is held meanwhile."""
        async with self._store.transaction() as transaction:
            await transaction.hold_natural_key_of(wanted.delivery_id)
            delivery = _check(await transaction.delivery(wanted), action)
            if delivery.decided is not None:
                return delivery, delivery.decided
            settled = _settle(delivery, action, payload, source, self._clock())
            await transaction.settle(settled)
            if settled.move is not None and settled.move.ends and delivery.natural_key is not None:
                await transaction.free_natural_key(delivery.natural_key)
        return delivery, settled.decision

    def _tell(
        self, action: Action, delivery: Delivery, payload: Mapping[str, Any], body: Mapping[str, Any], version: int
    ) -> tuple[Outgoing, ...]:
        facts: dict[str, Any] = {
            "delivery_id": str(delivery.delivery_id),
            "action_id": str(action.action_id),
            "version": version,
            "record_sha256": hashlib.sha256(action.body).hexdigest(),
            "record_key_sha256": body["record_key_sha256"],
        }
        told: dict[str, Any] = {"recipient": delivery.recipient}
        if action.kind == HANDOVER:
            kind, news = EvidenceType.CONTENT_HANDOVER, "handed_over"
            facts["contents_sha256"] = sorted(payload["contents"])
        elif payload["code"] in CHANGE_ANSWERS:
            kind, news = EvidenceType.CHANGE_ANSWERED, "change_answered"
            facts |= {"code": payload["code"], "change": body["change"], "state": body["state"]}
            told |= {"change": body["change"], "code": payload["code"], "reason": payload.get("reason")}
            told |= {"note": payload.get("note")}
        else:
            kind, news = EvidenceType.STATUS_REPORTED, "report"
            facts |= {"code": payload["code"], "step": body["step"]}
            told |= {"step": body["step"]} | {name: payload.get(name) for name in _REPORTED}
        mark = str(action.action_id)
        evidence = self._envelopes.evidence(
            event_id(action.submission_id, "evidence", kind.value, mark),
            kind,
            submission_id=action.submission_id,
            member=delivery.sender,
            recipient=delivery.recipient,
            at=action.at,
            facts=facts,
        )
        item = InboxItem(
            event_id(action.submission_id, "news", news, mark),
            "news",
            delivery.sender,
            action.submission_id,
            delivery.recipient,
            delivery.delivery_id,
            version,
            action.at,
            news_body(news, delivery.own_id, **told),
        )
        return evidence, self._envelopes.inbox(item)


def _payload(action: Action) -> tuple[Mapping[str, Any], Wanted]:
    try:
        payload = json.loads(action.body)
        return payload, Wanted(UUID(payload["delivery_id"]), action.action_id, action.member, str(payload.get("id")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RejectedWork("the action names no delivery") from error


def _check(found: Delivery | None, action: Action) -> Delivery:
    """Give the delivery if the action may be about it.

    Raises:
        RejectedWork: It may not.
    """
    delivery = check_party(found, action.member)
    if delivery.submission_id != action.submission_id:
        raise RejectedWork("an action that names another submission's delivery")
    return delivery


def _settle(delivery: Delivery, action: Action, payload: Mapping[str, Any], source: Source, now: datetime) -> Settled:
    """Decide what becomes of a delivery.

    Raises:
        RejectedWork: No such report, other contents, or not the record that was signed.
    """
    effect = hand_over(delivery, payload) if action.kind == HANDOVER else report(delivery, payload)
    signed = _signed(delivery, action)
    move = _move(effect, action, payload) if effect.told is Told.ALL else None
    version = delivery.version if move is None else delivery.version + 1
    body = {
        "source": source.to_json(),
        "told": effect.told.value,
        "step": None if effect.step is None else effect.step.value,
        "delivery_id": str(delivery.delivery_id),
        "change": delivery.change,
        "record_key_sha256": thumbprint(json.loads(signed.record_key)),
        "state": effect.state.value,
    }
    decision = Decision(action.action_id, action.submission_id, action.kind, version, now, write_body(body))
    return Settled(delivery, decision, move)


def _move(effect: Effect, action: Action, payload: Mapping[str, Any]) -> Move:
    return Move(
        state=effect.state.value,
        report=effect.report,
        told=str(payload["code"]) if action.kind == REPORT and effect.report == payload["code"] else None,
        at=action.at,
        ends=effect.ends,
        answered=None if effect.answered is None else effect.answered.value,
    )


def _signed(delivery: Delivery, action: Action) -> MemberRecord:
    """Give the signed record that the gateway opened and kept before it published the action.

    Raises:
        RejectedWork: There is none, or it is another one.
    """
    found = delivery.signed
    if found is None or found.action_id != action.action_id or found.body != action.body:
        raise RejectedWork("the action is not the record that its member signed")
    return found
