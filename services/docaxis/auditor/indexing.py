"""What the index says of a leaf: a pure function of the leaf and of what its openings disclose.

Nothing disclosed is believed. The statement and its salts must make the leaf byte for byte; the verdict and the
manifest must have the hashes that the statement names. So whoever is given leaves and disclosures derives the same
rows, and an index that says anything else is found out.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docaxis_schemas.canonical import digest
from docaxis_schemas.document import CopyForm
from docaxis_schemas.evidence import OPEN_FACTS, EvidenceType
from docaxis_schemas.folding import folded
from docaxis_schemas.submission import FileRole
from docaxis_signing.transparency.leaves import Openings, leaf
from docaxis_signing.transparency.problems import RejectedLeaf
from docaxis_signing.verdict import NOT_HASHED

VERDICTS: Final = frozenset({EvidenceType.VERDICT_GIVEN.value, EvidenceType.VERDICT_REVISED.value})
_BESIDE_VERDICT: Final = frozenset({"verdict_sha256", "disposition", *NOT_HASHED})
"""What is stored with a verdict and no part of its hash."""
_CERTIFICATE: Final = ("sha256", "serial", "issuer", "issuer_sha256", "subject", "organisation", "not_after")
_SIGNATURE: Final = (
    *("field", "indication", "cause", "signature_algorithm", "digest_algorithm", "key_bits"),
    *("best_time", "claimed_time"),
)
ORIGINAL: Final = CopyForm.ORIGINAL.value
LONGEST: Final = 500
"""Bytes of a term. What is longer is found by its hash: an index of PostgreSQL holds 2.7 kB, a name in a certificate
that anybody made may have more."""
LACKS_MANIFEST: Final = "lacks:manifest"
"""Term of a submission whose document nobody can tell any more; no criterion makes it."""
_WORD: Final = re.compile(r"\w+")


class RejectedDisclosure(Exception):
    """What was disclosed is not what the leaf commits to."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What opens a leaf: its statement with the salts, and what the statement names by hash, where that is kept."""

    statement: bytes
    salts: Openings
    verdict: Mapping[str, Any] | None = None
    manifest: bytes | None = None


def derive(index: int, entry: bytes, disclosed: Disclosure | None) -> dict[str, Any]:
    """Give the index's row of a leaf; of a shredded one, which nothing opens any more, what the leaf itself shows.

    Raises:
        RejectedDisclosure: It is not what the leaf commits to.
    """
    shown = json.loads(entry)
    row: dict[str, Any] = {
        "leaf_index": index,
        "type": shown["type"],
        "time": shown["time"],
        "codes": shown["codes"],
        "open": disclosed is not None,
    }
    if disclosed is None:
        return row
    try:
        made = leaf(disclosed.statement, disclosed.salts)
    except (RejectedLeaf, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RejectedDisclosure(f"leaf {index}: {error}") from error
    if made != entry:
        raise RejectedDisclosure(f"leaf {index}: the statement and its openings do not make this leaf")
    return row | _opened(index, json.loads(disclosed.statement), disclosed)


def _opened(index: int, statement: Mapping[str, Any], disclosed: Disclosure) -> dict[str, Any]:
    facts = statement["facts"]
    row: dict[str, Any] = {name: statement.get(name) for name in ("event_id", "submission_id", "member", "recipient")}
    row["facts"] = {name: fact for name, fact in facts.items() if name not in OPEN_FACTS}
    lacks: list[str] = []
    if statement["type"] in VERDICTS:
        row["signatures"] = _signatures(index, facts["verdict_sha256"], disclosed.verdict, lacks)
        row["received_at"] = (disclosed.verdict or {}).get("validation_time")
    if statement["type"] == EvidenceType.SUBMISSION_RECEIVED:
        row["document"] = _document(index, facts["record_sha256"], disclosed.manifest, lacks)
    return row | {"lacks": lacks}


def _signatures(index: int, sha256: str, verdict: Mapping[str, Any] | None, lacks: list[str]) -> list[dict[str, Any]]:
    if verdict is None:
        lacks.append("verdict")
        return []
    if digest({name: value for name, value in verdict.items() if name not in _BESIDE_VERDICT}) != sha256:
        raise RejectedDisclosure(f"leaf {index}: the verdict is not the one that the statement names")
    return [
        {"file": file["name"]}
        | {name: found.get(name) for name in _SIGNATURE}
        | {"certificate": {name: (found.get("certificate") or {}).get(name) for name in _CERTIFICATE}}
        for file in verdict.get("files", ())
        for found in file["findings"].get("signatures", ())
        if not found.get("document_timestamp")
    ]


def _document(index: int, sha256: str, manifest: bytes | None, lacks: list[str]) -> dict[str, Any] | None:
    if manifest is None:
        lacks.append("manifest")
        return None
    if hashlib.sha256(manifest).hexdigest() != sha256:
        raise RejectedDisclosure(f"leaf {index}: the manifest is not the one that the statement names")
    handed_in = json.loads(manifest)
    document = handed_in["document"]
    return {name: document.get(name) for name in ("number", "notation", "promulgated_on")} | {
        "issuer": document.get("issuer", {}).get("code"),
        "main_sha256": [one["sha256"] for one in handed_in.get("contents", ()) if one["role"] == FileRole.MAIN],
        "passed_on": bool(handed_in.get("forwarded")) or document.get("form_of_copy", ORIGINAL) != ORIGINAL,
    }


def terms(row: Mapping[str, Any]) -> list[str]:
    """Give what a row is found by: ``kind:value``, each once, in order."""
    return sorted(set(_terms(row)))


def _terms(row: Mapping[str, Any]) -> Iterator[str]:
    if row.get("recipient"):
        yield organisation_term(row["recipient"])
    for found in row.get("signatures", ()):
        certificate = found["certificate"]
        yield algorithm_term(found["signature_algorithm"] or "")
        yield algorithm_term(found["digest_algorithm"] or "")
        if certificate["sha256"]:
            yield certificate_term(certificate["sha256"])
            yield serial_term(certificate["serial"])
            yield from issuer_terms(certificate["issuer"])
            yield from (issuer_term(one) for one in (certificate["issuer_sha256"],) if one)
            yield from signer_terms(certificate["subject"])
    document = row.get("document")
    if row["type"] == EvidenceType.SUBMISSION_RECEIVED and row["open"]:
        yield from map(content_term, row["facts"].get("contents_sha256", ()))
        if document is None:
            yield LACKS_MANIFEST
    if document is not None:
        yield from (organisation_term(one) for one in (document["issuer"],) if one)
        parts = [document[name] for name in ("number", "notation") if document[name]]
        if document["number"]:
            yield from {number_term(document["number"]), number_term("/".join(parts))}


def _term(kind: str, value: str) -> str:
    data = value.encode()
    return f"{kind}:{value if len(data) <= LONGEST else hashlib.sha256(data).hexdigest()}"


def certificate_term(sha256: str) -> str:
    """Name a certificate by the SHA-256 of its DER."""
    return _term("certificate", sha256.strip().lower())


def serial_term(serial: str) -> str:
    """Name a serial number in hex, as certificates and tools show it, with or without colons and leading zeroes."""
    return _term("serial", serial.replace(":", "").strip().lower().lstrip("0") or "0")


def issuer_term(text: str) -> str:
    """Name an issuing authority by the SHA-256 of its certificate, or by a word of its name."""
    return _term("issuer", folded(text))


def issuer_terms(text: str) -> list[str]:
    """Name the words of an issuer's name."""
    return [issuer_term(word) for word in _WORD.findall(text)]


def signer_terms(text: str) -> list[str]:
    """Name the words of a signer's name, as people type them."""
    return [_term("signer", word) for word in _WORD.findall(folded(text))]


def organisation_term(code: str) -> str:
    """Name an organisation by its code: it issued the document, or was its recipient."""
    return _term("organisation", code.strip().lower())


def number_term(number: str) -> str:
    """Name a document's number, alone or with its notation (``15/QĐ-BNV``)."""
    return _term("number", folded(number))


def content_term(sha256: str) -> str:
    """Name a file by the SHA-256 of its bytes."""
    return _term("content", sha256.strip().lower())


def algorithm_term(name: str) -> str:
    """Name an algorithm of a signature or its digest."""
    return _term("algorithm", name.strip().lower())
