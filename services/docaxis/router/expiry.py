"""The end of what nobody fetched: told to both sides and in evidence, once, when its timer fires."""

import json
from typing import Final
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.announcements import Announcer
from docaxis.router.bodies import news_body
from docaxis.router.directory import CurrentDirectory
from docaxis.router.envelopes import Envelopes
from docaxis.router.handed import read_handed
from docaxis.router.routing import Source, write_body
from docaxis.router.submissions import require
from docaxis.storage.changes import Expired
from docaxis.storage.decisions import Decision
from docaxis.storage.routing import Claim, RoutingStore
from docaxis_schemas.events import Action, InboxItem
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import Clock

EXPIRED: Final = "expired"
"""Kind of the timer, and name of the news."""


class Expiry:
    """Ends deliveries that nobody signed for."""

    def __init__(self, store: RoutingStore, directory: CurrentDirectory, envelopes: Envelopes, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._envelopes = envelopes
        self._clock = clock

    async def act(self, action: Action, source: Source) -> tuple[Outgoing, ...]:
        """End what is still in the inboxes; a hand-over that came first stays, one that comes later is too late.

        Raises:
            RejectedWork: There is no such submission.
            UnavailableStorage: Try again.
        """
        async with self._store.transaction() as transaction:
            claim = require(await transaction.claim(action.submission_id, action.action_id))
            decision = claim.decided
            if decision is None:
                ended = await transaction.changes.expire(action.submission_id)
                for key in sorted({one.natural_key for one in ended if one.natural_key is not None}):
                    await transaction.free_natural_key(key)
                body = {
                    "source": source.to_json(),
                    "issuer": read_handed(claim, self._directory().canonical).issuer,
                    "lines": [[str(one.delivery_id), one.recipient, one.member, one.version] for one in ended],
                }
                version = claim.latest_version + 1
                now = self._clock()
                decision = Decision(action.action_id, action.submission_id, action.kind, version, now, write_body(body))
                await transaction.decide(decision)
        value = json.loads(decision.body)
        if value["source"] != source.to_json() or not value["lines"]:
            return ()
        return self._tell(claim, decision, str(value["issuer"]), [_line(line) for line in value["lines"]])

    def _tell(self, claim: Claim, decision: Decision, issuer: str, ended: list[Expired]) -> tuple[Outgoing, ...]:
        handed = read_handed(claim, lambda _: issuer)
        announcer = Announcer(self._envelopes, handed, decision.decided_at, decision.version)
        found = [announcer.news(EXPIRED, recipients=[one.recipient for one in ended])]
        for one in ended:
            found.append(
                self._envelopes.evidence(
                    event_id(claim.submission_id, "evidence", EvidenceType.DELIVERY_EXPIRED.value, one.recipient),
                    EvidenceType.DELIVERY_EXPIRED,
                    submission_id=claim.submission_id,
                    member=claim.member,
                    recipient=one.recipient,
                    at=decision.decided_at,
                    facts={"delivery_id": str(one.delivery_id), "version": one.version},
                )
            )
            item = InboxItem(
                event_id(claim.submission_id, "news", EXPIRED, one.recipient),
                "news",
                one.member,
                claim.submission_id,
                one.recipient,
                one.delivery_id,
                one.version,
                decision.decided_at,
                news_body(EXPIRED, claim.own_id, recipient=one.recipient),
            )
            found.append(self._envelopes.inbox(item))
        return tuple(found)


def _line(value: list[str]) -> Expired:
    return Expired(UUID(value[0]), value[1], value[2], int(value[3]), None)
