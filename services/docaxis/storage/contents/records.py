"""What PostgreSQL knows of contents: which are there, where they lie, until when they are kept."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Text, and_, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.contents.port import MissingContent, QuotaExceeded, Unclaimed
from docaxis.storage.driver import Database, Row, Statement
from docaxis.storage.grouping import Grouped
from docaxis.storage.tables.intake import contents, uploads
from docaxis_schemas.moments import Clock

_NAMED: Final = and_(
    contents.c.member == bindparam("whose"), contents.c.sha256 == any_(bindparam("hashes", type_=ARRAY(Text)))
)
_UPLOAD: Final = and_(uploads.c.member == bindparam("whose"), uploads.c.sha256 == bindparam("hash"))
_SIZES: Final = Statement(select(contents.c.sha256, contents.c.size).where(_NAMED))
_CONTENTS: Final = Statement("""
    SELECT given.place, c.* FROM unnest(CAST(:members AS text[]), CAST(:hashes AS text[]))
      WITH ORDINALITY AS given(member, sha256, place)
    JOIN contents c ON c.member = given.member AND c.sha256 = given.sha256
""")
_TOUCH: Final = Statement(update(uploads).where(_UPLOAD).values(touched_at=bindparam("at")).returning(*uploads.c))
_MOVE: Final = Statement(
    update(uploads)
    .where(_UPLOAD, uploads.c.location == bindparam("where"))
    .values(location=bindparam("to"), wrapped_key=bindparam("key"))
    .returning(*uploads.c)
)
_begun = insert(uploads)
_BEGIN: Final = Statement(
    _begun.on_conflict_do_update(
        index_elements=["member", "sha256"],
        set_={"declared": _begun.excluded.declared, "touched_at": _begun.excluded.touched_at},
    ).returning(*uploads.c)
)
_stored = insert(contents)
_STORE: Final = Statement(
    _stored.on_conflict_do_update(
        index_elements=["member", "sha256"],
        set_={"leased_until": func.greatest(contents.c.leased_until, _stored.excluded.leased_until)},
    ).returning(contents.c.location),
    columns=("member", "sha256", "size", "location", "wrapped_key", "stored_at", "leased_until"),
)
_LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended('uploads ' || CAST(:member AS text), 0))")
"""One member's uploads begin one after the other: together they would all be below the quota."""
_UNCLAIMED: Final = Statement("""
    SELECT count(*) AS contents, coalesce(sum(size), 0)::bigint AS bytes FROM (
        SELECT size FROM contents WHERE NOT pinned AND member = :member AND sha256 <> :sha256
        UNION ALL SELECT declared FROM uploads WHERE member = :member AND sha256 <> :sha256
    ) AS held
""")
_UPLOADED: Final = Statement(delete(uploads).where(_UPLOAD, uploads.c.location == bindparam("where")))
_EXPIRED: Final = Statement(
    delete(contents)
    .where(contents.c.pinned.is_(False), contents.c.leased_until < bindparam("now"))
    .returning(contents.c.location)
)
_ABANDONED: Final = Statement(
    delete(uploads).where(uploads.c.touched_at < bindparam("before")).returning(uploads.c.location)
)
_AMONG: Final = any_(bindparam("locations", type_=ARRAY(Text)))
_FINISHED: Final = Statement(select(contents.c.location).where(contents.c.location == _AMONG))
_UNFINISHED: Final = Statement(select(uploads.c.location).where(uploads.c.location == _AMONG))


class ContentRecords:
    """The rows of `contents` and `uploads`, each statement on its own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, lease: timedelta, quota: Unclaimed) -> None:
        self._database = Database(engine, by_key=True)
        self._clock = clock
        self._lease = lease
        self._quota = quota
        self._looks: Grouped[tuple[str, str], Row | None] = Grouped(self._contents)

    async def sizes(self, member: str, hashes: Collection[str]) -> dict[str, int]:
        rows = await self._database.rows(_SIZES, whose=member, hashes=list(hashes))
        return {row["sha256"]: row["size"] for row in rows}

    async def content(self, member: str, sha256: str) -> Row:
        """Give the row of a content.

        Raises:
            MissingContent: This member has none of that hash.
        """
        row = await self._looks.add((member, sha256))
        if row is None:
            raise MissingContent("no such content in this member's space")
        return row

    async def _contents(self, wanted: Sequence[tuple[str, str]]) -> list[Row | None]:
        """Give rows of contents: recipients of one submission fetch it at about the same time."""
        members, hashes = [member for member, _ in wanted], [sha256 for _, sha256 in wanted]
        rows = await self._database.rows(_CONTENTS, members=members, hashes=hashes)
        found = {row["place"]: row for row in rows}
        return [found.get(place) for place, _ in enumerate(wanted, 1)]

    async def upload(self, member: str, sha256: str) -> Row | None:
        """Give the row of an upload that has begun, and note that somebody asked for it; None if there is none."""
        return await self._database.row(_TOUCH, whose=member, hash=sha256, at=self._clock())

    async def begin_upload(self, member: str, sha256: str, size: int, location: str, wrapped_key: bytes) -> Row:
        """Put an upload on record; one that is there keeps its location and key.

        Raises:
            QuotaExceeded: With it the member would have more than its quota that no submission names.
        """
        async with self._database.transaction() as connection:
            await connection.run(_LOCK, member=member)
            (found,) = await connection.rows(_UNCLAIMED, member=member, sha256=sha256)
            held = Unclaimed(found["contents"], found["bytes"])
            if held.contents + 1 > self._quota.contents or held.bytes + size > self._quota.bytes:
                raise QuotaExceeded(held, self._quota)
            (row,) = await connection.rows(
                _BEGIN,
                member=member,
                sha256=sha256,
                location=location,
                declared=size,
                wrapped_key=wrapped_key,
                touched_at=self._clock(),
            )
        return row

    async def move_upload(self, begun: Row, location: str, wrapped_key: bytes) -> Row | None:
        """Have an upload lie elsewhere from now on; None if it is no longer under way where it was."""
        names = {"whose": begun["member"], "hash": begun["sha256"], "where": begun["location"]}
        return await self._database.row(_MOVE, **names, to=location, key=wrapped_key)

    async def store(
        self, member: str, sha256: str, size: int, location: str, wrapped_key: bytes, *, uploaded: bool
    ) -> str:
        """Put a durable content on record, leased, and give the location that stands: an earlier one stays.

        ``uploaded`` says that it has a row of its own as an upload, which ends with it.
        """
        now = self._clock()
        values = {"member": member, "sha256": sha256, "size": size, "location": location, "wrapped_key": wrapped_key}
        values |= {"stored_at": now, "leased_until": now + self._lease}
        if not uploaded:
            (kept,) = await self._database.rows(_STORE, **values)
            return str(kept["location"])
        async with self._database.transaction() as connection:
            (kept,) = await connection.rows(_STORE, **values)
            await connection.run(_UPLOADED, whose=member, hash=sha256, where=location)
        return str(kept["location"])

    async def expire(self) -> tuple[list[str], list[str]]:
        """Strike off what nobody claimed in time and give where it lies: contents, uploads."""
        now = self._clock()
        async with self._database.transaction() as connection:
            old = await connection.rows(_EXPIRED, now=now)
            left = await connection.rows(_ABANDONED, before=now - self._lease)
        return [row["location"] for row in old], [row["location"] for row in left]

    async def known(self, locations: Collection[str]) -> tuple[set[str], set[str]]:
        """Give those of the locations that are on record: contents, uploads."""
        async with self._database.connection() as connection:
            finished = await connection.rows(_FINISHED, locations=list(locations))
            begun = await connection.rows(_UNFINISHED, locations=list(locations))
        return {row["location"] for row in finished}, {row["location"] for row in begun}
