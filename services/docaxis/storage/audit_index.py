"""SQL of the auditor's desk: what opens each leaf, the index derived from it, and who looked."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Database, Row, Statement
from docaxis_signing.transparency.leaves import openings


@dataclass(frozen=True, slots=True)
class OpenedLeaf:
    """A leaf, and what of it is kept in clear; ``statement`` is None once nothing opens it any more."""

    index: int
    leaf: bytes
    statement: bytes | None
    salts: Mapping[str, bytes] | None
    verdict: Mapping[str, Any] | None
    manifest: bytes | None
    source: tuple[int, int] | None = None
    """Where its statement lay on the topic `evidence`, partition and offset, as the registrar noted it."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row of the index; ``row`` is canonical JSON."""

    leaf_index: int
    submission_id: UUID | None
    type: str
    at: datetime
    indication: str | None
    terms: Sequence[str]
    row: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is looked for; everything that is given has to hold.

    ``terms`` are of one leaf; ``of_document`` are terms of the leaf by which a document was received, and find all
    leaves of its submission.
    """

    terms: tuple[str, ...] = ()
    of_document: tuple[str, ...] = ()
    submission: UUID | None = None
    type: str | None = None
    indication: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What an auditor asked."""

    look_id: UUID
    at: datetime
    credential_id: UUID
    holder: str
    what: str
    query: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presence:
    """What the index says of what is sought: whether any leaf is about it, and how far it could look.

    ``indexed`` are the leaves below the size that was asked for, ``unopened`` those of them that received a submission
    of which it could not be told whether it is the one.
    """

    known: bool
    indexed: int
    unopened: int


SUBMISSIONS: Final = 1_000
"""Submissions that one document number or hash may stand for; more are cut off, and a date narrows the search."""
_OPENED: Final = Statement("""
    SELECT l.leaf_index, l.leaf, r.statement, r.topic_partition, r.topic_offset, s.secret, c.manifest, (
        SELECT d.body FROM decisions d
        WHERE r.type IN ('verdict.given', 'verdict.revised') AND d.submission_id = r.submission_id
          AND d.kind IN ('verdict', 'verdict-revised')
          AND convert_from(d.body, 'UTF8')::jsonb ->> 'verdict_sha256'
            = convert_from(r.statement, 'UTF8')::jsonb -> 'facts' ->> 'verdict_sha256'
        ORDER BY d.version LIMIT 1) AS verdict
    FROM log_leaves l
    LEFT JOIN receipts r ON r.event_id = l.event_id
    LEFT JOIN submission_secrets s ON s.submission_id = r.submission_id
    LEFT JOIN claims c ON c.submission_id = r.submission_id AND r.type = 'submission.received'
    WHERE l.leaf_index = ANY(CAST(:wanted AS bigint[])) ORDER BY l.leaf_index
""")
_SIGNED: Final = Statement("SELECT signed_size FROM log_head WHERE origin = :origin")
_NEXT: Final = Statement("SELECT coalesce(max(leaf_index) + 1, 0) AS next FROM audit_entries")
_ROWS: Final = Statement("""
    SELECT leaf_index, row FROM audit_entries
    WHERE leaf_index >= :first AND leaf_index < :end ORDER BY leaf_index
""")
_TYPES: Final = {
    "leaf_index": "bigint",
    "submission_id": "uuid",
    "type": "text",
    "at": "timestamptz",
    "indication": "text",
    "terms": "text",
    "row": "bytea",
}
_ADD: Final = Statement(
    'INSERT INTO audit_entries (leaf_index, submission_id, type, at, indication, terms, "row")'  # noqa: S608 - names from above
    " SELECT leaf_index, submission_id, type, at, indication, string_to_array(terms, chr(31)), row FROM unnest("
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
    + f") AS one ({', '.join(_TYPES)}) ON CONFLICT (leaf_index) DO NOTHING"
)
_SEPARATOR: Final = "\x1f"
_LOOKED: Final = Statement("""
    INSERT INTO audit_looks (look_id, at, credential_id, holder, what, query)
    VALUES (:look_id, :at, :credential_id, :holder, :what, :query)
""")
_LOOKS: Final = Statement("""
    SELECT look_id, at, credential_id, holder, what, query FROM audit_looks
    WHERE CAST(:before AS timestamptz) IS NULL OR at < CAST(:before AS timestamptz)
    ORDER BY at DESC, look_id LIMIT :limit
""")
_JUDGED: Final = Statement("""
    SELECT leaf_index, submission_id FROM audit_entries
    WHERE type = 'verdict.given' AND submission_id IS NOT NULL AND leaf_index > CAST(:after AS bigint)
      AND (CAST(:terms AS text[]) IS NULL OR terms && CAST(:terms AS text[]))
    ORDER BY leaf_index LIMIT :limit
""")
_PRESENCE: Final = """
    SELECT EXISTS (SELECT FROM audit_entries WHERE {known}) AS known,
      (SELECT count(*) FROM audit_entries WHERE leaf_index < :size) AS indexed,
      (SELECT count(*) FROM audit_entries WHERE leaf_index < :size AND type = 'submission.received'
       AND (submission_id IS NULL OR terms @> ARRAY[CAST(:lacks AS text)])) AS unopened
"""
"""One statement, so one state of an index that may be emptied or filled meanwhile."""
_TERMS_PRESENT: Final = Statement(_PRESENCE.format(known="terms @> CAST(:terms AS text[])"))
_SUBMISSION_PRESENT: Final = Statement(_PRESENCE.format(known="submission_id = CAST(:submission AS uuid)"))
_CONDITIONS: Final[Mapping[str, str]] = {
    "terms": "terms @> CAST(:terms AS text[])",
    "of_document": "submission_id = ANY(ARRAY(SELECT submission_id FROM audit_entries"  # noqa: S608 - a number of ours
    f" WHERE terms @> CAST(:of_document AS text[]) ORDER BY leaf_index DESC LIMIT {SUBMISSIONS}))",
    "submission": "submission_id = CAST(:submission AS uuid)",
    "type": "type = :type",
    "indication": "indication = :indication",
    "since": "at >= CAST(:since AS timestamptz)",
    "until": "at < CAST(:until AS timestamptz)",
}


RECENT: Final = 20_000
"""Leaves among which whatever is frequent is found at once, by walking down them."""


@lru_cache(maxsize=256)
def _search(names: frozenset[str], *, recent: bool) -> Statement:
    """Write the search for these criteria; values are parameters, and names come from the table above alone.

    What is not frequent enough to be met among the recent leaves is rare, and found by its own index. The database
    guesses such frequencies badly, and would walk down all leaves: ordering by a sum keeps it from that.
    """
    conditions = ["leaf_index < :before", *(_CONDITIONS[name] for name in sorted(names))]
    conditions += ["leaf_index >= :recent"] if recent else []
    order = "leaf_index" if recent else "leaf_index + 0"
    return Statement(
        "SELECT leaf_index, row FROM audit_entries WHERE leaf_index = ANY(ARRAY("  # noqa: S608
        f"SELECT leaf_index FROM audit_entries WHERE {' AND '.join(conditions)} ORDER BY {order} DESC LIMIT :limit))"
        " ORDER BY leaf_index DESC"
    )


class AuditIndex:
    """The index in PostgreSQL, of the log that is called ``origin``."""

    def __init__(self, engine: AsyncEngine, origin: str) -> None:
        self._database = Database(engine)
        self._origin = origin

    async def published(self) -> int:
        """Give the size of the last signed checkpoint; 0 of a log that was never begun.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_SIGNED, origin=self._origin)
        return 0 if row is None else int(row["signed_size"])

    async def next(self) -> int:
        """Give the first leaf that is not indexed.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_NEXT)
        assert row is not None
        return int(row["next"])

    async def opened(self, indexes: Iterable[int]) -> list[OpenedLeaf]:
        """Give leaves with what opens them, in their order; one that the order does not have is left out.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [_opened(row) for row in await self._database.rows(_OPENED, wanted=list(indexes))]

    async def add(self, rows: Sequence[IndexRow]) -> None:
        """Add rows; one that is there stays.

        Raises:
            UnavailableStorage: The database is away.
        """
        columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in _TYPES}
        columns["terms"] = [_SEPARATOR.join(one) for one in columns["terms"]]
        await self._database.run(_ADD, **columns)

    async def rows(self, first: int, end: int) -> dict[int, bytes]:
        """Give rows by their leaves.

        Raises:
            UnavailableStorage: The database is away.
        """
        return {row["leaf_index"]: row["row"] for row in await self._database.rows(_ROWS, first=first, end=end)}

    async def search(self, criteria: Criteria, *, before: int, limit: int) -> dict[int, bytes]:
        """Give the rows that fulfil all criteria, the youngest first, of leaves below ``before``.

        Raises:
            UnavailableStorage: The database is away, or the search took too long.
        """
        named = {name: getattr(criteria, name) for name in _CONDITIONS}
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in named.items() if value}
        names, values = frozenset(given), given | {"before": before, "limit": limit}
        async with self._database.connection() as connection:
            row = await connection.row(_NEXT)
            assert row is not None
            recent = min(row["next"], before) - RECENT
            found = await connection.rows(_search(names, recent=True), recent=recent, **values)
            if len(found) < limit and recent > 0:
                found = await connection.rows(_search(names, recent=False), **values)
        return {row["leaf_index"]: row["row"] for row in found}

    async def presence(self, sought: Sequence[str] | UUID, size: int, *, lacks: str = "") -> Presence:
        """Say whether any one leaf has all these terms, or is about this submission, and how far the index could look.

        ``lacks`` is the term of leaves that cannot be told to have the terms although they were opened; none without.

        Raises:
            UnavailableStorage: The database is away, or it took too long.
        """
        if isinstance(sought, UUID):
            row = await self._database.row(_SUBMISSION_PRESENT, submission=sought, size=size, lacks=lacks)
        else:
            row = await self._database.row(_TERMS_PRESENT, terms=list(sought), size=size, lacks=lacks)
        assert row is not None
        return Presence(row["known"], row["indexed"], row["unopened"])

    async def judged_under(self, issuers: Sequence[str] | None, *, after: int, limit: int) -> list[tuple[int, UUID]]:
        """Give submissions that somebody signed whose certificate one of these issued, by the leaf of their verdict.

        ``issuers`` are SHA-256 of authorities' certificates; None: all submissions.

        Raises:
            UnavailableStorage: The database is away.
        """
        terms = None if issuers is None else [f"issuer:{one}" for one in issuers]
        rows = await self._database.rows(_JUDGED, after=after, terms=terms, limit=limit)
        return [(row["leaf_index"], row["submission_id"]) for row in rows]

    async def looked(self, look: Look) -> None:
        """Keep what an auditor asked.

        Raises:
            UnavailableStorage: The database is away.
        """
        await self._database.run(_LOOKED, **{name: getattr(look, name) for name in Look.__slots__})

    async def looks(self, before: datetime | None, limit: int) -> list[Look]:
        """Give what auditors asked, the latest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [Look(**row) for row in await self._database.rows(_LOOKS, before=before, limit=limit)]


def _opened(row: Row) -> OpenedLeaf:
    statement, secret = row["statement"], row["secret"]
    if statement is None or secret is None:
        return OpenedLeaf(row["leaf_index"], row["leaf"], None, None, None, None, _source(row))
    verdict = None if row["verdict"] is None else json.loads(row["verdict"])
    salts = openings(secret, statement)
    return OpenedLeaf(row["leaf_index"], row["leaf"], statement, salts, verdict, row["manifest"], _source(row))


def _source(row: Row) -> tuple[int, int] | None:
    """Give where a statement lay; a change of keys (partition -1) came by no topic."""
    partition = row["topic_partition"]
    return None if partition is None or partition < 0 else (partition, row["topic_offset"])
