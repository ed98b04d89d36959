"""The life cycles: every cell of the tables, walked at random, and drawn as the docs show them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from docaxis_schemas.lifecycle import (
    ANSWERS,
    ASKING,
    CHANGE_ANSWERS,
    REPORTED_BY,
    REPORTS,
    TERMINAL,
    TRANSPORT,
    WANTS_REASON,
    Asking,
    ChangeState,
    Report,
    Step,
    TransportEvent,
    TransportState,
    asking,
    has_ended,
)
from docaxis_schemas.lifecycle_drawing import draw_lifecycles

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "lifecycles.md"
BUSINESS = [Report(code) for code in ("01", "02", "03", "04", "05", "06")]
ORDER = [Report(code) for code in ("01", "03", "04", "05", "06")]


def test_the_page_shows_the_tables_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == draw_lifecycles(), "run tools/draw_lifecycles.py"


def test_nothing_leaves_a_terminal_state() -> None:
    assert not [key for key in TRANSPORT if key[0] in TERMINAL]


def test_every_state_is_reached() -> None:
    assert set(TRANSPORT.values()) == set(TransportState)


@given(st.lists(st.sampled_from(TransportEvent)))
def test_a_delivery_ends_at_most_once(events: list[TransportEvent]) -> None:
    state: TransportState | None = None
    ends = 0
    for event in events:
        after = TRANSPORT.get((state, event))
        if after is not None:
            ends += after in TERMINAL
            state = after
    assert ends <= 1
    assert (state in TERMINAL) is (ends == 1)


def test_every_business_report_has_an_answer_in_every_state() -> None:
    assert {(before, code) for before in (None, *BUSINESS) for code in BUSINESS} == set(REPORTS)


@given(st.lists(st.sampled_from(BUSINESS)))
def test_reports_never_move_a_delivery_backward(codes: list[Report]) -> None:
    state: Report | None = None
    for code in codes:
        step, after = REPORTS[(state, code)]
        if step in {Step.REPEATED, Step.BACKWARD}:
            assert after is state
        else:
            assert after is code
            if code in ORDER and state in ORDER:
                assert ORDER.index(code) > ORDER.index(state)
        state = after


@given(st.lists(st.sampled_from(BUSINESS)))
def test_a_returned_delivery_stays_returned(codes: list[Report]) -> None:
    state: Report | None = Report.REJECTED
    for code in codes:
        step, state = REPORTS[(state, code)]
        assert state is Report.REJECTED
        assert step is (Step.REPEATED if code is Report.REJECTED else Step.BACKWARD)


def test_only_the_next_step_is_forward() -> None:
    assert REPORTS[(None, Report.ARRIVED)] == (Step.FORWARD, Report.ARRIVED)
    assert REPORTS[(None, Report.ACCEPTED)] == (Step.SKIPPED, Report.ACCEPTED)
    assert REPORTS[(Report.ACCEPTED, Report.IN_PROGRESS)] == (Step.SKIPPED, Report.IN_PROGRESS)
    assert REPORTS[(Report.FINISHED, Report.REJECTED)] == (Step.BACKWARD, Report.FINISHED)


def test_only_recalls_come_from_the_sender_and_refusals_want_a_reason() -> None:
    assert [code for code, side in REPORTED_BY.items() if side == "sender"] == [Report.RECALL_ASKED]
    assert {Report.REJECTED, Report.RECALL_ASKED, Report.CHANGE_REFUSED} == WANTS_REASON


def test_asking_has_an_answer_in_every_state_and_only_what_was_not_made_is_cancelled() -> None:
    assert set(ASKING) == {(None, None)} | {
        (state, change) for state in TransportState for change in (None, *ChangeState)
    }
    assert [key for key, outcome in ASKING.items() if outcome is Asking.CANCELLED] == [(None, None)]


def test_nobody_is_asked_about_what_has_ended_or_asked_twice_at_once() -> None:
    for (state, change), outcome in ASKING.items():
        if state is not None:
            assert (outcome is Asking.ENDED) is has_ended(state, change)
            assert (outcome is Asking.ASKED) is (not has_ended(state, change) and change is not ChangeState.ASKED)


def test_what_was_returned_is_not_asked_back() -> None:
    for state, change in ASKING:
        assert asking(state, Report.REJECTED, change) is Asking.ENDED


def test_every_answer_has_an_answer_and_only_the_first_changes_anything() -> None:
    assert {(state, code) for state in ChangeState for code in CHANGE_ANSWERS} == set(ANSWERS)
    for (before, _), (step, after) in ANSWERS.items():
        assert (step is Step.FORWARD) is (before is ChangeState.ASKED)
        assert (after is before) is (before is not ChangeState.ASKED)
