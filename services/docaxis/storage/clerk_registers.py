"""SQL of the registers' numbers: in sequence, one a document, without gaps or with each gap explained.

A number is taken by raising its register's counter in the transaction that writes it into the document's row. Two
clerks at once wait for each other at the counter; a rolled back transaction gives its number back; a number once
committed is never taken away, whatever becomes of the document.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_documents import (
    COLUMNS,
    DocumentRow,
    FoundDocument,
    Register,
    Waiting,
    add_documents,
    found_document,
    waiting,
)
from docaxis.storage.driver import Connection, Database, Statement
from docaxis_schemas.moments import VIETNAM

SHOWN: Final = 100
"""Entries of a page of a register."""


class RejectedGap(ValueError):
    """Numbers cannot be left out backwards."""


@dataclass(frozen=True, slots=True)
class Book:
    """One register of one organisation in one year."""

    member: str
    organisation: str
    register: Register
    year: int


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """A document under its number, with its first recipients and how many there are (outgoing).

    ``changes`` counts the recipients of which the sender asked something, by what it asked and what they answered.
    """

    found: FoundDocument
    recipients: tuple[str, ...]
    recipient_count: int
    disposition: str | None
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that were given elsewhere."""

    first: int
    last: int
    reason: str
    explained_by: str
    at: datetime


_LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended('docaxis.register.' || :name, 0))")
_TAKE: Final = Statement("""
    INSERT INTO clerk_registers AS r (member, organisation, register, year, last)
    VALUES (CAST(:member AS text), CAST(:organisation AS text), CAST(:register AS text), CAST(:year AS integer),
      CAST(:count AS integer))
    ON CONFLICT (member, organisation, register, year) DO UPDATE SET last = r.last + CAST(:count AS integer)
    RETURNING last
""")
_NUMBERED: Final = Statement("""
    SELECT year, register_number FROM clerk_documents
    WHERE register = CAST(:register AS text) AND document_id = CAST(:document AS uuid) FOR UPDATE
""")
_ENTER: Final = Statement("""
    UPDATE clerk_documents SET year = given.year, register_number = given.number, registered_at = given.at,
      registered_by = given.account
    FROM unnest(CAST(:documents AS uuid[]), CAST(:years AS integer[]), CAST(:numbers AS integer[]),
      CAST(:moments AS timestamptz[]), CAST(:accounts AS text[])) AS given(document, year, number, at, account)
    WHERE register = CAST(:register AS text) AND document_id = given.document AND register_number IS NULL
""")
_LAST: Final = Statement("""
    SELECT last FROM clerk_registers WHERE member = CAST(:member AS text)
      AND organisation = CAST(:organisation AS text) AND register = CAST(:register AS text)
      AND year = CAST(:year AS integer)
""")
_EXPLAIN: Final = Statement("""
    INSERT INTO clerk_register_gaps (member, organisation, register, year, first, last, reason, explained_by, at)
    VALUES (CAST(:member AS text), CAST(:organisation AS text), CAST(:register AS text), CAST(:year AS integer),
      CAST(:first AS integer), CAST(:through AS integer), CAST(:reason AS text), CAST(:account AS text),
      CAST(:at AS timestamptz))
""")
_GAPS: Final = Statement("""
    SELECT first, last, reason, explained_by, at FROM clerk_register_gaps
    WHERE member = CAST(:member AS text) AND organisation = CAST(:organisation AS text)
      AND register = CAST(:register AS text) AND year = CAST(:year AS integer) ORDER BY first
""")


def _entries(order: str) -> Statement:
    return Statement(f"""
        SELECT {COLUMNS}, i.state, i.report, o.recipients, coalesce(o.count, 0) AS count, v.disposition,
          coalesce(o.changes, ARRAY[i.change || ' ' || i.change_state]) AS changes
        FROM (
          SELECT * FROM clerk_documents
          WHERE member = CAST(:member AS text) AND organisation = CAST(:organisation AS text)
            AND register = CAST(:register AS text) AND year = CAST(:year AS integer)
            AND register_number < CAST(:below AS integer) AND register_number > CAST(:above AS integer)
          ORDER BY register_number {order} LIMIT :limit
        ) d
        LEFT JOIN delivery_lines i ON d.register = 'incoming' AND i.submission_id = d.submission_id
          AND i.recipient = d.organisation
        LEFT JOIN LATERAL (
          SELECT count(*) AS count, (array_agg(l.recipient ORDER BY l.recipient))[1:3] AS recipients,
            array_agg(l.change || ' ' || l.change_state) FILTER (WHERE l.change IS NOT NULL) AS changes
          FROM delivery_lines l WHERE d.register = 'outgoing' AND l.submission_id = d.submission_id
        ) o ON true
        LEFT JOIN LATERAL (
          SELECT convert_from(w.body, 'UTF8')::jsonb ->> 'disposition' AS disposition FROM decisions w
          WHERE d.register = 'outgoing' AND w.submission_id = d.submission_id
            AND w.kind IN ('verdict', 'verdict-revised') ORDER BY w.version DESC LIMIT 1
        ) v ON true
        ORDER BY d.register_number {order}
    """)  # noqa: S608 - names of this module


_RISING: Final = _entries("ASC")
_FALLING: Final = _entries("DESC")
_HIGHEST: Final = 2**31 - 1


class ClerkRegisters:
    """Gives numbers and shows registers."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def catch_up(
        self, register: Register, member: str, since: datetime, read: Callable[[Waiting], DocumentRow]
    ) -> int:
        """Take in a batch of what came and give how many; what was sent gets its number in the order of sending.

        Raises:
            UnavailableStorage: The database is away, or somebody else is just catching up for this member.
        """
        async with self._database.transaction() as connection:
            await connection.run(_LOCK, name=f"{register.value}.{member}")
            rows = [read(one) for one in await waiting(connection, register, member, since)]
            if rows:
                await add_documents(connection, rows)
            if register is Register.OUTGOING:
                await _number_sent(connection, rows)
        return len(rows)

    async def accept(self, document: DocumentRow, *, account: str, at: datetime) -> int:
        """Enter an incoming document and give its number; one that has a number keeps it.

        Raises:
            UnavailableStorage: The database is away.
        """
        async with self._database.transaction() as connection:
            await add_documents(connection, [document])
            key: dict[str, Any] = {"register": document.register.value, "document": document.document_id}
            row = await connection.row(_NUMBERED, **key)
            assert row is not None, "it was added just now"
            if row["register_number"] is not None:
                return int(row["register_number"])
            book = Book(document.member, document.organisation, document.register, year_of(at))
            number = await _take(connection, book, 1)
            await _enter(connection, document.register, [(document.document_id, book.year, number, at, account)])
        return number

    async def explain_gap(self, book: Book, through: int, *, reason: str, account: str, at: datetime) -> Gap:
        """Leave out the numbers up to and including ``through``: they were given elsewhere.

        Raises:
            RejectedGap: That number was given already.
            UnavailableStorage: The database is away.
        """
        async with self._database.transaction() as connection:
            last = await _take(connection, book, 0)
            if not last < through < _HIGHEST:
                raise RejectedGap(f"the last number given is {last}")
            await _take(connection, book, through - last)
            gap = Gap(last + 1, through, reason, account, at)
            await connection.run(
                _EXPLAIN, **_of(book), first=gap.first, through=through, reason=reason, account=account, at=at
            )
        return gap

    async def last(self, book: Book) -> int:
        """Give the last number that was given, 0 before the first."""
        row = await self._database.row(_LAST, **_of(book))
        return 0 if row is None else int(row["last"])

    async def gaps(self, book: Book) -> list[Gap]:
        """Give the numbers left out, with their reasons."""
        return [Gap(**row) for row in await self._database.rows(_GAPS, **_of(book))]

    async def entries(
        self, book: Book, *, below: int | None = None, above: int = 0, rising: bool = False, limit: int = SHOWN
    ) -> list[RegisterEntry]:
        """Give entries with numbers between two bounds (both excluded), newest first or, rising, oldest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _RISING if rising else _FALLING,
            **_of(book),
            below=_HIGHEST if below is None else below,
            above=above,
            limit=limit,
        )
        return [
            RegisterEntry(
                found_document(row),
                tuple(row["recipients"] or ()),
                row["count"],
                row["disposition"],
                Counter((change, state) for change, _, state in (one.partition(" ") for one in row["changes"] if one)),
            )
            for row in rows
        ]


def year_of(at: datetime) -> int:
    """Give the year of a register that a moment falls into, in Vietnam."""
    return at.astimezone(VIETNAM).year


async def _number_sent(connection: Connection, rows: Sequence[DocumentRow]) -> None:
    entered = [row for row in rows if row.organisation]
    books = Counter(Book(row.member, row.organisation, row.register, year_of(row.at)) for row in entered)
    following = {book: await _take(connection, book, count) - count for book, count in sorted(books.items(), key=str)}
    numbers: list[tuple[UUID, int, int, datetime, str]] = []
    for row in entered:
        book = Book(row.member, row.organisation, row.register, year_of(row.at))
        following[book] += 1
        numbers.append((row.document_id, book.year, following[book], row.at, ""))
    if numbers:
        await _enter(connection, Register.OUTGOING, numbers)


async def _take(connection: Connection, book: Book, count: int) -> int:
    row = await connection.row(_TAKE, **_of(book), count=count)
    assert row is not None, "the counter is made if it is not there"
    return int(row["last"])


async def _enter(
    connection: Connection, register: Register, numbers: Sequence[tuple[UUID, int, int, datetime, str]]
) -> None:
    documents, years, given, moments, accounts = map(list, zip(*numbers, strict=True))
    await connection.run(
        _ENTER,
        register=register.value,
        documents=documents,
        years=years,
        numbers=given,
        moments=moments,
        accounts=accounts,
    )


def _of(book: Book) -> dict[str, Any]:
    return {
        "member": book.member,
        "organisation": book.organisation,
        "register": book.register.value,
        "year": book.year,
    }
