"""What a member's holdings were compared with becomes evidence: counts, and the hashes of statement and answer."""

import json
from typing import Final

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis_schemas.events import Action
from docaxis_schemas.evidence import EvidenceType

COMPARED: Final = "holdings-compared"


def state_comparison(action: Action, envelopes: Envelopes) -> tuple[Outgoing, ...]:
    """State a comparison. It follows from the action alone, so a redo says the same.

    Raises:
        RejectedWork: The action does not say what was compared.
    """
    try:
        facts = dict(json.loads(action.body))
    except (ValueError, TypeError) as error:
        raise RejectedWork("the comparison does not say what was compared") from error
    return (envelopes.stated(action, EvidenceType.HOLDINGS_COMPARED, facts),)
