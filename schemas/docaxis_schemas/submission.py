"""What a member signs and hands in: the manifest of a submission, a hand-over, a report, a recall.

Each is a JSON object in canonical form, carried as the payload of a JWS. The axis can neither forge one nor change
recipients, contents or metadata unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any, Final, Literal
from uuid import UUID

from docaxis_schemas.canonical import digest, without
from docaxis_schemas.moments import from_text, to_text
from docaxis_schemas.organisation import MAX_CODE_LENGTH

MAX_AGE: Final = timedelta(hours=24)
"""How old a record may be when a new claim is made on it: long enough for a night offline, short for a replay."""
MAX_AHEAD: Final = timedelta(minutes=5)
"""How far a client's clock may run ahead."""
MAX_MANIFEST: Final = 4 * 1024 * 1024
"""Bytes of a signed record: 5,000 recipients by code need about 300 kB."""
MAX_RECIPIENTS: Final = 5000
"""3,400 in one submission are normal (all provinces and communes); above this it is refused."""
MAX_RECALLED: Final = 400
"""Recipients that a recall names one by one; to recall from more, it names none, which means all.

The record and its signature travel together and stay under the 64 KiB of a record.
"""
MAX_FILES: Final = 100
IDEMPOTENCY_KEY_LENGTH: Final = 128
MAX_REASON: Final = 2000
"""Characters of a reason or note."""


class RejectedRecord(ValueError):
    """A signed record that is not of its form."""


@unique
class Kind(StrEnum):
    """What a member may sign."""

    SUBMISSION = "submission"
    HANDOVER = "handover"
    REPORT = "report"
    RECALL = "recall"
    HOLDINGS = "holdings"


@unique
class FileRole(StrEnum):
    """What a file is to its document."""

    MAIN = "main"
    APPENDIX = "appendix"
    ENCLOSURE = "enclosure"


RecipientRole = Literal["action", "coordination", "information"]


@dataclass(frozen=True, slots=True)
class ContentEntry:
    """One file of a submission: its bytes are named by ``sha256`` (lower-case hex) and ``size`` in bytes."""

    role: FileRole
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """One line of the recipient list: an organisation code or a group's name, exactly one of the two."""

    organisation: str | None
    group: str | None
    role: RecipientRole


@dataclass(frozen=True, slots=True)
class Heading:
    """What every signed record says of itself. ``own_id`` is the member's own key, unique for the member."""

    kind: Kind
    axis: str
    environment: str
    member: str
    own_id: str
    time: datetime

    def to_json(self) -> dict[str, Any]:
        """Give the members that every record has."""
        return {
            "v": 1,
            "kind": self.kind.value,
            "axis": self.axis,
            "environment": self.environment,
            "member": self.member,
            "id": self.own_id,
            "time": to_text(self.time),
        }


@dataclass(frozen=True, slots=True)
class Manifest:
    """One act of handing in. ``document`` is the metadata as JSON (see ``document.py``), kept as it was signed.

    ``forwarded`` says that the sender passes on a document whose issuer it may not send for.
    """

    heading: Heading
    document: Mapping[str, Any]
    contents: tuple[ContentEntry, ...]
    recipients: tuple[Addressee, ...]
    forwarded: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""
        return self.heading.to_json() | {
            "document": dict(self.document),
            "contents": [
                {"role": c.role.value, "name": c.name, "media_type": c.media_type, "size": c.size, "sha256": c.sha256}
                for c in self.contents
            ],
            "recipients": [
                ({"organisation": a.organisation} if a.organisation is not None else {"group": a.group})
                | {"role": a.role}
                for a in self.recipients
            ],
            "forwarded": self.forwarded,
        }


@dataclass(frozen=True, slots=True)
class HandoverRecord:
    """The recipient system's word that it fetched these contents and checked their hashes."""

    heading: Heading
    delivery_id: UUID
    contents: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""
        return self.heading.to_json() | {"delivery_id": str(self.delivery_id), "contents": sorted(self.contents)}


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A business status of a delivery: code, reason where the code wants one, note, number in the incoming register."""

    heading: Heading
    delivery_id: UUID
    code: str
    reason: str | None = None
    note: str | None = None
    register_number: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""
        optional = {"reason": self.reason, "note": self.note, "register_number": self.register_number}
        return (
            self.heading.to_json()
            | {"delivery_id": str(self.delivery_id), "code": self.code}
            | {name: value for name, value in optional.items() if value is not None}
        )


@dataclass(frozen=True, slots=True)
class RecallRecord:
    """The sender's wish to have a submission back, for a reason; ``recipients`` empty: from everybody it went to."""

    heading: Heading
    submission_id: UUID
    reason: str
    recipients: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the JSON that is signed."""
        return self.heading.to_json() | {
            "submission_id": str(self.submission_id),
            "reason": self.reason,
            "recipients": sorted(self.recipients),
        }


def record_digest(value: Mapping[str, Any]) -> str:
    """Give the digest a claim binds: SHA-256 of the canonical record without its ``time``; signing anew is free."""
    return digest(without(value, "time"))


def read_manifest(value: Mapping[str, Any]) -> Manifest:
    """Read a manifest from parsed JSON.

    Raises:
        RejectedRecord: A member is missing, unknown or of the wrong type.
    """
    fields = RecordFields(value, Kind.SUBMISSION, {"document", "contents", "recipients", "forwarded"})
    contents = tuple(_content(item) for item in fields.items("contents"))
    recipients = tuple(_addressee(item) for item in fields.items("recipients"))
    if not 1 <= len(contents) <= MAX_FILES:
        raise RejectedRecord(f"a submission has 1 to {MAX_FILES} files")
    if sum(c.role is FileRole.MAIN for c in contents) != 1:
        raise RejectedRecord("a submission has exactly one main file")
    return Manifest(fields.heading, fields.mapping("document"), contents, recipients, fields.flag("forwarded"))


def read_handover(value: Mapping[str, Any]) -> HandoverRecord:
    """Read a hand-over from parsed JSON.

    Raises:
        RejectedRecord: A member is missing, unknown or of the wrong type.
    """
    fields = RecordFields(value, Kind.HANDOVER, {"delivery_id", "contents"})
    contents = tuple(_sha256(item) for item in fields.items("contents"))
    if len(set(contents)) != len(contents) or not 1 <= len(contents) <= MAX_FILES:
        raise RejectedRecord(f"a hand-over names 1 to {MAX_FILES} contents, each of them once")
    return HandoverRecord(fields.heading, fields.uuid("delivery_id"), contents)


def read_report(value: Mapping[str, Any]) -> ReportRecord:
    """Read a report from parsed JSON.

    Raises:
        RejectedRecord: A member is missing, unknown or of the wrong type.
    """
    fields = RecordFields(value, Kind.REPORT, {"delivery_id", "code", "reason", "note", "register_number"})
    return ReportRecord(
        fields.heading,
        fields.uuid("delivery_id"),
        fields.text("code", limit=2),
        fields.optional_text("reason", limit=MAX_REASON),
        fields.optional_text("note", limit=MAX_REASON),
        fields.optional_text("register_number", limit=100),
    )


def read_recall(value: Mapping[str, Any]) -> RecallRecord:
    """Read a recall from parsed JSON.

    Raises:
        RejectedRecord: A member is missing, unknown or of the wrong type.
    """
    fields = RecordFields(value, Kind.RECALL, {"submission_id", "reason", "recipients"})
    recipients = tuple(fields.items("recipients"))
    if not all(isinstance(code, str) for code in recipients) or len(set(recipients)) != len(recipients):
        raise RejectedRecord("'recipients' are organisation codes, each of them once")
    if len(recipients) > MAX_RECALLED or any(len(code) > MAX_CODE_LENGTH for code in recipients):
        raise RejectedRecord(f"a recall names at most {MAX_RECALLED} recipients by their codes, or none for all")
    return RecallRecord(
        fields.heading, fields.uuid("submission_id"), fields.text("reason", limit=MAX_REASON), recipients
    )


_HEADING: Final = {"v", "kind", "axis", "environment", "member", "id", "time"}


class RecordFields:
    """Typed access to the members of one record; every complaint names the member."""

    def __init__(self, value: Mapping[str, Any], kind: Kind, own: set[str]) -> None:
        self._value = value
        unknown = sorted(value.keys() - _HEADING - own)
        if unknown:
            raise RejectedRecord(f"unknown member {unknown[0]!r}")
        if value.get("v") != 1 or value.get("kind") != kind.value:
            raise RejectedRecord(f"not a {kind.value} record of version 1")
        try:
            time = from_text(self.text("time", limit=40))
        except ValueError as error:
            raise RejectedRecord("'time' is not a moment with a zone") from error
        own_id = self.text("id", limit=IDEMPOTENCY_KEY_LENGTH)
        if not own_id.isprintable() or not own_id:
            raise RejectedRecord("'id' is empty or not printable")
        member = self.text("member", limit=32)
        self.heading = Heading(
            kind, self.text("axis", limit=100), self.text("environment", limit=100), member, own_id, time
        )

    def text(self, name: str, *, limit: int) -> str:
        value = self._value.get(name)
        if not isinstance(value, str) or len(value) > limit:
            raise RejectedRecord(f"{name!r} is missing, no text, or longer than {limit}")
        return value

    def optional_text(self, name: str, *, limit: int) -> str | None:
        return None if self._value.get(name) is None else self.text(name, limit=limit)

    def uuid(self, name: str) -> UUID:
        try:
            return UUID(self.text(name, limit=36))
        except ValueError as error:
            raise RejectedRecord(f"{name!r} is no UUID") from error

    def items(self, name: str) -> list[Any]:
        value = self._value.get(name)
        if not isinstance(value, list):
            raise RejectedRecord(f"{name!r} is missing or no list")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._value.get(name)
        if not isinstance(value, dict):
            raise RejectedRecord(f"{name!r} is missing or no object")
        return value

    def flag(self, name: str) -> bool:
        value = self._value.get(name, False)
        if not isinstance(value, bool):
            raise RejectedRecord(f"{name!r} is neither true nor false")
        return value


_HEX: Final = frozenset("0123456789abcdef")


def _sha256(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= _HEX:
        raise RejectedRecord("a content's sha256 is 64 lower-case hex digits")
    return value


def _content(item: object) -> ContentEntry:
    if not isinstance(item, dict) or item.keys() != {"role", "name", "media_type", "size", "sha256"}:
        raise RejectedRecord("a content has exactly role, name, media_type, size and sha256")
    sha256, size = _sha256(item["sha256"]), item["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise RejectedRecord("a content's size is a number of bytes")
    if not isinstance(item["name"], str) or not isinstance(item["media_type"], str):
        raise RejectedRecord("a content's name and media type are text")
    if item["role"] not in set(FileRole):
        raise RejectedRecord(f"unknown role {item['role']!r}")
    return ContentEntry(FileRole(item["role"]), item["name"], item["media_type"], size, sha256)


def _addressee(item: object) -> Addressee:
    if not isinstance(item, dict) or item.keys() - {"organisation", "group", "role"}:
        raise RejectedRecord("a recipient has organisation or group, and role")
    organisation, group, role = item.get("organisation"), item.get("group"), item.get("role", "action")
    if (organisation is None) == (group is None) or not isinstance(organisation or group, str):
        raise RejectedRecord("a recipient names an organisation or a group, one of the two")
    if role not in {"action", "coordination", "information"}:
        raise RejectedRecord(f"unknown role {role!r} of a recipient")
    return Addressee(organisation, group, role)
