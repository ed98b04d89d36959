from collections import Counter
from uuid import uuid4

import pytest

from docaxis_schemas import identifiers, topics
from docaxis_schemas.evidence import MEANINGS, EvidenceType
from docaxis_schemas.lifecycle import (
    REPORT_NAMES,
    REPORTED_BY,
    REPORTS,
    TERMINAL,
    TRANSPORT,
    Report,
    Step,
    TransportState,
)
from docaxis_schemas.problems import PROBLEMS, Code


def test_a_submission_is_named_by_member_and_key_alone() -> None:
    assert identifiers.submission_id("abc", "1") == identifiers.submission_id("abc", "1")
    assert identifiers.submission_id("abc", "1") != identifiers.submission_id("abcd", "1")
    assert identifiers.submission_id("abc", "1") != identifiers.submission_id("abc", "2")


def test_parts_of_an_event_id_cannot_be_shifted_into_each_other() -> None:
    submission = uuid4()
    assert identifiers.event_id(submission, "a", "bc") != identifiers.event_id(submission, "ab", "c")
    with pytest.raises(ValueError, match="separator"):
        identifiers.event_id(submission, "a", "b\x1fc")


@pytest.mark.parametrize("member", ["ab", "a" * 33, "abc.def", "ABC", "abc/../x", "", "abc\n"])
def test_what_is_no_member_id_names_no_topic(member: str) -> None:
    with pytest.raises(ValueError, match="member"):
        topics.inbox_topic(member)


def test_an_inbox_topic_names_its_member() -> None:
    assert topics.member_of_inbox(topics.inbox_topic("abc-1")) == "abc-1"


def test_partitions_are_used_evenly_and_stay_in_range() -> None:
    counts = Counter(topics.partition_of(identifiers.submission_id("abc", str(n)), 4) for n in range(4000))
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 850


def test_every_problem_and_every_kind_of_evidence_is_explained_in_both_languages() -> None:
    assert set(PROBLEMS) == set(Code)
    assert set(MEANINGS) == set(EvidenceType)
    for problem in PROBLEMS.values():
        assert all((problem.title_vi, problem.title_en, problem.action_vi, problem.action_en))
        assert 400 <= problem.status < 600


def test_terminal_states_have_no_way_out() -> None:
    assert not [key for key in TRANSPORT if key[0] in TERMINAL]
    assert TransportState.CONSIGNED not in TERMINAL


def test_every_report_has_a_name_and_a_side() -> None:
    assert set(REPORT_NAMES) == set(REPORTED_BY) == set(Report)


def test_reports_forward_skipped_repeated_and_backward() -> None:
    assert REPORTS[None, Report.ARRIVED] == (Step.FORWARD, Report.ARRIVED)
    assert REPORTS[None, Report.ACCEPTED] == (Step.SKIPPED, Report.ACCEPTED)
    assert REPORTS[Report.ACCEPTED, Report.ACCEPTED] == (Step.REPEATED, Report.ACCEPTED)
    assert REPORTS[Report.FINISHED, Report.ACCEPTED] == (Step.BACKWARD, Report.FINISHED)
    assert REPORTS[Report.REJECTED, Report.ACCEPTED] == (Step.BACKWARD, Report.REJECTED)
    assert REPORTS[Report.ARRIVED, Report.REJECTED] == (Step.FORWARD, Report.REJECTED)
