"""Bodies of inbox items. What all recipients of a submission share is made canonical once and spliced in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from docaxis.router.handed import Handed
from docaxis.router.routing import DELIVER, Line
from docaxis.router.sentences import sentence
from docaxis_schemas.canonical import canonical
from docaxis_schemas.events import Judged
from docaxis_schemas.moments import to_text
from docaxis_signing.verdict import Indication

MAX_BODY: Final = 48 * 1024
"""Bytes of a body; the rest of a record's 64 KiB is for its other fields and growth."""
MAX_LISTED: Final = 50
"""Recipients that a piece of news names; the whole list is asked for by GET."""
REQUIRED: Final = (
    "issuer", "type", "type_name", "subject", "place", "promulgated_on", "number", "notation", "form_of_copy", "due_on",
    "urgency",
)  # fmt: skip
"""What a document's metadata are reduced to when they are too large for a record."""


def splice(parts: Mapping[str, bytes]) -> bytes:
    """Write a JSON object from members that are canonical already; names are ASCII, so RFC 8785 sorts them as bytes."""
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), parts[name]) for name in sorted(parts)) + b"}"


def verdict_body(judged: Judged) -> dict[str, Any]:
    """Say what was found. Only an undoubted passing is ``valid``: a warned delivery never shows as one."""
    valid = judged.disposition == DELIVER and judged.indication == Indication.TOTAL_PASSED
    return {
        "valid": valid,
        "indication": judged.indication,
        "sub_indication": judged.sub_indication,
        "cause": judged.cause,
        "disposition": judged.disposition,
        "verdict_sha256": judged.verdict_sha256,
        "sentence": sentence(judged.cause, valid=valid),
    }


class DeliveryBodies:
    """Bodies of the deliveries of one submission."""

    def __init__(self, handed: Handed, judged: Judged, consigned_at: datetime) -> None:
        document: dict[str, Any] = dict(handed.manifest.document)
        due_at = handed.due_at
        shared = {
            "document": document,
            "contents": _contents(handed),
            "sender": handed.member,
            "issuer": handed.issuer,
            "verdict": verdict_body(judged),
            "manifest_sha256": handed.manifest_digest,
            "received_at": to_text(handed.received_at),
            "consigned_at": to_text(consigned_at),
            "due_at": None if due_at is None else to_text(due_at),
            "urgency": handed.urgency,
        }
        parts = {name: canonical(value) for name, value in shared.items()}
        if _size(parts) > MAX_BODY:
            parts["document"] = canonical({name: document[name] for name in REQUIRED if name in document})
            parts["document_by_reference"] = b"true"
        if _size(parts) > MAX_BODY:
            parts["contents"] = canonical([entry for entry in _contents(handed) if entry["role"] == "main"])
            parts["contents_by_reference"] = b"true"
        self._parts = parts

    def of(self, line: Line) -> bytes:
        """Give the body for one recipient."""
        own = {"recipient": canonical(line.organisation), "role": canonical(line.role)}
        return splice(self._parts | own)


def _contents(handed: Handed) -> list[dict[str, Any]]:
    return [
        {"role": e.role.value, "name": e.name, "media_type": e.media_type, "size": e.size, "sha256": e.sha256}
        for e in handed.manifest.contents
    ]


def _size(parts: Mapping[str, bytes]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in parts.items())


def news_body(news: str, own_id: str, **facts: Any) -> bytes:
    """Write a piece of news; facts that are None are left out, long lists are cut and say so."""
    body: dict[str, Any] = {"news": news, "own_id": own_id}
    for name, value in facts.items():
        if isinstance(value, list) and len(value) > MAX_LISTED:
            body |= {name: value[:MAX_LISTED], f"{name}_count": len(value)}
        elif value is not None:
            body[name] = value
    return canonical(body)
