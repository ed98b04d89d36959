"""What of a statement the log shows: its type, time and codes; all that could identify anybody only as commitments.

A commitment is SHA-256(tag, salt of 32 bytes, value). Its salt is HKDF-SHA256 (RFC 5869) of the submission's secret,
with the event's id as HKDF's salt and the field's name as its info: whoever is given the salts of one event learns
nothing of another, and without the secret all commitments of the submission lose their meaning while the tree stands.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from docaxis_schemas.canonical import canonical
from docaxis_schemas.evidence import OPEN_FACTS
from docaxis_signing.transparency.problems import RejectedLeaf
from docaxis_signing.transparency.tiles import MAX_ENTRY

SECRET_BYTES: Final = 32
SALT_BYTES: Final = 32
VERSION: Final = 1
TAG: Final = b"docaxis commitment v1\x00"
_INFO: Final = b"docaxis salt v1\x00"
_LAST: Final = b"\x01"
"""RFC 5869, 2.3: the counter of the only block that 32 bytes need."""
_BLOCK: Final = 64
"""Bytes of a block of SHA-256, to which HMAC fills up its key."""
_INNER: Final = bytes(0x36 ^ byte for byte in range(256))
_OUTER: Final = bytes(0x5C ^ byte for byte in range(256))
IDENTIFYING: Final = ("event_id", "submission_id", "member", "recipient")
"""Members of a statement that say whose it is."""
FACTS: Final = "facts."

Openings = Mapping[str, bytes]
"""Salts by the name of the field they open."""


def openings(secret: bytes, statement: bytes) -> dict[str, bytes]:
    """Give the salts of one statement: what its holder is given, and nothing of any other."""
    value = json.loads(statement)
    return _salts(secret, value, _committed(value))


def leaf(statement: bytes, salts: Openings) -> bytes:
    """Give the entry of the log that belongs to a statement.

    Raises:
        RejectedLeaf: The salts are not those of its fields, or the entry would be too large.
    """
    value = json.loads(statement)
    fields = _committed(value)
    if fields.keys() != salts.keys() or any(len(salt) != SALT_BYTES for salt in salts.values()):
        raise RejectedLeaf("the openings are not those of the statement's fields")
    return _entry(value, fields, salts)


def sealed(secret: bytes, value: Mapping[str, Any]) -> bytes:
    """Give the entry of a statement that was read already, with the salts that its submission's secret gives it.

    Raises:
        RejectedLeaf: The entry would be too large.
    """
    fields = _committed(value)
    return _entry(value, fields, _salts(secret, value, fields))


def _salts(secret: bytes, value: Mapping[str, Any], fields: Iterable[str]) -> dict[str, bytes]:
    """HKDF (RFC 5869) over HMAC (RFC 2104), of which the key's two blocks are made once for all fields."""
    key = hmac.digest(UUID(value["event_id"]).bytes, secret, "sha256").ljust(_BLOCK, b"\x00")
    inner, outer = hashlib.sha256(key.translate(_INNER)), hashlib.sha256(key.translate(_OUTER))
    return {field: _finished(inner, outer, _INFO + field.encode() + _LAST) for field in fields}


def _finished(inner: "hashlib._Hash", outer: "hashlib._Hash", message: bytes) -> bytes:
    within, around = inner.copy(), outer.copy()
    within.update(message)
    around.update(within.digest())
    return around.digest()


def _entry(value: Mapping[str, Any], fields: Mapping[str, Any], salts: Openings) -> bytes:
    entry = {name: value[name] for name in ("axis", "environment", "type", "time")} | {
        "v": VERSION,
        "codes": {name: fact for name, fact in value["facts"].items() if name in OPEN_FACTS},
        "commitments": {field: commit(field, salts[field], fields[field]) for field in fields},
    }
    data = canonical(entry)
    if len(data) > MAX_ENTRY:
        raise RejectedLeaf(f"an entry of {len(data)} bytes; at most {MAX_ENTRY}")
    return data


def type_of(entry: bytes) -> str:
    """Give the type of an entry.

    Raises:
        RejectedLeaf: It is no entry of this log.
    """
    try:
        return str(json.loads(entry)["type"])
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedLeaf("an entry that is not of its form") from error


def commit(field: str, salt: bytes, value: Any) -> str:
    """Give the commitment to one value, in hex."""
    return hashlib.sha256(TAG + field.encode() + b"\x00" + salt + canonical(value)).hexdigest()


def _committed(value: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: value[name] for name in IDENTIFYING if name in value}
    return named | {FACTS + name: fact for name, fact in value["facts"].items() if name not in OPEN_FACTS}
