"""What a rule found becomes evidence: the alerter keeps it with a timer, the router states it, the log keeps it."""

import json
from typing import Final

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis_schemas.events import Action
from docaxis_schemas.evidence import EvidenceType

_ALERTER: Final = "axis.alerter"
"""Stands where other statements name a member; the dot makes it nobody's id."""
_FACTS: Final = frozenset({"rule", "severity", "rules_sha256", "subject", "details"})


def state_alert(action: Action, envelopes: Envelopes) -> tuple[Outgoing, ...]:
    """State an alert. It follows from the action alone, so a redo says the same.

    Raises:
        RejectedWork: The action does not say which rule was met.
    """
    try:
        facts = json.loads(action.body)
    except ValueError as error:
        raise RejectedWork("the alert cannot be read") from error
    if not isinstance(facts, dict) or facts.keys() != _FACTS:
        raise RejectedWork("the alert does not say which rule was met")
    return (envelopes.stated(action, EvidenceType.ALERT_RAISED, facts, member=_ALERTER),)
