"""The topics of the axis and the one function that says which partition a record belongs to.

Partition numbers are explicit in all our sends: client libraries disagree about hashing (aiokafka and librdkafka put
only 117 of 1,000 keys on the same partition), and a slot must own exactly the same partition of all its inputs.
"""

import re
from typing import Final
from uuid import UUID

SUBMITTED: Final = "submitted"
SUBMITTED_URGENT: Final = "submitted.urgent"
SUBMITTED_BULK: Final = "submitted.bulk"
RETRY_SHORT: Final = "retry.short"
RETRY_MEDIUM: Final = "retry.medium"
RETRY_LONG: Final = "retry.long"
ACTIONS: Final = "actions"
JUDGED: Final = "judged"
EVIDENCE: Final = "evidence"
DEAD_LETTERS: Final = "dead-letters"

LANES: Final = (SUBMITTED_URGENT, SUBMITTED, SUBMITTED_BULK)
RETRIES: Final = (RETRY_SHORT, RETRY_MEDIUM, RETRY_LONG)

STAGE_INPUTS: Final[dict[str, tuple[str, ...]]] = {
    "verifier": (*LANES, *RETRIES),
    "router": (JUDGED, ACTIONS),
    "registrar": (EVIDENCE,),
}
"""What each stage consumes in slots: slot ``p`` owns partition ``p`` of every topic of its row."""

SLOTTED: Final = (*LANES, *RETRIES, ACTIONS, JUDGED, EVIDENCE)
"""Topics with one partition a slot."""

PARTITION_FUNCTION: Final = "submission-low64-mod-v1"
"""Stored beside the slot count; a changed one is refused, because work in flight would change owners."""

INBOX_PREFIX: Final = "inbox."
MEMBER_ID: Final = re.compile(r"[a-z0-9-]{3,32}")


def inbox_topic(member: str) -> str:
    """Name the inbox topic of a member.

    Raises:
        ValueError: The id is none: a dot in it would let one member's prefix cover another's.
    """
    if not MEMBER_ID.fullmatch(member):
        raise ValueError(f"not a member id: {member!r}")
    return INBOX_PREFIX + member


def member_of_inbox(topic: str) -> str:
    """Give the member whose inbox topic this is."""
    return topic.removeprefix(INBOX_PREFIX)


def stage_group(stage: str) -> str:
    """Name the consumer group under which a stage commits its offsets."""
    return f"s.{stage}"


def partition_of(submission_id: UUID, slots: int) -> int:
    """Give the partition, and so the slot, of everything about one submission."""
    return int.from_bytes(submission_id.bytes[-8:], "big") % slots
