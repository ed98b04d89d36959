"""SQL of the documents that registers and search show: catching up with what came, and finding.

Searching reads an organisation's rows newest first and stops at a full page, so a common word is cheap; a rare one
costs one pass over that organisation's rows (figures in docs/reference/performance.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.clerk_links import Link, add_links
from docaxis.storage.clerk_lists import PAGE, Place
from docaxis.storage.driver import Connection, Database, Row, Statement

BATCH: Final = 500
"""Rows that catching up takes in at once."""
OVERLAP: Final = timedelta(hours=1)
"""How far back catching up looks again: what is committed late has an older time than what was seen already."""
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


@unique
class Register(StrEnum):
    """The two books of NĐ 30/2020."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as a register has it; ``links`` say which earlier ones it names, ``reference`` how others name it."""

    register: Register
    document_id: UUID
    submission_id: UUID
    member: str
    organisation: str
    at: datetime
    issuer: str
    number: str
    type_name: str
    subject: str
    signer: str
    promulgated_on: date | None
    due_at: datetime | None
    urgency: str
    folded: str
    reference: str | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is in no register yet: an inbox item or a claim."""

    document_id: UUID
    submission_id: UUID
    organisation: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody looks for. ``words`` are folded; days are those of Vietnam, ``until`` included by the caller."""

    member: str
    organisations: tuple[str, ...]
    registers: tuple[Register, ...] = tuple(Register)
    words: tuple[str, ...] = ()
    register_number: int | None = None
    agencies: tuple[str, ...] | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document with its number and how far it has come."""

    document: DocumentRow
    year: int | None
    register_number: int | None
    registered_at: datetime | None
    registered_by: str | None
    state: str | None
    report: str | None


COLUMNS: Final = (
    "d.register, d.document_id, d.submission_id, d.member, d.organisation, d.at, d.issuer, d.number, d.type_name, "
    "d.subject, d.signer, d.promulgated_on, d.due_at, d.urgency, d.folded, d.reference, d.year, d.register_number, "
    "d.registered_at, d.registered_by"
)
_KINDS: Final = {
    "register": "text",
    "document_id": "uuid",
    "submission_id": "uuid",
    "member": "text",
    "organisation": "text",
    "at": "timestamptz",
    "issuer": "text",
    "number": "text",
    "type_name": "text",
    "subject": "text",
    "signer": "text",
    "promulgated_on": "date",
    "due_at": "timestamptz",
    "urgency": "text",
    "folded": "text",
    "reference": "text",
}
_GIVEN: Final = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _KINDS.items())
_ADD: Final = Statement(f"""
    INSERT INTO clerk_documents ({", ".join(_KINDS)}) SELECT * FROM unnest({_GIVEN})
    ON CONFLICT (register, document_id) DO NOTHING
""")  # noqa: S608 - names of this module
_MEMBERS: Final = Statement("SELECT DISTINCT member FROM clerk_accounts ORDER BY member")
_NEWEST: Final = Statement("""
    SELECT max(at) AS at FROM clerk_documents WHERE member = CAST(:member AS text)
      AND register = CAST(:register AS text)
""")
_NEW_INCOMING: Final = Statement("""
    SELECT i.delivery_id AS document_id, i.submission_id, i.recipient AS organisation, i.at, i.body FROM inbox_items i
    WHERE i.kind = 'delivery' AND i.member = CAST(:member AS text) AND i.at > CAST(:since AS timestamptz)
      AND NOT EXISTS (SELECT 1 FROM clerk_documents d
        WHERE d.register = 'incoming' AND d.document_id = i.delivery_id)
    ORDER BY i.at, i.delivery_id LIMIT :limit
""")
_NEW_OUTGOING: Final = Statement("""
    SELECT c.submission_id AS document_id, c.submission_id, '' AS organisation, c.received_at AS at, c.manifest AS body
    FROM claims c WHERE c.member = CAST(:member AS text) AND c.received_at > CAST(:since AS timestamptz)
      AND NOT EXISTS (SELECT 1 FROM clerk_documents d
        WHERE d.register = 'outgoing' AND d.document_id = c.submission_id)
    ORDER BY c.received_at, c.submission_id LIMIT :limit
""")
_SAME_NUMBER: Final = Statement("""
    SELECT document_id, at FROM clerk_documents
    WHERE register = 'outgoing' AND member = CAST(:member AS text) AND organisation = CAST(:organisation AS text)
      AND folded LIKE CAST(:begins AS text) AND extract(year FROM promulgated_on) = CAST(:year AS integer)
    ORDER BY at DESC LIMIT 5
""")
_FIND: Final = Statement(f"""
    SELECT {COLUMNS}, l.state, l.report FROM clerk_documents d
    LEFT JOIN delivery_lines l ON d.register = 'incoming' AND l.submission_id = d.submission_id
      AND l.recipient = d.organisation
    WHERE d.member = CAST(:member AS text) AND d.organisation = ANY(CAST(:organisations AS text[]))
      AND d.register = ANY(CAST(:registers AS text[]))
      AND (d.folded LIKE ALL(CAST(:patterns AS text[])) OR d.register_number = CAST(:register_number AS integer))
      AND (CAST(:since AS timestamptz) IS NULL OR d.at >= CAST(:since AS timestamptz))
      AND (CAST(:before AS timestamptz) IS NULL OR d.at < CAST(:before AS timestamptz))
      AND (CAST(:agencies AS text[]) IS NULL
        OR (d.register = 'incoming' AND d.issuer = ANY(CAST(:agencies AS text[])))
        OR (d.register = 'outgoing' AND EXISTS (SELECT 1 FROM delivery_lines o
          WHERE o.submission_id = d.submission_id AND o.recipient = ANY(CAST(:agencies AS text[])))))
      AND (CAST(:after AS timestamptz) IS NULL
        OR (d.at, d.document_id) < (CAST(:after AS timestamptz), CAST(:row AS uuid)))
    ORDER BY d.at DESC, d.document_id DESC LIMIT :limit
""")  # noqa: S608 - names of this module


class ClerkDocuments:
    """Takes documents in and finds them again, for a member's organisations only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def members(self) -> list[str]:
        """Name the members that have accounts at the pages.

        Raises:
            UnavailableStorage: The database is away.
        """
        return [row["member"] for row in await self._database.rows(_MEMBERS)]

    async def newest(self, member: str, register: Register) -> datetime:
        """Say how far catching up has come."""
        row = await self._database.row(_NEWEST, member=member, register=register.value)
        return BEGINNING if row is None or row["at"] is None else row["at"] - OVERLAP

    async def same_number(self, member: str, organisation: str, number: str, year: int) -> list[tuple[UUID, datetime]]:
        """Give what was sent under a number (folded) in a year, newest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        begins = f"{_literal(number)} %"
        rows = await self._database.rows(
            _SAME_NUMBER, member=member, organisation=organisation, begins=begins, year=year
        )
        return [(row["document_id"], row["at"]) for row in rows]

    async def find(self, question: Question, after: Place | None, *, limit: int = PAGE) -> list[FoundDocument]:
        """Give what fits, newest first, behind a place.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _FIND,
            member=question.member,
            organisations=list(question.organisations),
            registers=[one.value for one in question.registers],
            patterns=[f"%{_literal(word)}%" for word in question.words],
            register_number=question.register_number,
            since=question.since,
            before=question.before,
            agencies=None if question.agencies is None else list(question.agencies),
            after=after.at if after else None,
            row=after.row_id if after else None,
            limit=limit,
        )
        return [found_document(row) for row in rows]


async def waiting(connection: Connection, register: Register, member: str, since: datetime) -> list[Waiting]:
    """Give the oldest that is in no register yet, as far as a batch goes."""
    statement = _NEW_INCOMING if register is Register.INCOMING else _NEW_OUTGOING
    return [Waiting(**row) for row in await connection.rows(statement, member=member, since=since, limit=BATCH)]


async def add_documents(connection: Connection, rows: Sequence[DocumentRow]) -> None:
    """Take documents in; one that is there already stays as it is."""
    await connection.run(_ADD, **{name: _column(rows, name) for name in _KINDS})
    await add_links(
        connection, [(row.register.value, row.document_id, row.member, link) for row in rows for link in row.links]
    )


def found_document(row: Mapping[str, Any] | Row) -> FoundDocument:
    """Read a row of `COLUMNS` with its state."""
    values = {name: row[name] for name in _KINDS} | {"register": Register(row["register"])}
    own = ("year", "register_number", "registered_at", "registered_by", "state", "report")
    return FoundDocument(DocumentRow(**values), *(row[name] for name in own))


def _column(rows: Iterable[DocumentRow], name: str) -> list[Any]:
    return [str(value) if isinstance(value := getattr(row, name), Register) else value for row in rows]


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
