"""Claims: what binds a submission for ever to one manifest and one acknowledgement, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.contents import MissingContent
from docaxis.storage.driver import Database, Statement
from docaxis.storage.tables.intake import claims
from docaxis_schemas.topics import SUBMITTED_URGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row of `claims`; see the table for what each means."""

    submission_id: UUID
    member: str
    own_id: str
    manifest_digest: str
    manifest: bytes
    record: str
    record_key: bytes
    acted_by_gateway: bool
    resolution: bytes
    acknowledgement: str
    lane: str
    urgency: int
    directory_version: int
    received_at: datetime
    deadline: datetime
    published_at: datetime | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What already stands that a new submission must agree with, and how much its member has in hand.

    ``document_sha256`` is that of the document delivered under the same natural key, ``delivered`` the recipients that
    have the same contents from the same sender, with submission and delivery.
    """

    document_sha256: str | None
    delivered: dict[str, tuple[UUID, UUID]]
    undecided: int
    urgent_lately: int


_REFUSED: Final = Statement("""
    INSERT INTO refused_numbers (natural_key, document_sha256, submission_id, member, at)
    VALUES (:natural_key, :document_sha256, CAST(:submission AS uuid), :member, CAST(:at AS timestamptz))
    ON CONFLICT (natural_key, document_sha256) DO NOTHING
""")
_NAMES: Final = tuple(field.name for field in fields(Claim))
_COLUMNS: Final = [claims.c[name] for name in _NAMES]
_DIALECT: Final = dialect()  # type: ignore[no-untyped-call]
_GIVEN: Final = [f"CAST(:{name} AS {claims.c[name].type.compile(_DIALECT)})" for name in _NAMES]

# Statements of every request are built once: building one costs more than running it.
_FIND: Final = Statement(select(*_COLUMNS).where(claims.c.submission_id == bindparam("submission")))
# One round: the contents are locked (in one order, so that two submissions with the same ones do not wait for each
# other), the claim is made if every one of them is there, and they are kept for good if the claim was made.
_MAKE: Final = Statement(f"""
    WITH held AS (
        SELECT sha256 FROM contents
        WHERE member = :member AND sha256 = ANY(CAST(:contents AS text[]))
        ORDER BY sha256 FOR NO KEY UPDATE
    ), whole AS (
        SELECT count(*) = cardinality(CAST(:contents AS text[])) AS whole FROM held
    ), made AS (
        INSERT INTO claims ({", ".join(_NAMES)})
        SELECT {", ".join(_GIVEN)} FROM whole WHERE whole
        ON CONFLICT DO NOTHING RETURNING submission_id
    ), pinned AS (
        UPDATE contents c SET pinned = true FROM made
        WHERE c.member = :member AND c.sha256 = ANY(CAST(:contents AS text[])) AND NOT c.pinned
    )
    SELECT whole, EXISTS (SELECT FROM made) AS made FROM whole
""")  # noqa: S608 - names from the table
_MARK_PUBLISHED: Final = Statement("""
    UPDATE claims c SET published_at = told.at
    FROM unnest(CAST(:submissions AS uuid[]), CAST(:at AS timestamptz[])) AS told(submission_id, at)
    WHERE c.submission_id = told.submission_id AND c.published_at IS NULL
""")
_STANDING: Final = Statement("""
    SELECT f.document_sha256, f.undecided, f.urgent_lately, d.recipient, d.submission_id, d.delivery_id
    FROM (SELECT
        (SELECT contents_sha256 FROM natural_keys WHERE natural_key = CAST(:natural_key AS text)) AS document_sha256,
        (SELECT count(*) FROM claims WHERE member = :member AND decided_at IS NULL) AS undecided,
        (SELECT count(*) FROM claims
          WHERE member = :member AND received_at > :lately AND lane = :urgent) AS urgent_lately
    ) f
    LEFT JOIN deliveries d ON d.sender = :member AND d.contents_sha256 = :contents AND d.answers_repeats
      AND d.recipient = ANY(CAST(:recipients AS text[]))
""")
_UNPUBLISHED: Final = Statement(
    select(*_COLUMNS)
    .where(claims.c.published_at.is_(None), claims.c.received_at < bindparam("before"))
    .order_by(claims.c.received_at)
    .limit(bindparam("limit"))
)
_DECIDED: Final = Statement(
    select(claims.c.submission_id).where(
        claims.c.submission_id == func.any(bindparam("submissions", type_=ARRAY(Uuid))),
        claims.c.decided_at.is_not(None),
    )
)


class ClaimStore:
    """Makes and finds claims. One row is one decision, so each call is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine, by_key=True)

    async def find(self, submission_id: UUID) -> Claim | None:
        """Give a claim.

        Raises:
            UnavailableStorage: The database is away.
        """
        row = await self._database.row(_FIND, submission=submission_id)
        return None if row is None else Claim(**row)

    async def make(self, proposed: Claim, contents: Sequence[str]) -> Claim:
        """Bind a submission, pin its contents, and give the claim that stands: this one, or one made before.

        Raises:
            MissingContent: A content is not this member's, or its lease ran out.
            UnavailableStorage: The database is away: perhaps the claim was made.
        """
        values = {name: getattr(proposed, name) for name in _NAMES}
        (done,) = await self._database.rows(_MAKE, **values, contents=sorted(set(contents)))
        if done["made"]:
            return proposed
        standing = await self.find(proposed.submission_id)
        if standing is None:
            assert not done["whole"], "a claim is never removed"
            raise MissingContent("a content named in the manifest is not in this member's space")
        return standing

    async def mark_published(self, published: Mapping[UUID, datetime]) -> None:
        """Note since when the bus has the first attempts of these submissions.

        Raises:
            UnavailableStorage: The database is away; the sweeper publishes once more, which does no harm.
        """
        names = sorted(published)
        await self._database.run(_MARK_PUBLISHED, submissions=names, at=[published[name] for name in names])

    async def unpublished(self, before: datetime, limit: int) -> list[Claim]:
        """Give claims made before a moment that a crash kept from the bus."""
        return [Claim(**row) for row in await self._database.rows(_UNPUBLISHED, before=before, limit=limit)]

    async def decided(self, submissions: Sequence[UUID]) -> set[UUID]:
        """Give those of the submissions that a disposition was decided for."""
        return {row["submission_id"] for row in await self._database.rows(_DECIDED, submissions=list(submissions))}

    async def note_refused(
        self, submission: UUID, member: str, natural_key: str, document_sha256: str, at: datetime
    ) -> None:
        """Keep that a number came with another file than the one delivered under it; the same once more is known.

        Raises:
            UnavailableStorage: The database is away.
        """
        values = {"submission": submission, "member": member, "document_sha256": document_sha256, "at": at}
        await self._database.run(_REFUSED, natural_key=natural_key, **values)

    async def standing(
        self, member: str, *, natural_key: str | None, contents_sha256: str, recipients: Sequence[str], now: datetime
    ) -> Standing:
        """Give what a new submission of this member must agree with, in one round."""
        rows = await self._database.rows(
            _STANDING,
            member=member,
            natural_key=natural_key,
            lately=now - timedelta(hours=1),
            urgent=SUBMITTED_URGENT,
            contents=contents_sha256,
            recipients=list(recipients),
        )
        found = {row["recipient"]: (row["submission_id"], row["delivery_id"]) for row in rows if row["recipient"]}
        return Standing(rows[0]["document_sha256"], found, rows[0]["undecided"], rows[0]["urgent_lately"])
