"""The records that follow from a route or a revised verdict: pure, and the same bytes at every redo.

Times come from the decision, never from a clock, and order from the order of recipients in the claim.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.bodies import DeliveryBodies, news_body, verdict_body
from docaxis.router.changes import Asked, of
from docaxis.router.envelopes import Envelopes
from docaxis.router.handed import Handed
from docaxis.router.routing import Fate, Line, Route
from docaxis.router.sentences import NOT_CONNECTED, with_sentence
from docaxis.storage.routing import Touched
from docaxis_schemas.events import InboxItem, Judged
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.identifiers import delivery_id, event_id
from docaxis_schemas.lifecycle import Asking


@dataclass(frozen=True, slots=True)
class Announcer:
    """Writes what is to be known about one submission, as of one decision."""

    envelopes: Envelopes
    handed: Handed
    at: datetime
    version: int

    def route(self, route: Route, judged: Judged) -> tuple[Outgoing, ...]:
        """Tell recipients, sender and evidence of a route."""
        return tuple(self._accepted(route, judged) if route.accepted else self._rejected(route, judged))

    def _accepted(self, route: Route, judged: Judged) -> Iterator[Outgoing]:
        delivered = route.of(Fate.DELIVERED)
        facts: dict[str, Any] = {"verdict_sha256": judged.verdict_sha256, "recipients": len(delivered)}
        yield self._evidence(EvidenceType.SUBMISSION_ACCEPTANCE, None, facts)
        bodies = DeliveryBodies(self.handed, judged, self.at)
        for line in delivered:
            yield from self._consigned(line, judged, bodies.of(line))
        for line in route.of(Fate.UNROUTABLE):
            yield from self._unroutable(line)
        for line in route.of(Fate.CANCELLED):
            yield self._cancelled(line)
        mark = str(self.handed.submission_id)
        reason = self.handed.metadata.business.reason
        yield from self.asked(route.asked, mark, reason=reason, signed={"changed_by": mark})
        repeated = [
            {"recipient": line.organisation, "delivery_id": str(line.first)} for line in route.of(Fate.REPEATED)
        ]
        yield self.news(
            "accepted",
            disposition=judged.disposition,
            verdict=verdict_body(judged),
            recipients=[line.organisation for line in delivered],
            delivered_to=len(delivered),
            already_delivered=repeated or None,
            unroutable=[line.organisation for line in route.of(Fate.UNROUTABLE)] or None,
            cancelled=[line.organisation for line in route.of(Fate.CANCELLED)] or None,
            asks=[one.to_news() for one in route.asked] or None,
            **{name: value or None for name, value in self.handed.notices.items()},
        )

    def _rejected(self, route: Route, judged: Judged) -> Iterator[Outgoing]:
        facts = {"verdict_sha256": judged.verdict_sha256, "cause": route.cause}
        yield self._evidence(EvidenceType.SUBMISSION_REJECTION, None, facts)
        yield self.news("rejected", verdict=verdict_body(judged), **with_sentence(route.cause))

    def _consigned(self, line: Line, judged: Judged, body: bytes) -> Iterator[Outgoing]:
        submission = self.handed.submission_id
        delivery = delivery_id(submission, line.organisation)
        version = self.version + 1
        item = InboxItem(
            event_id(submission, "inbox", line.organisation),
            "delivery",
            line.member or "",
            submission,
            line.organisation,
            delivery,
            version,
            self.at,
            body,
        )
        yield self.envelopes.inbox(item)
        facts = {
            "delivery_id": str(delivery),
            "contents_sha256": self.handed.contents_sha256,
            "disposition": judged.disposition,
            "version": version,
        }
        yield self._evidence(EvidenceType.CONTENT_CONSIGNMENT, line.organisation, facts)

    def _unroutable(self, line: Line) -> Iterator[Outgoing]:
        submission = self.handed.submission_id
        facts = {
            "delivery_id": str(delivery_id(submission, line.organisation)),
            "cause": NOT_CONNECTED,
            "version": self.version + 1,
        }
        yield self._evidence(EvidenceType.CONTENT_CONSIGNMENT_FAILURE, line.organisation, facts)
        told = with_sentence(NOT_CONNECTED) | {"recipient": line.organisation}
        yield self.news("unroutable", concerns=line.organisation, version=self.version + 1, **told)

    def _cancelled(self, line: Line) -> Outgoing:
        delivery = delivery_id(self.handed.submission_id, line.organisation)
        facts = {"delivery_id": str(delivery), "version": self.version + 1}
        return self._evidence(EvidenceType.DELIVERY_CANCELLED, line.organisation, facts)

    def asked(
        self, asked: Sequence[Asked], mark: str, *, reason: str | None, signed: Mapping[str, Any]
    ) -> Iterator[Outgoing]:
        """Tell recipients what they are asked, and state that they were; ``signed`` says by what."""
        for one in of(asked, Asking.ASKED):
            facts: dict[str, Any] = {"delivery_id": str(one.delivery_id), "change": one.change.value}
            facts |= {"version": one.version} | dict(signed)
            yield self.envelopes.evidence(
                event_id(one.submission_id, "evidence", EvidenceType.CHANGE_ASKED.value, mark, one.recipient),
                EvidenceType.CHANGE_ASKED,
                submission_id=one.submission_id,
                member=self.handed.member,
                recipient=one.recipient,
                at=self.at,
                facts=facts,
            )
            item = InboxItem(
                event_id(one.submission_id, "news", "change_asked", mark, one.recipient),
                "news",
                one.member,
                one.submission_id,
                one.recipient,
                one.delivery_id,
                one.version,
                self.at,
                self._request(one, reason, signed),
            )
            yield self.envelopes.inbox(item)

    def _request(self, one: Asked, reason: str | None, signed: Mapping[str, Any]) -> bytes:
        facts = {
            "change": one.change.value,
            "recipient": one.recipient,
            "reason": reason,
            "sender": self.handed.member,
            "issuer": self.handed.issuer,
            "changed_by": signed.get("changed_by"),
        }
        return news_body("change_asked", self.handed.own_id, **facts)

    def revision(self, judged: Judged, touched: Sequence[Touched]) -> tuple[Outgoing, ...]:
        """Tell sender and recipients that the answer to the same document has changed; the verifier states it."""
        verdict = verdict_body(judged)
        told = {"verdict": verdict, "cause": judged.cause, "sentence": verdict["sentence"]}
        mark = str(judged.verdict_event)
        found = [self.news("verdict_revised", mark, **told)]
        for line in touched:
            body = news_body("verdict_revised", self.handed.own_id, recipient=line.recipient, **told)
            item = InboxItem(
                event_id(self.handed.submission_id, "news", "verdict_revised", mark, line.recipient),
                "news",
                line.member,
                self.handed.submission_id,
                line.recipient,
                line.delivery_id,
                line.version,
                self.at,
                body,
            )
            found.append(self.envelopes.inbox(item))
        return tuple(found)

    def news(
        self, news: str, *marks: str, concerns: str | None = None, version: int | None = None, **facts: Any
    ) -> Outgoing:
        """Tell the sender something, about one recipient (``concerns``) or about the submission as a whole."""
        submission = self.handed.submission_id
        parts = (news, *marks) if concerns is None else (news, *marks, concerns)
        delivery: UUID | None = None if concerns is None else delivery_id(submission, concerns)
        item = InboxItem(
            event_id(submission, "news", *parts),
            "news",
            self.handed.member,
            submission,
            concerns or self.handed.issuer,
            delivery,
            self.version if version is None else version,
            self.at,
            news_body(news, self.handed.own_id, **facts),
        )
        return self.envelopes.inbox(item)

    def _evidence(self, kind: EvidenceType, recipient: str | None, facts: dict[str, Any]) -> Outgoing:
        parts = (kind.value,) if recipient is None else (kind.value, recipient)
        return self.envelopes.evidence(
            event_id(self.handed.submission_id, "evidence", *parts),
            kind,
            submission_id=self.handed.submission_id,
            member=self.handed.member,
            recipient=recipient,
            at=self.at,
            facts=facts,
        )
