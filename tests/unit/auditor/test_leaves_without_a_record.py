"""Which leaves must have a record on the topic, and which cannot have one."""

from datetime import UTC, datetime

from docaxis.auditor.completeness import TopicRead, compare
from docaxis.auditor.rebuilding import Logged, Rebuilt
from docaxis_schemas.evidence import EvidenceType

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_a_verdict_that_no_stage_committed_is_named_and_a_changed_key_is_not() -> None:
    rebuilt = Rebuilt(size=2)
    rebuilt.events["verdict"] = Logged(0, EvidenceType.VERDICT_GIVEN.value, "")
    rebuilt.events["key"] = Logged(1, EvidenceType.KEY_CHANGED.value, "")
    whole = TopicRead((), {0: (0, 9)}, ())
    assert [(one.kind, one.event_id) for one in compare(rebuilt, whole, [], now=NOW)] == [("unheard-of", "verdict")]
