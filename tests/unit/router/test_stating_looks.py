"""A look becomes the same statement at every redo, and never says what was asked, only its hash."""

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.looks import EXPORT, state_look
from docaxis.router.problems import RejectedWork
from docaxis_schemas.canonical import canonical
from docaxis_schemas.codec import decode
from docaxis_schemas.events import Action, EvidenceRecord

ENVELOPES = Envelopes("docaxis", "test", 4)
QUERY = '{"signer":"nguyen van mau"}'


def _look(what: str, **changes: object) -> Action:
    body = {"what": what, "credential_id": str(UUID(int=9)), "query": QUERY} | changes
    at = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
    return Action(UUID(int=1), UUID(int=1), "look", "axis.auditor", None, at, canonical(body))


def _record(outgoing: Outgoing) -> EvidenceRecord:
    event = decode(outgoing.value)
    assert isinstance(event, EvidenceRecord)
    return event


def test_a_look_is_stated_by_the_hash_of_its_question() -> None:
    (sent,) = state_look(_look("search"), ENVELOPES)
    record = _record(sent)
    facts = json.loads(record.statement)["facts"]
    assert record.type == "audit.searched"
    assert facts["query_sha256"] == hashlib.sha256(QUERY.encode()).hexdigest()
    assert b"nguyen" not in record.statement
    assert state_look(_look("search"), ENVELOPES) == (sent,)


def test_taking_evidence_away_has_a_name_of_its_own() -> None:
    (sent,) = state_look(_look(EXPORT), ENVELOPES)
    assert _record(sent).type == "evidence.exported"


@pytest.mark.parametrize("changes", [{"credential_id": "nobody"}, {"credential_id": None}])
def test_a_look_without_somebody_who_looked_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RejectedWork):
        state_look(_look("search", **changes), ENVELOPES)
