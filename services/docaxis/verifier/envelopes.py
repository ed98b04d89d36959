"""Puts what the verifier says into records of the bus. From a claim and a decision the same bytes follow every time."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from docaxis.bus.port import Outgoing, Partition, Received
from docaxis.storage.attempts import ClaimedSubmission
from docaxis.storage.decisions import Decision
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import encode, headers
from docaxis_schemas.events import Action, Event, EvidenceRecord, Judged, Submitted
from docaxis_schemas.evidence import EvidenceType, Statement
from docaxis_schemas.identifiers import event_id
from docaxis_schemas.moments import to_text
from docaxis_schemas.submission import read_manifest
from docaxis_schemas.topics import ACTIONS, EVIDENCE, JUDGED, partition_of
from docaxis_signing.receipts import thumbprint

SOURCE: Final = "verifier"
HELD: Final = "held"
DEAD_LETTERED: Final = "dead-letter"


def verdict_event(submission_id: UUID) -> UUID:
    """Name the decision on a submission."""
    return event_id(submission_id, "verdict")


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Knows the axis, its environment and how many slots there are."""

    axis: str
    environment: str
    slots: int

    def verdict(self, claim: ClaimedSubmission, decision: Decision, attempt: int) -> tuple[Outgoing, ...]:
        """Announce a verdict, with the evidence that the submission was received and that it was judged."""
        body: dict[str, Any] = json.loads(decision.body)
        return (
            self._received(claim),
            self.judged(claim, decision, body, attempt),
            self._given(claim, decision, body, EvidenceType.VERDICT_GIVEN),
        )

    def revised(self, claim: ClaimedSubmission, decision: Decision) -> tuple[Outgoing, ...]:
        """Announce a verdict that newer revocation data changed."""
        body: dict[str, Any] = json.loads(decision.body)
        return (
            self.judged(claim, decision, body, 0, revises=verdict_event(claim.submission_id)),
            self._given(claim, decision, body, EvidenceType.VERDICT_REVISED),
        )

    def judged(
        self,
        claim: ClaimedSubmission,
        decision: Decision,
        body: Mapping[str, Any],
        attempt: int,
        revises: UUID | None = None,
    ) -> Outgoing:
        """Give the verdict to the router."""
        judged = Judged(
            submission_id=claim.submission_id,
            attempt=attempt,
            member=claim.member,
            verdict_event=decision.event_id,
            verdict_sha256=body["verdict_sha256"],
            indication=body["indication"],
            sub_indication=body.get("sub_indication"),
            cause=body.get("cause"),
            disposition=body["disposition"],
            decided_at=decision.decided_at,
            revises=revises,
        )
        named = event_id(claim.submission_id, "judged", str(attempt), str(decision.event_id))
        return self._put(JUDGED, judged, named, claim.submission_id, decision.decided_at)

    def retry(self, topic: str, submitted: Submitted, at: datetime) -> Outgoing:
        """Put an undecided submission where it waits."""
        named = event_id(submitted.submission_id, "submitted", str(submitted.attempt))
        return self._put(topic, submitted, named, submitted.submission_id, at)

    def held(self, submitted: Submitted, cause: str, at: datetime) -> Outgoing:
        """Have the sender told that a decision has to wait; the same id each time, so it is told once."""
        body = canonical({"cause": cause, "deadline": to_text(submitted.deadline)})
        return self._action(submitted, HELD, event_id(submitted.submission_id, HELD), at, body)

    def dead_lettered(self, submitted: Submitted, record: Received) -> tuple[Outgoing, ...]:
        """Have the sender told, and state, that a submission could not be processed."""
        at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        attempt = str(submitted.attempt)
        named = event_id(submitted.submission_id, DEAD_LETTERED, attempt)
        action = self._action(submitted, DEAD_LETTERED, named, at, canonical({"attempt": submitted.attempt}))
        evidence = self._evidence(
            Statement(
                event_id(submitted.submission_id, "evidence", EvidenceType.DEAD_LETTERED.value, SOURCE, attempt),
                EvidenceType.DEAD_LETTERED,
                submitted.submission_id,
                at,
                submitted.member,
                None,
                {"stage": SOURCE, "attempt": submitted.attempt},
            )
        )
        return action, evidence

    def _action(self, submitted: Submitted, kind: str, named: UUID, at: datetime, body: bytes) -> Outgoing:
        action = Action(named, submitted.submission_id, kind, submitted.member, None, at, body)
        return self._put(ACTIONS, action, named, submitted.submission_id, at)

    def _received(self, claim: ClaimedSubmission) -> Outgoing:
        manifest = read_manifest(json.loads(claim.manifest))
        facts = {
            "manifest_sha256": claim.manifest_digest,
            "record_sha256": hashlib.sha256(claim.manifest).hexdigest(),
            "record_key_sha256": thumbprint(json.loads(claim.record_key)),
            "acted_by_gateway": claim.acted_by_gateway,
            "acknowledgement_sha256": hashlib.sha256(claim.acknowledgement.encode("ascii")).hexdigest(),
            "contents_sha256": sorted(entry.sha256 for entry in manifest.contents),
            "directory_version": claim.directory_version,
        }
        kind = EvidenceType.SUBMISSION_RECEIVED
        named = event_id(claim.submission_id, "evidence", kind.value)
        return self._evidence(Statement(named, kind, claim.submission_id, claim.received_at, claim.member, None, facts))

    def _given(
        self, claim: ClaimedSubmission, decision: Decision, body: Mapping[str, Any], kind: EvidenceType
    ) -> Outgoing:
        facts = {
            "verdict_sha256": body["verdict_sha256"],
            "indication": body["indication"],
            "sub_indication": body.get("sub_indication"),
            "cause": body.get("cause"),
            "disposition": body["disposition"],
            "policy_sha256": body["policy_sha256"],
            "trust_sha256": body["trust_store_sha256"],
            "revocation_epoch": body["revocation_epoch"],
        }
        parts = () if kind is EvidenceType.VERDICT_GIVEN else (str(decision.event_id),)
        named = event_id(claim.submission_id, "evidence", kind.value, *parts)
        return self._evidence(
            Statement(named, kind, claim.submission_id, decision.decided_at, claim.member, None, facts)
        )

    def _evidence(self, statement: Statement) -> Outgoing:
        record = EvidenceRecord(
            statement.event_id,
            statement.type.value,
            statement.submission_id,
            statement.member,
            statement.recipient,
            statement.at,
            statement.to_bytes(axis=self.axis, environment=self.environment),
        )
        return self._put(EVIDENCE, record, record.event_id, record.submission_id, record.at)

    def _put(self, topic: str, event: Event, named: UUID, submission_id: UUID, at: datetime) -> Outgoing:
        return Outgoing(
            Partition(topic, partition_of(submission_id, self.slots)),
            submission_id.bytes,
            encode(event),
            headers(event, source=SOURCE, event_id=named, subject=submission_id, at=at),
        )
