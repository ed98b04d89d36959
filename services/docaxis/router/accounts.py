"""What was done with an account of the pages becomes evidence: kept with a timer, stated here, kept by the log."""

import json
from typing import Final

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis_schemas.events import Action
from docaxis_schemas.evidence import EvidenceType

_FACTS: Final = frozenset({"act", "account_id", "done_by", "act_sha256"})


def state_account_act(action: Action, envelopes: Envelopes) -> tuple[Outgoing, ...]:
    """State an act. It follows from the action alone, so a redo says the same.

    Raises:
        RejectedWork: The action does not say what was done with which account.
    """
    try:
        facts = dict(json.loads(action.body))
        member = str(facts.pop("member"))
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedWork("the act cannot be read") from error
    if facts.keys() != _FACTS:
        raise RejectedWork("the act does not say what was done with which account")
    return (envelopes.stated(action, EvidenceType.ACCOUNT_CHANGED, facts, member=member),)
