"""OCSF 1.8.0 (schema.ocsf.io): what a rule found is a Detection Finding, what is about files a File Hosting Activity.

Everything else is an API Activity. There is no class for the validation of a signature: what was found of each stands
in ``file.signatures``, its state as far as the schema has a word for it, and our cause as the state's name.
"""

from collections.abc import Mapping
from typing import Any, Final

from docaxis.auditor.indexing import VERDICTS
from docaxis.auditor.siem.reading import FILES, LOOKS, PRODUCT, SEVERITIES, VERSION, Entry
from docaxis_schemas.evidence import EvidenceType
from docaxis_schemas.moments import from_text
from docaxis_signing.verdict import Cause, Indication

SCHEMA: Final = "1.8.0"
DETECTION_FINDING: Final = 2004
API_ACTIVITY: Final = 6003
FILE_HOSTING: Final = 6006
SHA_256: Final = 3
REGULAR_FILE: Final = 1
CREATE, READ, DOWNLOAD, UPLOAD, OTHER = 1, 2, 2, 1, 99
_ALGORITHMS: Final = {"dsa": 1, "rsa": 2, "ecdsa": 3}
_STATES: Final[Mapping[str | None, int]] = {
    Cause.EXPIRED_BEFORE_RECEPTION.value: 2,
    Cause.REVOKED_BEFORE_RECEPTION.value: 3,
    Cause.AUTHORITY_REVOKED.value: 3,
    Cause.NO_CONFIGURED_ROOT.value: 6,
    Cause.WRONG_KEY_USAGE.value: 8,
    Cause.MODIFIED.value: 10,
    Cause.BROKEN.value: 10,
}
"""``state_id`` by our cause: 2 expired, 3 revoked, 6 untrusted, 8 wrong usage, 10 broken; else 9, bad."""


def ocsf(entry: Entry) -> dict[str, Any]:
    """Give an event."""
    if entry.is_alert:
        return _base(entry, DETECTION_FINDING, CREATE) | _finding(entry)
    if entry.type in FILES:
        kinds = {EvidenceType.SUBMISSION_RECEIVED.value: UPLOAD, EvidenceType.CONTENT_HANDOVER.value: DOWNLOAD}
        return _base(entry, FILE_HOSTING, kinds.get(entry.type, OTHER)) | _acting(entry) | {"file": _file(entry)}
    activity = READ if entry.type in LOOKS else OTHER
    api = {"operation": entry.type, "service": {"name": entry.origin}}
    return _base(entry, API_ACTIVITY, activity) | _acting(entry) | {"api": api}


def _base(entry: Entry, class_uid: int, activity: int) -> dict[str, Any]:
    metadata = {
        "version": SCHEMA,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": VERSION},
        "uid": entry.uid,
        "event_code": entry.type,
        "log_name": entry.origin,
        "sequence": entry.row["leaf_index"],
        "original_time": entry.row["time"],
    }
    if entry.text("submission_id"):
        metadata["correlation_uid"] = entry.text("submission_id")
    named = {} if activity != OTHER else {"activity_name": entry.type}
    return named | {
        "metadata": metadata,
        "time": entry.milliseconds,
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": entry.severity,
        "severity": SEVERITIES[entry.severity - 1].capitalize(),
        "status_id": 1 if entry.succeeded else 2,
        "message": entry.message,
        "unmapped": {"codes": dict(entry.row["codes"]), "facts": dict(entry.facts)},
    }


def _acting(entry: Entry) -> dict[str, Any]:
    """Say who: the member, or the credential of an auditor or operator."""
    name = entry.text("member") or "unknown"
    uid = str(entry.facts.get("credential_id") or name)
    user = {"name": name, "uid": uid, "type_id": 4}  # a service: members are systems
    return {"actor": {"user": user}, "src_endpoint": {"name": name}}


def _finding(entry: Entry) -> dict[str, Any]:
    rule, subject = entry.code("rule"), str(entry.facts.get("subject") or "")
    info = {
        "uid": entry.text("submission_id") or entry.uid,
        "title": rule,
        "desc": f"{rule}: {subject}" if subject else rule,
        "analytic": {"uid": rule, "name": rule, "type_id": 1, "version": entry.code("rules_sha256")},
        "created_time": entry.milliseconds,
    }
    evidence = {"data": {**(entry.facts.get("details") or {}), "subject": subject}}
    return {"finding_info": info, "is_alert": True, "status_id": 1, "evidences": [evidence]}


def _file(entry: Entry) -> dict[str, Any]:
    signatures = entry.signatures
    name = str(signatures[0]["file"]) if signatures else entry.text("submission_id") or entry.uid
    file: dict[str, Any] = {"name": name, "type_id": REGULAR_FILE}
    if entry.hashes:
        file["hashes"] = [_hash(sha256) for sha256 in entry.hashes]
    if entry.type in VERDICTS:
        file["signatures"] = [_signature(one) for one in signatures]
    return file


def _hash(sha256: str) -> dict[str, Any]:
    return {"algorithm_id": SHA_256, "algorithm": "SHA-256", "value": sha256}


def _signature(found: Mapping[str, Any]) -> dict[str, Any]:
    named = str(found.get("signature_algorithm") or "")
    passed = found.get("indication") == Indication.TOTAL_PASSED
    algorithm = next((uid for word, uid in _ALGORITHMS.items() if word in named.split("_")), OTHER)
    signature: dict[str, Any] = {
        "algorithm_id": algorithm,
        "algorithm": named or "unknown",
        "state_id": 1 if passed else _STATES.get(found.get("cause"), 9),
        "state": str(found.get("cause") or found.get("indication")),
    }
    if found.get("best_time"):
        signature["created_time"] = _milliseconds(found["best_time"])
    certificate = found["certificate"]
    if certificate.get("sha256"):
        signature["certificate"] = {
            "subject": str(certificate["subject"]),
            "issuer": str(certificate["issuer"]),
            "serial_number": str(certificate["serial"]),
            "fingerprints": [_hash(str(certificate["sha256"]))],
        }
        if certificate.get("not_after"):
            signature["certificate"]["expiration_time"] = _milliseconds(certificate["not_after"])
    return signature


def _milliseconds(text: str) -> int:
    return round(from_text(text).timestamp() * 1000)
