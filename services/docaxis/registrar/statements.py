"""Check a statement before it is signed: the registrar signs nothing that it cannot read itself."""

import json
from typing import Any, Final

from docaxis.registrar.problems import RejectedStatement
from docaxis_schemas.canonical import RejectedJson, canonical
from docaxis_schemas.events import EvidenceRecord
from docaxis_schemas.evidence import MAX_STATEMENT, EvidenceType
from docaxis_schemas.moments import to_text

_MEMBERS: Final = frozenset(
    {"v", "axis", "environment", "event_id", "type", "submission_id", "time", "member", "facts", "recipient"}
)
_TYPES: Final = frozenset(map(str, EvidenceType))


def check_statement(record: EvidenceRecord, *, axis: str, environment: str) -> dict[str, Any]:
    """Give what the bytes to sign say, once that is what the record says.

    Raises:
        RejectedStatement: Which check failed.
    """
    if len(record.statement) > MAX_STATEMENT:
        raise RejectedStatement(f"a statement of {len(record.statement)} bytes; at most {MAX_STATEMENT}")
    value = _read(record.statement)
    if value.get("axis") != axis or value.get("environment") != environment:
        raise RejectedStatement("a statement of another axis or environment")
    said: dict[str, Any] = {
        "v": 1,
        "event_id": str(record.event_id),
        "type": record.type,
        "submission_id": str(record.submission_id),
        "time": to_text(record.at),
        "member": record.member,
    }
    if record.recipient is not None:
        said["recipient"] = record.recipient
    wrong = sorted(name for name, expected in said.items() if value.get(name) != expected)
    if wrong or value.keys() - _MEMBERS or ("recipient" in value) != (record.recipient is not None):
        raise RejectedStatement(f"a statement that is not what its record says: {', '.join(wrong) or 'members'}")
    if record.type not in _TYPES or not isinstance(value.get("facts"), dict):
        raise RejectedStatement("a statement of no type, or without facts")
    return value


def _read(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode())
        if isinstance(value, dict) and canonical(value) == data:
            return value
    except (ValueError, RejectedJson, RecursionError) as error:
        raise RejectedStatement("the statement is no JSON with one meaning") from error
    raise RejectedStatement("the statement is no object in canonical form (RFC 8785)")
