"""What may be done next with what came follows from where it stands."""

import pytest

from docaxis.clerk.dealing import STEPS, Dealing
from docaxis_schemas.lifecycle import ChangeState, Report, TransportState

HANDED = TransportState.HANDED_OVER


@pytest.mark.parametrize("report", [None, *Report])
@pytest.mark.parametrize("state", list(TransportState))
@pytest.mark.parametrize("change", [None, *ChangeState])
def test_nothing_is_done_with_what_has_ended(
    state: TransportState, report: Report | None, change: ChangeState | None
) -> None:
    dealing = Dealing(state, report, change)
    ended = state not in {TransportState.CONSIGNED, HANDED} or change is ChangeState.AGREED or report is Report.REJECTED
    assert dealing.is_open is not ended
    if dealing.is_accepted:
        assert dealing.is_open
        assert report in {Report.ACCEPTED, Report.ASSIGNED, Report.IN_PROGRESS}


@pytest.mark.parametrize(
    ("report", "done"), [(None, 0), (Report.ARRIVED, 0), *((step, n + 1) for n, step in enumerate(STEPS))]
)
def test_what_was_skipped_counts_as_done(report: Report | None, done: int) -> None:
    steps = Dealing(HANDED, report, None).steps
    assert [is_done for _, is_done in steps] == [True, *(n < done for n in range(len(STEPS)))]


@pytest.mark.parametrize("report", [None, *Report])
def test_an_assignment_is_told_only_where_it_is_a_step_forward(report: Report | None) -> None:
    assert Dealing(HANDED, report, None).reports_assignment() is (report in {Report.ACCEPTED, Report.ASSIGNED})
