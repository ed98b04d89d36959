"""SQL of single deliveries, many at a time: read with what their members signed, and settled.

Nothing is locked while the router thinks. Every change of a delivery raises its version, so what was decided about one
is written only if its version is still the one that was read; otherwise nothing of it is, and its record is taken up
again. A row that another transaction holds is not waited for: it would keep the others of the group waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from docaxis.storage.decisions import Decision
from docaxis.storage.driver import Connection, Row, Statement


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """What a recipient signed, as the gateway opened and kept it."""

    action_id: UUID
    body: bytes
    record_key: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery, a decision about it, and what a member signed under a key of its own."""

    delivery_id: UUID
    event: UUID
    member: str
    own_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stood, with its submission's key, and the decision and the record asked for, if any."""

    delivery_id: UUID
    submission_id: UUID
    recipient: str
    member: str | None
    sender: str
    own_id: str
    state: str
    report: str | None
    version: int
    contents_sha256: str
    natural_key: str | None
    change: str | None
    change_state: str | None
    decided: Decision | None
    signed: MemberRecord | None


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of a delivery.

    ``told`` is the code just reported, ``answered`` what a request about it came to just now.
    """

    state: str
    report: str | None
    told: str | None
    at: datetime
    ends: bool
    answered: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision about a delivery, and how it moves with it; None where it does not."""

    before: Delivery
    decision: Decision
    move: Move | None


_READ: Final = Statement("""
    SELECT given.place, d.delivery_id, d.submission_id, d.recipient, d.member, d.sender, c.own_id, d.state, d.report,
      d.version, d.contents_sha256, d.natural_key, d.change, d.change_state,
      e.event_id, e.kind, e.version AS decided_version, e.decided_at, e.body AS decided_body,
      m.action_id, m.body AS signed_body, m.record_key
    FROM unnest(CAST(:deliveries AS uuid[]), CAST(:events AS uuid[]), CAST(:members AS text[]),
      CAST(:own_ids AS text[])) WITH ORDINALITY AS given(delivery_id, event_id, member, own_id, place)
    JOIN deliveries d ON d.delivery_id = given.delivery_id
    JOIN claims c ON c.submission_id = d.submission_id
    LEFT JOIN decisions e ON e.event_id = given.event_id
    LEFT JOIN member_records m ON m.member = given.member AND m.own_id = given.own_id
""")
_SETTLE: Final = Statement("""
    WITH given AS (
      SELECT * FROM unnest(CAST(:event_ids AS uuid[]), CAST(:submissions AS uuid[]), CAST(:kinds AS text[]),
        CAST(:versions AS bigint[]), CAST(:decided_at AS timestamptz[]), CAST(:bodies AS bytea[]),
        CAST(:deliveries AS uuid[]), CAST(:before AS bigint[]), CAST(:moves AS boolean[]), CAST(:states AS text[]),
        CAST(:reports AS text[]), CAST(:told AS text[]), CAST(:at AS timestamptz[]), CAST(:ends AS boolean[]),
        CAST(:answered AS text[]))
      AS given(event_id, submission_id, kind, version, decided_at, body, delivery_id, before, moves, state, report,
        told, at, ends, answered)
    ), held AS (
      SELECT d.delivery_id FROM deliveries d JOIN given g ON g.delivery_id = d.delivery_id AND g.before = d.version
      FOR UPDATE OF d SKIP LOCKED
    ), moved AS (
      UPDATE deliveries d SET state = g.state, report = g.report, version = g.version,
        change_state = coalesce(g.answered, d.change_state),
        change_answered_at = CASE WHEN g.answered IS NOT NULL THEN g.at ELSE d.change_answered_at END,
        handed_over_at = coalesce(d.handed_over_at, CASE WHEN g.state = 'handed_over' THEN g.at END),
        accepted_at = coalesce(d.accepted_at, CASE WHEN g.told = '03' THEN g.at END),
        finished_at = coalesce(d.finished_at, CASE WHEN g.told = '06' THEN g.at END),
        returned_at = coalesce(d.returned_at, CASE WHEN g.told = '02' THEN g.at END),
        standing = d.standing AND NOT g.ends,
        answers_repeats = d.answers_repeats AND NOT g.ends
      FROM given g JOIN held USING (delivery_id)
      WHERE d.delivery_id = g.delivery_id AND g.moves
      RETURNING d.delivery_id
    )
    INSERT INTO decisions (event_id, submission_id, kind, version, decided_at, body)
    SELECT event_id, submission_id, kind, version, decided_at, body FROM given
    WHERE delivery_id IN (SELECT delivery_id FROM moved)
      OR NOT moves AND delivery_id IN (SELECT delivery_id FROM held)
    ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
""")
_OF_DELIVERY: Final = tuple(field.name for field in fields(Delivery) if field.name not in {"decided", "signed"})


async def read_deliveries(connection: Connection, wanted: Sequence[Wanted]) -> list[Delivery | None]:
    """Give deliveries, each with what was wanted of it; None for one that was never made."""
    rows = await connection.rows(
        _READ,
        deliveries=[one.delivery_id for one in wanted],
        events=[one.event for one in wanted],
        members=[one.member for one in wanted],
        own_ids=[one.own_id for one in wanted],
    )
    found: list[Delivery | None] = [None] * len(wanted)
    for row in rows:
        found[row["place"] - 1] = _delivery(row)
    return found


async def settle_deliveries(connection: Connection, settled: Sequence[Settled]) -> list[bool]:
    """Write decisions, each with its delivery's move or not at all, and say which were written.

    A delivery of which two are given takes the first: the second was decided without it.
    """
    first = {one.before.delivery_id: one for one in reversed(settled)}
    taken = list(first.values())
    moves = [one.move or _stays(one) for one in taken]
    rows = await connection.rows(
        _SETTLE,
        event_ids=[one.decision.event_id for one in taken],
        submissions=[one.decision.submission_id for one in taken],
        kinds=[one.decision.kind for one in taken],
        versions=[one.decision.version for one in taken],
        decided_at=[one.decision.decided_at for one in taken],
        bodies=[one.decision.body for one in taken],
        deliveries=[one.before.delivery_id for one in taken],
        before=[one.before.version for one in taken],
        moves=[one.move is not None for one in taken],
        states=[move.state for move in moves],
        reports=[move.report for move in moves],
        told=[move.told for move in moves],
        at=[move.at for move in moves],
        ends=[move.ends for move in moves],
        answered=[move.answered for move in moves],
    )
    written = {row["event_id"] for row in rows}
    return [first[one.before.delivery_id] is one and one.decision.event_id in written for one in settled]


def _stays(settled: Settled) -> Move:
    before = settled.before
    return Move(before.state, before.report, None, settled.decision.decided_at, ends=False, answered=None)


def _delivery(row: Row) -> Delivery:
    decided = signed = None
    if row["event_id"] is not None:
        decided = Decision(
            row["event_id"],
            row["submission_id"],
            row["kind"],
            row["decided_version"],
            row["decided_at"],
            row["decided_body"],
        )
    if row["action_id"] is not None:
        signed = MemberRecord(row["action_id"], row["signed_body"], row["record_key"])
    return Delivery(**{name: row[name] for name in _OF_DELIVERY}, decided=decided, signed=signed)
