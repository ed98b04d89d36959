"""Queries of the read models: what members and people see. Every one says for whom it asks.

The sender of a submission sees the whole of it; a recipient its own line and what all parties may know; others nothing,
not even that it exists (None).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.decisions import StorageError
from docaxis.storage.driver import Database, Row, Statement
from docaxis.storage.grouping import Grouped
from docaxis.storage.inbox import InboxEntry, InboxPage
from docaxis.storage.sharing import Share
from docaxis_schemas.lifecycle import ChangeState, TransportState, has_ended
from docaxis_schemas.moments import to_text

MAX_PAGE: Final = 500
"""Entries of one page."""
TOGETHER: Final = 16
"""Pages or deliveries read at once: as many as there are connections to read them one by one, so no more memory."""
_CURSOR: Final = re.compile(r"(\d{1,9})\.(\d{1,18})")


class RejectedCursor(StorageError):
    """The text is no cursor of ours."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery for its recipient: entry, state, and what was signed, whole even if the entry only refers to it."""

    entry: InboxEntry
    sender: str
    state: str
    report: str | None
    document: dict[str, Any]
    contents: tuple[dict[str, Any], ...]
    change: str | None = None
    change_state: str | None = None
    changed_by: UUID | None = None
    request: bytes | None = None
    """Body of the news that asked last, with the sender's reason."""

    @property
    def has_ended(self) -> bool:
        """Whether its contents are not to be had any more: never taken in time, or given up by agreement."""
        change = None if self.change_state is None else ChangeState(self.change_state)
        return has_ended(TransportState(self.state), change)

    def to_json(self) -> dict[str, Any]:
        """Give the form in which the interface answers."""
        value = self.entry.to_json()
        body = {n: v for n, v in value["body"].items() if not n.endswith("_by_reference")}
        body |= {"document": self.document, "contents": list(self.contents)}
        by = None if self.changed_by is None else str(self.changed_by)
        if self.request is not None:
            body["request"] = json.loads(self.request)
        asked = {"change": self.change, "change_state": self.change_state, "changed_by": by}
        return value | {"state": self.state, "report": self.report, "body": body} | asked


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as one party sees it; ``role`` is sender or recipient."""

    role: str
    value: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Give the form in which the interface answers."""
        return {"role": self.role} | self.value


_ENTRY: Final = 'epoch, "offset", event_id, kind, submission_id, recipient, delivery_id, version, at, body'
_PAGES: Final = Statement(f"""
    SELECT given.place, i.* FROM unnest(CAST(:members AS text[]), CAST(:epochs AS integer[]),
      CAST(:offsets AS bigint[]), CAST(:limits AS integer[]))
      WITH ORDINALITY AS given(member, behind_epoch, behind, most, place)
    CROSS JOIN LATERAL (
      SELECT {_ENTRY} FROM inbox_items
      WHERE member = given.member AND (epoch, "offset") > (given.behind_epoch, given.behind)
      ORDER BY epoch, "offset" LIMIT given.most
    ) i ORDER BY given.place, i.epoch, i."offset"
""")  # noqa: S608 - a constant of this module
_DELIVERIES: Final = Statement(f"""
    SELECT given.place, {", ".join(f"i.{name.strip()}" for name in _ENTRY.split(","))}, c.member AS sender, c.manifest,
      coalesce(l.state, 'consigned') AS state, l.report, l.change, l.change_state, l.changed_by,
      (SELECT n.body FROM inbox_items n WHERE n.delivery_id = i.delivery_id AND n.member = i.member AND n.kind = 'news'
        AND convert_from(n.body, 'UTF8')::jsonb ->> 'news' = 'change_asked' ORDER BY n.version DESC LIMIT 1) AS request
    FROM unnest(CAST(:members AS text[]), CAST(:deliveries AS uuid[]))
      WITH ORDINALITY AS given(member, delivery_id, place)
    JOIN inbox_items i ON i.delivery_id = given.delivery_id AND i.member = given.member AND i.kind = 'delivery'
    JOIN claims c ON c.submission_id = i.submission_id
    LEFT JOIN delivery_lines l ON l.submission_id = i.submission_id AND l.recipient = i.recipient
""")  # noqa: S608 - a constant of this module
_CLAIM: Final = Statement("""
    SELECT submission_id, member, own_id, received_at, deadline, urgency, manifest_digest FROM claims
    WHERE submission_id = CAST(:submission AS uuid)
""")
_OWN_RECIPIENTS: Final = Statement("""
    SELECT DISTINCT recipient FROM inbox_items
    WHERE submission_id = CAST(:submission AS uuid) AND member = :member AND kind = 'delivery'
""")
_LINES: Final = Statement("""
    SELECT recipient, delivery_id, state, report, step, version, consigned_at, handed_over_at, accepted_at, returned_at,
      finished_at, change, change_state, changed_by, change_asked_at, change_answered_at FROM delivery_lines
    WHERE submission_id = CAST(:submission AS uuid)
      AND (CAST(:everything AS boolean) OR recipient = ANY(CAST(:recipients AS text[])))
    ORDER BY recipient
""")
_NEWS: Final = Statement("""
    SELECT body FROM inbox_items
    WHERE submission_id = CAST(:submission AS uuid) AND member = :member AND kind = 'news' AND delivery_id IS NULL
    ORDER BY version
""")
_TIMELINE: Final = Statement("""
    SELECT event_id, type, recipient, at, facts FROM timeline
    WHERE submission_id = CAST(:submission AS uuid)
      AND (CAST(:everything AS boolean) OR recipient = ANY(CAST(:recipients AS text[]))
        OR recipient IS NULL AND type IN ('submission.received', 'verdict.given', 'verdict.revised'))
    ORDER BY at, event_id
""")
_DEAD_LETTERS: Final = Statement("""
    SELECT dead_letter_id, stage, topic, "partition", "offset", record_sha256, submission_id, attempt, cause, at,
      replayed_at FROM dead_letters
    WHERE (CAST(:replayed AS boolean) OR replayed_at IS NULL)
      AND (CAST(:one AS uuid) IS NULL OR dead_letter_id = CAST(:one AS uuid))
    ORDER BY at DESC, dead_letter_id LIMIT :limit
""")
_REPLAYED: Final = Statement("""
    UPDATE dead_letters SET replayed_at = coalesce(replayed_at, CAST(:at AS timestamptz))
    WHERE dead_letter_id = CAST(:one AS uuid)
""")
_OUTBOX: Final = Statement("""
    SELECT submission_id, own_id, received_at, decided_at, urgency FROM claims
    WHERE member = :member AND (CAST(:before AS timestamptz) IS NULL OR received_at < CAST(:before AS timestamptz))
    ORDER BY received_at DESC, submission_id LIMIT :limit
""")
_STATES: Final = {"held": "held", "accepted": "accepted", "rejected": "rejected", "dead_letter": "dead_letter"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to go on in a member's inbox, and for how many entries."""

    member: str
    epoch: int
    offset: int
    limit: int


class ReadModels:
    """Answers what may be asked about inboxes, submissions and deliveries.

    A submission reaches many inboxes at once: their pages and deliveries are read together.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)
        self._pages: Grouped[_Place, tuple[InboxEntry, ...]] = Grouped(self._read_pages, limit=TOGETHER)
        self._views: Grouped[tuple[str, UUID], DeliveryView | None] = Grouped(self._read_deliveries, limit=TOGETHER)

    async def inbox_page(self, member: str, cursor: str | None, limit: int) -> InboxPage:
        """Give what came behind a cursor; None begins at the oldest entry that is kept.

        Raises:
            RejectedCursor: It is none.
            UnavailableStorage: The database is away.
        """
        epoch, offset = (-1, -1) if cursor is None else _read_cursor(cursor)
        entries = await self._pages.add(_Place(member, epoch, offset, min(limit, MAX_PAGE)))
        return InboxPage(entries, entries[-1].cursor if entries else cursor or "0.0")

    async def _read_pages(self, places: Sequence["_Place"]) -> list[tuple[InboxEntry, ...]]:
        rows = await self._database.rows(
            _PAGES,
            members=[one.member for one in places],
            epochs=[one.epoch for one in places],
            offsets=[one.offset for one in places],
            limits=[one.limit for one in places],
        )
        found: list[list[InboxEntry]] = [[] for _ in places]
        for row in rows:
            found[row["place"] - 1].append(_entry(row))
        return list(map(tuple, found))

    async def delivery(self, member: str, delivery_id: UUID) -> DeliveryView | None:
        """Give a delivery to the member that receives it; None for anybody else.

        Raises:
            UnavailableStorage: The database is away.
        """
        return await self._views.add((member, delivery_id))

    async def _read_deliveries(self, wanted: Sequence[tuple[str, UUID]]) -> list[DeliveryView | None]:
        members, names = [member for member, _ in wanted], [name for _, name in wanted]
        rows = await self._database.rows(_DELIVERIES, members=members, deliveries=names)
        # Recipients of one submission come together: what it says is read once for all of them.
        said = {row["submission_id"]: row["manifest"] for row in rows}
        manifests = {name: json.loads(manifest) for name, manifest in said.items()}
        found = {row["place"]: _view(row, manifests[row["submission_id"]]) for row in rows}
        return [found.get(place) for place, _ in enumerate(wanted, 1)]

    async def submission_view(
        self, member: str | None, submission_id: UUID, share: Share | None = None
    ) -> SubmissionView | None:
        """Give a submission to a party of it (None: an auditor, who sees what the sender sees).

        ``share`` narrows what is seen to that of some of the member's organisations.

        Raises:
            UnavailableStorage: The database is away.
        """
        scope = await self._scope(member, submission_id, share)
        if scope is None:
            return None
        claim, role, recipients = scope
        lines = await self._database.rows(
            _LINES, submission=submission_id, everything=role == "sender", recipients=list(recipients)
        )
        value: dict[str, Any] = {
            "submission_id": str(submission_id),
            "received_at": to_text(claim["received_at"]),
            "manifest_sha256": claim["manifest_digest"],
            "urgency": claim["urgency"],
            "deliveries": [_line(row) for row in lines],
        }
        if role == "sender":
            news = [
                json.loads(row["body"])
                for row in await self._database.rows(_NEWS, submission=submission_id, member=claim["member"])
            ]
            told = [item for item in news if item["news"] in _STATES]
            value |= {
                "id": claim["own_id"],
                "deadline": to_text(claim["deadline"]),
                "state": _STATES[told[-1]["news"]] if told else "received",
                "news": news,
            }
        return SubmissionView(role, value)

    async def timeline(
        self, member: str | None, submission_id: UUID, share: Share | None = None
    ) -> list[dict[str, Any]] | None:
        """Give what evidence says happened to a submission, as far as this party may know.

        Raises:
            UnavailableStorage: The database is away.
        """
        scope = await self._scope(member, submission_id, share)
        if scope is None:
            return None
        _, role, recipients = scope
        rows = await self._database.rows(
            _TIMELINE, submission=submission_id, everything=role == "sender", recipients=list(recipients)
        )
        return [
            {
                "event_id": str(row["event_id"]),
                "type": row["type"],
                "recipient": row["recipient"],
                "at": to_text(row["at"]),
                "facts": json.loads(row["facts"]),
            }
            for row in rows
        ]

    async def _scope(
        self, member: str | None, submission: UUID, share: Share | None
    ) -> tuple[Row, str, tuple[str, ...]] | None:
        claims = await self._database.rows(_CLAIM, submission=submission)
        if not claims:
            return None
        if member is None or (claims[0]["member"] == member and (share is None or share.sent)):
            return claims[0], "sender", ()
        rows = await self._database.rows(_OWN_RECIPIENTS, submission=submission, member=member)
        own = tuple(row["recipient"] for row in rows if share is None or row["recipient"] in share.organisations)
        return (claims[0], "recipient", own) if own else None

    async def outbox_page(self, member: str, before: datetime | None, limit: int) -> list[dict[str, Any]]:
        """Give a member's own submissions, newest first, handed in before a moment.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_OUTBOX, member=member, before=before, limit=min(limit, MAX_PAGE))
        return [_plain(row) | {"submission_id": str(row["submission_id"])} for row in rows]

    async def dead_letters(self, limit: int, *, replayed: bool = False) -> list[dict[str, Any]]:
        """Give what waits for an operator, newest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_DEAD_LETTERS, limit=min(limit, MAX_PAGE), replayed=replayed, one=None)
        return [_plain(row) for row in rows]

    async def dead_letter(self, dead_letter_id: UUID) -> dict[str, Any] | None:
        """Give one dead letter.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(_DEAD_LETTERS, limit=1, replayed=True, one=dead_letter_id)
        return _plain(rows[0]) if rows else None

    async def mark_replayed(self, dead_letter_id: UUID, at: datetime) -> None:
        """Note that an operator has put a dead letter back into processing.

        Raises:
            UnavailableStorage: The database is away.
        """
        await self._database.run(_REPLAYED, one=dead_letter_id, at=at)


def _read_cursor(cursor: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise RejectedCursor(f"no cursor: {cursor[:40]!r}")
    epoch, offset = int(found[1]), int(found[2])
    return epoch, offset - 1


def _view(row: Row, manifest: Mapping[str, Any]) -> DeliveryView:
    return DeliveryView(
        _entry(row),
        row["sender"],
        row["state"],
        row["report"],
        manifest["document"],
        tuple(manifest["contents"]),
        row["change"],
        row["change_state"],
        row["changed_by"],
        row["request"],
    )


def _entry(row: Row) -> InboxEntry:
    names = ("event_id", "kind", "submission_id", "recipient", "delivery_id", "version", "at", "body")
    return InboxEntry(f"{row['epoch']}.{row['offset'] + 1}", *(row[name] for name in names))


def _line(row: Row) -> dict[str, Any]:
    return {name: value for name, value in _plain(row).items() if value is not None}


def _plain(row: Row) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return str(value) if isinstance(value, UUID) else value
