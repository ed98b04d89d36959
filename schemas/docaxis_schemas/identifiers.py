"""Deterministic identifiers: the same fact always gets the same id, so a redo is recognised as one."""

from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6d1bd5b6-8f0a-5b0e-9d5a-0c1f3a6d7e21")
"""Root of every id of the axis. Never changed: ids live as long as the evidence."""


def submission_id(member: str, idempotency_key: str) -> UUID:
    """Name the submission that a member means by one of its own keys."""
    return uuid5(uuid5(NAMESPACE, member), idempotency_key)


def event_id(submission: UUID, kind: str, *discriminators: str) -> UUID:
    """Name one event of a submission; the same event redone has the same id.

    The parts are joined by a character that none of them may contain, so no two tuples share an id.
    """
    parts = (kind, *discriminators)
    if any("\x1f" in part for part in parts):
        raise ValueError("an identifier part holds the separator")
    return uuid5(submission, "\x1f".join(parts))


def delivery_id(submission: UUID, recipient: str) -> UUID:
    """Name the delivery of a submission to one recipient organisation."""
    return event_id(submission, "delivery", recipient)
