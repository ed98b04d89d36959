"""What an auditor looked at becomes evidence: the gateway acts, the router states it, the log keeps it."""

import hashlib
import json
from typing import Final
from uuid import UUID

from docaxis.bus.port import Outgoing
from docaxis.router.envelopes import Envelopes
from docaxis.router.problems import RejectedWork
from docaxis_schemas.events import Action
from docaxis_schemas.evidence import EvidenceType

EXPORT: Final = "export"
"""The look that takes a submission's evidence away as a package."""


def state_look(action: Action, envelopes: Envelopes) -> tuple[Outgoing, ...]:
    """State a look. It follows from the action alone, so a redo says the same.

    Raises:
        RejectedWork: The action does not say who looked at what.
    """
    try:
        body = json.loads(action.body)
        what, credential, query = str(body["what"]), str(UUID(body["credential_id"])), str(body["query"])
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedWork("the look does not say who asked what") from error
    kind = EvidenceType.EVIDENCE_EXPORTED if what == EXPORT else EvidenceType.AUDIT_SEARCHED
    facts = {
        "look": what,
        "credential_id": credential,
        "query_sha256": hashlib.sha256(query.encode()).hexdigest(),
    }
    return (envelopes.stated(action, kind, facts),)
