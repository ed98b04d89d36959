"""Which leaves must have a record on the topic, and which cannot have one."""

from datetime import UTC, datetime

from docaxis.auditor.completeness import TopicRead, compare, unseen
from docaxis.auditor.rebuilding import Logged, Rebuilt
from docaxis_schemas.evidence import EvidenceType

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_a_verdict_that_no_stage_committed_is_named_and_a_changed_key_is_not() -> None:
    rebuilt = Rebuilt(size=2)
    rebuilt.events["verdict"] = Logged(0, EvidenceType.VERDICT_GIVEN.value, "")
    rebuilt.events["key"] = Logged(1, EvidenceType.KEY_CHANGED.value, "")
    whole = TopicRead((), {0: (0, 9)}, (), {0: 0})
    assert [(one.kind, one.event_id) for one in compare(rebuilt, whole, [], now=NOW)] == [("unheard-of", "verdict")]


def test_a_leaf_whose_record_was_trimmed_is_counted_as_unseen_and_its_neighbours_are_named() -> None:
    """Partition 0 was trimmed empty and shows no record at all, 1 is whole, 2 in part trimmed, 3 never had any."""
    rebuilt = Rebuilt(size=5)
    for index, source in enumerate([(0, 6), (0, 7), (1, 6), None]):
        rebuilt.events[str(index)] = Logged(index, EvidenceType.VERDICT_GIVEN.value, "", source)
    rebuilt.closed.append({"type": "verdict.given", "time": "", "codes": {}, "source": (0, 0)})
    topic = TopicRead((), {1: (0, 9), 2: (4, 9)}, (), {0: 7, 1: 0, 2: 3, 3: 0})
    assert unseen(rebuilt, topic) == {0: 2, 2: 0}
    found = [(one.kind, one.event_id) for one in compare(rebuilt, topic, [], now=NOW)]
    assert found == [("unheard-of", "1"), ("unheard-of", "2"), ("unheard-of", "3")]
