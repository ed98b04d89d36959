"""How far an organisation has come with what it received, and what may be done next. Pure."""

from dataclasses import dataclass
from typing import Final

from docaxis_schemas.lifecycle import ChangeState, Report, TransportState, has_ended

STEPS: Final = (Report.ACCEPTED, Report.ASSIGNED, Report.IN_PROGRESS, Report.FINISHED)
"""What follows signing for a document, in order; what was skipped counts as done."""


@dataclass(frozen=True, slots=True)
class Dealing:
    """Where one delivery stands for who received it."""

    state: TransportState
    report: Report | None
    change: ChangeState | None

    @property
    def is_open(self) -> bool:
        """Whether anything can still be done with it."""
        return not has_ended(self.state, self.change) and self.report is not Report.REJECTED

    @property
    def is_accepted(self) -> bool:
        """Whether it was taken in, and is not done yet."""
        return self.is_open and self.report in STEPS[:-1]

    @property
    def steps(self) -> tuple[tuple[str, bool], ...]:
        """Give each step by the key of its word, and whether it is done."""
        done = STEPS.index(self.report) if self.report in STEPS else -1
        signed = self.state is TransportState.HANDED_OVER
        return (("step-signed", signed), *((f"report-{step.value}", n <= done) for n, step in enumerate(STEPS)))

    def reports_assignment(self) -> bool:
        """Say whether telling the sender of an assignment is a step forward (04)."""
        return self.report in {Report.ACCEPTED, Report.ASSIGNED}
