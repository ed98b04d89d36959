"""What the connector must know again later: which delivery a document's id means, which packet a submission was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from docaxis.client.reconciling import RegisterEntry
from docaxis.client.sqlitefile import Change, SqliteFile
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.holdings import Direction, Held
from docaxis_schemas.moments import from_text, to_text
from docaxis_schemas.natural_key import RejectedDocumentId, natural_key, parse_document_id
from docaxis_schemas.organisation import RejectedCode, normalise_code

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS deliveries (delivery_id TEXT PRIMARY KEY, submission_id TEXT NOT NULL,
    recipient TEXT NOT NULL, document_id TEXT, reference TEXT);
CREATE INDEX IF NOT EXISTS deliveries_of_document ON deliveries (reference);
CREATE TABLE IF NOT EXISTS asked (delivery_id TEXT PRIMARY KEY, changed_by TEXT);
CREATE TABLE IF NOT EXISTS sent_documents (submission_id TEXT PRIMARY KEY, document_id TEXT, reference TEXT);
CREATE INDEX IF NOT EXISTS sent_documents_by_number ON sent_documents (reference);
CREATE TABLE IF NOT EXISTS submissions (submission_id TEXT PRIMARY KEY, packet TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS held (direction TEXT NOT NULL, submission_id TEXT NOT NULL, recipient TEXT NOT NULL,
    at TEXT NOT NULL, contents_sha256 TEXT NOT NULL, state TEXT, report TEXT,
    PRIMARY KEY (direction, submission_id, recipient));
"""


@dataclass(frozen=True, slots=True)
class SentPacket:
    """A packet that was sent: its file's name, and its document as it was signed."""

    name: str
    document: DocumentMetadata


class Store:
    """One SQLite file; each change is durable before the call returns."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _TABLES)

    def remember_delivery(self, delivery: UUID, submission: UUID, recipient: str, document: DocumentMetadata) -> None:
        """Keep which delivery a document is."""
        reference = _reference_of(document)
        self._change(
            "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?)",
            str(delivery), str(submission), _plain(recipient), document.document_id, reference,
        )  # fmt: skip

    def remember_submission(
        self, submission: UUID, packet: str, document: Mapping[str, Any], held: Sequence[RegisterEntry]
    ) -> None:
        """Keep which packet a submission was, and for reconciling what each recipient is sent."""
        name, metadata = str(submission), DocumentMetadata.from_stored(document)
        text = json.dumps(dict(document), ensure_ascii=False)
        self._file.change(
            ("INSERT OR REPLACE INTO submissions VALUES (?, ?, ?)", (name, packet, text)),
            (
                "INSERT OR REPLACE INTO sent_documents VALUES (?, ?, ?)",
                (name, metadata.document_id, _reference_of(metadata)),
            ),
            *map(_holding, held),
        )

    def remember_held(self, entry: RegisterEntry) -> None:
        """Keep for reconciling what was received; told again, it stays as it is."""
        self._file.change(_holding(entry))

    def remember_state(
        self, direction: Direction, submission: UUID, recipient: str, *, state: str | None, report: str | None
    ) -> None:
        """Keep how far something held has come; None leaves what was known."""
        self._change(
            "UPDATE held SET state = coalesce(?, state, 'consigned'), report = coalesce(?, report) "
            "WHERE direction = ? AND submission_id = ? AND recipient = ?",
            state, report, direction.value, str(submission), recipient,
        )  # fmt: skip

    def held(self) -> list[RegisterEntry]:
        """Give all that was sent and received, for reconciling."""
        query = "SELECT direction, at, submission_id, recipient, contents_sha256, state, report FROM held"
        return [
            RegisterEntry(Direction(direction), from_text(at), Held(UUID(submission), *told))
            for direction, at, submission, *told in self._file.rows(query)
        ]

    def remember_asked(self, delivery: UUID, changed_by: str | None) -> None:
        """Keep that the sender asks something about a delivery, and by which submission, if by one."""
        self._change("INSERT OR REPLACE INTO asked VALUES (?, ?)", str(delivery), changed_by)

    def delivery_asked(self, document_id: str, recipient: str) -> UUID | None:
        """Find the delivery that is asked about: named itself, or by the document that asks."""
        query = """
            WITH named AS (
                SELECT delivery_id, submission_id FROM deliveries
                WHERE recipient = ? AND (? IN (delivery_id, submission_id, document_id) OR reference = ?)
            )
            SELECT delivery_id FROM asked
            WHERE delivery_id IN (SELECT delivery_id FROM named) OR changed_by IN (SELECT submission_id FROM named)
            ORDER BY rowid DESC LIMIT 1
        """
        row = self._file.first(query, _plain(recipient), document_id, _reference(document_id))
        return None if row is None else UUID(row[0])

    def document_of(self, delivery: UUID) -> str | None:
        """Give the document's own id as it came with a delivery."""
        row = self._file.first("SELECT document_id FROM deliveries WHERE delivery_id = ?", str(delivery))
        return None if row is None else row[0]

    def submission_of(self, document_id: str) -> UUID | None:
        """Find what was sent by the id of its document, in any spelling, or by its own id; the newest first."""
        query = """
            SELECT submission_id FROM sent_documents WHERE ? IN (submission_id, document_id) OR reference = ?
            ORDER BY rowid DESC LIMIT 1
        """
        row = self._file.first(query, document_id, _reference(document_id))
        return None if row is None else UUID(row[0])

    def delivery_of(self, document_id: str, recipient: str) -> UUID | None:
        """Find a delivery by the id of its document, in any spelling, or by an id of the axis's own."""
        query = """
            SELECT delivery_id FROM deliveries
            WHERE ? IN (delivery_id, submission_id, document_id) OR reference = ?
            ORDER BY recipient = ? DESC, rowid DESC LIMIT 1
        """
        row = self._file.first(query, document_id, _reference(document_id), _plain(recipient))
        return None if row is None else UUID(row[0])

    def packet_of(self, submission: UUID) -> SentPacket | None:
        """Find the packet of a submission."""
        row = self._file.first("SELECT packet, document FROM submissions WHERE submission_id = ?", str(submission))
        return None if row is None else SentPacket(row[0], DocumentMetadata.from_stored(json.loads(row[1])))

    def _change(self, statement: str, *values: str | None) -> None:
        self._file.change((statement, values))


def _holding(entry: RegisterEntry) -> Change:
    held = entry.held
    return (
        "INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.direction.value,
            str(held.submission_id),
            held.recipient,
            to_text(entry.at),
            held.contents_sha256,
            held.state,
            held.report,
        ),
    )


def _reference_of(document: DocumentMetadata) -> str | None:
    key = natural_key(document, _plain(document.issuer.code))
    return None if key is None else " ".join((key.issuer, str(key.year), key.number, key.notation))


def _reference(document_id: str) -> str | None:
    try:
        named = parse_document_id(document_id)
    except RejectedDocumentId:
        return None
    return " ".join((named.issuer, str(named.year), named.number, named.notation))


def _plain(code: str) -> str:
    try:
        return normalise_code(code)
    except RejectedCode:
        return code
