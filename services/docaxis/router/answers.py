"""What a desk of the gateway answered becomes evidence: counts, sizes and hashes, as its action says them."""

import json
from collections.abc import Mapping
from typing import Final

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis_schemas.events import ABSENT, COMPARED, SUBMISSION_ABSENT, Action
from docaxis_schemas.evidence import EvidenceType

ANSWERS: Final[Mapping[str, EvidenceType]] = {
    COMPARED: EvidenceType.HOLDINGS_COMPARED,
    ABSENT: EvidenceType.CONTENT_ABSENT,
    SUBMISSION_ABSENT: EvidenceType.SUBMISSION_ABSENT,
}
"""Kinds of actions whose body is the facts of a statement, and what is stated."""


def state_answer(action: Action, envelopes: Envelopes) -> tuple[Outgoing, ...]:
    """State what was answered. It follows from the action alone, so a redo says the same.

    Raises:
        RejectedWork: The action does not say what was answered.
    """
    try:
        facts = dict(json.loads(action.body))
    except (ValueError, TypeError) as error:
        raise RejectedWork(f"the action {action.kind} does not say what was answered") from error
    return (envelopes.stated(action, ANSWERS[action.kind], facts),)
