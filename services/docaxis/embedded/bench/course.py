"""How a load run goes: its phases and sizes."""

from dataclasses import dataclass
from typing import Final

from docaxis.cli.options import ExchangeOptions
from docaxis.embedded.problems import EmbeddedProblem

INBOXES: Final = 38
"""Members that receive, an inbox topic each."""
SIGNED_A_SECOND: Final = {True: 25, False: 5}
"""Documents signed beforehand for each second, at fan-out 1 and above: more than two cores can take."""


@dataclass(frozen=True, slots=True)
class Course:
    """Times in seconds.

    Attributes:
        at_rest: How long the idle axis is watched, before anything is sent.
        rehearsed: Documents that travel first and are not counted: they load what is loaded at first use.
        one_by_one: Documents that travel alone over an idle axis, for latency.
        warm_up: How long the load runs before it is measured.
        in_flight: Documents under way at once: enough that every part always has work.
        inboxes: Members that receive.
        hand_over: Whether recipients fetch contents and sign for them; without, a document's way ends in the inbox.
    """

    seconds: float
    fan_out: int
    documents: int
    at_rest: float = 5.0
    warm_up: float = 10.0
    one_by_one: int = 30
    rehearsed: int = 10
    in_flight: int = 32
    inboxes: int = INBOXES
    hand_over: bool = True


def course_of(options: ExchangeOptions) -> Course:
    """Plan what was asked for.

    Raises:
        EmbeddedProblem: The axis of a load run has fewer inboxes.
    """
    if not 1 <= options.fan_out <= INBOXES:
        raise EmbeddedProblem(f"The fan-out is 1 to {INBOXES}: the axis of a load run has {INBOXES} inboxes.")
    usual = Course(options.seconds, options.fan_out, 0)
    rate = SIGNED_A_SECOND[options.fan_out == 1]
    wanted = round(rate * (options.seconds + usual.warm_up)) + usual.rehearsed + usual.one_by_one
    return Course(options.seconds, options.fan_out, options.documents or wanted, hand_over=not options.inbox_only)
