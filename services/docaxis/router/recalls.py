"""Recalls: what was not made yet is cancelled, who has it already is asked, and the sender is told which of the two.

The claim is locked first, as by routing: whichever of the two comes first is seen by the other. A recall that was taken
before is found by routing among the decisions about the submission.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from docaxis.bus.port import Outgoing
from docaxis.router.announcements import Announcer
from docaxis.router.changes import Asked, ask, of, told
from docaxis.router.directory import CurrentDirectory
from docaxis.router.envelopes import Envelopes
from docaxis.router.handed import read_handed
from docaxis.router.problems import RejectedWork
from docaxis.router.routing import Source, write_body
from docaxis.router.submissions import require
from docaxis.storage.changes import SignedRecord
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import Claim, RoutingStore, RoutingTransaction
from docaxis_schemas.events import Action
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.lifecycle import Asking, Change
from docaxis_schemas.moments import Clock
from docaxis_schemas.resolution import recipients_named
from docaxis_schemas.submission import RecallRecord, RejectedRecord, read_recall
from docaxis_signing.receipts import thumbprint

RECALL: Final = "recall"


class Recalls:
    """Handles what senders want back."""

    def __init__(self, store: RoutingStore, directory: CurrentDirectory, envelopes: Envelopes, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._envelopes = envelopes
        self._clock = clock

    async def act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        """Cancel or ask; a redo tells what was decided first, a duplicate nothing.

        Raises:
            RejectedWork: No such submission, another member's, or not the record that was signed.
            UnavailableStorage: Try again.
        """
        record = _read(action)
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(action.submission_id, action.action_id))
            if claim.member != action.member:
                raise RejectedWork("a recall by a member that did not send this")
            decision = claim.decided
            if decision is None:
                decision = await self._decide(transaction, claim, action, record, source)
        body = json.loads(decision.body)
        if body["source"] != source.to_json():
            return ()
        return self._tell(claim, decision, body, action, record)

    async def _decide(
        self,
        transaction: RoutingTransaction,
        claim: Claim,
        action: Action,
        record: RecallRecord,
        source: Source,
    ) -> Decision:
        signed = _check_signed(await transaction.changes.signed(action.member, record.heading.own_id), action)
        wanted, _ = recipients_named(json.loads(claim.resolution), record.recipients)
        cancels, asked = await self._ask(transaction, action, wanted)
        body = {
            "source": source.to_json(),
            "issuer": read_handed(claim, self._directory().canonical).issuer,
            "cancels": list(cancels),
            "asked": [one.to_json() for one in asked],
            "record_key_sha256": thumbprint(json.loads(signed.record_key)),
        }
        version = claim.latest_version + 1
        decision = Decision(action.action_id, action.submission_id, RECALL, version, self._clock(), write_body(body))
        await transaction.decide(decision)
        return decision

    @staticmethod
    async def _ask(
        transaction: RoutingTransaction, action: Action, wanted: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[Asked, ...]]:
        """Give who will not get it any more, and who was asked."""
        if await transaction.find(event_id(action.submission_id, "route")) is None:
            return wanted, ()
        made = await transaction.changes.of_submission(action.submission_id)
        asked = ask((target for target in made if target.recipient in set(wanted)), Change.RECALL)
        names = [one.delivery_id for one in of(asked, Asking.ASKED)]
        await transaction.changes.ask(names, Change.RECALL, by=None, at=action.at)
        return (), asked

    def _tell(
        self, claim: Claim, decision: Decision, body: Mapping[str, Any], action: Action, record: RecallRecord
    ) -> tuple[Outgoing, ...]:
        handed = read_handed(claim, lambda _: str(body["issuer"]))
        announcer = Announcer(self._envelopes, handed, decision.decided_at, decision.version)
        asked = tuple(map(Asked.from_json, body["asked"]))
        mark = str(action.action_id)
        signed = {
            "action_id": mark,
            "record_sha256": hashlib.sha256(action.body).hexdigest(),
            "record_key_sha256": body["record_key_sha256"],
        }
        evidence = self._envelopes.evidence(
            event_id(action.submission_id, "evidence", EvidenceType.RECALL_RECEIVED.value, mark),
            EvidenceType.RECALL_RECEIVED,
            submission_id=action.submission_id,
            member=claim.member,
            recipient=None,
            at=action.at,
            facts=signed,
        )
        facts = {"action_id": mark, "reason": record.reason}
        news = announcer.news(RECALL, mark, **told(asked, facts) | {Asking.CANCELLED.value: body["cancels"] or None})
        return evidence, news, *announcer.asked(asked, mark, reason=record.reason, signed=signed)


def _read(action: Action) -> RecallRecord:
    try:
        record = read_recall(json.loads(action.body))
    except (ValueError, RejectedRecord, AttributeError) as error:
        raise RejectedWork("a recall that is not of its form") from error
    if record.submission_id != action.submission_id:
        raise RejectedWork("a recall that names another submission")
    return record


def _check_signed(found: SignedRecord | None, action: Action) -> SignedRecord:
    if found is None or found.action_id != action.action_id or found.body != action.body:
        raise RejectedWork("the recall is not the record that its member signed")
    return found
