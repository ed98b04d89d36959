"""SQL of which documents name another: what answers, updates, replaces or recalls it, or is the same passed on.

Documents are named by number (`docaxis_schemas.natural_key`), which may have been sent or received by any way; so a
link is kept as it was said, and looked up when a page is shown. What a document itself names is the gateway's answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from docaxis.storage.driver import Connection, Database, Statement

SHOWN: Final = 50
"""Documents that one is shown to be named by."""


@dataclass(frozen=True, slots=True)
class Link:
    """An earlier document that one names, and what for: ``reply``, ``reference``, or a `BusinessAction`."""

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A document of a register that names another, or (``same``) is it, passed on or received again."""

    register: str
    document_id: UUID
    number: str
    subject: str
    at: datetime
    kind: str


_ADD: Final = Statement("""
    INSERT INTO clerk_links (register, document_id, member, kind, reference)
    SELECT * FROM unnest(CAST(:registers AS text[]), CAST(:documents AS uuid[]), CAST(:members AS text[]),
      CAST(:kinds AS text[]), CAST(:references AS text[]))
    ON CONFLICT (register, document_id, reference) DO NOTHING
""")
_OWN: Final = """
    o.register = CAST(:register AS text) AND o.document_id = CAST(:document AS uuid)
      AND o.member = CAST(:member AS text) AND d.organisation = ANY(CAST(:organisations AS text[]))
      AND d.document_id <> o.document_id
      AND (d.register <> o.register OR d.organisation = o.organisation)
"""
_OF: Final = Statement(f"""
    SELECT d.register, d.document_id, d.number, d.subject, d.at, k.kind
    FROM clerk_documents o JOIN clerk_links k ON k.member = o.member AND k.reference = o.reference
      JOIN clerk_documents d ON d.register = k.register AND d.document_id = k.document_id
    WHERE {_OWN}
    UNION
    SELECT d.register, d.document_id, d.number, d.subject, d.at, 'same' AS kind
    FROM clerk_documents o JOIN clerk_documents d ON d.member = o.member AND d.reference = o.reference
    WHERE {_OWN} AND d.register <> o.register
    ORDER BY at DESC, document_id LIMIT :limit
""")  # noqa: S608 - a constant of this module


class ClerkLinks:
    """Finds what names a document, among those of a member's organisations."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def of(self, register: str, document_id: UUID, member: str, organisations: tuple[str, ...]) -> list[Linked]:
        """Give the documents that name one, newest first.

        Raises:
            UnavailableStorage: The database is away.
        """
        rows = await self._database.rows(
            _OF,
            register=register,
            document=document_id,
            member=member,
            organisations=list(organisations),
            limit=SHOWN,
        )
        return [Linked(**row) for row in rows]


async def add_links(connection: Connection, links: Sequence[tuple[str, UUID, str, Link]]) -> None:
    """Keep what documents name: register, document and member of each link; those that are there stay."""
    if not links:
        return
    columns: dict[str, list[Any]] = {
        "registers": [register for register, _, _, _ in links],
        "documents": [document for _, document, _, _ in links],
        "members": [member for _, _, member, _ in links],
        "kinds": [link.kind for _, _, _, link in links],
        "references": [link.reference for _, _, _, link in links],
    }
    await connection.run(_ADD, **columns)
