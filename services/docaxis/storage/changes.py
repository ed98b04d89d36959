"""SQL of what is asked after sending: recalls, updates, replacements, and the end of what nobody fetched.

Rows are locked in the order of their ids, so that two requests which meet wait for each other instead of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from docaxis.storage.driver import Connection, Statement
from docaxis_schemas.lifecycle import Change

MAX_UNROUTED: Final = 500
"""Undecided submissions that are looked through: a bulk lane may hold many more, the named one is among the last."""


@dataclass(frozen=True, slots=True)
class Target:
    """A delivery that was made, locked, about which something may be asked."""

    delivery_id: UUID
    submission_id: UUID
    recipient: str
    member: str
    state: str
    report: str | None
    change_state: str | None
    version: int
    natural_key: str | None


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """A record that a member signed, as the gateway opened and kept it."""

    action_id: UUID
    body: bytes
    record_key: bytes


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A submission on whose route nothing is decided."""

    submission_id: UUID
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Expired:
    """A delivery whose time is over, with its new version."""

    delivery_id: UUID
    recipient: str
    member: str
    version: int
    natural_key: str | None


_TARGET: Final = "delivery_id, submission_id, recipient, member, state, report, change_state, version, natural_key"
_OF_SUBMISSION: Final = Statement(f"""
    SELECT {_TARGET} FROM deliveries WHERE submission_id = CAST(:submission AS uuid) AND member IS NOT NULL
    ORDER BY delivery_id FOR UPDATE
""")  # noqa: S608 - a constant of this module
_NAMED: Final = Statement(f"""
    SELECT {_TARGET} FROM deliveries
    WHERE sender = :sender AND member IS NOT NULL AND standing AND submission_id <> CAST(:besides AS uuid)
      AND (natural_key = ANY(CAST(:keys AS text[])) OR submission_id = ANY(CAST(:submissions AS uuid[])))
    ORDER BY delivery_id FOR UPDATE
""")  # noqa: S608 - a constant of this module
_ASK: Final = Statement("""
    UPDATE deliveries SET version = version + 1, change = :change, change_state = 'asked',
      changed_by = CAST(:by AS uuid), change_asked_at = CAST(:at AS timestamptz), change_answered_at = NULL
    WHERE delivery_id = ANY(CAST(:deliveries AS uuid[]))
""")
_SIGNED: Final = Statement("""
    SELECT action_id, body, record_key FROM member_records WHERE member = :member AND own_id = :own_id
""")
_TAKE_KEY_OVER: Final = Statement("""
    UPDATE natural_keys SET submission_id = CAST(:submission AS uuid), contents_sha256 = :digest, reserved_at = :at
    WHERE natural_key = :key
""")
_HOLD_KEYS: Final = Statement("""
    SELECT natural_key FROM natural_keys WHERE natural_key IN (
      SELECT natural_key FROM deliveries WHERE submission_id = CAST(:submission AS uuid) AND natural_key IS NOT NULL)
    ORDER BY natural_key FOR UPDATE
""")
_UNROUTED: Final = Statement("""
    SELECT c.submission_id, c.manifest FROM claims c
    WHERE c.member = :member
      AND c.received_at >= CAST(:since AS timestamptz) AND c.received_at < CAST(:before AS timestamptz)
      AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.submission_id = c.submission_id
        AND d.kind IN ('route', 'dead-letter', 'given-up'))
    ORDER BY c.received_at DESC LIMIT :limit
""")
_EXPIRE: Final = Statement("""
    UPDATE deliveries SET state = 'expired', version = version + 1, standing = false, answers_repeats = false
    WHERE submission_id = CAST(:submission AS uuid) AND state = 'consigned' AND standing AND member IS NOT NULL
    RETURNING delivery_id, recipient, member, version, natural_key
""")


class ChangeRows:
    """What the router does with these rows inside one of its transactions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def signed(self, member: str, own_id: str) -> SignedRecord | None:
        """Give what a member signed under a key of its own."""
        row = await self._connection.row(_SIGNED, member=member, own_id=own_id)
        return None if row is None else SignedRecord(**row)

    async def of_submission(self, submission: UUID) -> list[Target]:
        """Lock every delivery that was made of a submission."""
        return [Target(**row) for row in await self._connection.rows(_OF_SUBMISSION, submission=submission)]

    async def named(
        self, sender: str, *, keys: Sequence[str], submissions: Sequence[UUID], besides: UUID
    ) -> list[Target]:
        """Lock a sender's own standing deliveries of documents named by natural key, or by submission."""
        rows = await self._connection.rows(
            _NAMED, sender=sender, keys=list(keys), submissions=list(submissions), besides=besides
        )
        return [Target(**row) for row in rows]

    async def unrouted(self, sender: str, *, since: datetime, before: datetime) -> list[Unrouted]:
        """Give what a member handed in between two moments and is neither routed nor given up, the newest first."""
        rows = await self._connection.rows(_UNROUTED, member=sender, since=since, before=before, limit=MAX_UNROUTED)
        return [Unrouted(**row) for row in rows]

    async def ask(self, deliveries: Sequence[UUID], change: Change, *, by: UUID | None, at: datetime) -> None:
        """Note that something is asked about deliveries; the version of each rises by one."""
        await self._connection.run(_ASK, deliveries=list(deliveries), change=change.value, by=by, at=at)

    async def take_key_over(self, key: str, submission: UUID, digest: str, at: datetime) -> None:
        """Make an update or replacement under the same number the document that holds it."""
        await self._connection.run(_TAKE_KEY_OVER, key=key, submission=submission, digest=digest, at=at)

    async def expire(self, submission: UUID) -> list[Expired]:
        """End what of a submission was not handed over."""
        await self._connection.rows(_HOLD_KEYS, submission=submission)
        rows = await self._connection.rows(_EXPIRE, submission=submission)
        return sorted((Expired(**row) for row in rows), key=lambda found: found.recipient)
