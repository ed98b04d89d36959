"""Elastic Common Schema 8.17 (elastic.co/docs/reference/ecs), nested; what it has no field for is ``docaxis.*``."""

from collections.abc import Mapping
from typing import Any, Final

from docaxis.auditor.siem.reading import FILES, LOOKS, PRODUCT, VERSION, Entry
from docaxis_schemas.evidence import EvidenceType

SCHEMA: Final = "8.17.0"
_TYPES: Final[Mapping[str, str]] = {
    EvidenceType.SUBMISSION_RECEIVED.value: "creation",
    EvidenceType.CONTENT_HANDOVER.value: "access",
}
"""``event.type`` of what is about files; a verdict is ``info``."""


def ecs(entry: Entry) -> dict[str, Any]:
    """Give an event."""
    value: dict[str, Any] = {
        "@timestamp": entry.row["time"],
        "ecs": {"version": SCHEMA},
        "message": entry.message,
        "event": _event(entry),
        "service": {"name": entry.origin, "type": PRODUCT, "version": VERSION},
        "docaxis": {
            "leaf_index": entry.row["leaf_index"],
            "submission_id": entry.text("submission_id") or None,
            "recipient": entry.text("recipient") or None,
            "codes": dict(entry.row["codes"]),
            "facts": dict(entry.facts),
            "signatures": entry.signatures,
        },
    }
    if entry.text("member"):
        value["organization"] = {"id": entry.text("member")}
    if entry.type in LOOKS:
        value["user"] = {"id": str(entry.facts.get("credential_id") or "")}
    if entry.is_alert:
        rule = entry.code("rule")
        value["rule"] = {"id": rule, "name": rule, "ruleset": entry.code("rules_sha256")}
    if entry.type in FILES:
        value["file"] = _file(entry)
    if entry.hashes:
        value["related"] = {"hash": entry.hashes}
    return value


def _event(entry: Entry) -> dict[str, Any]:
    category, kind = "api", "access" if entry.type in LOOKS else "info"
    if entry.is_alert:
        category = "intrusion_detection"
    elif entry.type in FILES:
        category, kind = "file", _TYPES.get(entry.type, "info")
    event = {
        "id": entry.uid,
        "kind": "alert" if entry.is_alert else "event",
        "category": [category],
        "type": [kind],
        "action": entry.type,
        "outcome": "success" if entry.succeeded else "failure",
        "severity": entry.severity,
        "sequence": entry.row["leaf_index"],
        "provider": PRODUCT,
        "module": PRODUCT,
        "dataset": f"{PRODUCT}.evidence",
    }
    reason = entry.code("cause") or entry.code("code")
    return event | ({"reason": reason} if reason else {})


def _file(entry: Entry) -> dict[str, Any]:
    """Give the file, with the certificate of its last signature: ECS has room for one."""
    file: dict[str, Any] = {"type": "file"}
    if entry.hashes:
        file["hash"] = {"sha256": entry.hashes[0]}
    if entry.signatures:
        last = entry.signatures[-1]
        certificate = last["certificate"]
        file["name"] = str(last["file"])
        file["x509"] = {
            "serial_number": str(certificate.get("serial") or "").replace(":", "").upper(),
            "issuer": {"distinguished_name": str(certificate.get("issuer") or "")},
            "subject": {"distinguished_name": str(certificate.get("subject") or "")},
            "public_key_size": last.get("key_bits") or 0,
        }
        if certificate.get("not_after"):
            file["x509"]["not_after"] = certificate["not_after"]
    return file
